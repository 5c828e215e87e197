"""Writes what is generated from the code and committed: schemas/ and docs/diagnostics.md. `make generate` runs it."""

from __future__ import annotations

from pathlib import Path

from cxgen.errors import CODES
from cxgen.spec import schema

ROOT = Path(__file__).parent.parent


def diagnostics() -> str:
    """docs/diagnostics.md."""
    lines = [
        "# Errors and warnings",
        "",
        "Each has a number that never stands for another thing. An error (E) means that nothing was written (or, where a disk",
        "refuses in the middle, says that the next render finishes it); a warning (W) that it works, but may not mean what you",
        "think. Each is printed as `file:line:column: field: what is wrong; what to write instead [number]`, a warning with",
        "`warning:` before its field.",
        "",
        "A warning that does not matter for one API is silenced there, with the reason, which is for whoever comes next:",
        "",
        "    silence:",
        "      W117: the tokenizer is the bottleneck, and it runs on the CPU",
        "",
        "A silenced warning that does not occur is one itself (W121). Errors cannot be silenced.",
        "",
        "Generated from `cxgen/errors.py` by `make generate`. The exact words of those that a spec gives by itself are in",
        "`tests/rejected/`, those of the others in the tests that cause them.",
        "",
        "| number | meaning |",
        "|---|---|",
    ]
    return "\n".join([*lines, *(f"| {code} | {meaning} |" for code, meaning in CODES.items())]) + "\n"


def generated() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    schemas = {ROOT / "schemas" / f"{kind}.json": schema.text(kind) for kind in schema.names()}
    return {**schemas, ROOT / "docs" / "diagnostics.md": diagnostics()}


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")

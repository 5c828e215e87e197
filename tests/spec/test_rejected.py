"""One file for each rule in tests/rejected/, with the exact message in lines `#: ...` at its end.

Lines `#@ ...` at its beginning are the cxgen.yaml beside it.

`CXGEN_UPDATE_GOLDEN=1 pytest tests/spec/test_rejected.py` writes the messages anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cxgen.errors import CODES
from tests.conftest import ROOT, Project

REJECTED = sorted((ROOT / "tests" / "rejected").rglob("*.yaml"))
# Errors that no single spec file can give; the tests that show each.
ELSEWHERE = {
    "E001": "tests/actions/test_validate.py",
    "E002": "tests/actions/test_validate.py",
    "E010": "tests/actions/test_validate.py",
    "E011": "tests/actions/test_validate.py",
    "E225": "tests/actions/test_validate.py",
    "E235": "tests/spec/test_secrets.py",
    "E303": "tests/actions/test_validate.py",
    "E305": "tests/actions/test_render.py",
    "E402": "tests/actions/test_project_file.py",
    "E404": "tests/actions/test_render.py",
    "E409": "tests/actions/test_project_file.py",
    "E501": "tests/render/test_tree.py",
    "E502": "tests/render/test_tree.py",
    "E503": "tests/render/test_tree.py",
    "E504": "tests/actions/test_render.py",
    "E505": "tests/render/test_tree.py",
    "E506": "tests/render/test_tree.py",
    "E507": "tests/actions/test_render.py",
    "E508": "tests/render/test_tree.py",
    "E509": "tests/actions/test_render.py",
    "E601": "tests/render/test_templates.py",
    "E602": "tests/render/test_templates.py",
    "E603": "tests/render/test_templates.py",
}


def prepare(path: Path, project: Project) -> str:
    """Writes what a file holds into a project; returns the spec."""
    spec, _, _ = path.read_text().partition("#: ")
    (project.root / "apis/iris.yaml").unlink()
    settings = [line.removeprefix("#@ ") for line in spec.splitlines() if line.startswith("#@ ")]
    if settings:
        project.write("cxgen.yaml", "\n".join(settings))
    project.write("apis/x.yaml", spec)
    return spec


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_message(path: Path, project: Project) -> None:
    text, spec = path.read_text(), prepare(path, project)
    outcome = project.run("validate")
    # Short specs ask for no memory; that this is said is shown once.
    found = [line for line in outcome.lines if re.search(r"\[[EW]\d{3}\]$", line) and ("[W116]" not in line or "W116" in path.stem)]
    if os.environ.get("CXGEN_UPDATE_GOLDEN"):
        path.write_text(spec + "".join(f"#: {line}\n" for line in found))
        return
    expected = [line.removeprefix("#: ") for line in text.splitlines() if line.startswith("#: ")]
    assert found == expected
    assert any(f"[{path.stem.split('-')[0]}]" in line for line in found), "the file is named for the rule that it breaks"
    assert outcome.code == (2 if "[E" in "".join(found) else 0)


@pytest.mark.parametrize("path", [path for path in REJECTED if path.stem[0] == "W" and "W121" not in path.stem], ids=lambda path: path.stem)
def test_every_warning_can_be_silenced(path: Path, project: Project) -> None:
    code = path.stem.partition("-")[0]
    project.write("apis/x.yaml", prepare(path, project) + f"silence: {{{code}: known and meant so}}\n")
    outcome = project.run("validate")
    assert f"[{code}]" not in outcome.err
    assert "[W121]" not in outcome.err


def test_nothing_is_written_when_anything_is_invalid(project: Project) -> None:
    project.write("apis/wrong.yaml", "name: wrong\nkind: RealtimeAPI\n")
    before = project.files(".")
    outcome = project.run("render")
    assert outcome.code == 2
    assert outcome.lines[-1] == "1 error; nothing was written."
    assert project.files(".") == before


def test_every_number_is_shown_once_by_a_test() -> None:
    shown = {path.stem.split("-")[0] for path in REJECTED}
    assert set(CODES) == shown | set(ELSEWHERE)
    for code, file in ELSEWHERE.items():
        assert code in (ROOT / file).read_text(), f"{file} does not show {code}"


def test_enough_files() -> None:
    assert len(REJECTED) >= 90

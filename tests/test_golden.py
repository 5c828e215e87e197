"""The whole tree of each example, as committed in tests/golden/. `CXGEN_UPDATE_GOLDEN=1 pytest tests/test_golden.py` writes it anew."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.conftest import EXAMPLES, ROOT, Project, files

GOLDEN = ROOT / "tests" / "golden"


@pytest.mark.parametrize("example", EXAMPLES, indirect=True)
def test_tree(example: Project, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["example"]
    outcome = example.render("--out", "out")
    # The inventories are left out: they would change with every version, and test_tree.py reads them back.
    found = {path: data for path, data in files(example.root / "out", example.root / "out").items() if not path.endswith("/.cxgen")}
    found["stdout.yaml"] = example.run("render", "--stdout").out.encode()
    found["messages.txt"] = (outcome.err + outcome.out).encode()
    golden = GOLDEN / name
    if os.environ.get("CXGEN_UPDATE_GOLDEN"):
        shutil.rmtree(golden, ignore_errors=True)
        for path, data in found.items():
            (golden / path).parent.mkdir(parents=True, exist_ok=True)
            (golden / path).write_bytes(data)
    expected = files(golden, golden)
    assert sorted(found) == sorted(expected)
    for path, data in found.items():
        assert data.decode() == expected[path].decode(), path


def test_there_are_enough() -> None:
    assert {"smallest", "gpu", "multi-container", "everything"} <= set(EXAMPLES)

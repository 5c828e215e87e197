"""A wheel in an empty environment, and an editable install: both render."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT

pytestmark = pytest.mark.skipif(
    os.environ.get("CXGEN_REQUIRE_TOOLS") != "1", reason="builds two environments from a package registry: runs with CXGEN_REQUIRE_TOOLS=1"
)


def environment(folder: Path, *install: str | Path) -> Path:
    venv.create(folder, with_pip=True)
    command = [folder / "bin/pip", "install", "-q", "-c", ROOT / "constraints.txt", *install]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def renders(bin_: Path, folder: Path) -> None:
    """Every example, from a folder that has nothing of the checkout."""
    folder.mkdir()
    for name in EXAMPLES:
        shutil.copytree(ROOT / "examples" / name, folder / name)
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run([bin_ / "cxgen", "render"], cwd=folder / name, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert list((folder / name / "deploy").rglob("deployment.yaml"))


def test_wheel(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("chart-templates", "schemas"):
        assert {f"cxgen/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / folder).rglob("*") if path.is_file()} <= set(names)
    assert not [name for name in names if name.startswith(("tests", "examples"))]
    renders(environment(tmp_path / "venv", wheel), tmp_path / "work")


def test_editable(tmp_path: Path) -> None:
    renders(environment(tmp_path / "venv", "--editable", ROOT), tmp_path / "work")

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


def environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / "bin"


def pip(bin_: Path, *arguments: str | Path) -> None:
    command = [bin_ / "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


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
    # Versions without hashes: pip wants a hash of the wheel itself else, and only what the wheel declares may be installed here.
    pins = [line.removesuffix(" \\") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    (tmp_path / "constraints.txt").write_text("\n".join(pins))
    bin_ = environment(tmp_path / "venv")
    pip(bin_, wheel, "-c", tmp_path / "constraints.txt")
    renders(bin_, tmp_path / "work")


def test_editable(tmp_path: Path) -> None:
    """As the Makefile does it."""
    bin_ = environment(tmp_path / "venv")
    pip(bin_, "--require-hashes", "-r", ROOT / "constraints.txt")
    pip(bin_, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    renders(bin_, tmp_path / "work")


def test_the_constraints_name_no_registry() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") > 100

"""The same input gives the same bytes, whatever surrounds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, ROOT, files

SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Kathmandu"},
    {"PYTHONHASHSEED": "4242", "LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONHASHSEED": "7", "LC_ALL": "POSIX", "TZ": "Pacific/Apia", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


def render(folder: Path, reverse: bool, umask: int, **surroundings: str) -> tuple[dict[str, bytes], bytes]:
    """The specs of all examples in three environments, created in one order or the other; that of every field by itself."""
    shutil.copytree(ROOT / "examples/everything", folder / "everything")
    (folder / "apis").mkdir()
    shutil.copy(ROOT / "examples/environments/cxgen.yaml", folder)
    for name in sorted(set(EXAMPLES) - {"everything"}, reverse=reverse):
        for path in sorted((ROOT / "examples" / name / "apis").iterdir(), reverse=reverse):
            shutil.copy(path, folder / "apis")
    environment = {**os.environ, **surroundings}

    def run(*command: str, cwd: Path = folder) -> bytes:
        arguments = [sys.executable, "-m", "cxgen", *command]
        return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, check=True, umask=umask).stdout

    run("render")
    run("render", cwd=folder / "everything")
    written = {path: data for path, data in files(folder, folder).items() if "/deploy/" in f"/{path}" or "/argocd/" in f"/{path}"}
    return written, run("render", "--stdout", "--env", "staging")


def test_same_bytes(tmp_path: Path) -> None:
    results = [
        render(tmp_path / f"{i}-{'folder ' * i}é", reverse=i % 2 == 1, umask=(0o022, 0o077)[i % 2], **surroundings)
        for i, surroundings in enumerate(SURROUNDINGS)
    ]
    assert len(results[0][0]) > 150
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_files_and_apis_is_nothing(tmp_path: Path, order: int) -> None:
    specs = [f"name: api-{i}\nkind: RealtimeAPI\nimage: a:{i}\n" for i in range(5)]
    (tmp_path / "apis").mkdir()
    (tmp_path / "cxgen.yaml").touch()
    (tmp_path / "apis/all.yaml").write_text("---\n".join(specs[::order]))
    done = subprocess.run([sys.executable, "-m", "cxgen", "render", "--stdout"], cwd=tmp_path, capture_output=True, text=True, check=True)
    names = [line for line in done.stdout.splitlines() if line.startswith('  name: "api-')]
    assert names == sorted(names)

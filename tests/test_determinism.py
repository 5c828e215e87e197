"""The same input gives the same bytes, whatever surrounds it."""

from __future__ import annotations

import os
import re
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
    """One project with the specs of all examples, for three environments, its files created in one order or the other."""
    (folder / "apis").mkdir(parents=True)
    shutil.copy(ROOT / "examples/environments/cxgen.yaml", folder)
    for name in sorted(EXAMPLES, reverse=reverse):
        for path in (ROOT / "examples" / name / "apis").iterdir():
            text = re.sub(r"^environments:\n(  .*\n)+", "", path.read_text(), flags=re.MULTILINE)
            (folder / "apis" / path.name).write_text(text.replace("node_groups: [gpu-large]", "node_groups: [gpu]"))
    environment = {**os.environ, **surroundings}
    outputs = [
        subprocess.run(
            [sys.executable, "-m", "cxgen", *command], cwd=folder, env=environment, capture_output=True, check=True, umask=umask
        ).stdout
        for command in (["render"], ["render", "--stdout", "--env", "staging"])
    ]
    return {**files(folder / "deploy", folder), **files(folder / "argocd", folder)}, outputs[1]


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

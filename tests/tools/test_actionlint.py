"""The workflows are well-formed."""

from __future__ import annotations

import subprocess

from tests.conftest import ROOT, find_tool


def test_workflows() -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert workflows
    done = subprocess.run([find_tool("actionlint"), *map(str, workflows)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout

"""What the tests share: projects in temporary folders, the command line in this process, and real tools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from cxgen import cli

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if (path / "apis").is_dir())
CORTEX = Path(os.environ.get("CXGEN_CORTEX_SPECS", ROOT.parent / "shared" / "cortex-specs"))
MEMORY = "defaults: {compute: {mem: 256Mi}}\n"  # a cxgen.yaml; without it each short spec would warn
SMALLEST = "name: iris\nkind: RealtimeAPI\nimage: ghcr.io/acme/iris:1.4.0\n"

settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("long", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("CXGEN_PROFILE", "ci"))


@dataclass(frozen=True)
class Outcome:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


class Project:
    """A folder with specs, and the command line in it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.root, self._monkeypatch, self._capfd = root, monkeypatch, capfd

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> Outcome:
        """One command, in this process."""
        self._monkeypatch.chdir(cwd or self.root)
        self._capfd.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        out, err = self._capfd.readouterr()
        return Outcome(code, out, err)

    def render(self, *arguments: str | Path) -> Outcome:
        """A render that must succeed."""
        outcome = self.run("render", *arguments)
        assert outcome.code == 0, outcome.err
        return outcome

    def files(self, folder: str = "deploy") -> dict[str, bytes]:
        """Every file below a folder, by its path from the root."""
        return files(self.root / folder, self.root)


def files(folder: Path, base: Path) -> dict[str, bytes]:
    return {path.relative_to(base).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Project:
    """A project with the smallest spec, and memory for it."""
    (tmp_path / "cxgen.yaml").write_text(MEMORY)
    made = Project(tmp_path, monkeypatch, capfd)
    made.write("apis/iris.yaml", SMALLEST)
    return made


@pytest.fixture
def example(request: pytest.FixtureRequest, project: Project) -> Project:
    """A copy of the example whose name is the parameter."""
    shutil.rmtree(project.root)
    shutil.copytree(ROOT / "examples" / request.param, project.root)
    return project


def find_tool(name: str) -> str:
    """The path of a real tool. Without it the test is skipped, or fails where CXGEN_REQUIRE_TOOLS=1."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed; .ci/tools builds it"
        if os.environ.get("CXGEN_REQUIRE_TOOLS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path


def cortex_specs(pattern: str = "*.yaml") -> list[Path]:
    """The spec files of Cortex's own test suite; an empty list where they are not on the machine."""
    return sorted(CORTEX.rglob(pattern)) if CORTEX.is_dir() else []


@pytest.fixture(scope="session")
def go_reader() -> Callable[..., list[list[Any]]]:
    """Reads YAML files as Kubernetes reads them: for each file, its documents."""
    tool = find_tool("yaml2json")

    def read(*paths: Path) -> list[list[Any]]:
        done = subprocess.run([tool, *map(str, paths)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return read

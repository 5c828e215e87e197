"""The door: what is printed where, and how commands end."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cxgen import __version__
from cxgen.errors import CODES, RETIRED
from tests.conftest import Project


def test_bare(project: Project) -> None:
    outcome = project.run()
    assert outcome.code == 0
    assert "cxgen render" in outcome.out


def test_version(project: Project) -> None:
    assert project.run("--version").out == f"cxgen {__version__}\n"


@pytest.mark.parametrize("command", ["", "validate", "render"])
def test_help_has_an_example(project: Project, command: str) -> None:
    outcome = project.run(*command.split(), "--help")
    assert outcome.code == 0
    assert not command or "Example: cxgen" in outcome.out


@pytest.mark.parametrize("arguments", [["rendr"], ["render", "--ou"], ["render", "--out"]])
def test_usage(project: Project, arguments: list[str]) -> None:
    outcome = project.run(*arguments)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert outcome.err


def test_as_a_process(project: Project) -> None:
    project.write("apis/iris.yaml", "name: Iris\nkind: RealtimeAPI\nimage: a:1\n")
    done = subprocess.run([sys.executable, "-m", "cxgen", "render"], cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.endswith("1 error; nothing was written.\n")


def test_a_closed_pipe_gives_no_traceback(project: Project) -> None:
    command = f"{sys.executable} -m cxgen render --stdout | true"
    done = subprocess.run(["bash", "-c", command], cwd=project.root, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_start_up_is_light(project: Project) -> None:
    """What a command does not need, it does not import."""
    code = "import sys; from cxgen import cli; cli.main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    heavy = {"--version": {"jinja2", "yaml"}, "validate": {"jinja2"}, "render": set[str]()}
    for command, more in heavy.items():
        done = subprocess.run([sys.executable, "-c", code, command], cwd=project.root, capture_output=True, text=True, check=True)
        loaded = {name.partition(".")[0] for name in done.stderr.split()}
        assert not loaded & ({"kubernetes", "git", "jsonschema", "rich", "ruamel"} | more), command


def test_numbers_are_never_used_again() -> None:
    assert not RETIRED & set(CODES)
    assert all(code[0] in "EW" and len(code) == 4 and meaning.endswith(".") for code, meaning in CODES.items())
    assert list(CODES) == sorted(CODES)

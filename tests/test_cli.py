"""The door: what is printed where, and how commands end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cxgen import __version__
from cxgen.errors import CODES, RETIRED
from tests.conftest import ROOT, Project


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


@pytest.mark.parametrize("module", ["typer", "yaml", "jinja2"])
@pytest.mark.parametrize("ignored", [False, True])
def test_ctrl_c_is_quiet(project: Project, module: str, ignored: bool) -> None:
    """While something is imported too; a process that was started to ignore it goes on."""
    code = f"""
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.{"SIG_IGN" if ignored else "default_int_handler"})
sys.argv = ["cxgen", "render", "--stdout"]
from cxgen.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0 if ignored else -signal.SIGINT, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written(project: Project) -> None:
    command = f"{sys.executable} -m cxgen render --stdout > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=project.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "standard output: No space left on device; print it elsewhere [E506]\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("validate >&-", 0),
        ("render --stdout >&-", 0),
        ("--version >&-", 0),
        ("validate 2>&-", 0),
        ("validate nope 2>&-", 2),
        ("validate nope 2>/dev/full", 2),
        ("validate nope >&- 2>&-", 2),
    ],
)
def test_closed_streams(project: Project, command: str, code: int) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m cxgen {command}"], cwd=project.root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)


def test_unbuffered_output_is_whole(project: Project) -> None:
    """A pipe that takes less than it is given, as one does whose writer was stopped and goes on."""
    project.write("apis/many.yaml", "".join(f"---\nname: api-{i}\nkind: RealtimeAPI\nimage: a:1\n" for i in range(60)))
    whole = project.run("render", "--stdout").out
    process = subprocess.Popen(
        [sys.executable, "-m", "cxgen", "render", "--stdout"],
        cwd=project.root,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    poll.poll()  # it has begun to write, and waits until the pipe is emptied
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate()
    assert len(whole) > 1 << 17
    assert out == whole


def test_a_current_folder_that_is_gone(project: Project) -> None:
    command = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m cxgen validate"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.endswith("the current folder: No such file or directory; check that it is there and may be read [E001]\n")


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

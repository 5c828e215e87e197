"""The command line: flags to an action, its result to a writer, an exit code. No logic of its own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn, TextIO

import typer

from cxgen import __version__
from cxgen.errors import CxgenError, Diagnostic, printable

FIRST = """\
cxgen renders short API specs into Helm charts that Argo CD syncs.

  cxgen validate      check the specs below apis/
  cxgen render        write the charts below deploy/
  cxgen --help        all commands

A first spec, apis/iris.yaml:

  name: iris
  kind: RealtimeAPI
  image: ghcr.io/acme/iris:1.4.0
"""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="Spec files or folders of them; by default all below apis/.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cxgen {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,  # noqa: ARG001
) -> None:
    """Render short API specs into Helm charts that Argo CD syncs."""
    if context.invoked_subcommand is None:
        typer.echo(FIRST, nl=False)


@app.command()
def validate(paths: Paths = None) -> None:
    """Check specs and print every error and warning.

    Example: cxgen validate apis/iris.yaml
    """
    from cxgen.actions.validate import validate_specs
    from cxgen.output import text

    result = validate_specs(Path.cwd(), tuple(paths or ()))
    _print(text.diagnostics(result.diagnostics), error=True)
    _print(text.validated(result), error=bool(result.errors))
    raise typer.Exit(2 if result.errors else 0)


@app.command()
def render(
    paths: Paths = None,
    env: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Render this environment, not all; can be given again.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write below this folder, not the project's root.")] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print plain manifests instead of writing charts.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if something would change.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite generated files that were changed by hand.")] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="Let the last API of an environment go.")] = False,
) -> None:
    """Write a Helm chart below deploy/ for each spec and environment.

    Example: cxgen render && git diff
    """
    from cxgen.actions import render as action
    from cxgen.output import text

    chosen = tuple(paths or ())
    if stdout:
        if out or check or force or allow_empty:
            raise typer.BadParameter("--stdout writes nothing, so --out, --check, --force and --allow-empty have no place beside it")
        result = action.render_manifests(Path.cwd(), chosen, env=tuple(env or ()))
        _print(text.warnings(result.warnings), error=True)
        typer.echo(result.text.encode(), nl=False)  # UTF-8, whatever the locale
        return
    done = action.render(Path.cwd(), chosen, env=tuple(env or ()), out=out, check=check, force=force, allow_empty=allow_empty)
    _print(text.warnings(done.warnings), error=True)
    _print(text.rendered(done, check=check))
    raise typer.Exit(1 if check and done.changes else 0)


def _print(lines: list[str], *, error: bool = False) -> None:
    # Where not even errors can be printed, the exit code still says it.
    with contextlib.suppress(OSError) if error else contextlib.nullcontext():
        if lines:
            typer.echo("\n".join(map(printable, lines)), err=error)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code. The one place where an exception becomes one."""
    try:
        app(args=arguments, prog_name="cxgen")
    except CxgenError as error:
        from cxgen.output import text

        _print(text.failed(error), error=True)
        return error.exit_code
    except OSError as error:  # what the system refuses outside the places that expect it; without a name it is the output
        code, cure, place = "E506", "print it elsewhere", "standard output"
        if error.filename or isinstance(error, FileNotFoundError):
            code, cure, place = "E001", "check that it is there and may be read", str(error.filename or "the current folder")
        _print([str(Diagnostic(code, f"{error.strerror or error}; {cure}", place))], error=True)
        return 3
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _whole(stream: TextIO | None) -> TextIO:
    """A stream that writes all it is given, whatever the locale; one that was closed takes what comes and forgets it."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        if isinstance(stream.buffer, io.RawIOBase):  # PYTHONUNBUFFERED: a single write may take less than all
            return io.TextIOWrapper(io.BufferedWriter(stream.buffer), stream.encoding, "backslashreplace", write_through=True)
        stream.reconfigure(errors="backslashreplace")
    return stream


def run() -> NoReturn:
    """The command line as a process."""
    sys.stdout, sys.stderr = _whole(sys.stdout), _whole(sys.stderr)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # what was printed was flushed, or the error was said
            stream.flush()
    os._exit(code)  # to free what is left, object by object, would take a tenth of the time

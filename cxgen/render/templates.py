"""The one Jinja environment. A template is rendered in one of two modes: as part of a Helm chart, or literally.

A template knows two names. `spec` decides structure: what there is, and names that are checked identifiers. `values` is
data: it can be printed, but `if` and `for` cannot ask it. So no text from a spec ever becomes template text.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import NoReturn

import jinja2
import jinja2.bccache

from cxgen import __version__, resources, yamlio
from cxgen.errors import Diagnostic, InvalidInput
from cxgen.plan.identity import Identifier
from cxgen.plan.values import Group, Value
from cxgen.render import expressions


class Misuse(Exception):
    """A template prints structure or decides by data."""


class Printed(str):
    """What a filter has made of a value: text that may be printed as it is."""

    __slots__ = ()


class Ref(ABC):
    """A value as a template sees it: it can be walked into and printed, nothing else."""

    __slots__ = ("_node", "_path")

    def __init__(self, node: Value | Group, path: expressions.Path = ()) -> None:
        self._node = node
        self._path = path

    def __getitem__(self, key: str) -> Ref:
        member = self._node.members.get(key) if isinstance(self._node, Group) else None
        if member is None:
            raise Misuse(f"there is no {'.'.join(('values', *self._path, key))}; ask spec first whether there is")
        return self._child(member, (*self._path, str(key)))

    def __getattr__(self, key: str) -> Ref:
        if key.startswith("__"):  # Python's own questions
            raise AttributeError(key)
        return self[key]

    @abstractmethod
    def _child(self, node: Value | Group, path: expressions.Path) -> Ref: ...

    @abstractmethod
    def text(self) -> str:
        """The value on one line."""

    @abstractmethod
    def string(self) -> str:
        """The value on one line, as a string."""

    @abstractmethod
    def block(self, indent: int) -> str:
        """The value in block style; its first line stands where the template prints it."""

    def _refuse(self, *_: object) -> NoReturn:
        raise Misuse(f"{'.'.join(('values', *self._path))} is data; let spec decide, and only print values")

    __bool__ = __len__ = __iter__ = __contains__ = __str__ = __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __add__ = _refuse
    __hash__ = None  # type: ignore[assignment]


class LiteralRef(Ref):
    """Prints the value itself."""

    __slots__ = ()

    def _child(self, node: Value | Group, path: expressions.Path) -> Ref:
        return LiteralRef(node, path)

    def text(self) -> str:
        return yamlio.scalar(self._node.data)

    def string(self) -> str:
        assert not isinstance(self._node, Group)
        return yamlio.quote(expressions.spelled(self._node.data))

    def block(self, indent: int) -> str:
        data = self._node.data
        assert isinstance(data, dict | list)
        return "\n".join(yamlio.block(data, indent)).lstrip()


class ChartRef(Ref):
    """Prints the Helm expression for the value, and notes that the chart's values.yaml must hold it."""

    __slots__ = ("_used",)

    def __init__(self, node: Value | Group, path: expressions.Path = (), used: set[expressions.Path] | None = None) -> None:
        super().__init__(node, path)
        self._used: set[expressions.Path] = set() if used is None else used

    def _child(self, node: Value | Group, path: expressions.Path) -> Ref:
        return ChartRef(node, path, self._used)

    def text(self) -> str:
        self._used.add(self._path)
        return expressions.scalar(self._path)

    def string(self) -> str:
        self._used.add(self._path)
        return expressions.string(self._path)

    def block(self, indent: int) -> str:
        self._used.add(self._path)
        return expressions.block(self._path, indent)


def _print(value: object) -> str:
    """What `[[ ]]` prints of a value; the gate through which everything but template text passes."""
    if isinstance(value, Ref):
        return value.text()
    if isinstance(value, Identifier | Printed):
        return value
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises, and names what is undefined
    raise Misuse(f"{yamlio.scalar(str(value))} cannot be printed: only values and identifiers of spec can")


def _to_yaml(value: object, indent: int) -> Printed:
    if not isinstance(value, Ref):
        raise Misuse("toYaml is for values")
    return Printed(value.block(indent))


def _to_string(value: object) -> Printed:
    if not isinstance(value, Ref):
        raise Misuse("toString is for values")
    return Printed(value.string())


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Compiled templates where Python keeps its own bytecode: what cannot be read is made anew, what cannot be written is not kept."""

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except Exception:  # whatever lies there in its place
            bucket.reset()

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled() -> _Compiled | None:
    if sys.dont_write_bytecode or sys.implementation.cache_tag is None:
        return None
    # It holds the checksum of each template's source, and the versions of Python and Jinja.
    return _Compiled(str(Path(importlib.util.cache_from_source(__file__)).parent), f"jinja-{__version__}-%s.cache")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.folder("chart-templates")),
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        finalize=_print,
        auto_reload=False,
        bytecode_cache=_compiled(),
        optimized=False,  # there are no constants to fold, and looking for them takes time
        autoescape=False,  # noqa: S701  # this is YAML, and every value is quoted by _print
    )
    environment.filters.update(toYaml=_to_yaml, toString=_to_string)
    return environment


@cache
def names(folder: str) -> tuple[str, ...]:
    """The templates of a folder of chart-templates/ that become files of their own, in order; `_` marks parts of others."""
    loader = _environment().loader
    assert loader is not None
    return tuple(name for name in loader.list_templates() if name.startswith(f"{folder}/") and not Path(name).name.startswith("_"))


def render(name: str, spec: object, values: Ref | None = None) -> str:
    """One template; raises InvalidInput that names the template's file and line."""
    try:
        return _environment().get_template(name).render(spec=spec, values=values)
    except jinja2.TemplateSyntaxError as error:
        raise _failure("E601", f"{error.message}; fix the template", error.name or name, error.lineno) from error
    except Misuse as error:
        raise _failure("E602", str(error), name, _line(error, name)) from error
    except (jinja2.TemplateError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise _failure("E601", f"{error}; fix the template", name, _line(error, name)) from error


def _line(error: Exception, name: str) -> int:
    """The template's line in a traceback that Jinja has rewritten."""
    import traceback  # only who writes a wrong template pays for it

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).as_posix().endswith(name)]
    return (lines[-1] or 0) if lines else 0


def _failure(code: str, message: str, name: str, line: int) -> InvalidInput:
    return InvalidInput(Diagnostic(code, message, f"chart-templates/{name}", line))

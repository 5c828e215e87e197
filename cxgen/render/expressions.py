"""The Helm expressions that a chart of ours holds: a closed set, written and read back here and nowhere else.

So a committed chart can be turned into objects without helm; the tests hold that against the real one.

    {{ REF | toJson }}              a value on one line
    {{ REF | toString | toJson }}   the same, always as a string
    {{- toYaml REF | nindent N }}   a list or map, indented

REF is `.Values.a.b`, or `index .Values.a "b-c" "d"` from the first key on that Go's template language cannot spell.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cxgen import yamlio

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REF = r'(?P<ref>\.Values(?:\.[A-Za-z_]\w*)+|index \.Values(?:\.[A-Za-z_]\w*)*(?: "(?:[^"\\]|\\.)*")+)'
_EXPRESSION = re.compile(r"\s*\{\{-.*?\}\}|\{\{.*?\}\}", re.DOTALL)
_SCALAR = re.compile(rf"\{{\{{ {_REF}(?P<string> \| toString)? \| toJson \}}\}}")
_BLOCK = re.compile(r"\s*\{\{- toYaml (?:\((?P<index>index [^()]*)\)|(?P<ref>\.Values[.\w]*)) \| nindent (?P<indent>\d+) \}\}")
_KEY = re.compile(r'\.([A-Za-z_]\w*)|("(?:[^"\\]|\\.)*")')

Path = tuple[str, ...]


class ForeignExpression(Exception):
    """A template that uses more of Helm than cxgen writes; only helm can render it."""


def scalar(path: Path) -> str:
    """The expression for a value on one line."""
    return f"{{{{ {_reference(path)} | toJson }}}}"


def string(path: Path) -> str:
    """The expression for a value on one line, as a string whatever `--set` makes of it."""
    return f"{{{{ {_reference(path)} | toString | toJson }}}}"


def block(path: Path, indent: int) -> str:
    """The expression for a list or map, indented by `indent` spaces; what stands before it on its line is trimmed."""
    reference = _reference(path)
    argument = f"({reference})" if reference.startswith("index") else reference
    return f"{{{{- toYaml {argument} | nindent {indent} }}}}"


def _reference(path: Path) -> str:
    plain = next((i for i, key in enumerate(path) if not _FIELD.fullmatch(key)), len(path))
    fields = "".join(f".{key}" for key in path[:plain])
    keys = "".join(f" {json.dumps(key, ensure_ascii=False)}" for key in path[plain:])
    return f"index .Values{fields}{keys}" if keys else f".Values{fields}"


def substitute(template: str, values: dict[str, Any]) -> str:
    """What helm makes of a template that holds only our expressions; raises ForeignExpression where it holds others."""

    def replace(match: re.Match[str]) -> str:
        if found := _SCALAR.fullmatch(match[0]):
            value = _lookup(found["ref"], values)
            return yamlio.scalar(spelled(value) if found["string"] else value)
        if found := _BLOCK.fullmatch(match[0]):
            value, indent = _lookup(found["index"] or found["ref"], values), int(found["indent"])
            return "\n" + "\n".join(yamlio.block(value, indent) if value else [" " * indent + yamlio.scalar(value)])
        raise ForeignExpression(match[0])

    return _EXPRESSION.sub(replace, template)


def spelled(value: object) -> str:
    """A scalar as Helm's toString spells it."""
    return value if isinstance(value, str) else yamlio.scalar(value)


def _lookup(reference: str, values: dict[str, Any]) -> Any:
    value: Any = values
    for match in _KEY.finditer(reference.removeprefix("index ").removeprefix(".Values")):
        value = value[match[1] or json.loads(match[2])]
    return value

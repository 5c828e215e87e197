"""Secrets in plain text, wherever a text stands."""

from __future__ import annotations

from collections.abc import Iterator

from cxgen.secrets import secret_in
from cxgen.spec.diagnose import FieldPath
from cxgen.yamlio import Node


def secrets(node: Node, path: FieldPath = ()) -> Iterator[tuple[FieldPath, str]]:
    """Where secrets stand in a document, and what they are; but for {value: ...}, which says that it is meant."""
    value = node.value
    if isinstance(value, dict):
        meant = "env" in path[-2:-1] and set(value) == {"value"}
        for key, child in value.items() if not meant else ():
            if what := secret_in(key):
                yield (*path, key), what
            yield from secrets(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from secrets(child, (*path, index))
    elif isinstance(value, str) and (what := secret_in(value)):
        yield path, what

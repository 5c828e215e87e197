"""From pydantic's errors to diagnostics: the place in the file, the field as it was written, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cxgen.errors import Diagnostic
from cxgen.spec import models
from cxgen.spec.scalars import show
from cxgen.yamlio import Node

FieldPath = tuple[str | int, ...]  # keys and indexes from the top of a spec


def at(file: str, node: Node, code: str, path: FieldPath, message: str, *, key: bool = False) -> Diagnostic:
    """A diagnostic at a path of a document; with `key`, at the key rather than its value."""
    target, field, _ = node.at(path)
    line, column = (target.key_line, target.key_column) if key and target.key_line else (target.line, target.column)
    return Diagnostic(code, message, file, line, column, field)


def path_of(detail: ErrorDetails) -> FieldPath:
    """Where pydantic found an error; it marks the key of a map by a last step of its own."""
    return tuple(step for step in detail["loc"] if step != "[key]")


def diagnostics(error: ValidationError, model: type[models.Model], node: Node, file: str) -> list[Diagnostic]:
    """All that a model found wrong in a document, in the order of its lines."""
    errors = error.errors(include_url=False)
    # A required field that is there but misspelt is one mistake, not two.
    misspelt = {(*path_of(detail)[:-1], _intended(detail, model)) for detail in errors if detail["type"] == "extra_forbidden"}
    misspelt |= {("pod",)} if misspelt & {("image",), ("containers",)} else set()
    found = (_diagnostic(d, model, node, file) for d in errors if not (d["type"] == "missing" and path_of(d) in misspelt))
    return sorted(dict.fromkeys(found), key=lambda d: (d.line, d.column))


def _diagnostic(detail: ErrorDetails, model: type[models.Model], node: Node, file: str) -> Diagnostic:
    path, kind = path_of(detail), detail["type"]
    is_key = detail["loc"][-1:] == ("[key]",)
    if kind in ("extra_forbidden", "invalid_key"):
        owner = _model(model, path[:-1])
        name = str(path[-1])
        if name in owner.planned:
            return at(file, node, "E106", path, "not supported by this version of cxgen; remove it", key=True)
        near = _intended(detail, model)
        cure = f"did you mean {near}?" if near else _elsewhere(model, name) or f"known here: {', '.join(_known(owner))}"
        return at(file, node, "E101", path, f"unknown field; {cure}", key=True)
    if kind == "missing":
        null = node.at(path)[2]
        return at(file, node, "E102", path, f"{'null, but ' if null else ''}required; {_missing(path)}")
    if kind.startswith("E"):
        return at(file, node, kind, path, detail["msg"], key=is_key)
    wanted = "a map" if kind in ("model_type", "dict_type") else "a list"
    return at(file, node, "E103", path, f"{show(node.at(path)[0].value)} is not {wanted}; write {wanted}")


def _intended(detail: ErrorDetails, model: type[models.Model]) -> str:
    """The field that an unknown one was probably meant to be, or nothing."""
    path = path_of(detail)
    owner = _model(model, path[:-1])
    return _near(str(path[-1]), [*_known(owner), *sorted(owner.planned)])


def _known(owner: type[models.Model]) -> list[str]:
    """The fields of a map; at the top of a spec the shorthand belongs to them."""
    shorthand = (*models.SHORTHAND, models.SHORTHAND_PORT) if owner is models.RealtimeAPI else ()
    return [*owner.model_fields, *shorthand]


def _missing(path: FieldPath) -> str:
    if path in (("pod",), ("pod", "containers")):
        return "write image: with an image reference, or pod.containers"
    examples = {
        "name": "iris" if len(path) == 1 else "api",
        "kind": "RealtimeAPI",
        "image": "ghcr.io/acme/iris:1.4.0",
        "command": '["curl", "-f", "localhost"]',
    }
    return f"write {path[-1]}: {examples.get(str(path[-1]), '...')}"


def _near(name: str, known: Iterable[str]) -> str:
    """The nearest of some names, or nothing where none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    match = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[match[0]] if match else ""


def _elsewhere(model: type[models.Model], name: str, prefix: str = "") -> str:
    """Where a field belongs that was written in the wrong map, or nothing."""
    if prefix and name in model.model_fields:
        return f"it belongs at {prefix}{name}"
    for field, info in model.model_fields.items():
        brackets = "[]" if "tuple" in str(info.annotation) else ""
        for inner in _models(info.annotation):
            if found := _elsewhere(inner, name, f"{prefix}{field}{brackets}."):
                return found
    return ""


def _model(model: type[models.Model], path: FieldPath) -> type[models.Model]:
    """The model that describes the map at a path."""
    for step in path:
        if isinstance(step, int) or step not in model.model_fields:
            continue  # an item of a list, or an entry of a map: the field before has named its model
        for candidate in _models(model.model_fields[step].annotation):
            model = candidate
    return model


def _models(annotation: Any) -> Iterator[type[models.Model]]:
    if isinstance(annotation, type) and issubclass(annotation, models.Model):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def unknown_kind(kind: Node, node: Node, file: str) -> Diagnostic:
    """A kind that comes later, or none at all."""
    if isinstance(kind.value, str) and kind.value in models.PLANNED_KINDS:
        return at(file, node, "E105", ("kind",), f"{kind.value} is not supported by this version of cxgen; write kind: RealtimeAPI")
    known = (*models.KINDS, *models.PLANNED_KINDS)
    near = _near(str(kind.value), known)
    return at(
        file, node, "E104", ("kind",), f"{show(kind.value)} is not a kind; {f'did you mean {near}?' if near else 'write RealtimeAPI'}"
    )

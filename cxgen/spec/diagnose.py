"""From pydantic's errors to diagnostics: the place in the file, the field as it was written, and what was probably meant."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import shlex
import typing
from collections.abc import Iterable, Iterator

from pydantic_core import ErrorDetails

from cxgen.errors import Diagnostic
from cxgen.spec import models
from cxgen.spec.containers import REFERENCE, TEXT
from cxgen.spec.model import Model, models_in
from cxgen.spec.scalars import show
from cxgen.yamlio import Node

UNKNOWN = ("extra_forbidden", "invalid_key")  # pydantic's names for it
MOST_GUESSES = 100
FieldPath = tuple[str | int, ...]  # keys and indexes from the top of a spec


def at(file: str, node: Node, code: str, path: FieldPath, message: str, *, key: bool = False) -> Diagnostic:
    """A diagnostic at a path of a document; with `key`, at the key rather than its value."""
    target, field, _ = node.at(path)
    line, column = (target.key_line, target.key_column) if key and target.key_line else (target.line, target.column)
    return Diagnostic(code, message, target.file or file, line, column, field)


def path_of(detail: ErrorDetails) -> FieldPath:
    """Where pydantic found an error; it marks the key of a map, and which of two types it tried, by steps of its own."""
    path = detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]
    return tuple(step for step in path if step not in (TEXT, REFERENCE))


def diagnostics(errors: list[ErrorDetails], model: type[Model], node: Node, file: str) -> list[Diagnostic]:
    """All that a model found wrong in a document, in the order of its lines."""
    unknown = [detail for detail in errors if detail["type"] in UNKNOWN]
    # Whoever has hundreds of unknown fields wrote something else than a spec; to guess at each would take long.
    guess = _Guess(model, node, {path_of(detail) for detail in unknown[:MOST_GUESSES]})
    found = (_diagnostic(d, model, node, file, guess) for d in errors if d["type"] != "missing" or not guess.explains(path_of(d)))
    return sorted(dict.fromkeys(found), key=lambda d: (d.line, d.column))


def _diagnostic(detail: ErrorDetails, model: type[Model], node: Node, file: str, guess: _Guess) -> Diagnostic:
    path, kind = path_of(detail), detail["type"]
    is_key = detail["loc"][-1:] == ("[key]",)
    if kind in UNKNOWN:
        planned = _model(model, path[:-1]).planned
        if str(path[-1]) in planned:
            return at(file, node, "E106", path, "not supported by this version of cxgen; remove it", key=True)
        if (near := guess.near.get(path, "")) in planned and str(path[-1]) not in _OTHER_NAMES:
            return at(file, node, "E106", path, f"{near} is not supported by this version of cxgen; remove it", key=True)
        return at(file, node, "E101", path, f"unknown field; {guess.cure(path)}", key=True)
    if kind == "missing":
        null = node.at(path)[2]
        return at(file, node, "E102", path, f"{'null, but ' if null else ''}required; write {_example(model, path)}")
    if kind.startswith("E"):
        return at(file, node, kind, path, detail["msg"], key=is_key)
    wanted = "a map" if kind in ("model_type", "dict_type") else "a list"
    value = node.at(path)[0].value
    cure = _example(model, path)
    if path[-1] in ("command", "args") and isinstance(value, str):
        with contextlib.suppress(ValueError):  # quotes that are not closed
            cure = f"{path[-1]}: {json.dumps(shlex.split(value))}"
    return at(file, node, "E103", path, f"{show(value)} is not {wanted}; write {cure}")


# What the same thing is called by Kubernetes, Docker Compose and people.
_OTHER_NAMES = {
    "replicas": "autoscaling.min_replicas and autoscaling.max_replicas, equal for a fixed number",
    "environment": "env",
    "resources": "compute",
    "requests": "cpu, mem and gpu themselves",
    "memory": "mem",
    "ram": "mem",
    "gpus": "gpu",
    "cpus": "cpu",
    "entrypoint": "command",
    "ports": "port",
    "containerport": "port",
    "path": "endpoint",
    "volumemounts": "volumes",
    "min": "min_replicas",
    "max": "max_replicas",
}


def _snake(name: str) -> str:
    """Kubernetes' camelCase as our snake_case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class _Guess:
    """What unknown fields were probably meant to be."""

    def __init__(self, model: type[Model], node: Node, paths: set[FieldPath]) -> None:
        self.model, self.node = model, node
        self.near = {path: self._near(path) for path in paths}
        # Where the fields belong that were written in the wrong map, and the required fields that are there, but misspelt.
        self.places = {path: place for path in paths if (place := self._place(path, _snake(str(path[-1]))))}
        self.misspelt = {(*path[:-1], near) for path, near in self.near.items()}
        self.misspelt |= {("pod",), ("pod", "containers"), ("pod", "containers", 0, "image")} if ("image",) in self.misspelt else set()

    def explains(self, missing: FieldPath) -> bool:
        """Whether a required field is not missing, but misspelt or in the wrong map: that is one mistake, not two."""
        name = "".join("[]" if isinstance(step, int) else f".{step}" for step in missing).removeprefix(".")
        inside = (f"{name}.", f"{name}[")
        return missing in self.misspelt or any(place == name or place.startswith(inside) for place in self.places.values())

    def cure(self, path: FieldPath) -> str:
        """What to write in place of an unknown field."""
        owner, name = _model(self.model, path[:-1]), str(path[-1])
        other = _OTHER_NAMES.get(name.lower().replace("_", ""), "")
        if other and (" " in other or other in _known(owner)):
            there = self.node.at((*path[:-1], other))[2]
            return f"{other} stands there already, so remove it" if there else f"write {other}"
        near = self.near.get(path)
        if near and near.replace("_", "") == name.lower().replace("_", ""):
            return f"did you mean {near}?"
        if place := self.places.get(path):
            return self._belongs(place)
        if near:
            return f"did you mean {near}?"
        if other and (place := self._place(path, other)):
            return self._belongs(place)
        return f"known here: {', '.join(_known(owner))}"

    def _near(self, path: FieldPath) -> str:
        """The field of the same map that is nearest; one that comes later must be very near."""
        owner, name = _model(self.model, path[:-1]), str(path[-1])
        return near(name, sorted(owner.planned), cutoff=0.85) or near(name, _known(owner))

    def _place(self, path: FieldPath, name: str) -> str:
        """The one other map that has a field of this name, the highest of them; nothing where several are as high."""
        top = {name} if name in self.model.model_fields and len(path) > 1 else set()
        found = top | set(_elsewhere(self.model, name))
        highest = [place for place in found if place.count(".") == min(other.count(".") for other in found)]
        return highest[0] if len(highest) == 1 else ""

    def _belongs(self, place: str) -> str:
        """In a spec that is written in the shorthand, a field belongs where the shorthand has it."""
        container = "pod.containers[]."
        if place.startswith(container) and not self.node.at(("pod", "containers", 0))[1].endswith("]"):
            inside = place.removeprefix(container)
            if inside.partition(".")[0] in models.SHORTHAND:
                return f"it belongs at {inside}"
            return f"it belongs at {place}; write the container out there, its name and image included"
        if place == f"{container}image":
            return f"it belongs at the top, without pod, or at {place}, beside a name"
        return f"it belongs at {place}"


def _known(owner: type[Model]) -> list[str]:
    """The fields of a map; at the top of a spec the shorthand belongs to them."""
    shorthand = (*models.SHORTHAND, models.SHORTHAND_PORT) if owner is models.RealtimeAPI else ()
    return [*owner.model_fields, *shorthand]


def _example(model: type[Model], path: FieldPath) -> str:
    """A field with the example that its model gives."""
    owner, name = _model(model, path[:-1]), str(path[-1])
    if path in (("pod",), ("pod", "containers")):
        return "image: with an image reference, or pod.containers"
    field = owner.model_fields.get(name)
    if field is None or not field.examples:
        return "a map with its fields"  # an item of a list, or an entry of a map
    example = field.examples[0]
    if isinstance(example, dict | list):
        example = re.sub(r'"([A-Za-z_]+)": ', r"\1: ", json.dumps(example))  # in flow style, as people write it
    return f"{name}: {example}"


def near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The nearest of some names, or nothing where none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    if not by_lower or len(name) > 2 * max(map(len, by_lower)):
        return ""  # nothing is near, and to compare long words takes long
    match = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[match[0]] if match else ""


def _elsewhere(model: type[Model], name: str, prefix: str = "") -> Iterator[str]:
    """The places below a map where a field of this name belongs."""
    if prefix and name in model.model_fields:
        yield f"{prefix}{name}"
    for field, info in model.model_fields.items():
        brackets = "[]" if typing.get_origin(info.annotation) is tuple else ""
        for inner in models_in(info.annotation):
            yield from _elsewhere(inner, name, f"{prefix}{field}{brackets}.")


def _model(model: type[Model], path: FieldPath) -> type[Model]:
    """The model that describes the map at a path."""
    is_key = False  # of a map whose keys are free
    for step in path:
        if isinstance(step, int) or is_key or step not in model.model_fields:
            is_key = False  # an item of a list, or an entry of a map: the field before has named its model
            continue
        annotation = model.model_fields[step].annotation
        is_key = typing.get_origin(annotation) is dict
        for candidate in models_in(annotation):
            model = candidate
    return model


def unknown_kind(kind: Node, node: Node, file: str) -> tuple[Diagnostic, str]:
    """What is wrong with a kind that comes later or is none at all, and the kind that was probably meant."""
    if isinstance(kind.value, str) and kind.value in models.PLANNED_KINDS:
        return at(file, node, "E105", ("kind",), f"{kind.value} is not supported by this version of cxgen; remove it"), kind.value
    guess = near(kind.value, (*models.KINDS, *models.PLANNED_KINDS)) if isinstance(kind.value, str) else ""
    cure = f"did you mean {guess}?" if guess else "write RealtimeAPI"
    return at(file, node, "E104", ("kind",), f"{show(kind.value)} is not a kind; {cure}"), guess

"""From pydantic's errors to diagnostics: the place in the file, the field as it was written, and what was probably meant."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import shlex
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import ErrorDetails

from cxgen.errors import Diagnostic
from cxgen.secrets import hide, secret_in
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
    return Diagnostic(code, hide(message), target.file or file, line, column, hide(field))


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
    # What an anchor brings into several places is one mistake.
    return sorted({(d.code, d.message, d.line, d.column): d for d in reversed(list(found))}.values(), key=lambda d: (d.line, d.column))


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
    if path[-1] in ("command", "args") and isinstance(value, str) and not secret_in(value):
        with contextlib.suppress(ValueError):  # quotes that are not closed
            cure = f"{path[-1]}: {json.dumps(shlex.split(value))}"
    return at(file, node, "E103", path, f"{show(value)} is not {wanted}; write {cure}")


# What the same thing is called by Kubernetes, Docker Compose and people.
_OTHER_NAMES = {
    "replicas": "autoscaling.min_replicas and autoscaling.max_replicas, equal for a fixed number",
    "environment": "env",
    "initcontainers": "the work into the image's own start, since there are no init containers",
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
    "valuefrom": "secret: {name, key}, config_map: {name, key} or field",
    "secretkeyref": "secret: {name, key}",
    "configmapkeyref": "config_map: {name, key}",
    "fieldref": "field",
    "claimname": "name",
    "secretname": "name",
    "volumemounts": "volumes",
    "min": "min_replicas",
    "max": "max_replicas",
}


# At the top of a spec, the words of Kubernetes' manifests and of people.
_AT_THE_TOP = {
    "environment": "env for variables of the container, or environments for what differs",
    "apiversion": "a short spec, not a manifest of Kubernetes: name, kind: RealtimeAPI and image",
    "metadata": "name, labels and annotations at the top",
    "spec": "its fields at the top",
    "securitycontext": "security, in a container below pod.containers",
    "affinity": "node_groups or node_selector",
    "topologyspreadconstraints": "nothing: Kubernetes spreads the pods of a Deployment by itself",
    "ingress": "networking",
    "service": "port, for the port of the container",
    "hpa": "autoscaling",
    "scaling": "autoscaling",
}
# What is said for a whole environment.
_OF_ENVIRONMENTS = ("namespace", "cluster", "kubernetes_version", "routing", "autoscaler", "gpu_type_label", "require_digest")


def _flat(name: str) -> str:
    """A name without what tells its spellings apart."""
    return name.lower().replace("_", "").replace("-", "")


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
        self.misspelt |= {(*path[:-1], _OTHER_NAMES.get(_flat(str(path[-1])), "")) for path in paths}
        self.misspelt |= {("pod",), ("pod", "containers"), ("pod", "containers", 0, "image")} if ("image",) in self.misspelt else set()

    def explains(self, missing: FieldPath) -> bool:
        """Whether a required field is not missing, but misspelt or in the wrong map: that is one mistake, not two."""
        name = "".join("[]" if isinstance(step, int) else f".{step}" for step in missing).removeprefix(".")
        inside = (f"{name}.", f"{name}[")
        return missing in self.misspelt or any(place == name or place.startswith(inside) for place in self.places.values())

    def cure(self, path: FieldPath) -> str:
        """What to write in place of an unknown field."""
        owner, name = _model(self.model, path[:-1]), str(path[-1])
        other = _OTHER_NAMES.get(_flat(name), "")
        if owner is models.RealtimeAPI and len(path) == 1:
            if name in _OF_ENVIRONMENTS:
                return f"it belongs in cxgen.yaml, at environments.NAME.{name}"
            other = _AT_THE_TOP.get(_flat(name), other)
        if other and (" " in other or other in _known(owner)):
            beside, written, there = self.node.at((*path[:-1], other))
            here, where, _ = self.node.at(path)
            # In another layer it is what this one was meant to replace.
            there = there and beside.file == here.file and written.rpartition(".")[0] == where.rpartition(".")[0]
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
        known = _known(owner)
        if owner is models.RealtimeAPI and self._is_layer(path):
            known = [field for field in known if field not in models.FIXED]
        return f"known here: {', '.join(known)}"

    def _is_layer(self, path: FieldPath) -> bool:
        """Whether a field at the top of a spec stands in a layer over or below it."""
        node, written, _ = self.node.at(path)
        return bool(node.file) or "." in written

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
        return f"it belongs at {place}" if "." in place else f"it belongs at the top: {place}"


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
    if field is None:  # an item of a list, or an entry of a map: as in the example of the whole
        field = _model(model, path[:-2]).model_fields.get(str(path[-2])) if len(path) > 1 else None
        whole = field.examples[0] if field and field.examples else None
        inside = list(whole.values()) if isinstance(whole, dict) else whole
        return _flow(inside[0]) if inside and isinstance(inside[0], dict) else "a map with its fields"
    if not field.examples:
        return "a map with its fields"
    example = field.examples[0]
    if isinstance(example, dict | list):
        example = _flow(example)
    return f"{name}: {example}"


def _flow(example: Any) -> str:
    """A list or map in flow style, as people write it."""
    return re.sub(r'"([A-Za-z_]+)": ', r"\1: ", json.dumps(example))


def listed(names: Iterable[str], most: int = 10) -> str:
    """Names as a message lists them: the first few, and how many more there are."""
    all_names = list(names)
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(all_names[:most]) + more


def meant(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The cure for a name that is not known: the nearest that is, else something else to do, else all that are."""
    names = list(known)
    guess = near(name, names)
    return f"did you mean {guess}?" if guess else otherwise or f"known are {listed(names)}"


def near(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The nearest of some names, or nothing where none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    if not by_lower or len(by_lower) > MOST_GUESSES or len(name) > 2 * max(map(len, by_lower)):
        return ""  # nothing is near, and to compare long words takes long
    match = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[match[0]] if match else ""


def _elsewhere(model: type[Model], name: str, prefix: str = "") -> Iterator[str]:
    """The places below a map where a field of this name belongs."""
    if prefix and name in model.model_fields:
        yield f"{prefix}{name}"
    for field, info in model.model_fields.items():
        origin = typing.get_origin(info.annotation)
        brackets = "[]" if origin is tuple else ".NAME" if origin is dict else ""
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

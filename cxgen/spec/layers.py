"""How layers merge: the project's defaults, the environment's, the API, and what the API says for the environment.

Maps merge by key, and null takes away what lies below. Containers merge by name and volumes by mount_path; every other list
replaces the one below, and an environment variable replaces the one below whole. Every node keeps its place and the field as
it was written, so that an error names the layer that caused it.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from typing import Any

from cxgen.spec import models
from cxgen.spec.containers import Container, Volume
from cxgen.spec.model import Model, models_in
from cxgen.yamlio import Node, below

# Lists of maps that merge, and the field that tells their entries apart.
KEYS: dict[type[Model], str] = {Container: "name", Volume: "mount_path"}


def labelled(node: Node, written: str, file: str = "") -> Node:
    """A layer whose every node says where it stands, so that it can be taken apart."""
    value: Any = node.value
    if isinstance(value, dict):
        value = {key: labelled(child, _path(child, written, key), file) for key, child in value.items()}
    elif isinstance(value, list):
        value = [labelled(child, _path(child, written, index), file) for index, child in enumerate(value)]
    return Node(value, node.line, node.column, node.key_line, node.key_column, written, file)


def _path(child: Node, written: str, step: str | int) -> str:
    return below(written, step) if child.written is None else child.written


def over_defaults(defaults: Node, spec: Node) -> Node:
    """An API over the defaults of its environment: its own containers come first."""
    return _merge(defaults, spec, models.RealtimeAPI, upper_first=True)


def over(lower: Node, upper: Node) -> Node:
    """A layer over one of its kind: entries of the lower one keep their order, new ones come last."""
    return _merge(lower, upper, models.RealtimeAPI, upper_first=False)


def without_parts(merged: Node) -> Node:
    """All layers of an API merged, without parts of containers that only the defaults name: they edit, and add none.

    What the API then lacks, it lacks at its own place.
    """
    assert isinstance(merged.value, dict)
    pod = merged.value.get("pod")
    listed = pod.value.get("containers") if pod and isinstance(pod.value, dict) else None
    if pod is None or listed is None or not isinstance(pod.value, dict) or not isinstance(listed.value, list):
        return merged
    kept = [node for node in listed.value if not node.file or not isinstance(node.value, dict) or "image" in node.value]
    if len(kept) == len(listed.value):
        return merged
    inside = {key: child for key, child in pod.value.items() if key != "containers"}
    fields = {key: child for key, child in merged.value.items() if key != "pod"}
    if kept or not listed.file:  # a list that the API itself leaves empty is empty
        inside["containers"] = like(listed, kept)
    if inside or not pod.file:
        place = merged if pod.file else pod
        fields["pod"] = Node(inside, place.line, place.column, place.key_line, place.key_column, "pod")
    return like(merged, fields)


def _merge(lower: Node, upper: Node, model: type[Model] | None, *, upper_first: bool) -> Node:
    """Two maps by key. Without a model the keys are free: null takes an entry away, and a value replaces the other whole."""
    assert isinstance(lower.value, dict) and isinstance(upper.value, dict)
    value = dict(lower.value)
    if model is not None and (given := [key for key in model.one_of if key in upper.value and upper.value[key].value is not None]):
        # Where exactly one of some fields can stand, the upper layer's takes the place of the lower one's.
        value = {key: child for key, child in value.items() if key not in model.one_of or key in given}
    for key, child in upper.value.items():
        # What an API says for an environment may take away what is not there: it is there in another.
        under = value.get(key, None if upper_first else like(child, [] if isinstance(child.value, list) else {}))
        if model is None and child.value is None and under is not None:
            value.pop(key, None)
        elif model is not None and key in model.model_fields and under is not None:
            value[key] = _field(under, child, model.model_fields[key].annotation, upper_first=upper_first)
        else:
            value[key] = child
    # A map that both have stands where the API has it: its defaults are below it, what it says for an environment above.
    return like(upper if upper_first else lower, value)


def _field(lower: Node, upper: Node, annotation: Any, *, upper_first: bool) -> Node:
    """One field of a map, by what it may hold."""
    inner = next(models_in(annotation), None)
    if isinstance(lower.value, dict) and isinstance(upper.value, dict):
        if typing.get_origin(annotation) is dict:
            return _merge(lower, upper, None, upper_first=upper_first)
        return _merge(lower, upper, inner, upper_first=upper_first) if inner else upper
    if inner in KEYS and isinstance(lower.value, list) and isinstance(upper.value, list):
        return _list(lower, upper, inner, upper_first=upper_first)
    return upper


def _list(lower: Node, upper: Node, model: type[Model], *, upper_first: bool) -> Node:
    """Two lists of maps, by the field that tells their entries apart."""
    low, high = (_by_key(node, KEYS[model]) for node in (lower, upper))
    if low is None or high is None:
        return upper  # something is wrong with one of them, and alone it is said best
    nothing = {} if upper_first else {key: like(node, {}) for key, node in high.items()}
    under = {**nothing, **low}
    merged = {key: _merge(under[key], node, model, upper_first=upper_first) if key in under else node for key, node in high.items()}
    rest = {key: node for key, node in low.items() if key not in high}
    return like(upper, list({**merged, **rest}.values() if upper_first else {**low, **merged}.values()))


def _by_key(node: Node, name: str) -> dict[str, Node] | None:
    """The maps of a list by one of their fields; None where one has it not, or two the same."""
    assert isinstance(node.value, list)
    found: dict[str, Node] = {}
    for entry in node.value:
        key = entry.value.get(name) if isinstance(entry.value, dict) else None
        if key is None or not isinstance(key.value, str):
            return None
        found[_normal(key.value)] = entry
    return found if len(found) == len(node.value) else None


def without_containers(layer: Node) -> Node:
    """A layer whose containers cannot be merged."""
    assert isinstance(layer.value, dict)
    pod = layer.value["pod"]
    assert isinstance(pod.value, dict)
    return like(layer, {**layer.value, "pod": like(pod, {key: child for key, child in pod.value.items() if key != "containers"})})


def _normal(key: str) -> str:
    """A name as it is, a path as it will be."""
    return re.sub("/+", "/", key).rstrip("/")


def doubles(layer: Node) -> Iterator[Node]:
    """The names and paths by which the lists of a layer merge, where they stand there a second time."""
    containers = layer.at(("pod", "containers"))[0]
    entries = containers.value if isinstance(containers.value, list) else []
    lists = [(entries, "name")]
    for entry in entries:
        volumes = entry.value.get("volumes") if isinstance(entry.value, dict) else None
        lists += [(volumes.value, "mount_path")] if volumes and isinstance(volumes.value, list) else []
    for nodes, name in lists:
        seen: set[str] = set()
        for key in (node.value.get(name) for node in nodes if isinstance(node.value, dict)):
            if key is not None and isinstance(key.value, str):
                if _normal(key.value) in seen:
                    yield key
                seen.add(_normal(key.value))


def like(node: Node, value: Any) -> Node:
    """Another value at a node's place."""
    return Node(value, node.line, node.column, node.key_line, node.key_column, node.written, node.file)

"""How layers merge: the project's defaults, the environment's, the API, and what the API says for the environment.

Maps merge by key, and null takes away what lies below. Containers merge by name and volumes by mount_path; every other list
replaces the one below, and an environment variable replaces the one below whole. Every node keeps its place and the field as
it was written, so that an error names the layer that caused it.
"""

from __future__ import annotations

import typing
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
    """An API over the defaults of its environment: its own containers come first.

    A default for a container that the API does not have says nothing, unless it is a whole one, with an image.
    """
    merged = _merge(defaults, spec, models.RealtimeAPI, upper_first=True)
    assert isinstance(merged.value, dict)
    pod = merged.value.get("pod")
    if pod is None or not isinstance(pod.value, dict) or spec.at(("pod", "containers"))[2]:
        return merged
    # An API without containers has none of the defaults' parts of some either, and what it lacks, it lacks at its own place.
    inside = dict(pod.value)
    listed = inside.pop("containers", None)
    whole = [node for node in listed.value if _is_whole(node, Container)] if listed and isinstance(listed.value, list) else []
    if listed and whole:
        inside["containers"] = like(listed, whole)
    rest = {key: child for key, child in merged.value.items() if key != "pod"}
    place = spec.at(("pod",))
    if inside or place[2]:
        rest["pod"] = Node(inside, place[0].line, place[0].column, place[0].key_line, place[0].key_column, "pod")
    return like(merged, rest)


def over(lower: Node, upper: Node) -> Node:
    """A layer over one of its kind: entries of the lower one keep their order, new ones come last."""
    return _merge(lower, upper, models.RealtimeAPI, upper_first=False)


def _merge(lower: Node, upper: Node, model: type[Model] | None, *, upper_first: bool) -> Node:
    """Two maps by key. Without a model the keys are free: null takes an entry away, and a value replaces the other whole."""
    assert isinstance(lower.value, dict) and isinstance(upper.value, dict)
    value = dict(lower.value)
    for key, child in upper.value.items():
        # What an API says for an environment may take away what is not there: it is there in another.
        under = value.get(key, None if upper_first else like(child, {}))
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
    merged = {key: _merge(low[key], node, model, upper_first=upper_first) if key in low else node for key, node in high.items()}
    if not upper_first:
        return like(upper, list({**low, **merged}.values()))
    return like(upper, list({**merged, **{key: node for key, node in low.items() if key not in high and _is_whole(node, model)}}.values()))


def _by_key(node: Node, name: str) -> dict[str, Node] | None:
    """The maps of a list by one of their fields; None where one has it not, or two the same."""
    assert isinstance(node.value, list)
    found: dict[str, Node] = {}
    for entry in node.value:
        key = entry.value.get(name) if isinstance(entry.value, dict) else None
        if key is None or not isinstance(key.value, str) or key.value in found:
            return None
        found[key.value] = entry
    return found


def _is_whole(node: Node, model: type[Model]) -> bool:
    return model is not Container or (isinstance(node.value, dict) and "image" in node.value)


def like(node: Node, value: Any) -> Node:
    """Another value at a node's place."""
    return Node(value, node.line, node.column, node.key_line, node.key_column, node.written, node.file)

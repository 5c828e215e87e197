"""What a rule is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cxgen.spec import models
from cxgen.spec.containers import Container
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.project import Environment, Project


class Context(NamedTuple):
    """One API in one environment."""

    api: models.RealtimeAPI
    environment: Environment
    project: Project
    shorthand: bool = False  # the spec is not in Cortex's own form


class Finding(NamedTuple):
    """What a rule found: `rests_on` are the further paths whose values it used."""

    code: str
    path: FieldPath
    message: str
    rests_on: tuple[FieldPath, ...] = ()
    lacks: bool = False  # a field that is not there is what is wrong


def devices(api: models.RealtimeAPI) -> list[tuple[str, FieldPath]]:
    """Where GPUs and Inferentia chips are asked for: the field, and the path of the container."""
    return [(name, path) for name in ("gpu", "inf") for path, container in containers(api) if getattr(container.compute, name)]


def containers(api: models.RealtimeAPI) -> Iterator[tuple[FieldPath, Container]]:
    """The containers with their paths."""
    for index, container in enumerate(api.pod.containers):
        yield ("pod", "containers", index), container

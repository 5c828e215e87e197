"""Harmless values in place of wrong ones, so that the rules between values still run and every error shows in one run."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cxgen.spec import models
from cxgen.spec.diagnose import FieldPath, path_of

_PLACEHOLDERS: dict[str, Any] = {
    "name": "placeholder",
    "image": "placeholder:1",
    "kind": "RealtimeAPI",
    "command": ["true"],
    "containers": [{"name": "placeholder", "image": "placeholder:1"}],
    "pod": {"containers": [{"name": "placeholder", "image": "placeholder:1"}]},
    "mount_path": "/placeholder",
    "key": "placeholder",
    "type": "cpu",
}


_REQUIRED = {("name",), ("kind",), ("pod",), ("pod", "containers"), *(("pod", "containers", "*", name) for name in ("name", "image"))}


def repaired(plain: Any, error: ValidationError) -> tuple[models.RealtimeAPI | None, set[FieldPath]]:
    """What a model makes of a spec whose wrong values are harmless ones, and their paths. None where that does not help."""
    paths: set[FieldPath] = set()
    for _ in range(3):  # what stood in the place of a wrong value may lack something in its turn
        errors = error.errors(include_url=False)
        paths |= {path_of(detail) for detail in errors}
        _repair(plain, errors)
        try:
            return models.RealtimeAPI.model_validate(plain), paths
        except ValidationError as again:
            error = again
    return None, paths


def _repair(plain: Any, errors: list[ErrorDetails]) -> None:
    """Takes each wrong value out, or replaces it where something must stand there."""
    for detail in errors:
        *parents, last = path_of(detail)
        target = plain
        for step in parents:
            try:
                target = target[step]
            except (KeyError, IndexError, TypeError):
                break
        else:
            where = tuple("*" if isinstance(step, int) else step for step in (*parents, last))
            required = detail["type"] == "missing" or where in _REQUIRED
            if isinstance(target, list) and isinstance(last, int):
                if parents[-1] == "containers":
                    target[last] = {"name": f"placeholder-{last}", "image": "placeholder:1"}
                elif parents[-1] in ("command", "args"):
                    target[last] = ""
                else:
                    target.clear()
            elif isinstance(target, dict) and required:
                target[last] = _PLACEHOLDERS.get(str(last), 1)
            elif isinstance(target, dict):
                target.pop(last, None)

"""What every map of a spec has in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class Model(BaseModel):
    """A map of the spec. Unknown keys are errors, and null puts a field back to its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    # Fields that a later version will have: one clear error each, instead of "unknown".
    planned: ClassVar[frozenset[str]] = frozenset()
    # Fields in which null is a value of its own.
    nullable: ClassVar[frozenset[str]] = frozenset()
    # Fields of which exactly one must be given.
    one_of: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _null_is_default(cls, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            return {key: value for key, value in data.items() if value is not None or key in cls.nullable or key not in cls.model_fields}
        return data

    @property
    def given(self) -> tuple[str, ...]:
        """Those of `one_of` that were given."""
        return tuple(name for name in self.one_of if getattr(self, name) is not None)


def models_in(annotation: Any) -> Iterator[type[Model]]:
    """The models that a field's type names."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)

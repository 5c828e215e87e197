"""JSON Schemas of the kinds, generated from the models, for editors and other programs. `make generate` writes them to schemas/."""

from __future__ import annotations

import json
from typing import Any

from cxgen.spec import models

DIALECT = "http://json-schema.org/draft-07/schema#"  # the one that editors know best


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind as people write it, the shorthand included; raises KeyError for an unknown kind."""
    made = models.KINDS[kind].model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    container, pod = definitions["Container"]["properties"], definitions["Pod"]["properties"]
    shorthand = {name: container[name] for name in models.SHORTHAND} | {models.SHORTHAND_PORT: pod["port"]}
    made["properties"] |= {
        name: {**field, "description": f"{field['description']} Shorthand for one container named api."}
        for name, field in shorthand.items()
    }
    # With the shorthand, the pod is left to its other fields; without it, it must have containers.
    made["required"].remove("pod")
    definitions["Pod"]["required"].remove("containers")
    made["if"] = {"required": ["image"]}
    made["then"] = {"properties": {"pod": {"not": {"required": ["containers"]}}}}
    made["else"] = {"required": ["pod"], "properties": {"pod": {"required": ["containers"]}}}
    for described in (made, *definitions.values()):
        described.pop("title", None)
        required = described.get("required", ())
        described["properties"] = {
            name: _field({"description": _description(field, definitions), **field}, required=name in required)
            for name, field in described["properties"].items()
        }
    return {"$schema": DIALECT, **made, "definitions": definitions}


def _description(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What the field's model says of itself: pydantic leaves out a description that only repeats it."""
    return str(definitions.get(field.get("$ref", "").rpartition("/")[2], {}).get("description", ""))


def _field(field: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A field as editors show it best. null puts an optional one back to its default, so it takes null."""
    alternatives = field.get("anyOf", [field])
    inner = next(option for option in alternatives if option != {"type": "null"})
    said: dict[str, Any] = {key: field[key] for key in ("description", "examples") if key in field}
    made = {**said, **{key: value for key, value in inner.items() if key not in ("title", "default")}}
    if "patternProperties" in made:
        made["additionalProperties"] = False
    default = field.get("default")
    if isinstance(default, str | int) and default != "":
        made["default"] = _default(default, made)
    if required:
        return made
    if "type" in made:
        types = made["type"] if isinstance(made["type"], list) else [made["type"]]
        return {**made, "type": [*types, "null"]}
    return {**said, "anyOf": [{key: value for key, value in made.items() if key not in said}, {"type": "null"}]}


def _default(default: str | int, field: dict[str, Any]) -> str | int | float:
    """A default as people write it: durations with their unit, numbers as numbers."""
    if field["type"] == "string" and isinstance(default, int):
        return f"{default}s"
    return float(default) if field["type"] == "number" else default


def text(kind: str) -> str:
    """The schema as its file in schemas/ holds it."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"

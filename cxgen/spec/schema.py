"""JSON Schemas of the kinds and of cxgen.yaml, generated from the models, for editors. `make generate` writes them to schemas/."""

from __future__ import annotations

import copy
import json
import typing
from typing import Any

from cxgen.spec import layers, models
from cxgen.spec.model import Model, models_in
from cxgen.spec.project import Project

DIALECT = "http://json-schema.org/draft-07/schema#"  # the one that editors know best
PROJECT = "cxgen"  # the schema of cxgen.yaml

Schema = dict[str, Any]


def names() -> list[str]:
    """The schemas that there are."""
    return [*models.KINDS, PROJECT]


def schema(name: str) -> Schema:
    """The JSON Schema of a kind or of the project file, as people write it; raises KeyError for an unknown one."""
    model = Project if name == PROJECT else models.KINDS[name]
    made, definitions = _generated(model)
    if model is not models.RealtimeAPI:
        definitions = {**_generated(models.RealtimeAPI)[1], **definitions}
    part = _part(models.RealtimeAPI, definitions)["properties"]
    definitions["Override"] = {
        "type": "object",
        "description": "Fields of an API: maps merge by key, containers by name, volumes by mount_path; null puts a field back.",
        "additionalProperties": False,
        "properties": {
            **{field: found for field, found in part.items() if field not in models.FIXED},
            **_shorthand(definitions["PartContainer"], definitions["PartPod"]),
        },
    }
    if model is models.RealtimeAPI:
        made["properties"] |= _shorthand(definitions["Container"], definitions["Pod"])
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
            field: _field({"description": _description(found, definitions), **found}, required=field in required)
            for field, found in described["properties"].items()
        }
    return {"$schema": DIALECT, **made, "definitions": _reachable(made, definitions)}


def _shorthand(container: Schema, pod: Schema) -> Schema:
    """Fields of the one container, and the pod's port."""
    short = {field: container["properties"][field] for field in models.SHORTHAND}
    short |= {models.SHORTHAND_PORT: pod["properties"]["port"]}
    return {
        field: {**found, "description": f"{found['description']} Shorthand for one container named api."} for field, found in short.items()
    }


def _generated(model: type[Model]) -> tuple[Schema, Schema]:
    """What pydantic makes of a model, with what the models say beside their fields, and its definitions."""
    made = model.model_json_schema(ref_template="#/definitions/{model}")
    definitions: Schema = made.pop("$defs", {})
    for found in _all_models(model):
        described = made if found is model else definitions[found.__name__]
        if found.one_of:
            described["oneOf"] = [{"required": [field]} for field in found.one_of]
    for described in (made, *definitions.values()):
        described["properties"] = _with_overrides(described["properties"])
    return made, definitions


def _with_overrides(value: Any) -> Any:
    """Where a layer may stand, a reference to its definition in place of the mark that the models have there.

    An environment, and what an API says for one, may be left empty.
    """
    if isinstance(value, list):
        return [_with_overrides(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _with_overrides(item) for key, item in value.items() if key != "$comment"}
    for pattern, found in made.get("patternProperties", {}).items():
        if found.get("$ref") in ("#/definitions/Environment", "#/definitions/Override"):
            made["patternProperties"][pattern] = _or_null(found)
    return {"$ref": "#/definitions/Override", **made} if value.get("$comment") == models.OVERRIDE["$comment"] else made


def _all_models(model: type[Model]) -> set[type[Model]]:
    found = {model}
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            found |= _all_models(inner)
    return found


def _part(model: type[Model], definitions: Schema) -> Schema:
    """A model as a layer writes it: only what differs. Adds the parts of the maps inside to the definitions."""
    name = f"Part{model.__name__}"
    if name in definitions:
        return typing.cast(Schema, definitions[name])
    whole = definitions.get(model.__name__)
    if whole is None:
        whole = _generated(model)[0]
    key = layers.KEYS.get(model)
    part = copy.deepcopy({field: found for field, found in whole.items() if field not in ("required", "oneOf")})
    if key:
        part["required"] = [key]
    definitions[name] = part
    for field, info in model.model_fields.items():
        inner = next(models_in(info.annotation), None)
        is_list = typing.get_origin(info.annotation) is tuple
        if typing.get_origin(info.annotation) is dict:  # null takes an entry of a lower layer away
            patterns = part["properties"][field].get("patternProperties", {})
            patterns |= {pattern: _or_null(found) for pattern, found in patterns.items()}
        if inner is None or typing.get_origin(info.annotation) is dict or (is_list and inner not in layers.KEYS) or field in models.FIXED:
            continue
        _part(inner, definitions)
        text = json.dumps(part["properties"][field])
        part["properties"][field] = json.loads(text.replace(f"#/definitions/{inner.__name__}", f"#/definitions/Part{inner.__name__}"))
    return part


def _or_null(found: Schema) -> Schema:
    return {"anyOf": [found, {"type": "null"}]}


def _reachable(made: Schema, definitions: Schema) -> Schema:
    """The definitions that a schema uses, in order of their names."""
    found: set[str] = set()
    ahead = [made]
    while ahead:
        text = json.dumps(ahead.pop())
        for name in definitions:
            if name not in found and f'"#/definitions/{name}"' in text:
                found.add(name)
                ahead.append(definitions[name])
    return {name: definitions[name] for name in sorted(found)}


def _description(field: Schema, definitions: Schema) -> str:
    """What the field's model says of itself: pydantic leaves out a description that only repeats it."""
    return str(definitions.get(field.get("$ref", "").rpartition("/")[2], {}).get("description", ""))


def _field(field: Schema, *, required: bool) -> Schema:
    """A field as editors show it best. null puts an optional one back to its default, so it takes null."""
    alternatives = [option for option in field.get("anyOf", [field]) if option != {"type": "null"}]
    said: Schema = {key: field[key] for key in ("description", "examples") if key in field}
    inner = alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
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
        made = {**made, "type": [*types, "null"]}
        return {**made, "enum": [*made["enum"], None]} if "enum" in made else made
    return {**said, "anyOf": [{key: value for key, value in made.items() if key not in said}, {"type": "null"}]}


def _default(default: str | int, field: Schema) -> str | int | float:
    """A default as people write it: durations with their unit, numbers as numbers."""
    if field.get("type") == "string" and isinstance(default, int):
        return f"{default}s"
    return float(default) if field.get("type") == "number" else default


def text(name: str) -> str:
    """The schema as its file in schemas/ holds it."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"

"""The Helm chart of an API: the templates in chart mode, and the values.yaml and values.schema.json that follow from them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cxgen import yamlio
from cxgen.plan.api import API, Tombstone
from cxgen.plan.values import Group, Value, values
from cxgen.render import expressions, templates
from cxgen.render.manifests import FOLDER

_SERVICE_ACCOUNT = "templates/serviceaccount.yaml"


def chart(api: API) -> dict[str, str]:
    """The files of the chart by path. values.yaml holds what the templates use, and nothing else."""
    data = values(api)
    used: set[expressions.Path] = set()
    files = {}
    for name in templates.names(FOLDER):
        text = templates.render(name, api, templates.ChartRef(data, used=used))
        if text.strip():
            files[name.removeprefix(f"{FOLDER}/")] = text
    visible = _visible(data, used)
    header = [
        f"# The values of {api.name}, rendered by cxgen from its spec: change the spec and run cxgen render.",
        "# Each value can be given with --set (text that looks like a number with --set-string, a list with --set-json).",
        "# What is not here is decided by the spec.",
    ]
    files["values.yaml"] = "\n".join((*header, *_lines(visible, 0))) + "\n"
    files["values.schema.json"] = _schema(visible)
    return files


def tombstone(api: Tombstone) -> dict[str, str]:
    """The files of a chart that holds nothing but the ServiceAccount."""
    return {
        "Chart.yaml": templates.render("tombstone/Chart.yaml", api),
        _SERVICE_ACCOUNT: templates.render(f"{FOLDER}/{_SERVICE_ACCOUNT}", api),
    }


def _visible(group: Group, used: set[expressions.Path], path: expressions.Path = ()) -> Group:
    """The part of the values that templates use."""
    members: dict[str, Value | Group] = {}
    for key, member in group.members.items():
        here = (*path, key)
        if here in used:
            members[key] = member
        elif isinstance(member, Group) and (inner := _visible(member, used, here)).members:
            members[key] = inner
    return Group(members, group.comment)


def _lines(group: Group, indent: int) -> list[str]:
    """A group as YAML, a comment over each key; the top level is set apart by blank lines."""
    space = " " * indent
    lines: list[str] = []
    for key, member in group.members.items():
        if not indent:
            lines.append("")
        if member.comment:
            lines.append(f"{space}# {member.comment}")
        name = f"{space}{yamlio.key(key)}:"
        if isinstance(member, Group) and member.members:
            lines += [name, *_lines(member, indent + 2)]
        elif isinstance(member, Group):
            lines.append(f"{name} {{}}")
        elif isinstance(member.data, list | dict):
            lines += [name, *yamlio.block(member.data, indent + 2)]
        else:
            lines.append(f"{name} {yamlio.scalar(member.data)}")
    return lines


def _schema(group: Group) -> str:
    """values.schema.json: nothing unknown is allowed, but `global`, which a parent chart hands down and nothing here reads."""
    top = '{"$schema": "http://json-schema.org/draft-07/schema#", '
    return top + "\n".join(_schema_lines({**group.members, "global": Value("", {"type": "object"})}, list(group.members), "", 0)) + "\n"


def _schema_lines(members: Mapping[str, Value | Group], required: list[str], comment: str, indent: int) -> list[str]:
    """The schema of a map, a line for each value in it, so that a review shows which one changed."""
    described = f'"description": {json.dumps(comment)}, ' if comment else ""
    lines = [f'{described}"type": "object", "additionalProperties": false, "required": {json.dumps(required)}, "properties": {{']
    space = " " * (indent + 2)
    for key, member in members.items():
        if isinstance(member, Group):
            first, *rest = _schema_lines(member.members, list(member.members), member.comment, indent + 2)
            lines += [f"{space}{json.dumps(key)}: {{{first}", *rest[:-1], f"{rest[-1]},"]
        else:
            schema = {"description": member.comment, **member.schema} if member.comment else member.schema
            lines.append(f"{space}{json.dumps(key)}: {json.dumps(schema)},")
    lines[-1] = lines[-1].removesuffix(",")
    return [*lines, " " * indent + "}}"]

"""From texts to checked models: expands the shorthand, merges the layers of each environment, and reads each as one spec.

A file is a map, a list of maps, or several documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import ValidationError

from cxgen import yamlio
from cxgen.errors import Diagnostic
from cxgen.spec import layers, models
from cxgen.spec.diagnose import UNKNOWN, FieldPath, at, listed, meant, path_of, unknown_kind
from cxgen.spec.diagnose import diagnostics as diagnostics_of
from cxgen.spec.project_file import NO_PROJECT, ProjectFile, layer
from cxgen.spec.repair import repaired
from cxgen.spec.scalars import show
from cxgen.spec.shorthand import API, expand
from cxgen.yamlio import Node, Plain, below

_SPEC = {"name", "kind", "pod", "image", "containers"}  # what has none of these is another thing altogether


class Document(NamedTuple):
    """One spec of a file as one environment has it.

    `api` is None where it could not be read even in part; `invalid` are the paths that are wrong.
    """

    file: str
    node: Node
    environment: str
    api: models.RealtimeAPI | None
    invalid: frozenset[FieldPath]
    unknown: frozenset[FieldPath]  # those among them that no field has
    diagnostics: tuple[Diagnostic, ...]
    shorthand: bool = False
    kind: str = ""  # as it is written, where it is one that a version of cxgen knows

    @property
    def name(self) -> str:
        """The API's name, as far as there is one."""
        return self.api.name if self.api else ""

    @property
    def place(self) -> tuple[str, int, int]:
        """Where the spec stands: the same in every environment."""
        return self.file, self.node.line, self.node.column

    def at(self, code: str, path: FieldPath, message: str) -> Diagnostic:
        """A diagnostic at a path of this spec."""
        return at(self.file, self.node, code, path, message)


def load(text: str, file: str, project: ProjectFile = NO_PROJECT) -> tuple[list[Document], list[Diagnostic]]:
    """The specs of a text, once for each environment, and what is wrong outside of them; raises InvalidInput where it is not YAML."""
    documents, diagnostics = yamlio.read(text, file)
    nodes = [item for node in documents for item in (node.value if isinstance(node.value, list) else [node])]
    if not nodes:
        diagnostics.append(Diagnostic("E007", "holds no spec; write one with name, kind and image", file, 1, 1))
    specs: list[Document] = []
    for node in nodes:
        if isinstance(node.value, dict) and (not node.value or _SPEC & set(node.value)):
            specs += _documents(node, file, project)
            continue
        what = f"a map of {show(Plain(', '.join(node.value)))}" if isinstance(node.value, dict) else show(node.value)
        message = f"{what} is not a spec; write a map with name, kind and image"
        diagnostics.append(Diagnostic("E007", message, file, node.line, node.column))
    return specs, diagnostics


def _documents(node: Node, file: str, project: ProjectFile) -> list[Document]:
    """A spec as each environment has it. Where nothing differs it is read once."""
    assert isinstance(node.value, dict)
    pod = node.value.get("pod")
    is_short = not (pod and isinstance(pod.value, dict) and "containers" in pod.value)
    kind = node.value.get("kind")
    node, diagnostics = expand(node, file)
    assert isinstance(node.value, dict)
    known = str(kind.value) if kind is not None and kind.value in (*models.KINDS, *models.PLANNED_KINDS) else ""
    fields = dict(node.value)
    if kind is not None and kind.value is not None and known not in models.KINDS:
        wrong, supposed = unknown_kind(kind, node, file)
        if supposed not in models.KINDS:
            nothing: frozenset[FieldPath] = frozenset()
            return [Document(file, node, name, None, nothing, nothing, (wrong,), kind=known) for name in project.targets]
        diagnostics.append(wrong)
        fields["kind"] = layers.like(kind, supposed)  # a slip, so the rest is checked as what was meant
    own = node.value.get("environments")
    overrides = dict(own.value) if own is not None and isinstance(own.value, dict) else {}
    if overrides:
        fields.pop("environments")
        diagnostics += _strangers(overrides, node, file, project)
    base = Node(fields, node.line, node.column)
    read: dict[tuple[int, int], Document] = {}
    documents = []
    for name in project.targets:
        defaults, override = project.defaults[name], overrides.get(name)
        key = (id(defaults), id(override))
        if key not in read:
            found = list(diagnostics)
            merged = _merged(base, defaults, override, below("environments", name), file, found)
            read[key] = _document(merged, file, name, found, shorthand=is_short)
        documents.append(read[key]._replace(environment=name))
    return documents


def _strangers(overrides: Mapping[str, Node], node: Node, file: str, project: ProjectFile) -> Iterator[Diagnostic]:
    """What is said for environments that the project does not have."""
    for name in overrides:
        if name in project.targets or not project.is_valid:
            continue
        if not project.project.environments:
            message = f"cxgen.yaml names no environments; write environments: {{{name}: {{}}}} there"
        else:
            message = f"is not an environment of cxgen.yaml; {meant(name, project.targets)}"
        yield at(file, node, "E304", ("environments", name), message, key=True)


def _merged(spec: Node, defaults: Node | None, override: Node | None, written: str, file: str, diagnostics: list[Diagnostic]) -> Node:
    """A spec between the defaults of an environment and what it says for that environment; adds what is wrong with the latter."""
    upper = layer(override, written, file, diagnostics, elsewhere=False) if override is not None and override.value is not None else None
    if defaults is None and upper is None:
        return spec
    own = layers.labelled(spec, "")
    merged = own if defaults is None else layers.over_defaults(defaults, own)
    if upper is not None and override is not None:
        misplaced = list(_misplaced(override, written, layers.without_parts(merged), file))
        diagnostics += misplaced
        merged = merged if misplaced else layers.over(merged, upper)
    return layers.without_parts(merged)


def _misplaced(override: Node, written: str, spec: Node, file: str) -> Iterator[Diagnostic]:
    """Parts of containers that the API does not have: they would add one where one was to be changed."""
    containers, _, found = spec.at(("pod", "containers"))
    if not (found and isinstance(containers.value, list) and isinstance(override.value, dict)):
        return
    entries = [entry.value for entry in containers.value if isinstance(entry.value, dict)]
    names = [entry["name"].value for entry in entries if "name" in entry]
    known = [name for name in names if isinstance(name, str)]
    if not known:
        return
    short = next((name for name in models.SHORTHAND if name in override.value), None)
    if short and API not in known:
        child = override.value[short]
        message = f"the shorthand means the container {API}, which this API does not have; write pod.containers with name: {listed(known)}"
        yield Diagnostic("E107", message, file, child.key_line, child.key_column, below(written, short))
    edited = override.at(("pod", "containers"))[0].value
    for index, entry in enumerate(edited if isinstance(edited, list) else ()):
        name = entry.value.get("name") if isinstance(entry.value, dict) else None
        if name is None or not isinstance(name.value, str) or name.value in known or override.at(("pod", "containers", index, "image"))[2]:
            continue
        cure = meant(name.value, known, f"write one of {listed(known)}, or an image for one more")
        field = f"{written}.pod.containers[{index}].name"
        yield Diagnostic("E107", f"{show(name.value)} is no container of this API; {cure}", file, name.line, name.column, field)


def _document(node: Node, file: str, environment: str, diagnostics: list[Diagnostic], *, shorthand: bool) -> Document:
    """A merged spec as the models read it."""
    invalid: set[FieldPath] = {("pod", "containers")} if any(found.code == "E107" for found in diagnostics) else set()
    unknown: set[FieldPath] = set()
    plain = node.plain()
    api: models.RealtimeAPI | None
    try:
        api = models.RealtimeAPI.model_validate(plain)
    except ValidationError as error:
        details = error.errors(include_url=False)
        diagnostics += diagnostics_of(details, models.RealtimeAPI, node, file)
        unknown |= {path_of(detail) for detail in details if detail["type"] in UNKNOWN}
        api, wrong_paths = repaired(plain, error)
        invalid |= wrong_paths
    kind = api.kind if api else ""
    return Document(file, node, environment, api, frozenset(invalid), frozenset(unknown), tuple(diagnostics), shorthand, kind)

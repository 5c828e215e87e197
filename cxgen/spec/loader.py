"""From files to checked models: finds specs, reads them, expands the shorthand, merges the layers of each environment.

A file is a map, a list of maps, or several documents. A value that is wrong is replaced by one that is not, so that the
rules between values (validate.py) still run and every error shows in one run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cxgen import yamlio
from cxgen.errors import Diagnostic, InvalidInput
from cxgen.spec import layers, models
from cxgen.spec.diagnose import UNKNOWN, FieldPath, at, near, path_of, unknown_kind
from cxgen.spec.diagnose import diagnostics as diagnostics_of
from cxgen.spec.project import FILE, Environment, Project
from cxgen.spec.scalars import show
from cxgen.yamlio import Node, Plain, below

_SPEC = {"name", "kind", "pod", "image", "containers"}  # what has none of these is another thing altogether
SUFFIXES = (".yaml", ".yml")
API = "api"  # the container that the shorthand makes, or edits in another layer


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
    def place(self) -> tuple[str, int, int]:
        """Where the spec stands: the same in every environment."""
        return self.file, self.node.line, self.node.column

    def at(self, code: str, path: FieldPath, message: str) -> Diagnostic:
        """A diagnostic at a path of this spec."""
        return at(self.file, self.node, code, path, message)


class ProjectFile(NamedTuple):
    """The project file, or the defaults where there is none, and what is wrong with it."""

    project: Project
    targets: Mapping[str, Environment]
    defaults: Mapping[str, Node | None]  # by environment: the fields of every API, merged; None where there are none
    shown: str = FILE  # as messages name it
    diagnostics: tuple[Diagnostic, ...] = ()
    node: Node | None = None

    @property
    def is_valid(self) -> bool:
        return not any(found.is_error for found in self.diagnostics)


def _project_file(project: Project, shown: str, node: Node | None = None, diagnostics: Iterable[Diagnostic] = ()) -> ProjectFile:
    targets = project.targets()
    return ProjectFile(project, targets, dict.fromkeys(targets), shown, tuple(diagnostics), node)


NO_PROJECT = _project_file(Project.model_construct(), FILE)


def read_file(path: Path, shown: str) -> str:
    """The text of a file; raises InvalidInput where it cannot be read."""
    try:
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise InvalidInput(Diagnostic("E001", f"{what}; name a file with specs, or a folder of them", shown))
        with path.open("rb") as file:
            data = file.read(yamlio.MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(Diagnostic("E001", f"cannot be read: {error.strerror}; check its permissions", shown)) from None
    return yamlio.decode(data, shown)


def find(paths: Iterable[Path], shown: Callable[[Path], str]) -> list[Path]:
    """The spec files among files and folders (searched whole but for hidden ones), each once, in order.

    Raises InvalidInput where a folder cannot be searched: a spec that is overlooked would look like one that was deleted.
    """

    def refuse(error: OSError) -> NoReturn:
        message = f"cannot be read: {error.strerror}; check its permissions"
        raise InvalidInput(Diagnostic("E001", message, shown(Path(error.filename))))

    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        for folder, folders, files in os.walk(path, onerror=refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in folders:
                if (inner := Path(folder, name)).is_symlink():
                    message = "is a link to a folder, which is not followed; move the specs here, or name the folder itself as a PATH"
                    raise InvalidInput(Diagnostic("E001", message, shown(inner)))
            for name in sorted(files):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    found[Path(folder, name)] = None
    return list(found)


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


def load_project(root: Path, shown: str) -> ProjectFile:
    """The project file at a root; what it says counts only where nothing is wrong with it."""
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return NO_PROJECT._replace(shown=shown)
    try:
        return read_project(read_file(path, shown), shown)
    except InvalidInput as error:
        return NO_PROJECT._replace(shown=shown, diagnostics=error.diagnostics)


def read_project(text: str, shown: str = FILE) -> ProjectFile:
    """The project file with this text."""
    default = Project.model_construct()
    try:
        documents, diagnostics = yamlio.read(text, shown)
    except InvalidInput as error:
        return _project_file(default, shown, None, error.diagnostics)
    if not documents:
        return _project_file(default, shown, None, diagnostics)
    node = documents[-1]
    if len(documents) > 1 or not isinstance(node.value, dict):
        message = "the project file is one map; write argocd: and environments:"
        return _project_file(default, shown, None, [*diagnostics, Diagnostic("E007", message, shown, node.line, node.column)])
    try:
        project = Project.model_validate(node.plain())
    except ValidationError as error:
        return _project_file(default, shown, node, [*diagnostics, *diagnostics_of(error.errors(include_url=False), Project, node, shown)])
    found = _project_file(project, shown, node)
    defaults: dict[str, Node | None] = {}
    common = _defaults(node, ("defaults",), shown, diagnostics)
    for name in found.targets:
        own = _defaults(node, ("environments", name, "defaults"), shown, diagnostics)
        defaults[name] = layers.over(common, own) if common and own else own or common
    return found._replace(defaults=defaults, diagnostics=tuple(diagnostics))


def _defaults(node: Node, path: FieldPath, shown: str, diagnostics: list[Diagnostic]) -> Node | None:
    """The fields of every API below a path of the project file; adds what is wrong with them."""
    target, written, found = node.at(path)
    if not found or target.value is None:
        return None
    layer = _layer(target, written, shown, diagnostics)
    if layer is None or not layer.value:
        return None
    # By themselves they are a part of a spec: what they lack is no mistake, and what is wrong is said once, here.
    try:
        models.RealtimeAPI.model_validate(layer.plain())
    except ValidationError as error:
        wrong = [detail for detail in error.errors(include_url=False) if detail["type"] != "missing"]
        if wrong:
            diagnostics += diagnostics_of(wrong, models.RealtimeAPI, layer, shown)
            return None
    return layer


def _layer(node: Node, written: str, file: str, diagnostics: list[Diagnostic]) -> Node | None:
    """The fields that a layer gives to an API, its shorthand expanded; adds what is wrong with it as a layer."""
    if not isinstance(node.value, dict):
        message = f"{show(node.value)} is not a map; write fields of an API, such as autoscaling: {{min_replicas: 2}}"
        diagnostics.append(Diagnostic("E103", message, file, node.line, node.column, written))
        return None
    for name in models.FIXED:
        if fixed := node.value.get(name):
            message = "is the same in every environment; write it into the spec itself"
            diagnostics.append(Diagnostic("E109", message, file, fixed.key_line, fixed.key_column, below(written, name)))
    fields = {key: child for key, child in node.value.items() if key not in models.FIXED}
    layer, wrong = _expand(layers.labelled(Node(fields, node.line, node.column), written, file), file)
    diagnostics += wrong
    return layer


def _documents(node: Node, file: str, project: ProjectFile) -> list[Document]:
    """A spec as each environment has it. Where nothing differs it is read once."""
    assert isinstance(node.value, dict)
    is_short = "image" in node.value
    kind = node.value.get("kind")
    node, diagnostics = _expand(node, file)
    assert isinstance(node.value, dict)
    known = str(kind.value) if kind is not None and kind.value in (*models.KINDS, *models.PLANNED_KINDS) else ""
    fields, meant = dict(node.value), ""
    if kind is not None and kind.value is not None and known not in models.KINDS:
        wrong, meant = unknown_kind(kind, node, file)
        if meant not in models.KINDS:
            nothing: frozenset[FieldPath] = frozenset()
            return [Document(file, node, name, None, nothing, nothing, (wrong,), kind=known) for name in project.targets]
        diagnostics.append(wrong)
        fields["kind"] = layers.like(kind, meant)  # a slip, so the rest is checked as what was meant
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
        guess = near(name, project.targets)
        if not project.project.environments:
            message = f"cxgen.yaml names no environments; write environments: {{{name}: {{}}}} there"
        else:
            cure = f"did you mean {guess}?" if guess else f"known are {', '.join(project.targets)}"
            message = f"is not an environment of cxgen.yaml; {cure}"
        yield at(file, node, "E304", ("environments", name), message, key=True)


def _merged(spec: Node, defaults: Node | None, override: Node | None, written: str, file: str, diagnostics: list[Diagnostic]) -> Node:
    """A spec between the defaults of an environment and what it says for that environment; adds what is wrong with the latter."""
    layer = _layer(override, written, file, diagnostics) if override is not None and override.value is not None else None
    if defaults is None and layer is None:
        return spec
    merged = layers.labelled(spec, "")
    if layer is not None and override is not None:
        diagnostics += _misplaced(override, written, merged, file)
        merged = layers.over(merged, layer)
    return merged if defaults is None else layers.over_defaults(defaults, merged)


def _misplaced(override: Node, written: str, spec: Node, file: str) -> Iterator[Diagnostic]:
    """The shorthand in an override edits the container `api`; without one it would add a container where one was to be changed."""
    containers, _, found = spec.at(("pod", "containers"))
    if not (found and isinstance(containers.value, list) and isinstance(override.value, dict)):
        return
    names = [entry.value["name"].value for entry in containers.value if isinstance(entry.value, dict) and "name" in entry.value]
    short = next((name for name in models.SHORTHAND if name in override.value), None)
    if short and names and API not in names:
        message = (
            f"the shorthand means the container {API}, which this API does not have; write pod.containers with name: "
            f"{' or '.join(map(str, names))}"
        )
        child = override.value[short]
        yield Diagnostic("E107", message, file, child.key_line, child.key_column, below(written, short))


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
        api, wrong_paths = _repaired(plain, error)
        invalid |= wrong_paths
    kind = api.kind if api else ""
    return Document(file, node, environment, api, frozenset(invalid), frozenset(unknown), tuple(diagnostics), shorthand, kind)


def _expand(node: Node, file: str) -> tuple[Node, list[Diagnostic]]:
    """Moves the shorthand of a layer to where it belongs: `image` and its like into a container `api`, `port` into the pod."""
    assert isinstance(node.value, dict)
    fields = dict(node.value)
    short = {name: fields.pop(name) for name in models.SHORTHAND if name in fields}
    port = fields.pop(models.SHORTHAND_PORT, None)
    if not short and port is None:
        return node, []
    pod = fields.get("pod")
    if pod is not None and pod.value is not None and not isinstance(pod.value, dict):
        return layers.like(node, fields), []  # the wrong type of `pod` is reported, and says enough
    inside = dict(pod.value) if pod is not None and isinstance(pod.value, dict) else {}
    diagnostics = []
    listed = inside.get("containers")
    if listed is not None and listed.value is not None and short:
        name, first = next(iter(short.items()))
        message = "stands beside pod.containers; move it into one of the containers there, or write the spec with the shorthand alone"
        diagnostics = [Diagnostic("E107", message, first.file or file, first.line, first.column, first.written or name)]
    elif short:
        # What the container lacks, the layer lacks.
        api = {name: _moved(child, name) for name, child in short.items()}
        here = Node(None, node.line, node.column, written=node.written or "", file=node.file)
        inside["containers"] = layers.like(here, [layers.like(here, {"name": layers.like(here, API), **api})])
    if port is not None:
        if "port" in inside:
            message = "stands beside pod.port; keep one of them"
            diagnostics.append(Diagnostic("E107", message, port.file or file, port.line, port.column, port.written or "port"))
        else:
            inside["port"] = _moved(port, "port")
    place = pod or Node(None, node.line, node.column, written=node.written and below(node.written, "pod"), file=node.file)
    fields["pod"] = layers.like(place, inside)
    return layers.like(node, fields), diagnostics


def _moved(node: Node, written: str) -> Node:
    return Node(node.value, node.line, node.column, node.key_line, node.key_column, node.written or written, node.file)


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


def _repaired(plain: Any, error: ValidationError) -> tuple[models.RealtimeAPI | None, set[FieldPath]]:
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

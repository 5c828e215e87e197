"""cxgen.yaml as it was read: its environments, and the layers of defaults that it lays under every API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from cxgen import yamlio
from cxgen.errors import Diagnostic, InvalidInput
from cxgen.spec import files, layers, models
from cxgen.spec.diagnose import FieldPath, path_of
from cxgen.spec.diagnose import diagnostics as diagnostics_of
from cxgen.spec.project import FILE, Environment, Project
from cxgen.spec.scalars import show
from cxgen.spec.shorthand import expand
from cxgen.yamlio import Node, below


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


def load(root: Path, shown: str) -> ProjectFile:
    """The project file at a root; what it says counts only where nothing is wrong with it."""
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        other = next((name for name in ("cxgen.yml", ".cxgen.yaml", "Cxgen.yaml") if (root / name).exists()), None)
        wrong = Diagnostic("E409", f"the project file is called {FILE}; rename {other}", f"{shown.removesuffix(FILE)}{other}")
        return NO_PROJECT._replace(shown=shown, diagnostics=(wrong,) if other else ())
    try:
        return read(files.read(path, shown), shown)
    except InvalidInput as error:
        return NO_PROJECT._replace(shown=shown, diagnostics=error.diagnostics)


def read(text: str, shown: str = FILE) -> ProjectFile:
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
        defaults[name] = layers.over(common or layers.like(own, {}), own) if own else common
    return found._replace(defaults=defaults, diagnostics=tuple(diagnostics))


def _defaults(node: Node, path: FieldPath, shown: str, diagnostics: list[Diagnostic]) -> Node | None:
    """The fields of every API below a path of the project file; adds what is wrong with them."""
    target, written, found = node.at(path)
    if not found or target.value is None:
        return None
    fields = layer(target, written, shown, diagnostics, elsewhere=True)
    if fields is None or not fields.value:
        return None
    # By themselves they are a part of a spec: what they lack is no mistake, but for what tells the entries of a list apart. null in
    # a map takes away what lies below.
    try:
        models.RealtimeAPI.model_validate(layers.over(layers.like(fields, {}), fields).plain())
    except ValidationError as error:
        details = error.errors(include_url=False)
        wrong = [detail for detail in details if detail["type"] != "missing" or _is_key(path_of(detail))]
        if wrong:
            diagnostics += diagnostics_of(wrong, models.RealtimeAPI, fields, shown)
            return None
    return fields


def _is_key(path: FieldPath) -> bool:
    return path[-1:] in (("name",), ("mount_path",)) and path[-3:-2] in (("containers",), ("volumes",))


def layer(node: Node, written: str, file: str, diagnostics: list[Diagnostic], *, elsewhere: bool) -> Node | None:
    """The fields that a layer gives to an API, its shorthand expanded; adds what is wrong with it as a layer.

    `elsewhere` where it stands in another file than the API.
    """
    if not isinstance(node.value, dict):
        message = f"{show(node.value)} is not a map; write fields of an API, such as autoscaling: {{min_replicas: 2}}"
        diagnostics.append(Diagnostic("E103", message, file, node.line, node.column, written))
        return None
    for name in models.FIXED:
        if fixed := node.value.get(name):
            message = "is the same in every environment; write it into the spec itself"
            diagnostics.append(Diagnostic("E109", message, file, fixed.key_line, fixed.key_column, below(written, name)))
    fields = {key: child for key, child in node.value.items() if key not in models.FIXED}
    made, wrong = expand(layers.labelled(Node(fields, node.line, node.column), written, file if elsewhere else ""), file)
    diagnostics += wrong
    doubles = list(layers.doubles(made))
    for double in doubles:
        message = f"{double.value} is there twice in this layer; keep one"
        diagnostics.append(Diagnostic("E202", message, file, double.line, double.column, double.written or ""))
    return layers.without_containers(made) if doubles else made

"""From files to checked models: finds specs, reads them, expands the shorthand.

A file is a map, a list of maps, or several documents. A value that is wrong is replaced by one that is not, so that the
rules between values (validate.py) still run and every error shows in one run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cxgen import yamlio
from cxgen.errors import Diagnostic, InvalidInput
from cxgen.spec import models
from cxgen.spec.diagnose import UNKNOWN, FieldPath, at, path_of, unknown_kind
from cxgen.spec.diagnose import diagnostics as diagnostics_of
from cxgen.spec.project import FILE, Project
from cxgen.spec.scalars import show
from cxgen.yamlio import Node, Plain

_SPEC = {"name", "kind", "pod", "image", "containers"}  # what has none of these is another thing altogether
SUFFIXES = (".yaml", ".yml")


class Document(NamedTuple):
    """One spec of a file. `api` is None where it could not be read even in part; `invalid` are the paths that are wrong."""

    file: str
    node: Node
    api: models.RealtimeAPI | None
    invalid: frozenset[FieldPath]
    unknown: frozenset[FieldPath]  # those among them that no field has
    diagnostics: tuple[Diagnostic, ...]
    shorthand: bool = False

    def at(self, code: str, path: FieldPath, message: str) -> Diagnostic:
        """A diagnostic at a path of this spec."""
        return at(self.file, self.node, code, path, message)


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


def load(text: str, file: str) -> tuple[list[Document], list[Diagnostic]]:
    """The specs of a text, and what is wrong outside of them; raises InvalidInput where it is not YAML."""
    documents, diagnostics = yamlio.read(text, file)
    nodes = [item for node in documents for item in (node.value if isinstance(node.value, list) else [node])]
    if not nodes:
        diagnostics.append(Diagnostic("E007", "holds no spec; write one with name, kind and image", file, 1, 1))
    specs = []
    for node in nodes:
        if isinstance(node.value, dict) and (not node.value or _SPEC & set(node.value)):
            specs.append(_document(node, file))
            continue
        what = f"a map of {show(Plain(', '.join(node.value)))}" if isinstance(node.value, dict) else show(node.value)
        message = f"{what} is not a spec; write a map with name, kind and image"
        diagnostics.append(Diagnostic("E007", message, file, node.line, node.column))
    return specs, diagnostics


def load_project(root: Path, shown: str) -> tuple[Project, list[Diagnostic]]:
    """The project file at a root, or the defaults where there is none, and what is wrong with it (then the defaults too)."""
    default = Project.model_construct()
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return default, []
    try:
        documents, diagnostics = yamlio.read(read_file(path, shown), shown)
    except InvalidInput as error:
        return default, list(error.diagnostics)
    if not documents:
        return default, diagnostics
    node = documents[-1]
    if len(documents) > 1 or not isinstance(node.value, dict):
        message = "the project file is one map; write argocd: and environments:"
        return default, [*diagnostics, Diagnostic("E007", message, shown, node.line, node.column)]
    try:
        project = Project.model_validate(node.plain())
    except ValidationError as error:
        return default, [*diagnostics, *diagnostics_of(error, Project, node, shown)]
    if len(project.environments) > 1:
        message = "several environments are not supported by this version of cxgen; keep one"
        diagnostics.append(at(shown, node, "E401", ("environments",), message))
    return project, diagnostics


def _document(node: Node, file: str) -> Document:
    assert isinstance(node.value, dict)
    is_short = "image" in node.value
    kind = node.value.get("kind")
    node, diagnostics = _expand(node, file)
    invalid: set[FieldPath] = {("pod", "containers")} if diagnostics else set()
    unknown: set[FieldPath] = set()
    plain = node.plain()
    if kind is not None and kind.value is not None and not (isinstance(kind.value, str) and kind.value in models.KINDS):
        wrong, meant = unknown_kind(kind, node, file)
        if meant not in models.KINDS:
            return Document(file, node, None, frozenset(), frozenset(), (wrong,))
        diagnostics.append(wrong)
        plain["kind"] = meant  # a slip, so the rest is checked as what was meant
    api: models.RealtimeAPI | None
    try:
        api = models.RealtimeAPI.model_validate(plain)
    except ValidationError as error:
        diagnostics += diagnostics_of(error, models.RealtimeAPI, node, file)
        unknown |= {path_of(detail) for detail in error.errors(include_url=False) if detail["type"] in UNKNOWN}
        api, wrong_paths = _repaired(plain, error)
        invalid |= wrong_paths
    return Document(file, node, api, frozenset(invalid), frozenset(unknown), tuple(diagnostics), is_short)


def _expand(node: Node, file: str) -> tuple[Node, list[Diagnostic]]:
    """Moves the shorthand to where it belongs: `image` and its like into a container `api`, `port` into the pod."""
    assert isinstance(node.value, dict)
    fields = dict(node.value)
    short = {name: fields.pop(name) for name in models.SHORTHAND if name in fields}
    port = fields.pop(models.SHORTHAND_PORT, None)
    if not short and port is None:
        return node, []
    pod = fields.get("pod")
    if pod is not None and pod.value is not None and not isinstance(pod.value, dict):
        return Node(fields, node.line, node.column), []  # the wrong type of `pod` is reported, and says enough
    inside = dict(pod.value) if pod is not None and isinstance(pod.value, dict) else {}
    diagnostics = []
    listed = inside.get("containers")
    if listed is not None and listed.value is not None and short:
        first = next(iter(short))
        message = "stands beside pod.containers; move it into one of the containers there, or write the spec with the shorthand alone"
        diagnostics = [at(file, node, "E107", (first,), message)]
    elif short:
        api = {name: _moved(child, name) for name, child in short.items()}
        name = Node("api", node.line, node.column)
        inside["containers"] = Node([Node({"name": name, **api}, node.line, node.column, written="")], node.line, node.column)
    if port is not None:
        if "port" in inside:
            message = "stands beside pod.port; keep one of them"
            diagnostics.append(at(file, node, "E107", ("port",), message))
        else:
            inside["port"] = _moved(port, "port")
    place = pod or node
    fields["pod"] = Node(inside, place.line, place.column, place.key_line, place.key_column)
    return Node(fields, node.line, node.column), diagnostics


def _moved(node: Node, written: str) -> Node:
    return Node(node.value, node.line, node.column, node.key_line, node.key_column, written)


_PLACEHOLDERS: dict[str, Any] = {
    "name": "placeholder",
    "image": "placeholder:1",
    "kind": "RealtimeAPI",
    "command": ["true"],
    "containers": [{"name": "placeholder", "image": "placeholder:1"}],
    "pod": {"containers": [{"name": "placeholder", "image": "placeholder:1"}]},
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
                target[last] = {"name": f"placeholder-{last}", "image": "placeholder:1"} if parents[-1] == "containers" else ""
            elif isinstance(target, dict) and required:
                target[last] = _PLACEHOLDERS.get(str(last), 1)
            elif isinstance(target, dict):
                target.pop(last, None)

"""From files to checked models: finds specs, expands the shorthand, and turns pydantic's errors into diagnostics with places.

A file is a map, a list of maps, or several documents. A value that is wrong is replaced by one that is not, so that the
rules between values (validate.py) still run and every error shows in one run.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cxgen import yamlio
from cxgen.errors import Diagnostic, InvalidInput
from cxgen.spec import models
from cxgen.spec.project import FILE, Project
from cxgen.spec.scalars import show
from cxgen.yamlio import Node

FieldPath = tuple[str | int, ...]  # keys and indexes from the top of a spec
SUFFIXES = (".yaml", ".yml")


class Document(NamedTuple):
    """One spec of a file. `api` is None where it could not be read even in part; `invalid` are the paths that are wrong."""

    file: str
    node: Node
    api: models.RealtimeAPI | None
    invalid: frozenset[FieldPath]
    diagnostics: tuple[Diagnostic, ...]
    shorthand: bool = False

    @property
    def valid(self) -> bool:
        return self.api is not None and not any(d.is_error for d in self.diagnostics)

    def at(self, code: str, path: FieldPath, message: str) -> Diagnostic:
        """A diagnostic at a path of this spec."""
        return _at(self.file, self.node, code, path, message)


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


def find(paths: Iterable[Path]) -> list[Path]:
    """The spec files among files and folders (searched whole, links to folders not followed), each once, in order.

    Raises InvalidInput where a folder cannot be read: a spec that is overlooked would look like one that was deleted.
    """

    def refuse(error: OSError) -> NoReturn:
        raise InvalidInput(Diagnostic("E001", f"cannot be read: {error.strerror}; check its permissions", str(error.filename)))

    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        for folder, folders, files in os.walk(path, onerror=refuse):
            folders.sort()
            for name in sorted(files):
                if name.endswith(SUFFIXES) and not name.startswith("."):
                    found[Path(folder, name)] = None
    return list(found)


def load(text: str, file: str) -> tuple[list[Document], list[Diagnostic]]:
    """The specs of a text, and what is wrong outside of them; raises InvalidInput where it is not YAML."""
    documents, diagnostics = yamlio.read(text, file)
    nodes = [item for node in documents for item in (node.value if isinstance(node.value, list) else [node])]
    if not nodes:
        diagnostics.append(Diagnostic("E007", "holds no spec; write one with name, kind and image", file, 1, 1))
    for node in nodes:
        if not isinstance(node.value, dict):
            message = f"{show(node.value)} is not a spec; write a map with name, kind and image"
            diagnostics.append(Diagnostic("E007", message, file, node.line, node.column))
    return [_document(node, file) for node in nodes if isinstance(node.value, dict)], diagnostics


def load_project(root: Path, shown: str) -> Project:
    """The project file at a root, or the defaults where there is none; raises InvalidInput."""
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return Project.model_construct()
    documents, diagnostics = yamlio.read(read_file(path, shown), shown)
    if not documents:
        if diagnostics:
            raise InvalidInput(*diagnostics)
        return Project.model_construct()
    if len(documents) > 1 or not isinstance(documents[0].value, dict):
        node = documents[-1]
        raise InvalidInput(
            *diagnostics, Diagnostic("E007", "the project file is one map; write argocd: and environments:", shown, node.line, node.column)
        )
    node = documents[0]
    try:
        project = Project.model_validate(node.plain())
    except ValidationError as error:
        raise InvalidInput(*diagnostics, *_diagnostics(error, Project, node, shown)) from None
    if diagnostics:
        raise InvalidInput(*diagnostics)
    if len(project.environments) > 1:
        message = "several environments are not supported by this version of cxgen; keep one"
        raise InvalidInput(_at(shown, node, "E401", ("environments",), message))
    return project


def _document(node: Node, file: str) -> Document:
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    if kind is not None and kind.value is not None and not (isinstance(kind.value, str) and kind.value in models.KINDS):
        return Document(file, node, None, frozenset(), (_kind(kind, node, file),))
    is_short = isinstance(node.value, dict) and "image" in node.value
    node, conflicts = _expand(node, file)
    plain = node.plain()
    api, diagnostics = None, list(conflicts)
    invalid: set[FieldPath] = {("pod", "containers")} if conflicts else set()
    for round_ in range(4):  # each round replaces what the last one found; more than two are never needed
        try:
            api = models.RealtimeAPI.model_validate(plain)
            break
        except ValidationError as error:
            if round_ == 0:
                diagnostics += _diagnostics(error, models.RealtimeAPI, node, file)
            errors = error.errors(include_url=False)
            invalid |= {_path(detail) for detail in errors}
            plain = _repair(plain, errors)
    return Document(file, node, api, frozenset(invalid), tuple(diagnostics), is_short)


def _kind(kind: Node, node: Node, file: str) -> Diagnostic:
    if isinstance(kind.value, str) and kind.value in models.PLANNED_KINDS:
        return _at(file, node, "E105", ("kind",), f"{kind.value} is not supported by this version of cxgen; write kind: RealtimeAPI")
    known = (*models.KINDS, *models.PLANNED_KINDS)
    near = _near(str(kind.value), known)
    return _at(
        file, node, "E104", ("kind",), f"{show(kind.value)} is not a kind; {f'did you mean {near}?' if near else 'write RealtimeAPI'}"
    )


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
    if "containers" in inside and short:
        first = next(iter(short))
        message = "stands beside pod.containers; move it into one of the containers there, or write the spec with the shorthand alone"
        diagnostics = [_at(file, node, "E107", (first,), message)]
    elif short:
        api = {name: _moved(child, name) for name, child in short.items()}
        name = Node("api", node.line, node.column)
        inside["containers"] = Node([Node({"name": name, **api}, node.line, node.column, written="")], node.line, node.column)
    if port is not None:
        if "port" in inside:
            message = "stands beside pod.port; keep one of them"
            diagnostics.append(_at(file, node, "E107", ("port",), message))
        else:
            inside["port"] = _moved(port, "port")
    place = pod or node
    fields["pod"] = Node(inside, place.line, place.column, place.key_line, place.key_column)
    return Node(fields, node.line, node.column), diagnostics


def _moved(node: Node, written: str) -> Node:
    return Node(node.value, node.line, node.column, node.key_line, node.key_column, written)


def _at(file: str, node: Node, code: str, path: FieldPath, message: str, *, key: bool = False) -> Diagnostic:
    target, field, _ = node.at(path)
    line, column = (target.key_line, target.key_column) if key and target.key_line else (target.line, target.column)
    return Diagnostic(code, message, file, line, column, field)


def _path(detail: ErrorDetails) -> FieldPath:
    """Where pydantic found an error; it marks the key of a map by a last step of its own."""
    return tuple(step for step in detail["loc"] if step != "[key]")


def _diagnostics(error: ValidationError, model: type[models.Model], node: Node, file: str) -> list[Diagnostic]:
    errors = error.errors(include_url=False)
    # A required field that is there but misspelt is one mistake, not two.
    misspelt = {(*_path(detail)[:-1], _intended(detail, model)) for detail in errors if detail["type"] == "extra_forbidden"}
    misspelt |= {("pod",)} if misspelt & {("image",), ("containers",)} else set()
    found = (_diagnostic(d, model, node, file) for d in errors if not (d["type"] == "missing" and _path(d) in misspelt))
    return sorted(dict.fromkeys(found), key=lambda d: (d.line, d.column))


def _diagnostic(detail: ErrorDetails, model: type[models.Model], node: Node, file: str) -> Diagnostic:
    path, kind = _path(detail), detail["type"]
    is_key = detail["loc"][-1:] == ("[key]",)
    if kind in ("extra_forbidden", "invalid_key"):
        owner = _model(model, path[:-1])
        name = str(path[-1])
        if name in owner.planned:
            return _at(file, node, "E106", path, "not supported by this version of cxgen; remove it", key=True)
        near = _intended(detail, model)
        cure = f"did you mean {near}?" if near else _elsewhere(model, name) or f"known here: {', '.join(_known(owner))}"
        return _at(file, node, "E101", path, f"unknown field; {cure}", key=True)
    if kind == "missing":
        null = node.at(path)[2]
        return _at(file, node, "E102", path, f"{'null, but ' if null else ''}required; {_missing(path)}")
    if kind.startswith("E"):
        return _at(file, node, kind, path, detail["msg"], key=is_key)
    wanted = "a map" if kind in ("model_type", "dict_type") else "a list"
    return _at(file, node, "E103", path, f"{show(node.at(path)[0].value)} is not {wanted}; write {wanted}")


def _intended(detail: ErrorDetails, model: type[models.Model]) -> str:
    """The field that an unknown one was probably meant to be, or nothing."""
    path = _path(detail)
    owner = _model(model, path[:-1])
    return _near(str(path[-1]), [*_known(owner), *sorted(owner.planned)])


def _known(owner: type[models.Model]) -> list[str]:
    """The fields of a map; at the top of a spec the shorthand belongs to them."""
    shorthand = (*models.SHORTHAND, models.SHORTHAND_PORT) if owner is models.RealtimeAPI else ()
    return [*owner.model_fields, *shorthand]


def _missing(path: FieldPath) -> str:
    if path in (("pod",), ("pod", "containers")):
        return "write image: with an image reference, or pod.containers"
    examples = {
        "name": "iris" if len(path) == 1 else "api",
        "kind": "RealtimeAPI",
        "image": "ghcr.io/acme/iris:1.4.0",
        "command": '["curl", "-f", "localhost"]',
    }
    return f"write {path[-1]}: {examples.get(str(path[-1]), '...')}"


def _near(name: str, known: Iterable[str]) -> str:
    """The nearest of some names, or nothing where none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    match = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[match[0]] if match else ""


def _elsewhere(model: type[models.Model], name: str, prefix: str = "") -> str:
    """Where a field belongs that was written in the wrong map, or nothing."""
    if prefix and name in model.model_fields:
        return f"it belongs at {prefix}{name}"
    for field, info in model.model_fields.items():
        brackets = "[]" if "tuple" in str(info.annotation) else ""
        for inner in _models(info.annotation):
            if found := _elsewhere(inner, name, f"{prefix}{field}{brackets}."):
                return found
    return ""


def _model(model: type[models.Model], path: FieldPath) -> type[models.Model]:
    """The model that describes the map at a path."""
    for step in path:
        if isinstance(step, int) or step not in model.model_fields:
            continue  # an item of a list, or an entry of a map: the field before has named its model
        for candidate in _models(model.model_fields[step].annotation):
            model = candidate
    return model


def _models(annotation: Any) -> Iterator[type[models.Model]]:
    if isinstance(annotation, type) and issubclass(annotation, models.Model):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


_PLACEHOLDERS: dict[str, Any] = {
    "name": "placeholder",
    "image": "placeholder:1",
    "kind": "RealtimeAPI",
    "command": ["true"],
    "containers": [{"name": "placeholder", "image": "placeholder:1"}],
    "pod": {"containers": [{"name": "placeholder", "image": "placeholder:1"}]},
}


def _repair(plain: Any, errors: list[ErrorDetails]) -> Any:
    """The same values with each wrong one taken out, or replaced where something must stand there."""
    for detail in errors:
        *parents, last = _path(detail)
        target = plain
        for step in parents:
            try:
                target = target[step]
            except (KeyError, IndexError, TypeError):
                break
        else:
            required = detail["type"] == "missing" or last in ("name", "image", "kind", "pod", "containers")
            if isinstance(target, list) and isinstance(last, int):
                target[last] = {"name": f"placeholder-{last}", "image": "placeholder:1"} if parents[-1] == "containers" else ""
            elif isinstance(target, dict) and required:
                target[last] = _PLACEHOLDERS.get(str(last), 1)
            elif isinstance(target, dict):
                target.pop(last, None)
    return plain

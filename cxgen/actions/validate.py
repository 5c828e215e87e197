"""Validate: read the project file and the specs, check every rule, and keep what is valid for the other verbs."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cxgen.errors import Diagnostic, InvalidInput
from cxgen.gitops import repository
from cxgen.render import tree
from cxgen.spec import files, loader, project_file, validate
from cxgen.spec.between import between
from cxgen.spec.loader import Document
from cxgen.spec.project import FILE
from cxgen.spec.project_file import ProjectFile
from cxgen.spec.scalars import DNS1035

SPECS = "apis"


class Validated(NamedTuple):
    """The specs that were read, and all that is to be said of them. `selected` are those that the paths named (all, without)."""

    root: Path
    project: ProjectFile
    documents: tuple[Document, ...]  # each spec once for each environment
    selected: tuple[Document, ...]
    outside: tuple[str, ...]  # selected files that do not lie below the project's apis/
    files: int  # how many were selected
    diagnostics: tuple[Diagnostic, ...]  # of what was selected, and of the project file
    elsewhere: tuple[Diagnostic, ...]  # errors in what was not selected
    interrupted: bool  # an earlier render was killed while it wrote

    @property
    def specs(self) -> int:
        """How many specs were selected."""
        return len({document.place for document in self.selected})

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.is_error)


def find_root(start: Path) -> Path:
    """The folder of the nearest cxgen.yaml upwards, else the top of the Git work tree, else the folder itself."""
    start = start.resolve()
    nearest = next((folder for folder in (start, *start.parents) if (folder / FILE).exists()), None)
    return nearest or repository.work_tree(start) or start


def validate_specs(start: Path, paths: tuple[Path, ...] = (), *, allow_none: bool = False) -> Validated:
    """Reads and checks all specs of the project around `start`, and those that `paths` name.

    Never raises for what a file holds: a bad document is a result.
    """
    root = find_root(start)
    project = project_file.load(root, shown(root / FILE, start))
    inside, wanted, unreadable = _choose(root, start, paths)
    known = set(inside)
    outside = [path for path in wanted if path not in known]
    # A file from elsewhere stands alone: the project's own specs are not what it will run beside.
    read = {path: shown(path, start) for path in dict.fromkeys(wanted if outside else inside)}
    chosen = {read[path] for path in wanted}
    documents: list[Document] = []
    found: list[Diagnostic] = []
    for path, name in read.items():
        in_file, more = _read(path, name, project)
        documents += in_file
        found += more
    found += validate.check_all(documents, project)
    # The later of two that contradict each other is named: that one, where only one of them was selected.
    found += between(sorted(documents, key=lambda document: document.file in chosen), project)
    found += () if outside else _other_kinds(root, documents)
    order = {name: number for number, name in enumerate(read.values())}
    found = [*validate.check_project(project), *found]
    # What an anchor brings into several places is one mistake.
    found = list({(one.code, one.message, one.file, one.line, one.column): one for one in reversed(found)}.values())[::-1]
    found.sort(key=lambda diagnostic: (order.get(diagnostic.file, -1), diagnostic.line, diagnostic.column))
    chosen |= {project.shown, *(diagnostic.file for diagnostic in project.diagnostics)}  # the project file concerns every spec
    parents = [f"{tree.DEPLOY}/{name}" for name in project.targets]
    # Tombstones alone are a state like any other.
    buried = not paths and not wanted and any(tree.folders(root, parent) for parent in parents)
    none = not wanted and not unreadable and not allow_none and not buried
    return Validated(
        root=root,
        project=project,
        documents=tuple(documents),
        selected=tuple(document for document in documents if document.file in chosen),
        outside=tuple(read[path] for path in outside),
        files=len({read[path] for path in wanted}),
        diagnostics=(
            *unreadable,
            *(diagnostic for diagnostic in found if diagnostic.file in chosen),
            *((no_specs(root, start, paths),) if none else ()),
        ),
        elsewhere=tuple(diagnostic for diagnostic in found if diagnostic.is_error and diagnostic.file not in chosen),
        interrupted=any(tree.interrupted(root, parent) for parent in parents),
    )


def _other_kinds(root: Path, documents: list[Document]) -> Iterator[Diagnostic]:
    """Specs whose API is deployed as another kind: Argo CD would take the old one's objects away while it makes the new one's."""
    for document in documents:
        name = document.node.at(("name",))[0].value
        if not document.kind or not isinstance(name, str) or not DNS1035.fullmatch(name):
            continue
        deployed = tree.kind(root, f"{tree.DEPLOY}/{document.environment}/{name}")
        if deployed and deployed != document.kind:
            message = (
                f"{name} is deployed as a {deployed} in {document.environment}, and a kind is fixed once deployed; choose another name, "
                "or remove this spec, render, and add it again when Argo CD has removed the rest"
            )
            yield document.at("E305", ("kind",), message)


def _choose(root: Path, start: Path, paths: tuple[Path, ...]) -> tuple[list[Path], list[Path], list[Diagnostic]]:
    """The spec files of the project, those among them and elsewhere that the paths name, and what could not be searched."""
    apis = root / SPECS
    searched = functools.partial(files.find, shown=lambda path: shown(path, start))
    try:
        inside = searched([apis]) if apis.is_dir() else []
        if not paths:
            return inside, inside, []
        known = {os.path.realpath(path): path for path in inside}  # a file is one file, whatever way leads to it
        _refuse_projects(root, start, paths)
        # A folder that holds the whole project stands for its specs: what is rendered from them, and cxgen.yaml, are none.
        named = [apis if root.is_relative_to(os.path.realpath(start / path)) else start / path for path in paths]
        return inside, [known.get(os.path.realpath(path), path) for path in searched(named)], []
    except InvalidInput as error:
        return [], [], list(error.diagnostics)


def _refuse_projects(root: Path, start: Path, paths: tuple[Path, ...]) -> None:
    """A folder with a cxgen.yaml of its own is not read by another's rules; raises InvalidInput."""
    for path in paths:
        if not root.is_relative_to(os.path.realpath(start / path)) and (start / path / FILE).is_file():
            raise InvalidInput(Diagnostic("E409", f"is a project of its own, with {FILE}; change into that folder first", str(path)))


def _read(path: Path, name: str, project: ProjectFile) -> tuple[list[Document], list[Diagnostic]]:
    """The specs of a file, and what is wrong outside of them."""
    try:
        return loader.load(files.read(path, name), name, project)
    except InvalidInput as error:
        return [], list(error.diagnostics)


def no_specs(root: Path, start: Path, paths: tuple[Path, ...] = ()) -> Diagnostic:
    """What to say where nothing was found to read."""
    where = " ".join(map(str, paths)) or shown(root / SPECS, start)
    return Diagnostic("E010", "holds no spec; write one such as apis/iris.yaml with name, kind: RealtimeAPI and image", where)


def shown(path: Path, start: Path) -> str:
    """A path as messages show it: from the folder that the user is in, where that is shorter than the whole."""
    relative = os.path.relpath(path, start)
    return relative if not relative.startswith("../../..") else str(path)

"""Validate: read the project file and the specs, check every rule, and keep what is valid for the other verbs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from cxgen.errors import Diagnostic, InvalidInput
from cxgen.render import tree
from cxgen.spec import loader, validate
from cxgen.spec.loader import Document
from cxgen.spec.project import FILE, Project

SPECS = "apis"


class Validated(NamedTuple):
    """The specs that were read, and all that is to be said of them. `selected` are those that the paths named (all, without)."""

    root: Path
    project: Project
    documents: tuple[Document, ...]
    selected: tuple[Document, ...]
    outside: tuple[str, ...]  # selected files that do not lie below the project's apis/
    files: int
    diagnostics: tuple[Diagnostic, ...]
    interrupted: bool  # an earlier render was killed while it wrote

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.is_error)


def find_root(start: Path) -> Path:
    """The folder of the nearest cxgen.yaml upwards, else the top of the Git work tree, else the folder itself."""
    start = start.resolve()
    for marker in (FILE, ".git"):
        for folder in (start, *start.parents):
            if (folder / marker).exists():
                return folder
    return start


def validate_specs(start: Path, paths: tuple[Path, ...] = (), *, allow_none: bool = False) -> Validated:
    """Reads and checks all specs of the project around `start`, and those that `paths` name.

    Never raises for what a file holds: a bad document is a result. Raises InvalidInput where cxgen.yaml is not valid.
    """
    root = find_root(start)
    project = loader.load_project(root, _shown(root / FILE, start))
    apis = root / SPECS
    inside = loader.find([apis]) if apis.is_dir() else []
    wanted, outside = inside, []
    if paths:
        own = set(inside)
        known = {path.resolve(): path for path in inside}  # a file is one file, whatever way leads to it
        wanted = [known.get(path.resolve(), path) for path in loader.find(start / path for path in paths)]
        outside = [path for path in wanted if path not in own]
    # A file from elsewhere stands alone: the project's own specs are not what it will run beside.
    read = list(dict.fromkeys(wanted if outside else inside))
    documents: list[Document] = []
    selected: list[Document] = []
    diagnostics: list[Diagnostic] = []
    chosen = set(wanted)
    for path in read:
        shown = _shown(path, start)
        try:
            found, outside_specs = loader.load(loader.read_file(path, shown), shown)
        except InvalidInput as error:
            diagnostics += error.diagnostics
            continue
        diagnostics += outside_specs
        documents += found
        selected += found if path in chosen else ()
    for document in documents:
        diagnostics += validate.check(document)
    name, _ = project.environment
    diagnostics += validate.between(documents, name)
    order = {_shown(path, start): number for number, path in enumerate(read)}
    diagnostics.sort(key=lambda d: (order.get(d.file, 0), d.line, d.column))
    if not wanted and not allow_none:
        diagnostics.append(no_specs(root, start, paths))
    return Validated(
        root=root,
        project=project,
        documents=tuple(documents),
        selected=tuple(selected),
        outside=tuple(_shown(path, start) for path in outside),
        files=len(read),
        diagnostics=tuple(diagnostics),
        interrupted=tree.interrupted(root),
    )


def no_specs(root: Path, start: Path, paths: tuple[Path, ...] = ()) -> Diagnostic:
    """What to say where nothing was found to read."""
    where = " ".join(map(str, paths)) or _shown(root / SPECS, start)
    return Diagnostic("E010", "holds no spec; write one such as apis/iris.yaml with name, kind: RealtimeAPI and image", where)


def _shown(path: Path, start: Path) -> str:
    """A path as messages show it: from the folder that the user is in, where that is shorter than the whole."""
    relative = os.path.relpath(path, start)
    return relative if not relative.startswith("../../..") else str(path)

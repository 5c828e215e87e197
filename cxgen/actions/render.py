"""Render: from the specs to the tree that Argo CD reads."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import NamedTuple

from cxgen.actions.validate import SPECS, Validated, no_specs, shown, validate_specs
from cxgen.errors import Diagnostic, InvalidInput, RepositoryError
from cxgen.gitops import repository
from cxgen.plan.identity import Identifier
from cxgen.plan.resolve import API, Tombstone, resolve
from cxgen.render import argocd, helm, manifests, tree
from cxgen.render.tree import Change, Unit
from cxgen.spec.scalars import DNS1035

GITATTRIBUTES = b"""\
# cxgen compares these files byte for byte, so Git changes no line endings and mixes no two versions of a file: where both
# sides of a merge changed one, cxgen render writes it anew from the merged specs. An inventory keeps the lines of both.
* -text -merge
.cxgen merge=union
"""


class Rendered(NamedTuple):
    """What a render did, or with `check` would do. Paths begin at the folder that it writes to."""

    folder: str  # from where the user is; nothing for the same
    out: bool  # the user named the folder, so what happens with it is theirs to say
    environment: str
    namespace: str
    apis: tuple[str, ...]
    tombstones: tuple[str, ...]  # APIs whose spec went away in this render
    changes: tuple[Change, ...]
    unchanged: int
    warnings: tuple[Diagnostic, ...]
    finished: bool  # it finished an earlier render that was killed
    interrupted: bool  # such a render is left to finish, for other APIs than these
    argocd: str | None  # the path of Argo CD's file; None where cxgen.yaml has no argocd.repo_url
    forgotten: tuple[str, ...]  # folders of environments that cxgen.yaml no longer names


class Manifests(NamedTuple):
    """The objects of the APIs, as one YAML text."""

    text: str
    warnings: tuple[Diagnostic, ...]


def render(
    start: Path,
    paths: tuple[Path, ...] = (),
    *,
    out: Path | None = None,
    check: bool = False,
    force: bool = False,
    allow_empty: bool = False,
) -> Rendered:
    """Renders all specs of the project around `start`, or those that `paths` name, below its root or `out`.

    Raises InvalidInput or RepositoryError with nothing written, or HalfWritten.
    """
    checked = _valid(start, paths, allow_none=not paths)
    if checked.outside and out is None:
        message = "lies outside the project's apis/ folder; name a folder to write to with --out, or print it with --stdout"
        raise InvalidInput(*(Diagnostic("E507", message, path) for path in checked.outside))
    root = Path(os.path.realpath(start / out)) if out is not None else checked.root
    if root.is_relative_to(checked.root / SPECS):
        message = "lies among the specs, where charts would be read as some; name a folder outside of it"
        raise InvalidInput(Diagnostic("E509", message, shown(root, start)))
    name, environment = checked.project.environment
    parent = f"{tree.DEPLOY}/{name}"
    apis = [manifests.with_pod_id(api) for api in _apis(checked)]
    gone = [] if paths else _without_spec(root, parent, checked)
    wiring = argocd.wiring(name, environment, checked.project.argocd, repository.prefix(root) + parent)
    units = _units(parent, apis, gone, f"{name}.yaml", wiring)
    forgotten = () if paths else tuple(f"{tree.DEPLOY}/{other}" for other in tree.environments(root) if other != name)
    unmerged = functools.cache(lambda: repository.unmerged(root))
    planned = tree.plan(root, units, force=force, unmerged=unmerged)
    buried = tuple(n for n in gone if any(change.data is None and change.path.startswith(f"{parent}/{n}/") for change in planned.changes))
    if not apis and not allow_empty:
        if buried:
            message = f"{', '.join(buried)} would go, and with it the last API of {name}; restore its spec, or say --allow-empty"
            raise RepositoryError(Diagnostic("E504", message, shown(root / parent, start)))
        if not gone:
            raise InvalidInput(no_specs(checked.root, start))
    done = planned if check else tree.apply(root, units, planned, whole=None if paths else parent, force=force, unmerged=unmerged)
    if done.refused:
        raise RepositoryError(*(found._replace(file=shown(root / found.file, start)) for found in done.refused))
    interrupted = tree.interrupted(root, parent)
    return Rendered(
        folder="" if root == Path(os.path.realpath(start)) else shown(root, start),
        out=out is not None,
        environment=name,
        namespace=environment.namespace or name,
        apis=tuple(api.name for api in apis),
        tombstones=buried,
        changes=done.changes,
        unchanged=done.unchanged,
        warnings=checked.diagnostics,
        finished=planned.interrupted and not check and not interrupted,
        interrupted=interrupted,
        argocd=f"{argocd.FOLDER}/{name}.yaml" if wiring else None,
        forgotten=forgotten,
    )


def _units(parent: str, apis: list[API], gone: list[str], wiring_name: str, wiring: str | None) -> list[Unit]:
    """All that a render writes: a folder for each API and each tombstone, and the files beside them."""
    shared = {".gitattributes": GITATTRIBUTES}
    return [
        *(Unit(f"{parent}/{api.name}", _bytes(helm.chart(api))) for api in apis),
        *(Unit(f"{parent}/{name}", _bytes(helm.tombstone(Tombstone(Identifier(name))))) for name in gone),
        Unit(tree.DEPLOY, shared, flat=True),
        Unit(argocd.FOLDER, {**shared, wiring_name: wiring.encode()} if wiring else {}, flat=True),
    ]


def _without_spec(root: Path, parent: str, checked: Validated) -> list[str]:
    """The APIs that were rendered once and have no spec any more."""
    known = {document.api.name for document in checked.documents if document.api}
    return [name for name in tree.folders(root, parent) if name not in known and DNS1035.fullmatch(name)]


def render_manifests(start: Path, paths: tuple[Path, ...] = ()) -> Manifests:
    """The objects of the selected specs; raises InvalidInput."""
    checked = _valid(start, paths, allow_none=False)
    documents = [text for api in _apis(checked) for text in manifests.manifests(manifests.with_pod_id(api)).values()]
    return Manifests("".join(f"---\n{text}" for text in documents), checked.diagnostics)


def _valid(start: Path, paths: tuple[Path, ...], *, allow_none: bool) -> Validated:
    checked = validate_specs(start, paths, allow_none=allow_none)
    if checked.errors or checked.elsewhere:
        raise InvalidInput(*checked.diagnostics, *checked.elsewhere)
    return checked


def _apis(checked: Validated) -> list[API]:
    """The selected APIs, resolved, in order of their names, so that the order of files changes nothing."""
    return sorted((resolve(document.api) for document in checked.selected if document.api), key=lambda api: api.name)


def _bytes(files: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}

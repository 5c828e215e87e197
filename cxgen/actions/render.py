"""Render: from the specs to the tree that Argo CD reads."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import NamedTuple

from cxgen.actions.validate import SPECS, Validated, no_specs, shown, validate_specs
from cxgen.errors import Diagnostic, InvalidInput, RepositoryError
from cxgen.gitops import repository
from cxgen.plan.api import API, Tombstone
from cxgen.plan.identity import Identifier
from cxgen.plan.resolve import resolve
from cxgen.render import argocd, helm, manifests, tree
from cxgen.render.tree import Change, Unit
from cxgen.spec.diagnose import meant
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
    environments: tuple[str, ...]
    apis: tuple[str, ...]
    tombstones: tuple[str, ...]  # APIs whose spec went away in this render
    changes: tuple[Change, ...]
    unchanged: int
    warnings: tuple[Diagnostic, ...]
    finished: bool  # it finished an earlier render that was killed
    interrupted: bool  # such a render is left to finish, for other APIs than these
    wiring: tuple[tuple[str, str], ...]  # Argo CD's file of each environment, and its namespace; none without argocd.repo_url
    forgotten: tuple[str, ...]  # folders of environments that cxgen.yaml no longer names


class Manifests(NamedTuple):
    """The objects of the APIs, as one YAML text."""

    text: str
    warnings: tuple[Diagnostic, ...]


class _Target(NamedTuple):
    """One environment to render: its folder, its APIs, and those that were rendered once and have no spec any more."""

    name: str
    folder: str
    apis: list[API]
    gone: list[str]


def render(
    start: Path,
    paths: tuple[Path, ...] = (),
    *,
    env: tuple[str, ...] = (),
    out: Path | None = None,
    check: bool = False,
    force: bool = False,
    allow_empty: bool = False,
) -> Rendered:
    """Renders all specs of the project around `start`, or those that `paths` name, below its root or `out`.

    For every environment, or for those of `env`. Raises InvalidInput or RepositoryError with nothing written, or HalfWritten.
    """
    checked = _valid(start, paths, allow_none=not paths)
    if checked.outside and out is None:
        message = "lies outside the project's apis/ folder; name a folder to write to with --out, or print it with --stdout"
        raise InvalidInput(*(Diagnostic("E507", message, path) for path in checked.outside))
    root = Path(os.path.realpath(start / out)) if out is not None else checked.root
    if root.is_relative_to(checked.root / SPECS):
        message = "lies among the specs, where charts would be read as some; name a folder outside of it"
        raise InvalidInput(Diagnostic("E509", message, shown(root, start)))
    targets = []
    for name in _environments(checked, env):
        folder = f"{tree.DEPLOY}/{name}"
        apis = [manifests.with_pod_id(api) for api in _apis(checked, name)]
        targets.append(_Target(name, folder, apis, [] if paths else _without_spec(root, folder, checked)))
    wiring = _wiring(checked, targets, root)
    units = _units(targets, wiring, partial=len(targets) < len(checked.project.targets))
    known = set(checked.project.targets)
    forgotten = () if paths or env else tuple(f"{tree.DEPLOY}/{other}" for other in tree.environments(root) if other not in known)
    unmerged = functools.cache(lambda: repository.unmerged(root))
    planned = tree.plan(root, units, force=force, unmerged=unmerged)
    buried = [_buried(target, planned) for target in targets]
    if not allow_empty:
        _refuse_empty(targets, buried, checked.root, root, start)
    whole = () if paths else tuple(target.folder for target in targets)
    done = planned if check else tree.apply(root, units, planned, whole=whole, force=force, unmerged=unmerged)
    if done.refused:
        raise RepositoryError(*(found._replace(file=shown(root / found.file, start)) for found in done.refused))
    interrupted = any(tree.interrupted(root, target.folder) for target in targets)
    return Rendered(
        folder="" if root == Path(os.path.realpath(start)) else shown(root, start),
        out=out is not None,
        environments=tuple(target.name for target in targets),
        apis=tuple(dict.fromkeys(api.name for target in targets for api in target.apis)),
        tombstones=tuple(dict.fromkeys(name for names in buried for name in names)),
        changes=done.changes,
        unchanged=done.unchanged,
        warnings=checked.diagnostics,
        finished=planned.interrupted and not check and not interrupted,
        interrupted=interrupted,
        wiring=tuple((f"{argocd.FOLDER}/{name}.yaml", checked.project.targets[name].namespace or name) for name in wiring),
        forgotten=forgotten,
    )


def _environments(checked: Validated, env: tuple[str, ...]) -> list[str]:
    """The environments to render; raises InvalidInput where there is no such one."""
    known = list(checked.project.targets)
    if strangers := [name for name in dict.fromkeys(env) if name not in known]:
        message = "is not an environment of this project"
        raise InvalidInput(*(Diagnostic("E304", f"{name} {message}; {meant(name, known)}", "--env") for name in strangers))
    return [name for name in known if not env or name in env]


def _wiring(checked: Validated, targets: list[_Target], root: Path) -> dict[str, str]:
    """Argo CD's file of each environment; none where no repository's address is known."""
    prefix, project = repository.prefix(root), checked.project
    made = {t.name: argocd.wiring(t.name, project.targets[t.name], project.project.argocd, f"{prefix}{t.folder}") for t in targets}
    return {name: text for name, text in made.items() if text is not None}


def _buried(target: _Target, planned: tree.Plan) -> list[str]:
    """The APIs of an environment that would become tombstones."""
    deleted = [change.path for change in planned.changes if change.data is None]
    return [name for name in target.gone if any(path.startswith(f"{target.folder}/{name}/") for path in deleted)]


def _refuse_empty(targets: list[_Target], buried: list[list[str]], project: Path, root: Path, start: Path) -> None:
    """The last API of an environment goes only where that is said; raises RepositoryError or InvalidInput."""
    for target, names in zip(targets, buried, strict=True):
        if not target.apis and names:
            message = f"{', '.join(names)} would go, and with it the last API of {target.name}; restore its spec, or say --allow-empty"
            raise RepositoryError(Diagnostic("E504", message, shown(root / target.folder, start)))
    if not any(target.apis or target.gone for target in targets):
        raise InvalidInput(no_specs(project, start))


def _units(targets: list[_Target], wiring: dict[str, str], *, partial: bool) -> list[Unit]:
    """All that a render writes: a folder for each API and each tombstone, and the files beside them.

    `partial` where there are more environments, whose files stay.
    """
    shared = {".gitattributes": GITATTRIBUTES}
    units = []
    for target in targets:
        units += [Unit(f"{target.folder}/{api.name}", _bytes(helm.chart(api)), kind=api.kind) for api in target.apis]
        units += [Unit(f"{target.folder}/{name}", _bytes(helm.tombstone(Tombstone(Identifier(name))))) for name in target.gone]
    files = {f"{name}.yaml": text.encode() for name, text in wiring.items()}
    return [
        *units,
        Unit(tree.DEPLOY, shared, flat=True),
        Unit(argocd.FOLDER, {**shared, **files} if files else {}, flat=True, partial=partial),
    ]


def _without_spec(root: Path, parent: str, checked: Validated) -> list[str]:
    """The APIs that were rendered once and have no spec any more."""
    known = {document.api.name for document in checked.documents if document.api}
    return [name for name in tree.folders(root, parent) if name not in known and DNS1035.fullmatch(name)]


def render_manifests(start: Path, paths: tuple[Path, ...] = (), *, env: tuple[str, ...] = ()) -> Manifests:
    """The objects of the selected specs in one environment; raises InvalidInput."""
    checked = _valid(start, paths, allow_none=False)
    names = _environments(checked, env)
    if len(names) > 1:
        message = f"no object says where it belongs, so one environment is printed at a time; name it with --env: {' or '.join(names)}"
        raise InvalidInput(Diagnostic("E304", message, "--stdout"))
    documents = [text for api in _apis(checked, names[0]) for text in manifests.manifests(manifests.with_pod_id(api)).values()]
    return Manifests("".join(f"---\n{text}" for text in documents), checked.diagnostics)


def _valid(start: Path, paths: tuple[Path, ...], *, allow_none: bool) -> Validated:
    checked = validate_specs(start, paths, allow_none=allow_none)
    if checked.errors or checked.elsewhere:
        raise InvalidInput(*checked.diagnostics, *checked.elsewhere)
    return checked


def _apis(checked: Validated, name: str) -> list[API]:
    """The selected APIs as an environment has them, in order of their names, so that the order of files changes nothing."""
    environment = checked.project.targets[name]
    chosen = (document.api for document in checked.selected if document.api and document.environment == name)
    return sorted((resolve(api, environment, name) for api in chosen), key=lambda api: api.name)


def _bytes(files: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}

"""Results as lines of text for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cxgen.errors import CxgenError, Diagnostic, HalfWritten

if TYPE_CHECKING:  # a writer of one result need not load what makes the others
    from cxgen.actions.render import Rendered
    from cxgen.actions.validate import Validated


INTERRUPTED = "An earlier render was interrupted: part of deploy/ is older than the rest. cxgen render, without a PATH, finishes it."


def diagnostics(found: Iterable[Diagnostic]) -> list[str]:
    """One line each, in the order in which a file is read."""
    return [str(diagnostic) for diagnostic in found]


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def warnings(found: tuple[Diagnostic, ...], most: int = 10) -> list[str]:
    """The warnings of a command that is about something else: the first few, and how many more there are."""
    more = [f"... and {count(len(found) - most, 'more warning')}; cxgen validate prints all."] if len(found) > most else []
    return [*diagnostics(found[:most]), *more]


def validated(result: Validated) -> list[str]:
    """The last line of validate."""
    errors = len(result.errors)
    found = f"{count(errors, 'error')}, {count(len(result.diagnostics) - errors, 'warning')}"
    lines = [f"{found} in {count(result.specs, 'spec')} ({count(result.files, 'file')})."]
    if result.elsewhere:
        lines.append(f"{count(len(result.elsewhere), 'more error')} in other files; cxgen validate, without a PATH, prints them.")
    lines += [INTERRUPTED] if result.interrupted else []
    if errors:
        return [*lines, "Next: fix the errors, then cxgen validate again."]
    if result.elsewhere:
        return [*lines, "Next: fix those too, without which cxgen render writes nothing."]
    return [*lines, "Next: cxgen render PATH --out DIR, or --stdout" if result.outside else "Next: cxgen render"]


def failed(error: CxgenError) -> list[str]:
    """What a command has to say that could not do what was asked."""
    errors = sum(diagnostic.is_error for diagnostic in error.diagnostics)
    state = "the tree is half written, and the next render finishes it" if isinstance(error, HalfWritten) else "nothing was written"
    return [*diagnostics(error.diagnostics), f"{count(errors, 'error')}; {state}."]


def rendered(result: Rendered, *, check: bool) -> list[str]:
    """What a render did, and what comes next."""
    base = f"{result.folder}/" if result.folder else ""
    written = [change for change in result.changes if change.data is not None]
    deleted = [change for change in result.changes if change.data is None]
    lines = ["Finished a render that was interrupted."] if result.finished else []
    lines += [INTERRUPTED] if result.interrupted else []
    if check:
        lines += [f"would {'delete' if change.data is None else 'write'} {base}{change.path}" for change in result.changes]
    lines += [
        f"{name}: its spec is gone; its ServiceAccount stays in Git so that Argo CD removes the rest, routes first."
        for name in result.tombstones
    ]
    will = "would be " if check else ""
    apis, files = count(len(result.apis), "API"), count(len(written), "file")
    where = ", ".join(result.environments) if len(result.environments) <= 4 else count(len(result.environments), "environment")
    lines.append(f"{apis} for {where}: {files} {will}written, {len(deleted)} {will}deleted, {result.unchanged} unchanged.")
    lines += [
        f"{base}{folder} belongs to no environment of cxgen.yaml; delete it with git rm -r once nothing there runs."
        for folder in result.forgotten
    ]
    if not result.wiring:
        lines.append("No Argo CD file: set argocd.repo_url in cxgen.yaml to have argocd/ written.")
    return [*lines, *_next(result, base, check=check)]


def _next(result: Rendered, base: str, *, check: bool) -> list[str]:
    if not result.changes:
        return []
    if check:
        return ["Next: cxgen render, and commit what it writes."]
    if result.out:
        return [f"Written below {result.folder or 'this folder'}."]
    lines = ["Next: git add --all && git commit && git push"]
    written = {change.path for change in result.changes if change.data is not None}
    lines += [
        f"Once, with the namespace {namespace} in place: kubectl apply -f {base}{path}"
        for path, namespace in result.wiring
        if path in written
    ]
    return lines

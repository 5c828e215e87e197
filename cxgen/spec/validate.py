"""All that is wrong or surprising inside one API, and in the project file.

Rules run on partly invalid specs as well (loader.py puts harmless values in place of wrong ones); a finding that rests on
such a value is dropped, so one mistake gives one error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cxgen.errors import Diagnostic
from cxgen.spec.diagnose import FieldPath, at, listed
from cxgen.spec.loader import Document
from cxgen.spec.plain_text import secrets
from cxgen.spec.project_file import NO_PROJECT, ProjectFile
from cxgen.spec.rules import compute, containers, cortex, nodes, probes, project, scaling, security, size
from cxgen.spec.rules.finding import Context, Finding

# Errors that rest on what cxgen.yaml says: while that is wrong, they would be wrong too.
OF_ENVIRONMENTS = frozenset(("E223", "E236", "E237", "E238", "E239", "E242"))

# What is said of a secret that is no variable.
_ELSEWHERE = "put it into a Secret, give it to the container by env: {NAME: {secret: {name, key}}}, and write $(NAME) in a command"
# What has no effect in one environment may have one in another.
NO_EFFECT = frozenset(("W111", "W122"))

RULES = (
    *(containers.names, containers.images, containers.variables, containers.volumes),
    *(probes.handlers, probes.readiness, probes.never_pass),
    *(compute.devices, compute.sizes),
    *(scaling.bounds, scaling.metrics, scaling.meanings, scaling.ignored, scaling.rollout, scaling.drains),
    *(nodes.groups, nodes.tolerations),
    *(security.privileges, security.names),
    *(cortex.meanings, size.texts),
)


def check(document: Document, of: ProjectFile = NO_PROJECT) -> list[Diagnostic]:
    """Everything that is wrong or surprising in one API of one environment, in the order of its lines."""
    if document.api is None:
        return list(document.diagnostics)
    context = Context(document.api, of.targets[document.environment], of.project, document.shorthand)
    above = {path[:length] for path in document.invalid for length in range(len(path) + 1)}
    found = [
        document.at(finding.code, finding.path, finding.message)
        for rule in RULES
        for finding in rule(context)
        if not any(_is_wrong(path, document.invalid) for path in (finding.path, *finding.rests_on))
        and not any(path in above for path in finding.rests_on)
        # A map that lacks something and has an unknown field has it under another name: that is said already.
        and not (finding.lacks and any(path[:-1] == finding.path for path in document.unknown))
    ]
    for path, what in secrets(document.node):
        cure = security.CURE if "env" in path else _ELSEWHERE
        found.append(document.at("E235", path, f"{what} in plain text; {cure}"))
    return sorted((*document.diagnostics, *found), key=lambda d: (d.line, d.column))


_Place = tuple[str, int, int]  # of a spec: its file, line and column


def check_all(documents: Sequence[Document], of: ProjectFile) -> list[Diagnostic]:
    """The same for many specs, each in every environment, without the warnings that a spec silences.

    What is found in all environments is said once, the rest with their names; what a default brings about, with those of the APIs.
    """
    specs = {document.place: document for document in reversed(documents)}
    where: dict[Diagnostic, dict[_Place, list[str]]] = {}
    occurring: dict[_Place, set[str]] = {}
    for document in documents:
        for diagnostic in check(document, of):
            occurring.setdefault(document.place, set()).add(diagnostic.code)
            names = where.setdefault(diagnostic, {}).setdefault(document.place, [])
            names += [document.environment] if document.environment not in names else []
    found = []
    for diagnostic, places in where.items():
        if not of.is_valid and (diagnostic.code in OF_ENVIRONMENTS or not diagnostic.is_error):
            continue
        said = {place: names for place, names in places.items() if _is_said(diagnostic, specs[place], len(names) == len(of.targets))}
        environments = [name for name in of.targets if any(name in names for names in said.values())]
        if environments:
            named = diagnostic.file == of.shown and len(said) < len(specs)
            found.append(_with_names(diagnostic, environments, [specs[place].name for place in said] if named else [], of))
    stale = (diagnostic for place, spec in specs.items() for diagnostic in _stale(spec, occurring.get(place, set())))
    return [*found, *(stale if of.is_valid else ())]


def _is_said(diagnostic: Diagnostic, spec: Document, everywhere: bool) -> bool:
    """Whether a spec does not silence what was found in it. What has no effect in one environment may have one in another."""
    return not (spec.api and diagnostic.code in spec.api.silence) and (everywhere or diagnostic.code not in NO_EFFECT)


def _with_names(diagnostic: Diagnostic, environments: list[str], apis: list[str], of: ProjectFile) -> Diagnostic:
    """A diagnostic that begins with where it was found, as far as that is not everywhere, and its place does not say it."""
    names = [f"for {listed(apis)}"] if apis else []
    at_one = any(diagnostic.field.startswith(f"environments.{name}") for name in environments)
    names += [f"in {listed(environments)}"] if len(environments) < len(of.targets) and not at_one else []
    return diagnostic._replace(message=f"{' '.join(names)}: {diagnostic.message}") if names else diagnostic


def _stale(spec: Document, occurring: set[str]) -> Iterator[Diagnostic]:
    """What a spec silences in vain; what an error hides may be just that."""
    if spec.api is None or any(code.startswith("E") for code in occurring):
        return
    for code in spec.api.silence:
        if code not in occurring:
            yield spec.at("W121", ("silence", code), "silences a warning that does not occur; leave it out")


def check_project(of: ProjectFile) -> list[Diagnostic]:
    """Everything that is wrong with the project file."""
    node = of.node
    if not of.is_valid or node is None:
        return list(of.diagnostics)
    found = (finding for rule in project.RULES for finding in rule(of.project))
    secret = (
        Finding("E235", path, f"{what} in plain text, which Git would keep; leave it out")
        for path, what in secrets(node)
        if "defaults" not in path  # which are looked at as a part of every API
    )
    return [*of.diagnostics, *(at(of.shown, node, finding.code, finding.path, finding.message) for finding in (*found, *secret))]


def _is_wrong(path: FieldPath, invalid: frozenset[FieldPath]) -> bool:
    """Whether the value at a path, or one that it lies in, is not the one that was written."""
    return any(path[:length] in invalid for length in range(1, len(path) + 1))

"""All that is wrong or surprising: inside one API, in the project file, and between the APIs of all environments.

Rules run on partly invalid specs as well (loader.py puts harmless values in place of wrong ones); a finding that rests on
such a value is dropped, so one mistake gives one error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cxgen.errors import Diagnostic
from cxgen.spec.diagnose import FieldPath, at
from cxgen.spec.loader import Document
from cxgen.spec.project_file import NO_PROJECT, ProjectFile
from cxgen.spec.rules import compute, containers, cortex, nodes, probes, project, scaling, security, size
from cxgen.spec.rules.finding import Context, Finding

# One environment's and one API's name, joined by "-", are the release name that Argo CD gives to Helm (at most 53).
MAX_RELEASE_NAME = 53
# Errors that rest on what cxgen.yaml says: while that is wrong, they would be wrong too.
OF_ENVIRONMENTS = frozenset(("E223", "E236", "E237", "E238", "E239", "E242"))

RULES = (
    *(containers.names, containers.images, containers.variables, containers.volumes),
    *(probes.handlers, probes.readiness, probes.never_pass),
    *(compute.devices, compute.sizes),
    *(scaling.bounds, scaling.metrics, scaling.meanings, scaling.ignored, scaling.rollout, scaling.drains),
    *(nodes.groups, nodes.tolerations),
    *(security.privileges, security.plain_text),
    *(cortex.meanings, size.texts),
)


def check(document: Document, of: ProjectFile = NO_PROJECT) -> list[Diagnostic]:
    """Everything that is wrong or surprising in one API of one environment, in the order of its lines."""
    if document.api is None:
        return list(document.diagnostics)
    context = Context(document.api, of.targets[document.environment], of.project, document.shorthand)
    found = [
        document.at(finding.code, finding.path, finding.message)
        for rule in RULES
        for finding in rule(context)
        if not any(_is_wrong(path, document.invalid) for path in (finding.path, *finding.rests_on))
        # A map that lacks something and has an unknown field has it under another name: that is said already.
        and not (finding.lacks and any(path[:-1] == finding.path for path in document.unknown))
    ]
    return sorted((*document.diagnostics, *found), key=lambda d: (d.line, d.column))


def check_all(documents: Sequence[Document], of: ProjectFile) -> list[Diagnostic]:
    """The same for many specs, each in every environment: what is found in all of them is said once, the rest names where."""
    found: list[Diagnostic] = []
    by_spec: dict[tuple[str, int, int], list[Document]] = {}
    for document in documents:
        by_spec.setdefault(document.place, []).append(document)
    for variants in by_spec.values():
        found += _spec(variants, of)
    return list(dict.fromkeys(found))  # what an anchor or a default brings into several places is one mistake


def _spec(variants: Sequence[Document], of: ProjectFile) -> Iterator[Diagnostic]:
    """What is found in one spec, but for the warnings that it silences."""
    where: dict[Diagnostic, list[str]] = {}
    for document in variants:
        for diagnostic in check(document, of):
            names = where.setdefault(diagnostic, [])
            if document.environment not in names:
                names.append(document.environment)
    api = next((document.api for document in variants if document.api), None)
    silence = api.silence if api else {}
    for diagnostic, names in where.items():
        if diagnostic.code in silence or (not of.is_valid and (diagnostic.code in OF_ENVIRONMENTS or not diagnostic.is_error)):
            continue
        everywhere = len(names) == len(variants) or any(diagnostic.field.startswith(f"environments.{name}") for name in names)
        yield diagnostic if everywhere else diagnostic._replace(message=f"in {', '.join(names)}: {diagnostic.message}")
    occurring = {diagnostic.code for diagnostic in where}
    if any(diagnostic.is_error for diagnostic in where) or not of.is_valid:
        return  # what an error hides may be what is silenced
    for code in silence:
        if code not in occurring:
            yield variants[0].at("W121", ("silence", code), "silences a warning that does not occur; leave it out")


def check_project(of: ProjectFile) -> list[Diagnostic]:
    """Everything that is wrong with the project file."""
    node = of.node
    if not of.is_valid or node is None:
        return list(of.diagnostics)
    found = (finding for rule in project.RULES for finding in rule(of.project))
    return [*of.diagnostics, *(at(of.shown, node, finding.code, finding.path, finding.message) for finding in found)]


def between(documents: Iterable[Document], of: ProjectFile = NO_PROJECT) -> list[Diagnostic]:
    """What the APIs of all environments must not have in common. Of two that contradict each other the later is named."""
    judge = _Between(of)
    for document in documents:
        if document.api is not None:
            judge.name(document)
            judge.endpoint(document)
    return list(dict.fromkeys(judge.found))


class _Between:
    """Walks over the APIs and remembers who was first."""

    def __init__(self, of: ProjectFile) -> None:
        self.of = of
        self.found: list[Diagnostic] = []
        self.names: dict[tuple[str, str], Document] = {}
        self.releases: dict[str, Document] = {}
        self.endpoints: dict[tuple[str, ...], Document] = {}
        self.mixed: set[tuple[str, str]] = set()

    def name(self, document: Document) -> None:
        """Names within an environment, and with the environment's name before them."""
        if document.api is None or ("name",) in document.invalid:
            return
        name, environment = document.api.name, document.environment
        first = self.names.setdefault((environment, name), document)
        if first is not document:
            self.say(document, "E301", ("name",), f'"{name}" is also the name of the API in {_place(first)}; choose another')
        release = f"{environment}-{name}"
        if len(release) > MAX_RELEASE_NAME:
            message = (
                f"with the environment's name {environment} it has {len(release) - 1} characters; Argo CD's release names leave "
                f"{MAX_RELEASE_NAME - 1}, so shorten one of them"
            )
            self.say(document, "E303", ("name",), message)
        other = self.releases.setdefault(release, document)
        if other.environment != environment:
            message = (
                f"in {environment} Argo CD would call it {release}, which is {_name(other)} in {other.environment}; rename one of them, "
                "or an environment"
            )
            self.say(document, "E306", ("name",), message)

    def endpoint(self, document: Document) -> None:
        """One controller can send an endpoint of one host to one API."""
        settings, api = self.of.targets[document.environment], document.api
        wrong = {("name",), ("networking",), ("networking", "endpoint"), ("networking", "host")}
        if api is None or settings.routing.provider == "none" or document.invalid & wrong:
            return
        host, endpoint = api.networking.host or settings.routing.host or "", api.networking.endpoint or f"/{api.name}"
        # ingress-nginx ignores case.
        first = self.endpoints.setdefault((settings.cluster, settings.routing.ingress_class, host, endpoint.lower()), document)
        if first is document or first.api is None:
            return
        where: FieldPath = ("networking", "endpoint") if api.networking.endpoint else ("name",)
        if first.environment == document.environment:
            if first.api.name != api.name:
                message = f"{endpoint} is also the endpoint of {first.api.name} in {_place(first)}; set networking.endpoint of one of them"
                self.say(document, "E302", where, message)
        elif first.place == document.place and api.networking.host is None:
            self.mix(first, document, host)
        else:
            message = (
                f"{endpoint} on {host or 'every host'} is the endpoint of {first.api.name} in {first.environment} and of {api.name} in "
                f"{document.environment}, which one controller serves; set networking.host or endpoint for one environment"
            )
            self.say(document, "E302", where, message)

    def mix(self, first: Document, document: Document, host: str) -> None:
        """Two environments that have all of their endpoints in common: one mistake, in the project file."""
        pair = (first.environment, document.environment)
        if pair in self.mixed or self.of.node is None:
            return
        self.mixed.add(pair)
        message = (
            f"{' and '.join(pair)} are served by one controller on {host or 'every host'}, so the endpoints of {_name(document)} and "
            f"others are the same in both; set environments.{document.environment}.routing.host, or another cluster"
        )
        self.found.append(at(self.of.shown, self.of.node, "E302", ("environments", document.environment), message, key=True))

    def say(self, document: Document, code: str, path: FieldPath, message: str) -> None:
        self.found.append(document.at(code, path, message))


def _name(document: Document) -> str:
    return document.api.name if document.api else ""


def _place(document: Document) -> str:
    return f"{document.file}:{document.node.line}"


def _is_wrong(path: FieldPath, invalid: frozenset[FieldPath]) -> bool:
    """Whether the value at a path, or one that it lies in, is not the one that was written."""
    return any(path[:length] in invalid for length in range(1, len(path) + 1))


__all__ = ["RULES", "Finding", "between", "check", "check_all", "check_project"]

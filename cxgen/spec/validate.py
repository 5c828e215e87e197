"""All that is wrong or surprising: inside one API, in the project file, and between the APIs of all environments.

Rules run on partly invalid specs as well (loader.py puts harmless values in place of wrong ones); a finding that rests on
such a value is dropped, so one mistake gives one error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cxgen.errors import Diagnostic
from cxgen.secrets import secret_in
from cxgen.spec.diagnose import FieldPath, at, listed
from cxgen.spec.loader import Document
from cxgen.spec.project_file import NO_PROJECT, ProjectFile
from cxgen.spec.rules import compute, containers, cortex, nodes, probes, project, scaling, security, size
from cxgen.spec.rules.finding import Context, Finding
from cxgen.yamlio import Node

# One environment's and one API's name, joined by "-", are the release name that Argo CD gives to Helm (at most 53).
MAX_RELEASE_NAME = 53
# Errors that rest on what cxgen.yaml says: while that is wrong, they would be wrong too.
OF_ENVIRONMENTS = frozenset(("E223", "E236", "E237", "E238", "E239", "E242"))

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
    found += _secrets(document)
    return sorted((*document.diagnostics, *found), key=lambda d: (d.line, d.column))


def _secrets(document: Document) -> Iterator[Diagnostic]:
    """Secrets in plain text, wherever a text stands but where {value: ...} says that it is meant."""
    for path, text in _texts(document.node, ()):
        if not (what := secret_in(text)):
            continue
        if "env" in path:
            cure = security.CURE
        else:
            cure = "put it into a Secret, give it to the container by env: {NAME: {secret: {name, key}}}, and write $(NAME) in a command"
        yield document.at("E235", path, f"{what} in plain text; {cure}")


def _texts(node: Node, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    value = node.value
    if isinstance(value, dict):
        meant = "env" in path[-2:-1] and set(value) == {"value"}
        for key, child in value.items() if not meant else ():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))
    elif isinstance(value, str):
        yield path, value


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
            found.append(_with_names(diagnostic, environments, [_name(specs[place]) for place in said] if named else [], of))
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
        for path, text in _texts(node, ())
        if "defaults" not in path and (what := secret_in(text))
    )
    return [*of.diagnostics, *(at(of.shown, node, finding.code, finding.path, finding.message) for finding in (*found, *secret))]


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
        first = self.endpoints.setdefault((settings.where, settings.routing.ingress_class, host, endpoint.lower()), document)
        if first is document or first.api is None:
            return
        given = [name for name in ("endpoint", "host") if getattr(api.networking, name)]
        where: FieldPath = ("networking", given[0]) if given else ("name",)
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

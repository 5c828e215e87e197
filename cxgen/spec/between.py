"""What the APIs of all environments must not have in common."""

from __future__ import annotations

from collections.abc import Iterable

from cxgen.errors import Diagnostic
from cxgen.spec.diagnose import FieldPath, at
from cxgen.spec.loader import Document
from cxgen.spec.project_file import NO_PROJECT, ProjectFile

# One environment's and one API's name, joined by "-", are the release name that Argo CD gives to Helm (at most 53).
MAX_RELEASE_NAME = 53


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
                f"in {environment} Argo CD would call it {release}, which is {other.name} in {other.environment}; rename one of them, "
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
            f"{' and '.join(pair)} are served by one controller on {host or 'every host'}, so the endpoints of {document.name} and "
            f"others are the same in both; set environments.{document.environment}.routing.host, or another cluster"
        )
        self.found.append(at(self.of.shown, self.of.node, "E302", ("environments", document.environment), message, key=True))

    def say(self, document: Document, code: str, path: FieldPath, message: str) -> None:
        self.found.append(document.at(code, path, message))


def _place(document: Document) -> str:
    return f"{document.file}:{document.node.line}"

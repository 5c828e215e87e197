"""The rules of cxgen.yaml itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxgen import __version__
from cxgen.spec.nodes import MOST_TERMS, terms
from cxgen.spec.project import Environment, Project
from cxgen.spec.rules.containers import one_of
from cxgen.spec.rules.finding import Finding
from cxgen.spec.rules.nodes import toleration_rules
from cxgen.spec.scaling import IN_FLIGHT, KEDA, PLACEHOLDERS


def version(project: Project) -> Iterator[Finding]:
    """Another version of cxgen may render other objects, so the project says which may."""
    if project.required_version is None:
        return
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(project.required_version).contains(__version__, prereleases=True):
        message = f"this is cxgen {__version__}; install one of {project.required_version}, or change this after a look at what it renders"
        yield Finding("E405", ("required_version",), message)


def namespaces(project: Project) -> Iterator[Finding]:
    """Two environments in one namespace would write the same objects."""
    seen: dict[tuple[str, str | None], str] = {}
    for name, settings in project.targets().items():
        first = seen.setdefault((settings.where, settings.namespace), name)
        if first != name:
            message = f"{settings.namespace} is the namespace of {first} too, on the same cluster; write another namespace or cluster"
            where = ("environments", name, "namespace") if "namespace" in settings.model_fields_set else ("environments", name)
            yield Finding("E407", where, message)


def environments(project: Project) -> Iterator[Finding]:
    """Metrics come from where the autoscaler can ask, and node groups can be told apart."""
    for name, settings in project.environments.items():
        yield from _metrics(name, settings)
        for group, nodes in settings.node_groups.items():
            path = ("environments", name, "node_groups", group)
            if not nodes.node_selector:
                yield Finding(
                    "E408", (*path, "node_selector"), "without a label every node is of this group; write one such as {pool: gpu}"
                )
            yield from toleration_rules((*path, "tolerations"), nodes.tolerations)
            covering = [
                name
                for name, other in settings.node_groups.items()
                if other.spot and other.node_selector.items() <= nodes.node_selector.items()
            ]
            if not nodes.spot and nodes.node_selector and covering:
                message = f"its nodes are those of {covering[0]} too, which has spot nodes; write spot: true here, or another label there"
                yield Finding("E408", (*path, "node_selector"), message)
        spot = [nodes.node_selector for nodes in settings.node_groups.values() if nodes.spot]
        if len(terms([], spot)) > MOST_TERMS:
            message = "to stay off so many groups of spot nodes takes too many terms; give all of them one label, such as lifecycle: spot"
            yield Finding("E408", ("environments", name, "node_groups"), message)


def _metrics(name: str, settings: Environment) -> Iterator[Finding]:
    for metric, source in settings.metrics.items():
        path = ("environments", name, "metrics", metric)
        if metric != IN_FLIGHT and re.sub(r"[^a-z]", "", metric.lower()) in ("inflight", "requestsinflight"):
            yield Finding("E408", path, f"requests in flight go by the name {IN_FLIGHT}; write that")
        asked = source.prometheus
        for field, text in (("server", asked.server), ("query", asked.query)) if asked else ():
            for placeholder in re.findall(r"\$\(\w*\)", text):
                if placeholder not in PLACEHOLDERS:
                    message = f"{placeholder} stands for nothing; write {', '.join(PLACEHOLDERS[:-1])} or {PLACEHOLDERS[-1]}"
                    yield Finding("E408", (*path, "prometheus", field), message)
        if len(source.given) != 1:
            yield one_of(path, source.given, source.one_of)
        elif settings.autoscaler == KEDA and source.prometheus is None:
            yield Finding(
                "E408", (*path, source.given[0]), "KEDA cannot ask the metrics APIs; write prometheus: {server, query}, or autoscaler: hpa"
            )
        elif settings.autoscaler != KEDA and source.prometheus is not None:
            message = (
                "a HorizontalPodAutoscaler cannot ask Prometheus; write pods: or external: with a metric of an adapter, or autoscaler: keda"
            )
            yield Finding("E408", (*path, "prometheus"), message)


def app_projects(project: Project) -> Iterator[Finding]:
    """Each environment has an AppProject of its own, because each has other destinations."""
    if project.argocd.project is not None and len(project.environments) > 1:
        message = "each environment needs an AppProject of its own, and this would be the name of all; leave it out for cxgen-ENVIRONMENT"
        yield Finding("E408", ("argocd", "project"), message)


RULES = (version, namespaces, environments, app_projects)

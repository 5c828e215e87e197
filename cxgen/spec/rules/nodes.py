"""On which nodes pods run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cxgen.spec import models
from cxgen.spec.diagnose import FieldPath, meant
from cxgen.spec.nodes import MOST_TERMS, contradicts, selector, terms_of
from cxgen.spec.rules.finding import Context, Finding


def groups(context: Context) -> Iterator[Finding]:
    """Node groups are the environment's, and spot nodes are asked for."""
    known = context.environment.node_groups
    for index, name in enumerate(context.api.node_groups):
        path = ("node_groups", index)
        if name not in known:
            nowhere = "define it in cxgen.yaml, or name it for those that have it, in environments.NAME.node_groups"
            cure = meant(name, known) if known else nowhere
            yield Finding("E238", path, f"{name} is no node group of the environment; {cure}")
        elif known[name].spot and not context.api.spot:
            message = f"{name} has spot nodes, which can be taken away at any time; write spot: true, or leave it out"
            yield Finding("E238", path, message, (("spot",),))
    named = all(name in known and (context.api.spot or not known[name].spot) for name in context.api.node_groups)
    labels = selector(context.api, context.environment)
    possible = terms_of(context.api, context.environment) if named else []
    if context.api.node_groups and len(possible) > MOST_TERMS:
        count = len(context.api.node_groups)
        message = f"{count} groups, each without the spot nodes, take {len(possible)} terms, and {MOST_TERMS} are enough; name fewer"
        yield Finding("E240", ("node_groups",), message, (("spot",),))
    elif possible and all(contradicts(term, labels) for term in possible):
        both: FieldPath = ("node_selector",) if context.api.node_selector else ("node_groups",)
        message = (
            "no node can have these labels: the node groups, or the spot nodes that it must stay off, say otherwise; leave one of them out"
        )
        yield Finding("E240", both, message, (("node_groups",), ("spot",), ("pod",)))
    has_spot = any(group.spot for settings in context.project.environments.values() for group in settings.node_groups.values())
    if context.api.spot and not has_spot:
        yield Finding("W122", ("spot",), "has no effect: no environment of cxgen.yaml has a node group with spot: true; leave it out")


def tolerations(context: Context) -> Iterator[Finding]:
    """A toleration says what Kubernetes takes."""
    yield from toleration_rules(("tolerations",), context.api.tolerations)


def toleration_rules(path: FieldPath, found: Sequence[models.Toleration]) -> Iterator[Finding]:
    """k8s.io/kubernetes, pkg/apis/core/validation, ValidateTolerations."""
    for index, toleration in enumerate(found):
        here = (*path, index)
        if toleration.value is not None and (toleration.operator == "Exists" or toleration.key is None):
            yield Finding("E241", (*here, "value"), "Exists, or no key, has no value; leave it out, or write key and operator: Equal")
        elif toleration.key is None and toleration.operator == "Equal":
            yield Finding("E241", (*here, "operator"), "Equal needs a key; write it, or leave operator out for every taint")
        if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
            yield Finding("E241", (*here, "toleration_seconds"), "only effect: NoExecute has a time; write that, or leave it out")

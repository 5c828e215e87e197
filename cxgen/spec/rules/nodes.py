"""On which nodes pods run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cxgen.spec import models
from cxgen.spec.diagnose import FieldPath, listed, near
from cxgen.spec.nodes import MOST_TERMS, contradicts, terms
from cxgen.spec.rules.finding import Context, Finding, containers


def groups(context: Context) -> Iterator[Finding]:
    """Node groups are the environment's, and spot nodes are asked for."""
    known = context.environment.node_groups
    for index, name in enumerate(context.api.node_groups):
        path = ("node_groups", index)
        if name not in known:
            guess = near(name, known)
            cure = (
                f"did you mean {guess}?"
                if guess
                else f"known are {listed(known)}"
                if known
                else "define it in cxgen.yaml, or name it for those that have it, in environments.NAME.node_groups"
            )
            yield Finding("E238", path, f"{name} is no node group of the environment; {cure}")
        elif known[name].spot and not context.api.spot:
            message = f"{name} has spot nodes, which can be taken away at any time; write spot: true, or leave it out"
            yield Finding("E238", path, message, (("spot",),))
    selector = dict(context.api.node_selector)
    for _, container in containers(context.api):
        if container.compute.gpu and container.compute.gpu_type:
            selector.setdefault(context.environment.gpu_type_label, container.compute.gpu_type)
    named = [known[name].node_selector for name in context.api.node_groups if name in known]
    spot = [group.node_selector for group in known.values() if group.spot and not context.api.spot]
    meant = all(name in known and (context.api.spot or not known[name].spot) for name in context.api.node_groups)
    possible = terms(named, spot) if meant else []
    if named and len(possible) > MOST_TERMS:
        message = f"{len(named)} groups, each without the spot nodes, take {len(possible)} terms, and {MOST_TERMS} are enough; name fewer"
        yield Finding("E240", ("node_groups",), message, (("spot",),))
    elif possible and all(contradicts(term, selector) for term in possible):
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

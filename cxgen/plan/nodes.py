"""On which nodes the pods of an API run."""

from __future__ import annotations

import itertools

from cxgen.plan.api import Nodes, Toleration
from cxgen.plan.identity import Identifier
from cxgen.spec import models
from cxgen.spec.project import Environment, NodeGroup

# Taints that are not named as the resource is: NVIDIA's device plugins share one, and so do those of AWS.
_TAINTS = {"nvidia.com": "nvidia.com/gpu", "aws.amazon.com": "aws.amazon.com/neuron"}


def nodes(spec: models.RealtimeAPI, environment: Environment) -> Nodes:
    """Where pods may run: on nodes with what they ask for, of the groups that are named, and on spot nodes only where they may."""
    selector = dict(spec.node_selector)
    resources = []
    for container in spec.pod.containers:
        compute = container.compute
        resources += [resource for resource, count in ((compute.gpu_resource, compute.gpu), (compute.inf_resource, compute.inf)) if count]
        if compute.gpu and compute.gpu_type:
            selector[environment.gpu_type_label] = compute.gpu_type
    named = [environment.node_groups[name] for name in dict.fromkeys(spec.node_groups)]
    spot = [group for group in environment.node_groups.values() if group.spot]
    tolerated = [*named, *(group for group in spot if spec.spot and not named)]
    tolerations = [_toleration(found) for found in (*spec.tolerations, *(found for group in tolerated for found in group.tolerations))]
    taints = dict.fromkeys(_TAINTS.get(resource.partition("/")[0], resource) for resource in resources)
    return Nodes(
        selector=tuple(sorted(selector.items())),
        tolerations=tuple(dict.fromkeys(tolerations)),
        taints=tuple(Identifier(taint) for taint in taints),
        terms=_terms(named, [] if spec.spot else spot),
    )


def _terms(wanted: list[NodeGroup], unwanted: list[NodeGroup]) -> tuple[tuple[tuple[str, str, str], ...], ...]:
    """A node is of one of the wanted groups, and differs in some label from each of the unwanted."""
    terms = []
    for labels in [group.node_selector for group in wanted] or [{}]:
        here = [(label, "In", value) for label, value in sorted(labels.items())]
        # Nodes with another value of a label are of another group by that alone.
        like = [other.node_selector for other in unwanted if all(labels.get(k, v) == v for k, v in other.node_selector.items())]
        others = itertools.product(*([(k, "NotIn", v) for k, v in sorted(other.items()) if k not in labels] for other in like))
        terms += [tuple(dict.fromkeys([*here, *other])) for other in others]
    return tuple(dict.fromkeys(term for term in terms if term))


def _toleration(spec: models.Toleration) -> Toleration:
    operator = spec.operator or ("Exists" if spec.value is None else "Equal")
    return Toleration(spec.key, operator, spec.value, spec.effect, spec.toleration_seconds)

"""On which nodes the pods of an API run."""

from __future__ import annotations

from cxgen.plan.api import Nodes, Toleration
from cxgen.plan.identity import Identifier
from cxgen.spec import models
from cxgen.spec.nodes import selector, terms_of
from cxgen.spec.project import Environment

# Taints that are not named as the resource is: NVIDIA's device plugins share one, and so do those of AWS.
_TAINTS = {"nvidia.com": "nvidia.com/gpu", "aws.amazon.com": "aws.amazon.com/neuron"}


def nodes(spec: models.RealtimeAPI, environment: Environment) -> Nodes:
    """Where pods may run: on nodes with what they ask for, of the groups that are named, and on spot nodes only where they may."""
    resources = [resource for container in spec.pod.containers for resource, _ in container.compute.devices]
    named = [environment.node_groups[name] for name in dict.fromkeys(spec.node_groups)]
    spot = [group for group in environment.node_groups.values() if group.spot]
    tolerated = [*named, *(group for group in spot if spec.spot and not named)]
    tolerations = [_toleration(found) for found in (*spec.tolerations, *(found for group in tolerated for found in group.tolerations))]
    taints = dict.fromkeys(_TAINTS.get(resource.partition("/")[0], resource) for resource in resources)
    return Nodes(
        selector=tuple(sorted(selector(spec, environment).items())),
        tolerations=tuple(dict.fromkeys(tolerations)),
        taints=tuple(Identifier(taint) for taint in taints),
        terms=tuple(terms_of(spec, environment)),
    )


def _toleration(spec: models.Toleration) -> Toleration:
    operator = spec.operator or ("Exists" if spec.value is None else "Equal")
    return Toleration(spec.key, operator, spec.value, spec.effect, spec.toleration_seconds)

"""What replicas follow, and how few there may be: decisions that rules and plan share."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from cxgen.spec.models import RealtimeAPI
from cxgen.spec.project import Environment, MetricSource

KEDA = "keda"
# What a query or the name of a metric may hold in place of what differs from API to API.
PLACEHOLDERS = ("$(name)", "$(namespace)", "$(environment)")
IN_FLIGHT = "in_flight"
TOLERANCE_SINCE = 35  # Kubernetes 1.35: before, the API server takes the field and drops it
UTILIZATION = 80  # percent of the request at which replicas are added
RESOURCES = ("cpu", "memory")  # metrics in percent of what containers request


class Metric(NamedTuple):
    """One metric of an API in an environment. `place` is its index in autoscaling.metrics; None where it was chosen by default."""

    type: str
    name: str  # of the metric where it comes from; that of the type for cpu and memory
    target: Decimal
    source: MetricSource | None
    place: int | None = None

    @property
    def can_be_zero(self) -> bool:
        """Whether it says something where no replica runs."""
        return self.type not in RESOURCES


def metrics(api: RealtimeAPI, environment: Environment) -> list[Metric]:
    """What replicas follow: what the API says, else requests in flight where they are measured, else the CPU."""
    scaling = api.autoscaling
    in_flight = scaling.target_in_flight or Decimal(api.pod.max_concurrency)
    source = environment.metrics.get(IN_FLIGHT)
    if not scaling.metrics:
        chosen = Metric(IN_FLIGHT, IN_FLIGHT, in_flight, source) if source else Metric("cpu", "cpu", Decimal(UTILIZATION), None)
        return [chosen]
    found = []
    for index, metric in enumerate(scaling.metrics):
        default = in_flight if metric.type == IN_FLIGHT else Decimal(UTILIZATION)
        name = metric.name or metric.type
        found.append(Metric(metric.type, name, metric.target or default, environment.metrics.get(name), index))
    return found


def least(api: RealtimeAPI, environment: Environment) -> int:
    """The fewest replicas: 0 only where KEDA follows something that is there without any replica."""
    to_zero = environment.autoscaler == KEDA and any(metric.can_be_zero for metric in metrics(api, environment))
    return max(api.autoscaling.min_replicas, 0 if to_zero else 1)


def is_fixed(api: RealtimeAPI, environment: Environment) -> bool:
    """Whether the number of replicas is fixed, so that there is no autoscaler."""
    return least(api, environment) == api.autoscaling.max_replicas


def has_tolerance(environment: Environment) -> bool:
    """Whether the autoscaler of an environment takes a tolerance."""
    return environment.at_least(TOLERANCE_SINCE)

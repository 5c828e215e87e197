"""How many replicas run: bounds, metrics, rollouts and drains."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cxgen.spec import models, scaling
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.rules.finding import Context, Finding, containers, devices
from cxgen.spec.scalars import show

_BASE: FieldPath = ("autoscaling",)
_LEAST, _MOST = (*_BASE, "min_replicas"), (*_BASE, "max_replicas")
MOST_PERCENT = 10_000  # of a request; Helm would spell a million 1e+06


def bounds(context: Context) -> Iterator[Finding]:
    """min_replicas, init_replicas and max_replicas."""
    settings = context.api.autoscaling
    if settings.min_replicas > settings.max_replicas:
        message = f"{settings.min_replicas} is more than max_replicas ({settings.max_replicas}); lower it or raise max_replicas"
        yield Finding("E214", _LEAST, message, (_MOST,))
    elif settings.init_replicas is not None and not settings.min_replicas <= settings.init_replicas <= settings.max_replicas:
        message = (
            f"{settings.init_replicas} is not between min_replicas ({settings.min_replicas}) and max_replicas "
            f"({settings.max_replicas}); leave it out"
        )
        yield Finding("E214", (*_BASE, "init_replicas"), message, (_LEAST, _MOST))
    if settings.init_replicas is not None:
        message = "has no effect: Git holds the wanted state, and replicas belong to the autoscaler; leave it out"
        yield Finding("W104", (*_BASE, "init_replicas"), message)
    if settings.min_replicas == 0 and scaling.least(context.api, context.environment) == 1:
        if context.environment.autoscaler != scaling.KEDA:
            yield Finding(
                "W105", _LEAST, "rendered as 1: this autoscaler cannot scale to zero; write 1 for it, or autoscaler: keda in cxgen.yaml"
            )
        elif settings.metrics:
            message = "cpu and memory say nothing where no replica runs, so none would ever come back; write 1, or add in_flight to metrics"
            yield Finding("E237", _LEAST, message, ((*_BASE, "metrics"),))
        else:
            message = (
                "rendered as 1: nothing measures requests in flight; write 1, or set metrics.in_flight of the environment in cxgen.yaml"
            )
            yield Finding("W105", _LEAST, message)


def metrics(context: Context) -> Iterator[Finding]:
    """What replicas follow can be measured."""
    api, settings = context.api, context.api.autoscaling
    holds = api.pod.max_concurrency + api.pod.max_queue_length
    target = settings.target_in_flight
    in_flight = [(index, metric.target) for index, metric in enumerate(settings.metrics) if metric.type == scaling.IN_FLIGHT]
    wanted: list[tuple[FieldPath, Decimal | None]] = [(("target_in_flight",), target)]
    wanted += [(("metrics", index, "target"), other) for index, other in in_flight]
    for where, amount in wanted:
        if amount is not None and amount > holds:
            message = f"{show(amount)} is more than a replica holds: max_concurrency + max_queue_length is {holds}; lower it"
            yield Finding("E215", (*_BASE, *where), message, (("pod", "max_concurrency"), ("pod", "max_queue_length")))
    if target is not None and settings.metrics and not in_flight:
        message = "has no effect: metrics does not name in_flight; add {type: in_flight} there, or leave it out"
        yield Finding("W114", (*_BASE, "target_in_flight"), message, ((*_BASE, "metrics"),))
    seen: set[tuple[str, str]] = set()
    for index, metric in enumerate(settings.metrics):
        path = (*_BASE, "metrics", index)
        if (metric.type, metric.name or "") in seen:
            yield Finding("E236", path, f"{metric.name or metric.type} is there twice; keep one", ((*path, "type"), (*path, "name")))
        seen.add((metric.type, metric.name or ""))
        yield from _metric(path, metric, context)
    if not scaling.is_fixed(api, context.environment):
        yield from _requests(context)


def _metric(path: FieldPath, metric: models.Metric, context: Context) -> Iterator[Finding]:
    kind = ((*path, "type"),)
    by_name = metric.type in ("pods", "external")
    if by_name and (metric.name is None or metric.target is None):
        lacks = " and ".join(name for name in ("name", "target") if getattr(metric, name) is None)
        yield Finding(
            "E236", path, f"{metric.type} needs {lacks}; write such as {{type: {metric.type}, name: queue_length, target: 30}}", kind
        )
        return
    if not by_name and metric.name is not None:
        yield Finding("E236", (*path, "name"), f"{metric.type} has no name; leave it out, or write type: pods or external", kind)
    if metric.type in scaling.RESOURCES and metric.target is not None and (metric.target % 1 or metric.target > MOST_PERCENT):
        yield Finding(
            "E236",
            (*path, "target"),
            f"{show(metric.target)} is not a whole percentage of the request, up to 10000; write one such as 80",
            kind,
        )
    name = metric.name or metric.type
    source = context.environment.metrics.get(name)
    keda = context.environment.autoscaler == scaling.KEDA
    if metric.type == scaling.IN_FLIGHT and source is None:
        message = "nothing measures requests in flight here; set metrics.in_flight of the environment in cxgen.yaml, or write type: cpu"
        yield Finding("E236", (*path, "type"), message)
    if by_name and keda and source is None:
        message = f"KEDA must know where {name} comes from; set metrics.{name}.prometheus of the environment in cxgen.yaml"
        yield Finding("E236", (*path, "name"), message, kind)
    elsewhere = [name in other.metrics for other in context.project.environments.values()]
    if by_name and not keda and source is None and any(elsewhere):
        message = (
            f"the cluster's metrics API is asked for {name} itself, since the environment names no such metric and another does; set "
            f"metrics.{name} of the environment in cxgen.yaml"
        )
        yield Finding("W123", (*path, "name"), message, kind)


def _requests(context: Context) -> Iterator[Finding]:
    """A percentage of a request needs one in every container."""
    followed = {metric.type: metric for metric in scaling.metrics(context.api, context.environment)}
    for path, container in containers(context.api):
        compute = container.compute
        given = {"cpu": compute.cpu or compute.limits.cpu, "memory": compute.mem or compute.limits.mem}
        for metric, field in (("cpu", "cpu"), ("memory", "mem")):
            if metric not in followed or given[metric]:
                continue
            where = (*path, "compute", field)
            what = "the CPU" if metric == "cpu" else "the memory"
            index = followed[metric].place
            cause = "" if index is None else f" (autoscaling.metrics[{index}])"
            message = (
                f"{'null' if metric == 'cpu' else 'not set'}, but autoscaling follows {what}{cause}, in percent of the request; write a "
                "request, or make autoscaling.min_replicas and max_replicas equal"
            )
            yield Finding("E223", where, message, (_LEAST, _MOST, (*_BASE, "metrics")))


def meanings(context: Context) -> Iterator[Finding]:
    """Cortex scaled every API by its requests in flight. The shorthand is not Cortex's, so it promises nothing else."""
    api, settings = context.api, context.api.autoscaling
    followed = scaling.metrics(api, context.environment)
    if settings.metrics or followed[0].type == scaling.IN_FLIGHT:
        promised = False
    else:
        cure = "set metrics.in_flight of the environment in cxgen.yaml"
        promised = settings.target_in_flight is not None or not (context.shorthand or scaling.is_fixed(api, context.environment))
        if settings.target_in_flight is not None:
            message = f"nothing measures requests in flight here, so replicas follow the CPU at 80 %; {cure}, or leave it out"
            yield Finding("W103", (*_BASE, "target_in_flight"), message)
        elif promised:
            path = _BASE if "autoscaling" in api.model_fields_set else ("pod",)
            message = (
                f"replicas follow the CPU at 80 %, not requests in flight as with Cortex; {cure}, or where the CPU says nothing about "
                "the load, make autoscaling.min_replicas and max_replicas equal"
            )
            yield Finding("W103", path, message, (_LEAST, _MOST))
    asked = devices(api)
    on_cpu = [metric for metric in followed if metric.type == "cpu"]
    if asked and on_cpu and not promised and not scaling.is_fixed(api, context.environment):
        (name, path), index = asked[0], on_cpu[0].place
        where = (*path, "compute", name) if index is None else (*_BASE, "metrics", index)
        message = (
            "replicas follow the CPU, which says little where a device does the work; follow in_flight or a metric of your own in "
            "autoscaling.metrics, or make autoscaling.min_replicas and max_replicas equal"
        )
        yield Finding("W117", where, message, (_LEAST, _MOST))


def ignored(context: Context) -> Iterator[Finding]:
    """Settings that do nothing: with a fixed number of replicas, or on a cluster of this version."""
    settings = context.api.autoscaling
    given = settings.model_fields_set
    fixed = scaling.is_fixed(context.api, context.environment)
    tolerances = ("downscale_tolerance", "upscale_tolerance")
    if not scaling.has_tolerance(context.environment):
        for name in tolerances:
            if name in given:
                known = context.environment.kubernetes_version
                version = f"this environment has {known}" if known else "kubernetes_version of the environment is not set in cxgen.yaml"
                message = f"has no effect: the HPA takes a tolerance from Kubernetes 1.35 on, and {version}; leave it out"
                yield Finding("W106", (*_BASE, name), message)
    if fixed:
        bounds = {"min_replicas", "max_replicas", "init_replicas", "target_in_flight"}
        for name in models.Autoscaling.model_fields:
            if name in given - bounds and (name not in tolerances or scaling.has_tolerance(context.environment)):
                message = f"has no effect: replicas are fixed at {settings.max_replicas}; leave it out, or raise max_replicas"
                yield Finding("W111", (*_BASE, name), message, (_LEAST, _MOST))


def rollout(context: Context) -> Iterator[Finding]:
    """How a rollout replaces pods, and whether it can."""
    api, strategy = context.api, context.api.update_strategy
    if str(strategy.max_surge).rstrip("%") == "0" and str(strategy.max_unavailable).rstrip("%") == "0":
        message = "0, as max_unavailable is: no pod could ever be replaced; raise one of them"
        yield Finding("E217", ("update_strategy", "max_surge"), message, (("update_strategy", "max_unavailable"),))
        return
    replicas = max(api.autoscaling.min_replicas, 1)
    scarce = devices(api)
    # Where both come to 0, Kubernetes lets one replica be unavailable.
    surges = _pods(strategy.max_surge, replicas, up=True) > 0
    if scarce and surges and _pods(strategy.max_unavailable, replicas) == 0:
        rests = (("update_strategy", "max_surge"), ("update_strategy", "max_unavailable"), _LEAST)
        (name, path), what = scarce[0], f"{replicas} replicas" if replicas > 1 else "one replica"
        message = (
            f"a rollout of {what} starts a new pod before an old one goes, and waits for ever where no device is free; write "
            f"update_strategy: {{max_surge: 0, max_unavailable: 1}}, at the price of {'fewer replicas' if replicas > 1 else 'a downtime'} "
            "meanwhile, or keep a device free"
        )
        yield Finding("W113", (*path, "compute", name), message, rests)


def drains(context: Context) -> Iterator[Finding]:
    """A disruption budget lets some replicas go, and not all."""
    disruption = context.api.disruption
    if disruption is None:
        return
    path, replicas = ("disruption", "max_unavailable"), max(context.api.autoscaling.min_replicas, 1)
    allowed = _pods(disruption.max_unavailable, replicas, up=True)
    if allowed == 0:
        yield Finding("W118", path, "no replica may ever be taken away, so every drain of its node waits for ever; write 1")
    elif allowed >= replicas:
        which = f"all {replicas} replicas" if replicas > 1 else "the only replica"
        message = f"a drain may take {which} away at a time, so the budget protects nothing; lower it or raise autoscaling.min_replicas"
        yield Finding("W118", path, message, (_LEAST,))


def _pods(bound: int | str, replicas: int, *, up: bool = False) -> int:
    """What a bound comes to: a share is rounded down for rollouts, and up for disruption budgets, as Kubernetes does."""
    return bound if isinstance(bound, int) else (replicas * int(bound.rstrip("%")) + (99 if up else 0)) // 100

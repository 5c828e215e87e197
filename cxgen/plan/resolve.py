"""From a checked spec to the API as one environment gets it: defaults filled in, forms normalised, decisions taken."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from cxgen.plan.api import API, Autoscaling, Ingress, Metric, Monitoring, Scaling
from cxgen.plan.identity import Identifier, content_id
from cxgen.plan.nodes import nodes
from cxgen.plan.pod import containers, progress_deadline
from cxgen.spec import models, quantity, scaling
from cxgen.spec.project import Environment
from cxgen.spec.scalars import MAX_INT32


def resolve(spec: models.RealtimeAPI, environment: Environment, name: str) -> API:
    """The API that a valid spec describes in the environment of this name, with its deployment id."""
    least, most = scaling.least(spec, environment), spec.autoscaling.max_replicas
    fixed = scaling.is_fixed(spec, environment)
    volumes, made = containers(spec.pod)
    disruption = spec.disruption.max_unavailable if spec.disruption else 1 if least >= 2 else None
    api = API(
        name=Identifier(spec.name),
        kind=Identifier(spec.kind),
        port=spec.pod.port,
        max_concurrency=spec.pod.max_concurrency,
        max_queue_length=spec.pod.max_queue_length,
        containers=made,
        volumes=volumes,
        replicas=most if fixed else None,
        autoscaling=None if fixed else _autoscaling(spec, environment, name),
        pdb_max_unavailable=disruption,
        max_surge=spec.update_strategy.max_surge,
        max_unavailable=spec.update_strategy.max_unavailable,
        progress_deadline_seconds=progress_deadline(made),
        grace_seconds=spec.termination_grace_period,
        nodes=nodes(spec, environment),
        service_account=spec.service_account,
        image_pull_secrets=tuple(dict.fromkeys(spec.image_pull_secrets)),
        priority_class=spec.priority_class,
        runtime_class=spec.runtime_class,
        restricted=environment.security == "restricted",
        endpoint=Identifier(spec.networking.endpoint or f"/{spec.name}"),
        ingress=_ingress(spec, environment),
        monitoring=_monitoring(spec),
        labels=_sorted(spec.labels),
        annotations=_sorted(spec.annotations),
        pod_labels=_sorted(spec.pod.labels),
        pod_annotations=_sorted(spec.pod.annotations),
    )
    return api._replace(deployment_id=content_id(api))


def _sorted(texts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(texts.items()))


def _ingress(spec: models.RealtimeAPI, environment: Environment) -> Ingress | None:
    routing = environment.routing
    if routing.provider == "none":
        return None
    return Ingress(routing.ingress_class, spec.networking.host or routing.host, routing.tls_secret)


def _monitoring(spec: models.RealtimeAPI) -> Monitoring | None:
    if spec.monitoring is None:
        return None
    port = spec.monitoring.port or spec.pod.port
    return Monitoring(spec.monitoring.path, port, port != spec.pod.port)


def _autoscaling(spec: models.RealtimeAPI, environment: Environment, name: str) -> Autoscaling:
    settings = spec.autoscaling
    tolerant = scaling.has_tolerance(environment)
    down, up = (quantity.canonical(f"{share:f}", smallest="m") for share in (settings.downscale_tolerance, settings.upscale_tolerance))
    placeholders = {"name": spec.name, "namespace": environment.namespace or name, "environment": name}
    return Autoscaling(
        min_replicas=scaling.least(spec, environment),
        max_replicas=settings.max_replicas,
        metrics=tuple(_metric(metric, placeholders) for metric in scaling.metrics(spec, environment)),
        down=Scaling(
            _percent(1 - settings.max_downscale_factor),
            settings.window,
            settings.downscale_stabilization_period,
            down if tolerant else None,
        ),
        up=Scaling(
            _percent(settings.max_upscale_factor - 1), settings.window, settings.upscale_stabilization_period, up if tolerant else None
        ),
        keda=environment.autoscaler == scaling.KEDA,
    )


def _metric(metric: scaling.Metric, placeholders: dict[str, str]) -> Metric:
    source, key = metric.source, Identifier(metric.type)
    if metric.type in scaling.RESOURCES:
        return Metric(key, Identifier("Resource"), metric.type, str(int(metric.target)))
    if metric.type != scaling.IN_FLIGHT:
        key = Identifier(f"{metric.type}-{metric.name}")  # printed as a key of values alone

    def filled(text: str) -> str:
        for name, value in placeholders.items():
            text = text.replace(f"$({name})", value)
        return text

    if source and source.prometheus:
        server, query = filled(source.prometheus.server), filled(source.prometheus.query)
        return Metric(key, Identifier("prometheus"), metric.name, f"{metric.target:f}", server, query)
    target = quantity.canonical(f"{metric.target:f}", smallest="m")
    kind = "Pods" if (source and source.pods) or (not source and metric.type == "pods") else "External"
    return Metric(key, Identifier(kind), filled(source.pods or source.external or "") if source else metric.name, target)


def _percent(share: Decimal) -> int:
    """A share in whole percent, rounded down but never to 0, which the API server refuses."""
    return min(max(int((share * 100).to_integral_value(ROUND_FLOOR)), 1), MAX_INT32)

"""From a checked spec to the API as one environment gets it: defaults filled in, forms normalised, decisions taken.

Templates see the result under the name `spec`: they may ask it what there is, and print its identifiers.
"""

from __future__ import annotations

import itertools
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from cxgen.plan.identity import Identifier, content_id
from cxgen.spec import containers as c
from cxgen.spec import models, quantity, scaling
from cxgen.spec.project import Environment, NodeGroup
from cxgen.spec.rules.scaling import TOLERANCE_SINCE
from cxgen.spec.scalars import DNS1035, MAX_INT32

STABLE = Identifier("stable")
# Kubernetes' default for the seconds without progress after which a rollout counts as failed.
PROGRESS_DEADLINE = 600
SHORT_START = 60  # seconds that need no longer deadline
# Beside a liveness probe, a container has this long to start before it is killed: models load slowly.
STARTUP_PERIOD, STARTUP_FAILURES = 10, 180
# Taints that are not named as the resource is: NVIDIA's device plugins share one.
_TAINTS = {"nvidia.com": "nvidia.com/gpu", "aws.amazon.com": "aws.amazon.com/neuron"}


class Handler(NamedTuple):
    """What a probe or hook does: runs a command, or connects to a port, and with a path asks there by HTTP."""

    http_path: str | None = None
    port: int | None = None
    command: tuple[str, ...] = ()


class Probe(NamedTuple):
    handler: Handler
    initial_delay_seconds: int
    timeout_seconds: int
    period_seconds: int
    success_threshold: int
    failure_threshold: int


class Variable(NamedTuple):
    """An environment variable: its text, or where its value comes from, in the words of Kubernetes."""

    name: Identifier
    value: str
    reference: tuple[tuple[str, str], ...] = ()  # secretKeyRef, configMapKeyRef or fieldRef: its fields
    source: str = ""


class Mount(NamedTuple):
    """A volume of the pod in a container."""

    volume: Identifier
    path: Identifier
    sub_path: str | None
    read_only: bool


class Device(NamedTuple):
    """A resource that a device plugin counts."""

    resource: Identifier
    number: int


class Container(NamedTuple):
    name: Identifier
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[Variable, ...]
    cpu: str | None
    mem: str | None
    cpu_limit: str | None
    mem_limit: str | None
    hugepages: str | None
    devices: tuple[Device, ...]
    readiness_probe: Probe | None
    liveness_probe: Probe | None
    startup_probe: Probe | None
    pre_stop: Handler | None
    mounts: tuple[Mount, ...]
    capabilities: tuple[Identifier, ...]
    run_as_user: int | None
    serves: bool  # it is the one that listens on the API's port

    @property
    def resources(self) -> bool:
        """Whether it asks for anything of its node."""
        return bool(self.cpu or self.mem or self.cpu_limit or self.mem_limit or self.hugepages or self.devices)


class Volume(NamedTuple):
    """A volume of the pod: its source, in the words of Kubernetes, and that source's fields."""

    name: Identifier
    source: str
    fields: tuple[tuple[str, str], ...]


class Scaling(NamedTuple):
    """One direction of the autoscaler: how far it may go in a period, and how long it waits."""

    percent: int
    period_seconds: int
    stabilization_seconds: int
    tolerance: str | None  # None for the cluster's


class Metric(NamedTuple):
    """What replicas follow: a resource, a metric of the pods or of the outside, or a query to Prometheus."""

    key: Identifier
    type: Identifier  # Resource, Pods, External or prometheus
    name: str
    target: str  # percent for a resource, else a quantity (for prometheus a number) for each replica
    server: str = ""
    query: str = ""


class Autoscaling(NamedTuple):
    min_replicas: int
    max_replicas: int
    metrics: tuple[Metric, ...]
    down: Scaling
    up: Scaling
    keda: bool


class Toleration(NamedTuple):
    key: str | None
    operator: str
    value: str | None
    effect: str | None
    seconds: int | None


class Nodes(NamedTuple):
    """On which nodes pods run."""

    selector: tuple[tuple[str, str], ...]
    tolerations: tuple[Toleration, ...]
    taints: tuple[Identifier, ...]  # of nodes with the devices that are asked for
    terms: tuple[tuple[tuple[str, str, str], ...], ...]  # a node meets all of one term: label, In or NotIn, value


class Ingress(NamedTuple):
    class_name: str
    host: str | None
    tls_secret: str | None


class Monitoring(NamedTuple):
    path: str
    port: int
    own: bool  # it is another port than that of the API


class API(NamedTuple):
    """One API in one environment. Either `replicas` or `autoscaling` is set."""

    name: Identifier
    kind: Identifier
    port: int
    max_concurrency: int
    max_queue_length: int
    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...]
    replicas: int | None
    autoscaling: Autoscaling | None
    pdb_max_unavailable: int | str | None
    max_surge: int | str
    max_unavailable: int | str
    progress_deadline_seconds: int | None
    grace_seconds: int
    nodes: Nodes
    service_account: str | None
    image_pull_secrets: tuple[str, ...]
    priority_class: str | None
    runtime_class: str | None
    restricted: bool
    endpoint: Identifier
    ingress: Ingress | None
    monitoring: Monitoring | None
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    pod_labels: tuple[tuple[str, str], ...]
    pod_annotations: tuple[tuple[str, str], ...]
    role: Identifier = STABLE
    deployment_id: Identifier = Identifier()
    pod_id: Identifier = Identifier()

    @property
    def fullname(self) -> Identifier:
        """The name of the role's objects."""
        return self.name if self.role == STABLE else Identifier(f"{self.name}-{self.role}")


class Tombstone(NamedTuple):
    """An API whose spec is gone. Its ServiceAccount stays in Git, so that Argo CD prunes the rest, routes first."""

    name: Identifier
    labels: tuple[()] = ()
    annotations: tuple[()] = ()


def resolve(spec: models.RealtimeAPI, environment: Environment, name: str) -> API:
    """The API that a valid spec describes in the environment of this name, with its deployment id."""
    least, most = scaling.least(spec, environment), spec.autoscaling.max_replicas
    fixed = scaling.is_fixed(spec, environment)
    volumes, containers = _containers(spec.pod)
    disruption = spec.disruption.max_unavailable if spec.disruption else 1 if least >= 2 else None
    api = API(
        name=Identifier(spec.name),
        kind=Identifier(spec.kind),
        port=spec.pod.port,
        max_concurrency=spec.pod.max_concurrency,
        max_queue_length=spec.pod.max_queue_length,
        containers=containers,
        volumes=volumes,
        replicas=most if fixed else None,
        autoscaling=None if fixed else _autoscaling(spec, environment, name),
        pdb_max_unavailable=disruption,
        max_surge=spec.update_strategy.max_surge,
        max_unavailable=spec.update_strategy.max_unavailable,
        progress_deadline_seconds=_progress_deadline(containers),
        grace_seconds=spec.termination_grace_period,
        nodes=_nodes(spec, environment),
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


def _progress_deadline(containers: tuple[Container, ...]) -> int | None:
    """Longer by the time that a container may take to be ready, or Argo CD calls a slow start a failure; None for the default."""
    slowest = max(_time(c.startup_probe, "failure_threshold") + _time(c.readiness_probe, "success_threshold") for c in containers)
    return min(PROGRESS_DEADLINE + slowest, MAX_INT32) if slowest > SHORT_START else None


def _time(probe: Probe | None, threshold: str) -> int:
    """Seconds until a probe has had so many results."""
    if probe is None:
        return 0
    return probe.initial_delay_seconds + max(probe.period_seconds, probe.timeout_seconds) * int(getattr(probe, threshold))


def _containers(pod: models.Pod) -> tuple[tuple[Volume, ...], tuple[Container, ...]]:
    readiness = [_probe(container.readiness_probe, pod.port) for container in pod.containers]
    serving = next((i for i, probe in enumerate(readiness) if probe and probe.handler.port == pod.port), None)
    if serving is None and None in readiness:
        # No probe looks at the port: the first container that has none gets one.
        readiness[readiness.index(None)] = Probe(Handler(port=pod.port), 0, 1, 10, 1, 3)
        serving = next(i for i, probe in enumerate(readiness) if probe and probe.handler.port == pod.port)
    volumes: dict[str, Volume] = {}
    containers = tuple(
        _container(container, probe, pod.port, _mounts(container, index, volumes), serves=index == (serving or 0))
        for index, (container, probe) in enumerate(zip(pod.containers, readiness, strict=True))
    )
    return tuple(volumes.values()), containers


def _container(spec: c.Container, readiness: Probe | None, port: int, mounts: tuple[Mount, ...], *, serves: bool) -> Container:
    liveness, startup = _probe(spec.liveness_probe, port), _probe(spec.startup_probe, port)
    if liveness and not startup:
        startup = Probe(liveness.handler, 0, liveness.timeout_seconds, STARTUP_PERIOD, 1, STARTUP_FAILURES)
    compute = spec.compute
    return Container(
        name=Identifier(spec.name),
        image=spec.image,
        command=spec.command,
        args=spec.args,
        env=tuple(_variable(Identifier(name), value) for name, value in spec.env.items()),
        cpu=compute.cpu,
        mem=compute.mem,
        cpu_limit=compute.limits.cpu,
        mem_limit=compute.limits.mem or compute.mem,
        hugepages=compute.hugepages,
        devices=tuple(
            Device(Identifier(resource), count)
            for resource, count in ((compute.gpu_resource, compute.gpu), (compute.inf_resource, compute.inf))
            if count
        ),
        readiness_probe=readiness,
        liveness_probe=liveness,
        startup_probe=startup,
        pre_stop=_handler(spec.pre_stop, port) if spec.pre_stop else None,
        mounts=mounts,
        capabilities=tuple(Identifier(name) for name in sorted(set(spec.security.capabilities))),
        run_as_user=spec.security.run_as_user,
        serves=serves,
    )


def _variable(name: Identifier, value: str | c.EnvReference) -> Variable:
    if isinstance(value, str):
        return Variable(name, value)
    for source, key in (("secretKeyRef", value.secret), ("configMapKeyRef", value.config_map)):
        if key:
            return Variable(name, "", (("name", key.name), ("key", key.key)), source)
    if value.field:
        return Variable(name, "", (("fieldPath", value.field),), "fieldRef")
    return Variable(name, value.value or "")


def _mounts(spec: c.Container, index: int, volumes: dict[str, Volume]) -> tuple[Mount, ...]:
    """The mounts of a container; adds the volumes that they need. What two containers name alike is one volume."""
    mounts = []
    if spec.compute.shm:
        volume = _volume(f"shm-{spec.name}", f"shm-{index}", "emptyDir", (("medium", "Memory"), ("sizeLimit", spec.compute.shm)))
        mounts.append(Mount(volumes.setdefault(volume.name, volume).name, Identifier("/dev/shm"), None, read_only=False))  # noqa: S108
    for number, wanted in enumerate(spec.volumes):
        volume = _source(spec.name, index, number, wanted)
        mounts.append(Mount(volumes.setdefault(volume.name, volume).name, Identifier(wanted.mount_path), wanted.sub_path, wanted.read_only))
    return tuple(mounts)


def _source(container: str, index: int, number: int, spec: c.Volume) -> Volume:
    if folder := spec.empty_dir:
        fields = (("medium", folder.medium), ("sizeLimit", folder.size_limit))
        given = tuple((key, value) for key, value in fields if value)
        name = f"shared-{folder.name}" if folder.name else f"empty-{container}-{number}"
        return _volume(name, f"empty-{index}-{number}", "emptyDir", given)
    for kind, source, field, ref in (
        ("secret", "secret", "secretName", spec.secret),
        ("config", "configMap", "name", spec.config_map),
        ("claim", "persistentVolumeClaim", "claimName", spec.persistent_volume_claim),
    ):
        if ref:
            return _volume(f"{kind}-{ref.name}", f"{kind}-{content_id(ref.name)}", source, ((field, ref.name),))
    raise AssertionError("a valid volume has one source")


def _volume(name: str, other: str, source: str, fields: tuple[tuple[str, str], ...]) -> Volume:
    """A volume; by the other name where the first is none that Kubernetes takes."""
    return Volume(Identifier(name if len(name) <= 63 and DNS1035.fullmatch(name) else other), source, fields)


def _probe(spec: c.Probe | None, port: int) -> Probe | None:
    if spec is None:
        return None
    return Probe(
        _handler(spec, port),
        spec.initial_delay_seconds,
        spec.timeout_seconds,
        spec.period_seconds,
        spec.success_threshold,
        spec.failure_threshold,
    )


def _handler(spec: c.Probe | c.PreStop, port: int) -> Handler:
    if spec.exec is not None:
        return Handler(command=spec.exec.command)
    if spec.http_get is not None:
        return Handler(http_path=spec.http_get.path, port=spec.http_get.port or port)
    assert isinstance(spec, c.Probe) and spec.tcp_socket is not None
    return Handler(port=spec.tcp_socket.port or port)


def _autoscaling(spec: models.RealtimeAPI, environment: Environment, name: str) -> Autoscaling:
    settings = spec.autoscaling
    tolerant = environment.at_least(TOLERANCE_SINCE)
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
    if source and source.prometheus:
        query = source.prometheus.query
        for name, value in placeholders.items():
            query = query.replace(f"$({name})", value)
        return Metric(key, Identifier("prometheus"), metric.name, f"{metric.target:f}", source.prometheus.server, query)
    target = quantity.canonical(f"{metric.target:f}", smallest="m")
    kind = "Pods" if (source and source.pods) or (not source and metric.type == "pods") else "External"
    return Metric(key, Identifier(kind), (source.pods or source.external or "") if source else metric.name, target)


def _percent(share: Decimal) -> int:
    """A share in whole percent, rounded down but never to 0, which the API server refuses."""
    return min(max(int((share * 100).to_integral_value(ROUND_FLOOR)), 1), MAX_INT32)


def _nodes(spec: models.RealtimeAPI, environment: Environment) -> Nodes:
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
        selector=_sorted(selector),
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

"""From a checked spec to the API as one environment gets it: defaults filled in, forms normalised, decisions taken.

Templates see the result under the name `spec`: they may ask it what there is, and print its identifiers.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from cxgen.plan.identity import Identifier, content_id
from cxgen.spec import models
from cxgen.spec.scalars import MAX_INT32

STABLE = Identifier("stable")
GPU, INFERENTIA = "nvidia.com/gpu", "aws.amazon.com/neuron"
CPU_TARGET = 80  # percent of the request
# Kubernetes' default for the seconds without progress after which a rollout counts as failed.
PROGRESS_DEADLINE = 600
SHORT_START = 60  # seconds that need no longer deadline
# Beside a liveness probe, a container has this long to start before it is killed: models load slowly.
STARTUP_PERIOD, STARTUP_FAILURES = 10, 180


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


class Container(NamedTuple):
    name: Identifier
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[Identifier, str], ...]
    cpu: str | None
    mem: str | None
    gpu: int
    inf: int
    readiness_probe: Probe | None
    liveness_probe: Probe | None
    startup_probe: Probe | None
    pre_stop: Handler | None
    serves: bool  # it is the one that listens on the API's port

    @property
    def resources(self) -> bool:
        """Whether it asks for anything of its node."""
        return bool(self.cpu or self.mem or self.gpu or self.inf)


class Scaling(NamedTuple):
    """One direction of the autoscaler: how far it may go in a period, and how long it waits."""

    percent: int
    period_seconds: int
    stabilization_seconds: int


class Autoscaling(NamedTuple):
    min_replicas: int
    max_replicas: int
    cpu_percent: int
    down: Scaling
    up: Scaling


class API(NamedTuple):
    """One API in one environment. Either `replicas` or `autoscaling` is set."""

    name: Identifier
    kind: Identifier
    port: int
    max_concurrency: int
    max_queue_length: int
    containers: tuple[Container, ...]
    replicas: int | None
    autoscaling: Autoscaling | None
    pdb_max_unavailable: int | None
    max_surge: int | str
    max_unavailable: int | str
    progress_deadline_seconds: int | None
    endpoint: Identifier
    host: str | None
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    role: Identifier = STABLE
    deployment_id: Identifier = Identifier()
    pod_id: Identifier = Identifier()

    @property
    def fullname(self) -> Identifier:
        """The name of the role's objects."""
        return self.name if self.role == STABLE else Identifier(f"{self.name}-{self.role}")

    @property
    def gpu(self) -> bool:
        return any(container.gpu for container in self.containers)

    @property
    def inf(self) -> bool:
        return any(container.inf for container in self.containers)


class Tombstone(NamedTuple):
    """An API whose spec is gone. Its ServiceAccount stays in Git, so that Argo CD prunes the rest, routes first."""

    name: Identifier
    labels: tuple[()] = ()
    annotations: tuple[()] = ()


def resolve(spec: models.RealtimeAPI) -> API:
    """The API that a valid spec describes, with its deployment id."""
    scaling = spec.autoscaling
    least = max(scaling.min_replicas, 1)
    fixed = least == scaling.max_replicas
    containers = _containers(spec.pod)
    api = API(
        name=Identifier(spec.name),
        kind=Identifier(spec.kind),
        port=spec.pod.port,
        max_concurrency=spec.pod.max_concurrency,
        max_queue_length=spec.pod.max_queue_length,
        containers=containers,
        replicas=least if fixed else None,
        autoscaling=None if fixed else _autoscaling(scaling, least),
        pdb_max_unavailable=1 if least >= 2 else None,
        max_surge=spec.update_strategy.max_surge,
        max_unavailable=spec.update_strategy.max_unavailable,
        progress_deadline_seconds=_progress_deadline(containers),
        endpoint=Identifier(spec.networking.endpoint or f"/{spec.name}"),
        host=spec.networking.host,
        labels=tuple(sorted(spec.labels.items())),
        annotations=tuple(sorted(spec.annotations.items())),
    )
    return api._replace(deployment_id=content_id(api))


def _progress_deadline(containers: tuple[Container, ...]) -> int | None:
    """Longer by the time that a container may take to be ready, or Argo CD calls a slow start a failure; None for the default."""
    slowest = max(_time(c.startup_probe, "failure_threshold") + _time(c.readiness_probe, "success_threshold") for c in containers)
    return min(PROGRESS_DEADLINE + slowest, MAX_INT32) if slowest > SHORT_START else None


def _time(probe: Probe | None, threshold: str) -> int:
    """Seconds until a probe has had so many results."""
    if probe is None:
        return 0
    return probe.initial_delay_seconds + max(probe.period_seconds, probe.timeout_seconds) * int(getattr(probe, threshold))


def _containers(pod: models.Pod) -> tuple[Container, ...]:
    readiness = [_probe(container.readiness_probe, pod.port) for container in pod.containers]
    serving = next((i for i, probe in enumerate(readiness) if probe and probe.handler.port == pod.port), None)
    if serving is None and None in readiness:
        # No probe looks at the port: the first container that has none gets one.
        readiness[readiness.index(None)] = Probe(Handler(port=pod.port), 0, 1, 10, 1, 3)
        serving = next(i for i, probe in enumerate(readiness) if probe and probe.handler.port == pod.port)
    return tuple(
        _container(container, probe, pod.port, serves=index == (serving or 0))
        for index, (container, probe) in enumerate(zip(pod.containers, readiness, strict=True))
    )


def _container(spec: models.Container, readiness: Probe | None, port: int, *, serves: bool) -> Container:
    liveness, startup = _probe(spec.liveness_probe, port), _probe(spec.startup_probe, port)
    if liveness and not startup:
        startup = Probe(liveness.handler, 0, liveness.timeout_seconds, STARTUP_PERIOD, 1, STARTUP_FAILURES)
    return Container(
        name=Identifier(spec.name),
        image=spec.image,
        command=spec.command,
        args=spec.args,
        env=tuple((Identifier(name), value) for name, value in spec.env.items()),
        cpu=spec.compute.cpu,
        mem=spec.compute.mem,
        gpu=spec.compute.gpu,
        inf=spec.compute.inf,
        readiness_probe=readiness,
        liveness_probe=liveness,
        startup_probe=startup,
        pre_stop=_handler(spec.pre_stop, port) if spec.pre_stop else None,
        serves=serves,
    )


def _probe(spec: models.Probe | None, port: int) -> Probe | None:
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


def _handler(spec: models.Probe | models.PreStop, port: int) -> Handler:
    if spec.exec is not None:
        return Handler(command=spec.exec.command)
    if spec.http_get is not None:
        return Handler(http_path=spec.http_get.path, port=spec.http_get.port or port)
    assert isinstance(spec, models.Probe) and spec.tcp_socket is not None
    return Handler(port=spec.tcp_socket.port or port)


def _autoscaling(spec: models.Autoscaling, least: int) -> Autoscaling:
    return Autoscaling(
        min_replicas=least,
        max_replicas=spec.max_replicas,
        cpu_percent=CPU_TARGET,
        down=Scaling(_percent(1 - spec.max_downscale_factor), spec.window, spec.downscale_stabilization_period),
        up=Scaling(_percent(spec.max_upscale_factor - 1), spec.window, spec.upscale_stabilization_period),
    )


def _percent(share: Decimal) -> int:
    """A share in whole percent, rounded down but never to 0, which the API server refuses."""
    return min(max(int((share * 100).to_integral_value(ROUND_FLOOR)), 1), MAX_INT32)

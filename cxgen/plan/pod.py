"""The containers of an API's pods, and their volumes."""

from __future__ import annotations

from cxgen.plan.api import Container, Device, Handler, Mount, Probe, Variable, Volume
from cxgen.plan.identity import Identifier, content_id
from cxgen.spec import containers as c
from cxgen.spec import models
from cxgen.spec.scalars import DNS1035, MAX_INT32

# Kubernetes' default for the seconds without progress after which a rollout counts as failed.
PROGRESS_DEADLINE = 600
SHORT_START = 60  # seconds that need no longer deadline
# Beside a liveness probe, a container has this long to start before it is killed: models load slowly.
STARTUP_PERIOD, STARTUP_FAILURES = 10, 180


def progress_deadline(containers: tuple[Container, ...]) -> int | None:
    """Longer by the time that a container may take to be ready, or Argo CD calls a slow start a failure; None for the default."""
    slowest = max(_time(c.startup_probe, "failure_threshold") + _time(c.readiness_probe, "success_threshold") for c in containers)
    return min(PROGRESS_DEADLINE + slowest, MAX_INT32) if slowest > SHORT_START else None


def _time(probe: Probe | None, threshold: str) -> int:
    """Seconds until a probe has had so many results."""
    if probe is None:
        return 0
    return probe.initial_delay_seconds + max(probe.period_seconds, probe.timeout_seconds) * int(getattr(probe, threshold))


def containers(pod: models.Pod) -> tuple[tuple[Volume, ...], tuple[Container, ...]]:
    """The containers in their order, and the volumes that they mount."""
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
        devices=tuple(Device(Identifier(resource), count) for resource, count in compute.devices),
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
            return _volume(f"{kind}-{ref.name}", f"{kind}s-{content_id(ref.name)}", source, ((field, ref.name),))
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

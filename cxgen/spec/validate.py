"""The rules between values: inside one API, and between the APIs of an environment. Warnings too.

Rules run on partly invalid specs as well (loader.py puts harmless values in place of wrong ones); a finding that rests on
such a value is dropped, so one mistake gives one error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from cxgen.errors import Diagnostic
from cxgen.spec import models, quantity
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.loader import Document
from cxgen.spec.scalars import show

# One environment's and one API's name, joined by "-", are the release name that Argo CD gives to Helm (at most 53).
MAX_RELEASE_NAME = 53
# What the annotations of an object may have together: k8s.io/apimachinery, pkg/api/validation, TotalAnnotationSizeLimitB.
# Argo CD, like kubectl apply, keeps the whole object in one of them (last-applied-configuration), as Go writes JSON.
MAX_ANNOTATIONS = 256 * 1024
# Hardly a node has more to give to one pod; who writes more means thousandths.
MOST_CPUS = 128
# What a Deployment holds beside the texts of its spec, rounded up.
_OBJECT, _CONTAINER, _TEXT = 4096, 4096, 12


class Finding(NamedTuple):
    """What a rule found: `rests_on` are the further paths whose values it used."""

    code: str
    path: FieldPath
    message: str
    rests_on: tuple[FieldPath, ...] = ()
    lacks: bool = False  # a field that is not there is what is wrong


def check(document: Document) -> list[Diagnostic]:
    """Everything that is wrong or surprising in one API, in the order of its lines."""
    if document.api is None:
        return list(document.diagnostics)
    api = document.api
    rules = (_names, _probes, _compute, _replicas, _rollout, _sizes, _migration, _images, _units)
    found = [
        document.at(finding.code, finding.path, finding.message)
        for finding in (*(finding for rule in rules for finding in rule(api)), *_metric(api, document.shorthand))
        if not any(_is_wrong(path, document.invalid) for path in (finding.path, *finding.rests_on))
        # A map that lacks something and has an unknown field has it under another name: that is said already.
        and not (finding.lacks and any(path[:-1] == finding.path for path in document.unknown))
    ]
    return sorted((*document.diagnostics, *found), key=lambda d: (d.line, d.column))


def between(documents: list[Document], environment: str) -> list[Diagnostic]:
    """What the APIs of one environment must not have in common."""
    names: dict[str, Document] = {}
    endpoints: dict[tuple[str, str], Document] = {}
    found = []
    for document in documents:
        api = document.api
        if api is None:
            continue
        if ("name",) not in document.invalid:
            first = names.setdefault(api.name, document)
            if first is not document:
                found.append(document.at("E301", ("name",), f'"{api.name}" is also the name of the API in {_place(first)}; choose another'))
            length = len(environment) + 1 + len(api.name)
            if length > MAX_RELEASE_NAME:
                message = (
                    f"with the environment's name {environment} it has {length - 1} characters; Argo CD's release names leave "
                    f"{MAX_RELEASE_NAME - 1}, so shorten one of them"
                )
                found.append(document.at("E303", ("name",), message))
        if document.invalid & {("name",), ("networking",), ("networking", "endpoint"), ("networking", "host")}:
            continue
        endpoint = api.networking.endpoint or f"/{api.name}"
        first = endpoints.setdefault((api.networking.host or "", endpoint.lower()), document)  # ingress-nginx ignores case
        if first is not document and first.api is not None and first.api.name != api.name:
            message = f"{endpoint} is also the endpoint of {first.api.name} in {_place(first)}; set networking.endpoint of one of them"
            found.append(document.at("E302", ("networking", "endpoint") if api.networking.endpoint else ("name",), message))
    return found


def _place(document: Document) -> str:
    return f"{document.file}:{document.node.line}"


def _is_wrong(path: FieldPath, invalid: frozenset[FieldPath]) -> bool:
    """Whether the value at a path, or one that it lies in, is not the one that was written."""
    return any(path[:length] in invalid for length in range(1, len(path) + 1))


def _containers(api: models.RealtimeAPI) -> Iterator[tuple[FieldPath, models.Container]]:
    for index, container in enumerate(api.pod.containers):
        yield ("pod", "containers", index), container


def _names(api: models.RealtimeAPI) -> Iterator[Finding]:
    if not api.pod.containers:
        yield Finding("E224", ("pod", "containers"), "a pod needs a container; write one with name and image")
    seen: set[str] = set()
    for path, container in _containers(api):
        if container.name in seen:
            yield Finding("E202", (*path, "name"), f'"{container.name}" is the name of another container too; choose another')
        seen.add(container.name)


def _probes(api: models.RealtimeAPI) -> Iterator[Finding]:
    for path, container in _containers(api):
        for name in ("readiness_probe", "liveness_probe", "startup_probe"):
            probe: models.Probe | None = getattr(container, name)
            if probe is None:
                continue
            yield from _handlers((*path, name), probe, ("http_get", "tcp_socket", "exec"))
            if name != "readiness_probe" and probe.success_threshold != 1:
                message = f"{probe.success_threshold} is not possible here: Kubernetes wants 1; leave it out"
                yield Finding("E213", (*path, name, "success_threshold"), message)
        if container.pre_stop is not None:
            yield from _handlers((*path, "pre_stop"), container.pre_stop, ("http_get", "exec"))


def _handlers(path: FieldPath, probe: models.Probe | models.PreStop, names: tuple[str, ...]) -> Iterator[Finding]:
    given = [name for name in names if getattr(probe, name) is not None]
    handlers = f"{', '.join(names[:-1])} and {names[-1]}"
    if len(given) != 1:
        what = " and ".join(given) if given else "nothing"
        yield Finding("E212", path, f"names {what}; write exactly one of {handlers}", tuple((*path, name) for name in names), not given)
    if probe.exec is not None and not probe.exec.command:
        yield Finding("E224", (*path, "exec", "command"), 'an empty command cannot run; write one such as ["cat", "/tmp/ready"]')


def _compute(api: models.RealtimeAPI) -> Iterator[Finding]:
    wanted = {name: [path for path, c in _containers(api) if getattr(c.compute, name)] for name in ("gpu", "inf")}
    if wanted["gpu"] and wanted["inf"]:
        path = (*wanted["inf"][0], "compute", "inf")
        message = "GPUs and Inferentia chips are never on one node; keep gpu or inf"
        yield Finding("E209", path, message, tuple((*where, "compute", "gpu") for where in wanted["gpu"]))
    for path in wanted["inf"]:
        message = (
            "Cortex ran such containers with SYS_ADMIN, IPC_LOCK and huge pages; here they get the device alone, so the image "
            "must run without them"
        )
        yield Finding("W108", (*path, "compute", "inf"), message)
    if _fixed(api.autoscaling):
        return
    for path, container in _containers(api):
        if container.compute.cpu is None:
            message = (
                "null, but autoscaling follows the CPU, in percent of the request; write a request, or make "
                "autoscaling.min_replicas and max_replicas equal"
            )
            bounds = (("autoscaling", "min_replicas"), ("autoscaling", "max_replicas"))
            yield Finding("E223", (*path, "compute", "cpu"), message, bounds)


def _fixed(scaling: models.Autoscaling) -> bool:
    """Whether the number of replicas is fixed; 0 counts as 1, the least that an autoscaler can do here."""
    return max(scaling.min_replicas, 1) == scaling.max_replicas


def _replicas(api: models.RealtimeAPI) -> Iterator[Finding]:
    scaling, base = api.autoscaling, ("autoscaling",)
    least, most = (*base, "min_replicas"), (*base, "max_replicas")
    if scaling.min_replicas > scaling.max_replicas:
        message = f"{scaling.min_replicas} is more than max_replicas ({scaling.max_replicas}); lower it or raise max_replicas"
        yield Finding("E214", least, message, (most,))
    elif scaling.init_replicas is not None and not scaling.min_replicas <= scaling.init_replicas <= scaling.max_replicas:
        message = (
            f"{scaling.init_replicas} is not between min_replicas ({scaling.min_replicas}) and max_replicas "
            f"({scaling.max_replicas}); leave it out"
        )
        yield Finding("E214", (*base, "init_replicas"), message, (least, most))
    if scaling.init_replicas is not None:
        message = "has no effect: Git holds the wanted state, and replicas belong to the autoscaler; leave it out"
        yield Finding("W104", (*base, "init_replicas"), message)
    if scaling.min_replicas == 0:
        yield Finding("W105", least, "rendered as 1: this autoscaler cannot scale to zero; write 1")
    holds = api.pod.max_concurrency + api.pod.max_queue_length
    target = scaling.target_in_flight
    if target is not None and target > holds:
        message = f"{show(target)} is more than a replica holds: max_concurrency + max_queue_length is {holds}; lower it"
        yield Finding("E215", (*base, "target_in_flight"), message, (("pod", "max_concurrency"), ("pod", "max_queue_length")))
    given = scaling.model_fields_set
    for name in ("downscale_tolerance", "upscale_tolerance"):
        if name in given:
            message = "has no effect: the HPA takes a tolerance from Kubernetes 1.35 on, so the cluster's 10 % holds; leave it out"
            yield Finding("W106", (*base, name), message)
    if _fixed(scaling):
        bounds = {"min_replicas", "max_replicas", "init_replicas", "target_in_flight", "downscale_tolerance", "upscale_tolerance"}
        for name in models.Autoscaling.model_fields:
            if name in given - bounds:
                message = f"has no effect: replicas are fixed at {scaling.max_replicas}; leave it out, or raise max_replicas"
                yield Finding("W111", (*base, name), message, (least, most))


def _metric(api: models.RealtimeAPI, shorthand: bool) -> Iterator[Finding]:
    """Cortex scaled every API by its requests in flight. The shorthand is not Cortex's, so it promises nothing else."""
    scaling = api.autoscaling
    if scaling.target_in_flight is not None:
        message = "nothing measures requests in flight here, so replicas follow the CPU at 80 %; leave it out"
        yield Finding("W103", ("autoscaling", "target_in_flight"), message)
    elif not shorthand and not _fixed(scaling):
        path: FieldPath = ("autoscaling",) if "autoscaling" in api.model_fields_set else ("pod",)
        message = (
            "replicas follow the CPU at 80 %, not requests in flight as with Cortex; where the CPU says nothing about the load, "
            "make autoscaling.min_replicas and max_replicas equal"
        )
        bounds = (("autoscaling", "min_replicas"), ("autoscaling", "max_replicas"))
        yield Finding("W103", path, message, bounds)


def _rollout(api: models.RealtimeAPI) -> Iterator[Finding]:
    strategy = api.update_strategy
    if str(strategy.max_surge).rstrip("%") == "0" and str(strategy.max_unavailable).rstrip("%") == "0":
        message = "0, as max_unavailable is: no pod could ever be replaced; raise one of them"
        yield Finding("E217", ("update_strategy", "max_surge"), message, (("update_strategy", "max_unavailable"),))
        return
    replicas = max(api.autoscaling.min_replicas, 1)
    scarce = [(name, path) for name in ("gpu", "inf") for path, c in _containers(api) if getattr(c.compute, name)]
    if scarce and _pods(strategy.max_unavailable, replicas) == 0:
        bounds = (("update_strategy", "max_surge"), ("update_strategy", "max_unavailable"))
        (name, path), what = scarce[0], f"{replicas} replicas" if replicas > 1 else "one replica"
        message = (
            f"a rollout of {what} starts a new pod before an old one goes, and waits for ever where no device is free; write "
            f"update_strategy: {{max_surge: 0, max_unavailable: 1}}, at the price of {'fewer replicas' if replicas > 1 else 'a downtime'} "
            "meanwhile, or keep a device free"
        )
        yield Finding("W113", (*path, "compute", name), message, (*bounds, ("autoscaling", "min_replicas")))


def _pods(bound: int | str, replicas: int) -> int:
    """What max_unavailable comes to; a share is rounded down, as Kubernetes does."""
    return bound if isinstance(bound, int) else replicas * int(bound.rstrip("%")) // 100


def _sizes(api: models.RealtimeAPI) -> Iterator[Finding]:
    sizes: dict[FieldPath, int] = {("pod",): _OBJECT + len(api.pod.containers) * _CONTAINER}
    for path, container in _containers(api):
        sizes |= {(*path, name): sum(map(_json, texts)) for name, texts in _texts(container).items()}
    annotations = [text for pair in api.annotations.items() for text in pair]
    sizes[("annotations",)] = sum(_json(text) + len(text.encode()) for text in annotations)
    sizes[("labels",)] = sum(_json(text) for pair in api.labels.items() for text in pair)
    size = sum(sizes.values())
    if size > MAX_ANNOTATIONS:
        message = (
            f"the largest part of an API that comes to {size:,} bytes once rendered, annotations counted twice; Argo CD can apply "
            f"{MAX_ANNOTATIONS:,}, so shorten it, or put it into the image"
        )
        yield Finding("E225", max(sizes, key=sizes.__getitem__), message)


def _texts(container: models.Container) -> dict[str, list[str]]:
    """All that a container's spec brings into its pod template, by field."""
    found = {
        "image": [container.image],
        "command": list(container.command),
        "args": list(container.args),
        "env": [text for pair in container.env.items() for text in pair],
    }
    for name in ("readiness_probe", "liveness_probe", "startup_probe", "pre_stop"):
        handler = getattr(container, name)
        if handler is not None:
            texts = [*(handler.exec.command if handler.exec else ()), handler.http_get.path if handler.http_get else ""]
            found[name] = texts * (2 if name == "liveness_probe" else 1)  # a startup probe is made of it
    return found


def _json(text: str) -> int:
    """The bytes of a text in JSON as Go writes it, and of what stands around it."""
    return _TEXT + len(json.dumps(text, ensure_ascii=False).encode()) + 5 * sum(map(text.count, "<>&"))


def _migration(api: models.RealtimeAPI) -> Iterator[Finding]:
    """What Cortex gave its pods and a plain cluster does not."""
    for name in ("max_concurrency", "max_queue_length"):
        if name in api.pod.model_fields_set:
            message = "not enforced: no proxy stands before the container; let the server bound its own work"
            yield Finding("W102", ("pod", name), message)
    several = len(api.pod.containers) > 1
    for path, container in _containers(api):
        texts: list[tuple[FieldPath, str]] = [((*path, "env", name), value) for name, value in container.env.items()]
        for field in ("command", "args"):
            texts += [((*path, field, index), value) for index, value in enumerate(getattr(container, field))]
        for where, value in texts:
            if several and re.search(r"(^|[:=\s])/mnt(/|$)", value):
                message = (
                    "/mnt is shared between containers by Cortex only; here each container has its own, so let them talk over localhost"
                )
                yield Finding("W107", where, message)
            for variable in re.findall(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)", value):
                ours = variable in container.env or variable == "CXGEN_POD_ID"
                if not ours and (variable.startswith("CORTEX_") or not _runs_shell(container)):
                    was = "was set by Cortex and is not here" if variable.startswith("CORTEX_") else "is not set"
                    message = f"$({variable}) {was}, so the text stays as it is; set {variable} in env, or write $$({variable})"
                    yield Finding("W109", where, message)
    probes = [container.readiness_probe for container in api.pod.containers]
    asks = [probe is not None and bool(probe.http_get or probe.tcp_socket or probe.exec) for probe in probes]
    if probes and all(asks) and not any(_serves(probe, api.pod.port) for probe in probes):
        message = f"no readiness probe looks at port {api.pod.port}, so traffic can come before it is open; use http_get or tcp_socket"
        yield Finding("W110", ("pod", "containers", 0, "readiness_probe"), message, (("pod", "port"),))


def _runs_shell(container: models.Container) -> bool:
    """Whether $(...) is for a shell to replace by what a command prints."""
    return any(re.fullmatch(r"-[a-z]*c", text) for text in (*container.command, *container.args))


def _serves(probe: models.Probe | None, port: int) -> bool:
    """Whether a probe looks at a port (that of the pod where it names none)."""
    if probe is None:
        return False
    handler = probe.http_get or probe.tcp_socket
    return handler is not None and (handler.port or port) == port


def _units(api: models.RealtimeAPI) -> Iterator[Finding]:
    for path, container in _containers(api):
        cpu = container.compute.cpu
        if cpu is not None and (count := quantity.parse(cpu)) > MOST_CPUS:
            message = f"{count:f} whole CPUs for each pod; where thousandths were meant, write {count:f}m"
            yield Finding("W112", (*path, "compute", "cpu"), message)


def _images(api: models.RealtimeAPI) -> Iterator[Finding]:
    for path, container in _containers(api):
        image = container.image
        tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
        if "@" not in image and tag in ("", "latest"):
            what = "no tag means latest, which moves" if not tag else "latest is a tag that moves"
            yield Finding("W101", (*path, "image"), f"{what}: two pods may run different images; write a version or a digest")

"""What containers ask of their node."""

from __future__ import annotations

from collections.abc import Iterator

from cxgen.spec import quantity
from cxgen.spec.containers import Compute
from cxgen.spec.diagnose import FieldPath
from cxgen.spec.rules.finding import Context, Finding, containers
from cxgen.spec.shorthand import API

# Hardly a node has more to give to one pod; who writes more means thousandths.
MOST_CPUS = 128


def devices(context: Context) -> Iterator[Finding]:
    """GPUs and Inferentia chips, and what goes with them."""
    api = context.api
    wanted = {name: [path for path, c in containers(api) if getattr(c.compute, name)] for name in ("gpu", "inf")}
    if wanted["gpu"] and wanted["inf"]:
        path = (*wanted["inf"][0], "compute", "inf")
        message = "GPUs and Inferentia chips are never on one node; keep gpu or inf"
        yield Finding("E209", path, message, tuple((*where, "compute", "gpu") for where in wanted["gpu"]))
    types: dict[str, FieldPath] = {}
    for path, container in containers(api):
        compute, here = container.compute, (*path, "compute")
        if compute.inf and not compute.hugepages and not container.security.capabilities:
            message = (
                f"Cortex gave such containers SYS_ADMIN, IPC_LOCK and {256 * compute.inf}Mi of huge pages; here they get the device alone, "
                "which today's Neuron runtime needs; for an older one write compute.hugepages and security.capabilities"
            )
            yield Finding("W108", (*here, "inf"), message)
        if compute.gpu_type and not compute.gpu:
            yield Finding("W122", (*here, "gpu_type"), "has no effect without gpu; write gpu: 1, or leave it out", ((*here, "gpu"),))
        elif compute.gpu_type:
            types.setdefault(compute.gpu_type, (*here, "gpu_type"))
    if len(types) > 1:
        message = f"{' and '.join(types)} are on different nodes, and the containers of a pod run on one; write the same type"
        yield Finding("E240", list(types.values())[1], message)
    label = context.environment.gpu_type_label
    if types and label in api.node_selector and api.node_selector[label] not in types:
        message = f"gpu_type asks for another value of the label {label} ({next(iter(types))}); leave one of them out"
        yield Finding("E240", ("node_selector", label), message, tuple(types.values()))


def sizes(context: Context) -> Iterator[Finding]:
    """Limits are no smaller than requests, and what is memory counts as memory."""
    for path, container in containers(context.api):
        compute, here = container.compute, (*path, "compute")
        for name, request in (("cpu", compute.cpu), ("mem", compute.mem)):
            limit = getattr(compute.limits, name)
            if request and limit and quantity.parse(limit) < quantity.parse(request):
                message = f"{limit} is less than the request ({request}); raise it or lower compute.{name}"
                yield Finding("E232", (*here, "limits", name), message, ((*here, name),))
        memory = compute.limits.mem or compute.mem
        if compute.shm and memory and quantity.parse(compute.shm) > quantity.parse(memory):
            message = f"{compute.shm} is more than the memory of the container ({memory}), of which it is a part; lower it or raise mem"
            yield Finding("E232", (*here, "shm"), message, ((*here, "mem"), (*here, "limits", "mem")))
        if compute.hugepages and not _is_weighed(compute):
            message = "Kubernetes gives huge pages only beside a request or limit of cpu or memory; write cpu or mem"
            yield Finding("E232", (*here, "hugepages"), message, tuple((*here, name) for name in ("cpu", "mem", "limits")))
        if not memory:
            message = (
                "no memory request: the scheduler does not count what it needs, and where a node runs short it is killed first; "
                "write compute.mem"
            )
            if container.name != API and (context.project.defaults or context.environment.defaults):
                message += f" for it (compute in the defaults of cxgen.yaml is that of the container {API})"
            yield Finding("W116", here if "compute" in container.model_fields_set else path, message, ((*here, "mem"),))
        if compute.cpu is not None and (count := quantity.parse(compute.cpu)) > MOST_CPUS:
            cure = f"where thousandths were meant, write {count:f}m" if count < 1000 * MOST_CPUS else "no node has so many, so write fewer"
            message = f"{count:f} whole CPUs for each pod; {cure}"
            yield Finding("W112", (*here, "cpu"), message)


def _is_weighed(compute: Compute) -> bool:
    return bool(compute.cpu or compute.mem or compute.limits.cpu or compute.limits.mem)

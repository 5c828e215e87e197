"""The template data of an API: what templates see under the name `values`, and what a chart's values.yaml holds.

Every key that cxgen names has a comment, and every value a JSON Schema, so that values.yaml explains itself and
values.schema.json follows from it. Names are those of `helm create` and Kubernetes. Maps are keyed by name where Kubernetes
has lists of objects, because Helm replaces lists whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cxgen.plan.resolve import API, GPU, INFERENTIA, Container, Handler, Probe, Scaling
from cxgen.spec import quantity
from cxgen.spec.scalars import LABEL_VALUE

Schema = dict[str, Any]

STRING: Schema = {"type": "string", "minLength": 1}
# Helm's toString spells a number from a file with an exponent once it has seven digits, and loses the zero of 1.10.
TEXT: Schema = {"type": ["string", "integer", "boolean"], "minLength": 1, "minimum": -999999, "maximum": 999999}
QUANTITY: Schema = {"type": ["string", "number"], "pattern": quantity.PATTERN}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 2147483647}
SECONDS: Schema = {"type": "integer", "minimum": 0, "maximum": 2147483647}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
PORT_OR_NAME: Schema = {**PORT, "type": ["string", "integer"], "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 15}
PERCENT_OR_COUNT: Schema = {"type": ["string", "integer"], "pattern": "^[0-9]+%$", "minimum": 0}
STRINGS: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
LABEL: Schema = {"type": "string", "pattern": LABEL_VALUE}


class Value(NamedTuple):
    """One value: its data, the schema of what may stand in its place, and what a comment says of it."""

    data: str | int | list[str]
    schema: Schema
    comment: str = ""


class Group(NamedTuple):
    """A map of values."""

    members: dict[str, Value | Group]
    comment: str = ""

    @property
    def data(self) -> dict[str, Any]:
        return {key: member.data for key, member in self.members.items()}


def values(api: API) -> Group:
    """All that the templates may use for one role of an API; a chart's values.yaml holds what they did use."""
    members: dict[str, Value | Group] = {
        "containers": Group(
            {container.name: _container(container, api.port) for container in api.containers},
            "The containers of the pod, by name.",
        ),
        "port": Value(api.port, PORT, "Port on which the pod serves HTTP; the Service leads to it."),
    }
    if api.replicas is not None:
        members["replicas"] = Value(api.replicas, {**COUNT, "minimum": 0}, "Number of pods; no autoscaler changes it.")
    if api.autoscaling:
        scaling = api.autoscaling
        members["autoscaling"] = Group(
            {
                "minReplicas": Value(scaling.min_replicas, COUNT, "Minimum number of pods."),
                "maxReplicas": Value(scaling.max_replicas, COUNT, "Maximum number of pods."),
                "targetCPUUtilizationPercentage": Value(
                    scaling.cpu_percent, COUNT, "CPU use that the autoscaler aims at, in percent of what the containers request."
                ),
                "scaleDown": _scaling(scaling.down, "How fast pods may be removed.", "removed", "highest"),
                "scaleUp": _scaling(scaling.up, "How fast pods may be added.", "added", "lowest"),
            },
            "The HorizontalPodAutoscaler.",
        )
    members["updateStrategy"] = Group(
        {
            "maxSurge": Value(api.max_surge, PERCENT_OR_COUNT, "Pods above the wanted number during a rollout."),
            "maxUnavailable": Value(api.max_unavailable, PERCENT_OR_COUNT, "Pods below the wanted number during a rollout."),
        },
        "How a rollout replaces pods.",
    )
    if api.progress_deadline_seconds is not None:
        members["progressDeadlineSeconds"] = Value(
            api.progress_deadline_seconds, COUNT, "Seconds without progress after which a rollout counts as failed."
        )
    members["terminationGracePeriodSeconds"] = Value(60, SECONDS, "Seconds that a pod has to finish its requests before it is killed.")
    if api.pdb_max_unavailable is not None:
        members["podDisruptionBudget"] = Group(
            {"maxUnavailable": Value(api.pdb_max_unavailable, PERCENT_OR_COUNT, "Pods that a node drain may take away at a time.")},
            "The PodDisruptionBudget.",
        )
    members["service"] = Group({"port": Value(80, PORT, "Port of the Service inside the cluster.")}, "The Service.")
    ingress: dict[str, Value | Group] = {"className": Value("nginx", STRING, "IngressClass of the controller that serves it.")}
    if api.host is not None:
        ingress["host"] = Value(api.host, STRING, "Host at which the API is served.")
    ingress["path"] = Value(
        _route(api.endpoint), STRING, "Regular expression of the paths served; its second group is the path that the container sees."
    )
    members["ingress"] = Group(ingress, "The Ingress.")
    if api.labels:
        members["labels"] = _texts(api.labels, LABEL, "Labels on every object, not on pods.", "Label.")
    if api.annotations:
        members["annotations"] = _texts(api.annotations, {"type": "string"}, "Annotations on every object, not on pods.", "Annotation.")
    return Group(members)


def _route(endpoint: str) -> str:
    """ingress-nginx's form of "the endpoint and all below it"; the characters allowed leave only the dot to escape."""
    return rf"{endpoint.replace('.', chr(92) + '.')}(/|$)(.*)"


def _texts(pairs: Iterable[tuple[str, str]], schema: Schema, comment: str, each: str) -> Group:
    """A map of the user's own keys."""
    return Group({key: Value(value, schema, each) for key, value in pairs}, comment)


def _scaling(scaling: Scaling, comment: str, done: str, which: str) -> Group:
    return Group(
        {
            "percent": Value(
                scaling.percent, COUNT, f"Percentage of pods {done} per period at most; the larger of percent and pods counts."
            ),
            "pods": Value(1, COUNT, f"Pods {done} per period at most; the larger of percent and pods counts."),
            "periodSeconds": Value(scaling.period_seconds, {**COUNT, "maximum": 1800}, "Length of a period."),
            "stabilizationWindowSeconds": Value(
                scaling.stabilization_seconds, {**SECONDS, "maximum": 3600}, f"Seconds over which the {which} recommendation counts."
            ),
        },
        comment,
    )


def _container(container: Container, port: int) -> Group:
    named = port if container.serves else None
    members: dict[str, Value | Group] = {"image": Value(container.image, STRING, "Image reference.")}
    if container.command:
        members["command"] = Value(list(container.command), STRINGS, "Entrypoint in place of the image's.")
    if container.args:
        members["args"] = Value(list(container.args), STRINGS, "Arguments in place of the image's.")
    if container.env:
        members["env"] = Group(
            {name: Value(value, TEXT, "Environment variable.") for name, value in container.env}, "Environment variables."
        )
    if resources := _resources(container):
        members["resources"] = Group(resources, "What the container is given on its node.")
    for key, probe, comment in (
        ("readinessProbe", container.readiness_probe, "The pod gets requests while it succeeds."),
        ("livenessProbe", container.liveness_probe, "The container is restarted when it fails."),
        ("startupProbe", container.startup_probe, "The other probes wait until it succeeds."),
    ):
        if probe:
            members[key] = Group(_probe(probe, named, once=key != "readinessProbe"), comment)
    if container.pre_stop:
        members["preStop"] = Group(_handler(container.pre_stop, named), "Runs before the container is stopped; how it ends counts nothing.")
    return Group(members, f"The container {container.name}.")


def _resources(container: Container) -> dict[str, Value | Group]:
    requests: dict[str, Value | Group] = {}
    limits: dict[str, Value | Group] = {}
    if container.cpu:
        requests["cpu"] = Value(container.cpu, QUANTITY, "CPU that is reserved.")
    if container.mem:
        requests["memory"] = Value(container.mem, QUANTITY, "Memory that is reserved.")
        limits["memory"] = Value(container.mem, QUANTITY, "Memory at which the container is killed.")
    for resource, count, what in ((GPU, container.gpu, "GPUs"), (INFERENTIA, container.inf, "Inferentia chips")):
        if count:
            requests[resource] = Value(str(count), QUANTITY, f"Whole {what}; the same as in limits.")
            limits[resource] = Value(str(count), QUANTITY, f"Whole {what}; the same as in requests.")
    members: dict[str, Value | Group] = {}
    if requests:
        members["requests"] = Group(requests, "What the scheduler reserves.")
    if limits:
        members["limits"] = Group(limits, "What the container cannot exceed.")
    return members


def _probe(probe: Probe, named: int | None, *, once: bool) -> dict[str, Value | Group]:
    members = _handler(probe.handler, named)
    if probe.initial_delay_seconds:  # the API server leaves a 0 out
        members["initialDelaySeconds"] = Value(probe.initial_delay_seconds, SECONDS, "Seconds before the first probe.")
    members |= {
        "timeoutSeconds": Value(probe.timeout_seconds, COUNT, "Seconds until a probe counts as failed."),
        "periodSeconds": Value(probe.period_seconds, COUNT, "Seconds between two probes."),
        "failureThreshold": Value(probe.failure_threshold, COUNT, "Failures in a row that count as unhealthy."),
    }
    if not once:  # Kubernetes takes nothing but 1 for the others
        members["successThreshold"] = Value(probe.success_threshold, COUNT, "Successes in a row that count as healthy again.")
    return members


def _handler(handler: Handler, named: int | None) -> dict[str, Value | Group]:
    """The handler of a probe or hook. `named` is the port that the container has under the name `http`: it is asked by name."""
    if handler.command:
        command = Value(list(handler.command), STRINGS, "Command; not run in a shell.")
        return {"exec": Group({"command": command}, "Runs a command in the container.")}
    assert handler.port is not None
    port = Value("http" if handler.port == named else handler.port, PORT_OR_NAME, "Port, by number or by name.")
    if handler.http_path is None:
        return {"tcpSocket": Group({"port": port}, "Opens a connection.")}
    path = Value(handler.http_path, STRING, "Path of the request.")
    return {"httpGet": Group({"path": path, "port": port}, "Sends a request.")}

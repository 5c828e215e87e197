"""The template data of an API: what templates see under the name `values`, and what a chart's values.yaml holds.

Every key that cxgen names has a comment, and every value a JSON Schema, so that values.yaml explains itself and
values.schema.json follows from it. Names are those of `helm create` and Kubernetes. Maps are keyed by name where Kubernetes
has lists of objects, because Helm replaces lists whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cxgen.plan.api import API, Autoscaling, Container, Handler, Metric, Mount, Nodes, Probe, Scaling, Variable, Volume
from cxgen.plan.identity import Identifier
from cxgen.spec import quantity
from cxgen.spec.types import LABEL_VALUE

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
OBJECTS: Schema = {"type": "array", "minItems": 1, "items": {"type": "object"}}
OBJECT: Schema = {"type": "object"}
NAME: Schema = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253}
LABEL: Schema = {"type": "string", "pattern": LABEL_VALUE}


class Value(NamedTuple):
    """One value: its data, the schema of what may stand in its place, and what a comment says of it."""

    data: Any
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
        members["autoscaling"] = _autoscaling(api.autoscaling)
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
    members["terminationGracePeriodSeconds"] = Value(
        api.grace_seconds, SECONDS, "Seconds that a pod has to finish its requests before it is killed."
    )
    members |= _pod(api)
    if api.pdb_max_unavailable is not None:
        members["podDisruptionBudget"] = Group(
            {"maxUnavailable": Value(api.pdb_max_unavailable, PERCENT_OR_COUNT, "Pods that a node drain may take away at a time.")},
            "The PodDisruptionBudget.",
        )
    members["service"] = Group({"port": Value(80, PORT, "Port of the Service inside the cluster.")}, "The Service.")
    if api.ingress:
        ingress: dict[str, Value | Group] = {
            "className": Value(api.ingress.class_name, NAME, "IngressClass of the controller that serves it.")
        }
        if api.ingress.host is not None:
            ingress["host"] = Value(api.ingress.host, STRING, "Host at which the API is served.")
        ingress["path"] = Value(
            _route(api.endpoint), STRING, "Regular expression of the paths served; its second group is the path that the container sees."
        )
        if api.ingress.tls_secret is not None:
            ingress["tlsSecretName"] = Value(api.ingress.tls_secret, NAME, "Secret with the certificate of the host.")
        members["ingress"] = Group(ingress, "The Ingress.")
    if api.monitoring:
        monitor: dict[str, Value | Group] = {"path": Value(api.monitoring.path, STRING, "Path of the metrics.")}
        if api.monitoring.own:
            monitor["port"] = Value(api.monitoring.port, PORT, "Port of the metrics.")
        members["podMonitor"] = Group(monitor, "The PodMonitor.")
    for key, texts, schema, what in (
        ("labels", api.labels, LABEL, "Label"),
        ("annotations", api.annotations, {"type": "string"}, "Annotation"),
    ):
        if texts:
            members[key] = _texts(texts, schema, f"{what}s on every object, not on pods.", f"{what}.")
    return Group(members)


def _pod(api: API) -> dict[str, Value | Group]:
    """What is set on pods, under the names that `helm create` has for it."""
    members: dict[str, Value | Group] = {}
    if api.volumes:
        members["volumes"] = Group({volume.name: _volume(volume) for volume in api.volumes}, "The volumes of the pod, by name.")
    for key, texts, schema, what in (
        ("podLabels", api.pod_labels, LABEL, "Label"),
        ("podAnnotations", api.pod_annotations, {"type": "string"}, "Annotation"),
    ):
        if texts:
            members[key] = _texts(texts, schema, f"{what}s on the pods.", f"{what}.")
    if api.nodes.selector:
        members["nodeSelector"] = _texts(api.nodes.selector, LABEL, "Labels that a node must have.", "Label.")
    if api.nodes.tolerations:
        members["tolerations"] = Value(_tolerations(api.nodes), OBJECTS, "Taints of nodes that pods put up with.")
    if api.nodes.terms:
        members["affinity"] = Value(_affinity(api.nodes), OBJECT, "On which nodes pods run.")
    if api.service_account:
        members["serviceAccountName"] = Value(api.service_account, NAME, "ServiceAccount of the pods.")
    if api.image_pull_secrets:
        names = [{"name": name} for name in api.image_pull_secrets]
        members["imagePullSecrets"] = Value(names, OBJECTS, "Secrets with which images are pulled.")
    if api.priority_class:
        members["priorityClassName"] = Value(api.priority_class, NAME, "PriorityClass of the pods.")
    if api.runtime_class:
        members["runtimeClassName"] = Value(api.runtime_class, NAME, "RuntimeClass of the pods.")
    return members


def _volume(volume: Volume) -> Group:
    schemas = {"sizeLimit": QUANTITY, "medium": STRING}
    fields: dict[str, Value | Group] = {key: Value(value, schemas.get(key, NAME), _FIELDS[key]) for key, value in volume.fields}
    return Group({volume.source: Group(fields, "Where it comes from.")}, f"The volume {volume.name}.")


# What the fields of references and volumes say.
_FIELDS = {
    "name": "Name of the object.",
    "key": "Key in the object.",
    "fieldPath": "Field of the pod.",
    "secretName": "Name of the Secret.",
    "claimName": "Name of the PersistentVolumeClaim.",
    "medium": "Memory, or nothing for the node's disk.",
    "sizeLimit": "Size beyond which the pod is evicted.",
}


def _tolerations(nodes: Nodes) -> list[dict[str, Any]]:
    found = []
    for toleration in nodes.tolerations:
        fields = {
            "key": toleration.key,
            "operator": toleration.operator,
            "value": toleration.value,
            "effect": toleration.effect,
            "tolerationSeconds": toleration.seconds,
        }
        # The API server leaves an empty value out.
        found.append({key: value for key, value in fields.items() if value is not None and value != ""})
    return found


def _affinity(nodes: Nodes) -> dict[str, Any]:
    terms = [
        {"matchExpressions": [{"key": key, "operator": operator, "values": [value]} for key, operator, value in term]}
        for term in nodes.terms
    ]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _autoscaling(autoscaling: Autoscaling) -> Group:
    members: dict[str, Value | Group] = {
        "minReplicas": Value(autoscaling.min_replicas, {**COUNT, "minimum": 0 if autoscaling.keda else 1}, "Minimum number of pods."),
        "maxReplicas": Value(autoscaling.max_replicas, COUNT, "Maximum number of pods."),
        "metrics": Group({metric.key: _metric(metric) for metric in autoscaling.metrics}, "What the autoscaler follows."),
        "scaleDown": _scaling(autoscaling.down, "How fast pods may be removed.", "removed", "highest"),
        "scaleUp": _scaling(autoscaling.up, "How fast pods may be added.", "added", "lowest"),
    }
    if autoscaling.keda:
        members["cooldownPeriod"] = Value(
            autoscaling.down.stabilization_seconds, SECONDS, "Seconds without load after which the last pod goes."
        )
    return Group(members, "The ScaledObject of KEDA." if autoscaling.keda else "The HorizontalPodAutoscaler.")


def _metric(metric: Metric) -> Group:
    members: dict[str, Value | Group] = {}
    if metric.type == "Resource":
        what = f"{'CPU' if metric.name == 'cpu' else 'Memory'} use that the autoscaler aims at, in percent of what the containers request."
        members["averageUtilization"] = Value(int(metric.target), COUNT, what)
    elif metric.type == "prometheus":
        members["serverAddress"] = Value(metric.server, STRING, "Address of Prometheus.")
        members["query"] = Value(metric.query, STRING, "The query, which gives one number for the API.")
        members["threshold"] = Value(metric.target, QUANTITY, "What each pod is meant to carry of it.")
    else:
        members["name"] = Value(metric.name, STRING, "Name of the metric.")
        members["averageValue"] = Value(metric.target, QUANTITY, "What each pod is meant to carry of it.")
    return Group(members, f"The metric {metric.key}.")


def _route(endpoint: str) -> str:
    """ingress-nginx's form of "the endpoint and all below it"; the characters allowed leave only the dot to escape."""
    return rf"{endpoint.replace('.', chr(92) + '.')}(/|$)(.*)"


def _texts(pairs: Iterable[tuple[str, str]], schema: Schema, comment: str, each: str) -> Group:
    """A map of the user's own keys."""
    return Group({key: Value(value, schema, each) for key, value in pairs}, comment)


def _scaling(scaling: Scaling, comment: str, done: str, which: str) -> Group:
    tolerance = Value(scaling.tolerance, QUANTITY, "Share by which a metric may miss its target before pods change.")
    return Group(
        {
            **({} if scaling.tolerance is None else {"tolerance": tolerance}),
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
        members["env"] = Group({variable.name: _variable(variable) for variable in container.env}, "Environment variables.")
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
    if container.mounts:
        mounts: dict[str, Value | Group] = {mount.path: _mount(mount) for mount in container.mounts}
        members["volumeMounts"] = Group(mounts, "Where the volumes of the pod are in the container, by path.")
    if container.run_as_user is not None:
        members["runAsUser"] = Value(container.run_as_user, SECONDS, "Number of the user that runs the container.")
    return Group(members, f"The container {container.name}.")


def _mount(mount: Mount) -> Group:
    members: dict[str, Value | Group] = {"mountPath": Value(mount.path, STRING, "Path in the container.")}
    if mount.sub_path:
        members["subPath"] = Value(mount.sub_path, STRING, "Path within the volume.")
    if mount.read_only:
        members["readOnly"] = Value(True, {"type": "boolean"}, "The container can only read it.")
    return Group(members, "Mount.")


def _variable(variable: Variable) -> Value | Group:
    if not variable.source:
        return Value(variable.value, TEXT, "Environment variable.")
    fields: dict[str, Value | Group] = {key: Value(value, STRING, _FIELDS[key]) for key, value in variable.reference}
    return Group({variable.source: Group(fields, "Where its value comes from.")}, "Environment variable.")


def _resources(container: Container) -> dict[str, Value | Group]:
    requests: dict[str, Value | Group] = {}
    limits: dict[str, Value | Group] = {}
    if container.cpu:
        requests["cpu"] = Value(container.cpu, QUANTITY, "CPU that is reserved.")
    if container.mem:
        requests["memory"] = Value(container.mem, QUANTITY, "Memory that is reserved.")
    if container.cpu_limit:
        limits["cpu"] = Value(container.cpu_limit, QUANTITY, "CPU at which the container is throttled.")
    if container.mem_limit:
        limits["memory"] = Value(container.mem_limit, QUANTITY, "Memory at which the container is killed.")
    exact = [(device.resource, str(device.number), "Whole devices") for device in container.devices]
    exact += [(Identifier("hugepages-2Mi"), container.hugepages, "Huge pages of 2Mi")] if container.hugepages else []
    for resource, amount, what in exact:
        requests[resource] = Value(amount, QUANTITY, f"{what}; the same as in limits.")
        limits[resource] = Value(amount, QUANTITY, f"{what}; the same as in requests.")
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

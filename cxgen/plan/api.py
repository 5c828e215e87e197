"""An API as one environment gets it: what templates see under the name `spec`. They may ask it what there is, and print its
identifiers.
"""

from __future__ import annotations

from typing import NamedTuple

from cxgen.plan.identity import Identifier

STABLE = Identifier("stable")


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

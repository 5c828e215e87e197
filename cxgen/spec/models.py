"""The fields of an API, their defaults and their meaning. The JSON Schemas in schemas/ are generated from here.

A model checks each value by itself; what several values must have in common is in rules/. Names and defaults are those of
Cortex 0.42 where it has the field.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from cxgen.spec import types as t
from cxgen.spec.containers import Container
from cxgen.spec.model import Model

# What stands below `environments.NAME` and `defaults` is read once it is merged; the schema has a definition of its own.
OVERRIDE = {"$comment": "Override"}
Override = Annotated[Any, WithJsonSchema(OVERRIDE)]


class Pod(Model):
    """The pods that serve an API."""

    port: t.Port = Field(8080, description="Port on which one of the containers serves HTTP.")
    max_concurrency: t.Concurrency = Field(1, description="Requests that a replica works on at a time; not enforced.")
    max_queue_length: t.Concurrency = Field(100, description="Requests that wait for a replica; not enforced.")
    containers: tuple[Container, ...] = Field(
        description="The containers of a pod, at least one.", examples=[[{"name": "api", "image": "ghcr.io/acme/iris:1.4.0"}]]
    )
    labels: dict[t.LabelKey, t.LabelValue] = Field({}, description="Labels on the pods.", examples=[{"team": "vision"}])
    annotations: dict[t.PodAnnotationKey, t.Text] = Field(
        {}, description="Annotations on the pods.", examples=[{"example.com/owner": "vision"}]
    )


class Metric(Model):
    """What replicas follow: cpu, memory, in_flight, or a metric of pods or of the outside (external) by its name."""

    type: t.MetricType = Field(description="cpu, memory, in_flight, pods or external.", examples=["cpu"])
    name: t.MetricName | None = Field(None, description="Name of the metric, for pods and external.", examples=["queue_length"])
    target: t.MetricTarget | None = Field(
        None,
        description="Percent of the request for cpu and memory (80 by default), else the metric's value for each replica "
        "(for in_flight target_in_flight by default).",
        examples=[70],
    )


class Autoscaling(Model):
    """How many replicas run."""

    min_replicas: t.Count = Field(1, description="Fewest replicas.")
    max_replicas: t.Replicas = Field(100, description="Most replicas; equal to min_replicas means a fixed number.")
    init_replicas: t.Count | None = Field(None, description="Replicas at the first deployment; no effect under GitOps.")
    target_in_flight: t.InFlight | None = Field(None, description="Requests in flight per replica; max_concurrency by default.")
    metrics: tuple[Metric, ...] = Field(
        (),
        description="What replicas follow; by default requests in flight where the environment measures them, else the CPU at 80 %.",
        examples=[[{"type": "cpu", "target": 70}]],
    )
    window: t.Window = Field(60, description="Time over which a change is bounded, 10s to 30m in steps of 10s; 60s by default.")
    downscale_stabilization_period: t.Stabilization = Field(
        300, description="The highest recommendation of this time counts when scaling down, 0s to 1h; 5m by default."
    )
    upscale_stabilization_period: t.Stabilization = Field(
        60, description="The lowest recommendation of this time counts when scaling up, 0s to 1h; 1m by default."
    )
    max_downscale_factor: t.DownscaleFactor = Field(Decimal("0.75"), description="Replicas that stay at least, per window.")
    max_upscale_factor: t.UpscaleFactor = Field(Decimal("1.5"), description="Growth at most, per window.")
    downscale_tolerance: t.DownscaleTolerance = Field(Decimal("0.05"), description="Smaller drops are ignored; from Kubernetes 1.35 on.")
    upscale_tolerance: t.UpscaleTolerance = Field(Decimal("0.05"), description="Smaller rises are ignored; from Kubernetes 1.35 on.")


class UpdateStrategy(Model):
    """How a rollout replaces pods."""

    max_surge: t.MaxSurge = Field("25%", description="Replicas above the wanted number during a rollout.")
    max_unavailable: t.MaxUnavailable = Field("25%", description="Replicas below the wanted number during a rollout.")


class Networking(Model):
    """Where an API is served."""

    endpoint: t.Endpoint | None = Field(None, description="Path at which the API is served; /NAME by default.")
    host: t.Host | None = Field(None, description="Host at which the API is served; every host by default.")


class Toleration(Model):
    """A taint of nodes that pods put up with."""

    key: t.NodeLabelKey | None = Field(None, description="Key of the taint; every taint by default.", examples=["dedicated"])
    operator: t.TaintOperator | None = Field(None, description="Equal where a value is given, else Exists.")
    value: t.LabelValue | None = Field(None, description="Value of the taint.", examples=["ml"])
    effect: t.TaintEffect | None = Field(None, description="Effect of the taint; every effect by default.", examples=["NoSchedule"])
    toleration_seconds: t.Count | None = Field(None, description="Seconds for which NoExecute is tolerated; for ever by default.")


class Monitoring(Model):
    """Where Prometheus reads metrics: a PodMonitor."""

    path: t.HttpPath = Field("/metrics", description="Path of the metrics.")
    port: t.Port | None = Field(None, description="Port of the metrics; pod.port by default.")


class Disruption(Model):
    """What a node drain may do: a PodDisruptionBudget."""

    max_unavailable: t.MaxUnavailable = Field(1, description="Replicas that a node drain may take away at a time.")


class RealtimeAPI(Model):
    """An API that answers requests: a Deployment with a Service, a route and an autoscaler."""

    planned = frozenset(("canary",))

    name: t.Name = Field(description="Name of the API and its objects, at most 42 characters.", examples=["iris"])
    kind: str = Field(description="RealtimeAPI.", json_schema_extra={"const": "RealtimeAPI"}, examples=["RealtimeAPI"])
    pod: Pod = Field(
        description="The pods that serve the API.", examples=[{"containers": [{"name": "api", "image": "ghcr.io/acme/iris:1.4.0"}]}]
    )
    autoscaling: Autoscaling = Field(
        Autoscaling.model_construct(), description="How many replicas run.", examples=[{"min_replicas": 2, "max_replicas": 10}]
    )
    update_strategy: UpdateStrategy = Field(
        UpdateStrategy.model_construct(), description="How a rollout replaces pods.", examples=[{"max_surge": 1, "max_unavailable": 0}]
    )
    networking: Networking = Field(Networking.model_construct(), description="Where the API is served.", examples=[{"endpoint": "/iris"}])
    labels: dict[t.LabelKey, t.LabelValue] = Field({}, description="Labels on every object, not on pods.", examples=[{"team": "vision"}])
    annotations: dict[t.AnnotationKey, t.Text] = Field(
        {}, description="Annotations on every object, not on pods.", examples=[{"example.com/owner": "vision"}]
    )
    node_groups: tuple[t.EnvironmentName, ...] = Field(
        (), description="Node groups of the environment on which pods run; all nodes by default.", examples=[["gpu"]]
    )
    spot: t.Flag = Field(False, description="Whether pods may run on the environment's spot nodes.")
    node_selector: dict[t.NodeLabelKey, t.LabelValue] = Field({}, description="Labels that a node must have.", examples=[{"disk": "ssd"}])
    tolerations: tuple[Toleration, ...] = Field(
        (), description="Taints that pods put up with.", examples=[[{"key": "dedicated", "value": "ml", "effect": "NoSchedule"}]]
    )
    service_account: t.ObjectName | None = Field(
        None, description="A ServiceAccount that exists, in place of the API's own; its token is mounted as it says.", examples=["reader"]
    )
    image_pull_secrets: tuple[t.ObjectName, ...] = Field((), description="Secrets with which images are pulled.", examples=[["registry"]])
    priority_class: t.ObjectName | None = Field(None, description="PriorityClass of the pods.", examples=["high"])
    runtime_class: t.ObjectName | None = Field(None, description="RuntimeClass of the pods.", examples=["nvidia"])
    termination_grace_period: t.GracePeriod = Field(
        60, description="Time that a pod has to finish its requests before it is killed; 60s by default."
    )
    monitoring: Monitoring | None = Field(None, description="Where Prometheus reads metrics.", examples=[{"path": "/metrics"}])
    disruption: Disruption | None = Field(
        None,
        description="What a node drain may do; one replica at a time by default, where min_replicas is 2 or more.",
        examples=[{"max_unavailable": 1}],
    )
    silence: dict[t.SilencedWarning, t.Reason] = Field(
        {}, description="Warnings that do not matter for this API, each with the reason.", examples=[{"W117": "the model runs on the CPU"}]
    )
    environments: dict[t.EnvironmentName, Override] = Field(
        {},
        description="What differs in an environment: any field but name, kind, silence and environments, merged over them.",
        examples=[{"production": {"autoscaling": {"min_replicas": 2}}}],
    )


# Fields that are the same everywhere.
FIXED = ("name", "kind", "silence", "environments")

# The shorthand: these fields at the top of a spec make one container named `api`.
SHORTHAND = ("image", "command", "args", "env", "compute")
SHORTHAND_PORT = "port"

KINDS: dict[str, type[RealtimeAPI]] = {"RealtimeAPI": RealtimeAPI}
PLANNED_KINDS = ("TrafficSplitter", "AsyncAPI", "BatchAPI", "TaskAPI")

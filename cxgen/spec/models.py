"""The fields of a spec, their defaults and their meaning. The JSON Schema in schemas/ is generated from here.

A model checks each value by itself; what several values must have in common is in validate.py. Names and defaults are those
of Cortex 0.42 where it has the field.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cxgen.spec import scalars as s


class Model(BaseModel):
    """A map of the spec. Unknown keys are errors, and null puts a field back to its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    # Fields that a later version will have: one clear error each, instead of "unknown".
    planned: ClassVar[frozenset[str]] = frozenset()
    # Fields in which null is a value of its own.
    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_is_default(cls, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            return {key: value for key, value in data.items() if value is not None or key in cls.nullable or key not in cls.model_fields}
        return data


class HttpGet(Model):
    """An HTTP request to the container."""

    path: s.HttpPath = Field("/", description="Path to request.")
    port: s.Port | None = Field(None, description="Port to request; pod.port by default.")


class TcpSocket(Model):
    """A connection to the container."""

    port: s.Port | None = Field(None, description="Port that must accept a connection; pod.port by default.")


class Exec(Model):
    """A command in the container."""

    command: tuple[s.Text, ...] = Field(description="Command that must exit with 0; not run in a shell.", examples=[["cat", "/ready"]])


class Probe(Model):
    """Exactly one of http_get, tcp_socket and exec. 0 stands for the default, as in Kubernetes."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in ("http_get", "tcp_socket", "exec")]})

    http_get: HttpGet | None = Field(
        None, description="An HTTP request that must be answered with 200 to 399.", examples=[{"path": "/healthz"}]
    )
    tcp_socket: TcpSocket | None = Field(None, description="A port that must accept a connection.", examples=[{"port": 8080}])
    exec: Exec | None = Field(None, description="A command that must succeed in the container.", examples=[{"command": ["cat", "/ready"]}])
    initial_delay_seconds: s.Count = Field(0, description="Seconds after the container's start before the first probe.")
    timeout_seconds: s.TimeoutSeconds = Field(1, description="Seconds until a probe counts as failed.")
    period_seconds: s.PeriodSeconds = Field(10, description="Seconds between two probes.")
    success_threshold: s.SuccessThreshold = Field(1, description="Successes in a row that count as healthy again.")
    failure_threshold: s.FailureThreshold = Field(3, description="Failures in a row that count as unhealthy.")


class PreStop(Model):
    """Exactly one of http_get and exec."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in ("http_get", "exec")]})

    http_get: HttpGet | None = Field(None, description="An HTTP request before the container is stopped.", examples=[{"path": "/drain"}])
    exec: Exec | None = Field(None, description="A command before the container is stopped.", examples=[{"command": ["sleep", "10"]}])


class Compute(Model):
    """What a container requests of its node."""

    planned = frozenset(("shm", "gpu_type", "gpu_resource", "limits"))
    nullable = frozenset(("cpu",))

    cpu: s.Cpu | None = Field("200m", description="CPU request, at least 20m; null for none.")
    mem: s.Memory | None = Field(None, description="Memory request and limit, at least 20Mi.")
    gpu: s.Count = Field(0, description="Whole GPUs (nvidia.com/gpu).")
    inf: s.Count = Field(0, description="Whole Inferentia chips (aws.amazon.com/neuron).")


class Container(Model):
    """One container of the pods."""

    planned = frozenset(("volumes", "security"))

    name: s.ContainerName = Field(description="Name of the container.", examples=["api"])
    image: s.Image = Field(description="Image reference, by tag or digest.", examples=["ghcr.io/acme/iris:1.4.0"])
    command: tuple[s.Text, ...] = Field(
        (), description="Entrypoint in place of the image's; not run in a shell.", examples=[["python", "serve.py"]]
    )
    args: tuple[s.Text, ...] = Field((), description="Arguments in place of the image's.", examples=[["--workers", "4"]])
    env: dict[s.EnvName, s.EnvValue] = Field(
        {}, description="Environment variables, kept in the order written.", examples=[{"LOG_LEVEL": "info"}]
    )
    compute: Compute = Field(
        Compute.model_construct(), description="What the container requests of its node.", examples=[{"cpu": "500m", "mem": "1Gi"}]
    )
    readiness_probe: Probe | None = Field(
        None, description="No traffic reaches the pod until it succeeds.", examples=[{"http_get": {"path": "/healthz"}}]
    )
    liveness_probe: Probe | None = Field(
        None, description="The container is restarted when it fails.", examples=[{"http_get": {"path": "/healthz"}}]
    )
    startup_probe: Probe | None = Field(
        None, description="The other probes wait until it succeeds.", examples=[{"http_get": {"path": "/healthz"}}]
    )
    pre_stop: PreStop | None = Field(
        None, description="Runs before the container is stopped.", examples=[{"exec": {"command": ["sleep", "10"]}}]
    )


class Pod(Model):
    """The pods that serve an API."""

    planned = frozenset(("labels", "annotations", "volumes"))

    port: s.Port = Field(8080, description="Port on which one of the containers serves HTTP.")
    max_concurrency: s.Concurrency = Field(1, description="Requests that a replica works on at a time; not enforced.")
    max_queue_length: s.Concurrency = Field(100, description="Requests that wait for a replica; not enforced.")
    containers: tuple[Container, ...] = Field(
        description="The containers of a pod, at least one.", examples=[[{"name": "api", "image": "ghcr.io/acme/iris:1.4.0"}]]
    )


class Autoscaling(Model):
    """How many replicas run."""

    planned = frozenset(("metrics",))

    min_replicas: s.Count = Field(1, description="Fewest replicas.")
    max_replicas: s.Replicas = Field(100, description="Most replicas; equal to min_replicas means a fixed number.")
    init_replicas: s.Count | None = Field(None, description="Replicas at the first deployment; no effect under GitOps.")
    target_in_flight: s.InFlight | None = Field(None, description="Requests in flight per replica; max_concurrency by default.")
    window: s.Window = Field(60, description="Time over which a change is bounded, 10s to 30m in steps of 10s; 60s by default.")
    downscale_stabilization_period: s.Stabilization = Field(
        300, description="The highest recommendation of this time counts when scaling down, 0s to 1h; 5m by default."
    )
    upscale_stabilization_period: s.Stabilization = Field(
        60, description="The lowest recommendation of this time counts when scaling up, 0s to 1h; 1m by default."
    )
    max_downscale_factor: s.DownscaleFactor = Field(Decimal("0.75"), description="Replicas that stay at least, per window.")
    max_upscale_factor: s.UpscaleFactor = Field(Decimal("1.5"), description="Growth at most, per window.")
    downscale_tolerance: s.DownscaleTolerance = Field(Decimal("0.05"), description="Smaller drops are ignored; no effect yet.")
    upscale_tolerance: s.UpscaleTolerance = Field(Decimal("0.05"), description="Smaller rises are ignored; no effect yet.")


class UpdateStrategy(Model):
    """How a rollout replaces pods."""

    max_surge: s.MaxSurge = Field("25%", description="Replicas above the wanted number during a rollout.")
    max_unavailable: s.MaxUnavailable = Field("25%", description="Replicas below the wanted number during a rollout.")


class Networking(Model):
    """Where an API is served."""

    endpoint: s.Endpoint | None = Field(None, description="Path at which the API is served; /NAME by default.")
    host: s.Host | None = Field(None, description="Host at which the API is served; every host by default.")


class RealtimeAPI(Model):
    """An API that answers requests: a Deployment with a Service, a route and an autoscaler."""

    planned = frozenset(
        [
            "canary",
            "environments",
            "node_groups",
            "spot",
            "service_account",
            "image_pull_secrets",
            "node_selector",
            "tolerations",
            "priority_class",
            "runtime_class",
            "termination_grace_period",
            "monitoring",
            "disruption",
            "volumes",
        ]
    )

    name: s.Name = Field(description="Name of the API and its objects, at most 42 characters.", examples=["iris"])
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
    labels: dict[s.LabelKey, s.LabelValue] = Field({}, description="Labels on every object, not on pods.", examples=[{"team": "vision"}])
    annotations: dict[s.AnnotationKey, s.Text] = Field(
        {}, description="Annotations on every object, not on pods.", examples=[{"example.com/owner": "vision"}]
    )


# The shorthand: these fields at the top of a spec make one container named `api`.
SHORTHAND = ("image", "command", "args", "env", "compute")
SHORTHAND_PORT = "port"

KINDS = {"RealtimeAPI": RealtimeAPI}
PLANNED_KINDS = ("TrafficSplitter", "AsyncAPI", "BatchAPI", "TaskAPI")

"""The containers of a pod: what they run, what they need, how one sees that they work."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from cxgen.spec import types as t
from cxgen.spec.model import Model


class HttpGet(Model):
    """An HTTP request to the container."""

    path: t.HttpPath = Field("/", description="Path to request.")
    port: t.Port | None = Field(None, description="Port to request; pod.port by default.")


class TcpSocket(Model):
    """A connection to the container."""

    port: t.Port | None = Field(None, description="Port that must accept a connection; pod.port by default.")


class Exec(Model):
    """A command in the container."""

    command: tuple[t.Text, ...] = Field(description="Command that must exit with 0; not run in a shell.", examples=[["cat", "/ready"]])


class Probe(Model):
    """Exactly one of http_get, tcp_socket and exec. 0 stands for the default, as in Kubernetes."""

    one_of = ("http_get", "tcp_socket", "exec")

    http_get: HttpGet | None = Field(
        None, description="An HTTP request that must be answered with 200 to 399.", examples=[{"path": "/healthz"}]
    )
    tcp_socket: TcpSocket | None = Field(None, description="A port that must accept a connection.", examples=[{"port": 8080}])
    exec: Exec | None = Field(None, description="A command that must succeed in the container.", examples=[{"command": ["cat", "/ready"]}])
    initial_delay_seconds: t.Count = Field(0, description="Seconds after the container's start before the first probe.")
    timeout_seconds: t.TimeoutSeconds = Field(1, description="Seconds until a probe counts as failed.")
    period_seconds: t.PeriodSeconds = Field(10, description="Seconds between two probes.")
    success_threshold: t.SuccessThreshold = Field(1, description="Successes in a row that count as healthy again.")
    failure_threshold: t.FailureThreshold = Field(3, description="Failures in a row that count as unhealthy.")


class PreStop(Model):
    """Exactly one of http_get and exec."""

    one_of = ("http_get", "exec")

    http_get: HttpGet | None = Field(None, description="An HTTP request before the container is stopped.", examples=[{"path": "/drain"}])
    exec: Exec | None = Field(None, description="A command before the container is stopped.", examples=[{"command": ["sleep", "10"]}])


class Limits(Model):
    """What a container cannot exceed."""

    cpu: t.Cpu | None = Field(None, description="CPU at which the container is throttled; none by default.")
    mem: t.Memory | None = Field(None, description="Memory at which the container is killed; mem by default.")


class Compute(Model):
    """What a container requests of its node."""

    nullable = frozenset(("cpu",))

    cpu: t.Cpu | None = Field("200m", description="CPU request, at least 20m; null for none.")
    mem: t.Memory | None = Field(None, description="Memory request, at least 20Mi, and limit where limits.mem gives none.")
    gpu: t.Count = Field(0, description="Whole GPUs.")
    gpu_type: t.GpuType | None = Field(
        None, description="Type of the GPUs: the value that the environment's gpu_type_label has on such nodes.", examples=["Tesla-T4"]
    )
    gpu_resource: t.Device = Field("nvidia.com/gpu", description="Resource that gpu counts, such as nvidia.com/mig-1g.5gb or amd.com/gpu.")
    inf: t.Count = Field(0, description="Whole Inferentia or Trainium devices.")
    inf_resource: t.Device = Field(
        "aws.amazon.com/neuron", description="Resource that inf counts; aws.amazon.com/neuroncore for single cores."
    )
    shm: t.Size | None = Field(
        None, description="Size of /dev/shm, which is memory and counts against mem; the runtime's 64 MiB by default."
    )
    hugepages: t.HugePages | None = Field(None, description="Huge pages of 2Mi together, in whole pages.", examples=["256Mi"])
    limits: Limits = Field(Limits.model_construct(), description="What the container cannot exceed.", examples=[{"cpu": 2}])

    @property
    def devices(self) -> list[tuple[str, int]]:
        """The devices that are asked for: the resource, and how many."""
        return [(resource, count) for resource, count in ((self.gpu_resource, self.gpu), (self.inf_resource, self.inf)) if count]


class KeyRef(Model):
    """A key of an object in the API's namespace."""

    name: t.ObjectName = Field(description="Name of the object.", examples=["database"])
    key: t.DataKey = Field(description="Key in the object.", examples=["password"])


class EnvReference(Model):
    """Exactly one of secret, config_map, field and value."""

    one_of = ("secret", "config_map", "field", "value")

    secret: KeyRef | None = Field(None, description="A key of a Secret.", examples=[{"name": "database", "key": "password"}])
    config_map: KeyRef | None = Field(None, description="A key of a ConfigMap.", examples=[{"name": "settings", "key": "mode"}])
    field: t.EnvField | None = Field(None, description="A field of the pod, such as metadata.name or status.podIP.")
    value: t.EnvText | None = Field(None, description="Plain text that is meant to be in Git, though it looks like a secret.")


# Tags of the two ways to write a variable. No key can begin so: pydantic puts the tag into the place of an error.
TEXT, REFERENCE = "\0text", "\0reference"
EnvValue = Annotated[
    Annotated[t.EnvText, Tag(TEXT)] | Annotated[EnvReference, Tag(REFERENCE)],
    Discriminator(lambda value: REFERENCE if isinstance(value, dict | EnvReference) else TEXT),
]


class ObjectRef(Model):
    """An object in the API's namespace."""

    name: t.ObjectName = Field(description="Name of the object.", examples=["iris-data"])


class EmptyDir(Model):
    """A folder that lives as long as its pod."""

    name: t.VolumeName | None = Field(None, description="Containers that use the same name share the folder; by default it is their own.")
    size_limit: t.Size | None = Field(None, description="Size beyond which the pod is evicted; none by default.")
    medium: t.Medium | None = Field(None, description="Memory keeps the folder in memory; the node's disk by default.")


class Volume(Model):
    """Exactly one of secret, config_map, persistent_volume_claim and empty_dir, as a folder of the container."""

    one_of = ("secret", "config_map", "persistent_volume_claim", "empty_dir")

    mount_path: t.MountPath = Field(description="Absolute path in the container.", examples=["/models"])
    secret: ObjectRef | None = Field(None, description="The keys of a Secret as files.", examples=[{"name": "tls"}])
    config_map: ObjectRef | None = Field(None, description="The keys of a ConfigMap as files.", examples=[{"name": "settings"}])
    persistent_volume_claim: ObjectRef | None = Field(
        None, description="A volume that outlives pods; its claim must exist.", examples=[{"name": "models"}]
    )
    empty_dir: EmptyDir | None = Field(None, description="An empty folder that goes with the pod.", examples=[{"size_limit": "1Gi"}])
    sub_path: t.SubPath | None = Field(None, description="Path within the volume that is mounted in place of its root.", examples=["v1"])
    read_only: t.Flag = Field(False, description="Whether the container can only read it.")


class Security(Model):
    """A way out for images that need more than a container gets; each use of it warns."""

    capabilities: tuple[t.Capability, ...] = Field(
        (), description="Linux capabilities that the container keeps; none by default.", examples=[["CHOWN", "SETGID", "SETUID"]]
    )
    run_as_user: t.UserId | None = Field(None, description="Number of the user that runs the container; the image's by default; 0 is root.")


class Container(Model):
    """One container of the pods."""

    name: t.ContainerName = Field(description="Name of the container.", examples=["api"])
    image: t.Image = Field(description="Image reference, by tag or digest.", examples=["ghcr.io/acme/iris:1.4.0"])
    command: tuple[t.Text, ...] = Field(
        (), description="Entrypoint in place of the image's; not run in a shell.", examples=[["python", "serve.py"]]
    )
    args: tuple[t.Text, ...] = Field((), description="Arguments in place of the image's.", examples=[["--workers", "4"]])
    env: dict[t.EnvName, EnvValue] = Field(
        {},
        description="Environment variables in the order written: text, or a reference to a Secret, a ConfigMap or a field of the pod.",
        examples=[{"LOG_LEVEL": "info"}],
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
    volumes: tuple[Volume, ...] = Field(
        (), description="Folders from elsewhere.", examples=[[{"mount_path": "/models", "persistent_volume_claim": {"name": "models"}}]]
    )
    security: Security = Field(
        Security.model_construct(), description="A way out for images that need a capability or a user.", examples=[{"run_as_user": 1000}]
    )

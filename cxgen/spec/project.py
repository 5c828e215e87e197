"""cxgen.yaml, the project file: its fields, their defaults and their rules."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, model_validator

from cxgen.spec import scalars as s
from cxgen.spec import types as t
from cxgen.spec.model import Model
from cxgen.spec.models import Override, Toleration

FILE = "cxgen.yaml"
DEFAULT = "default"  # the one environment of a project that names none


def _repository(value: Any) -> str:
    written = str(s.spelled(value, "a repository's address"))
    # Whatever stands before @ on the way to an HTTP server is a password or a token; ssh has a user there.
    if re.match(r"(?i)(?!(git\+)?ssh://)[a-z+]+://[^/]*@|https?://.*@|[a-z+]+://[^@]*:[^@]*@|[^@/]+:[^@/]+@", written):
        s.fail(
            "E402", "the address holds a password or token; leave out what stands before @ and give it to Argo CD as a repository secret"
        )
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|([^@/:\s]+@)?[^@/:\s]+:\S+", written):
        s.fail("E402", f"{s.show(written)} is not a repository's address; write one such as https://git.example.com/ml/apis.git")
    return _no_template(written)


def _no_template(written: str) -> str:
    """An ApplicationSet is a template of Go's."""
    if "{{" in written:
        s.fail("E403", f"{s.show(written)} has {{{{, which Argo CD would take for a template; write it without")
    return written


def _plain_text(value: Any) -> str:
    written = str(s.spelled(value, "a string"))
    written = _no_template(written)
    if not written or re.search(r"\s", written):
        s.fail("E403", f"{s.show(written)} is empty or has spaces; write a name or an address")
    return written


def _app_project(value: Any) -> str:
    name = str(t.environment_name.read(value))
    if name == "default":
        s.fail("E403", "default is the AppProject of Argo CD's own, which other Applications are in; choose another, or leave it out")
    return name


def _query(value: Any) -> str:
    written = str(s.spelled(value, "a query"))
    if not written.strip():
        s.fail("E103", "an empty query asks nothing; write PromQL that gives one number for the API")
    return written


def _server(value: Any) -> str:
    written = str(s.spelled(value, "an address"))
    if "@" in written:
        s.fail("E403", "the address holds a user or a password, which Git would keep; leave out what stands before @")
    if not re.fullmatch(r"https?://[^\s@]+", written):
        s.fail("E403", f"{s.show(written)} is not the address of a server; write one such as http://prometheus.monitoring:9090")
    return written


def _required_version(value: Any) -> str:
    written = str(s.spelled(value, "a range of versions"))
    from packaging.specifiers import SpecifierSet

    try:
        wanted = SpecifierSet(written[:200])
        wanted.contains("1")  # it reads the versions only now
        return str(wanted)
    except ValueError:
        exact = f'"=={written}"' if re.fullmatch(r"[0-9]+(\.[0-9]+)*", written) else '">=0.1,<0.2"'
        s.fail("E405", f"{s.show(written)} is not a range of versions as Python writes it; write {exact}")


AppProject = Annotated[str, s.Rule(_app_project, t.environment_name.schema)]
RepositoryUrl = Annotated[str, s.Rule(_repository, {"type": "string"})]
Word = Annotated[str, s.Rule(_plain_text, {"type": "string"})]
Query = Annotated[str, s.Rule(_query, {"type": ["string", "number", "boolean"]})]
Server = Annotated[str, s.Rule(_server, {"type": "string", "pattern": "^https?://"})]
RequiredVersion = Annotated[str, s.Rule(_required_version, {"type": "string"})]
Format = Annotated[str, s.choice("helm", later=("kustomize", "manifests"))]
Provider = Annotated[str, s.choice("nginx", "none", later=("gateway",))]
Autoscaler = Annotated[str, s.choice("hpa", "keda")]
SecurityLevel = Annotated[str, s.choice("baseline", "restricted")]


class Argocd(Model):
    """How Argo CD reaches this repository, and what it does by itself."""

    repo_url: RepositoryUrl | None = Field(
        None, description="Address from which Argo CD reads this repository.", examples=["https://git.example.com/ml/apis.git"]
    )
    revision: Word = Field("main", description="Branch, tag or commit that Argo CD follows.")
    namespace: t.EnvironmentName = Field("argocd", description="Namespace in which Argo CD runs.")
    project: AppProject | None = Field(None, description="Name of the AppProject; cxgen-ENVIRONMENT by default.")
    automated: t.Flag = Field(True, description="Whether Argo CD syncs by itself what is new in Git.")
    prune: t.Flag = Field(True, description="Whether Argo CD removes by itself what is gone from Git.")
    self_heal: t.Flag = Field(True, description="Whether Argo CD undoes by itself what was changed in the cluster.")


class Routing(Model):
    """How requests reach the APIs."""

    provider: Provider = Field("nginx", description="nginx for an Ingress of ingress-nginx, none for a Service alone.")
    ingress_class: t.ObjectName = Field("nginx", description="IngressClass of the controller.")
    host: t.Host | None = Field(
        None, description="Host of every API that has none of its own; every host by default.", examples=["models.example.com"]
    )
    tls_secret: t.ObjectName | None = Field(None, description="Secret with the certificate of the hosts.", examples=["models-tls"])


class Prometheus(Model):
    """A query that KEDA sends to Prometheus."""

    server: Server = Field(description="Address of Prometheus.", examples=["http://prometheus.monitoring:9090"])
    query: Query = Field(
        description="PromQL that gives one number for the whole API; $(name), $(namespace) and $(environment) stand for it.",
        examples=['sum(requests_in_flight{api="$(name)", namespace="$(namespace)"})'],
    )


class MetricSource(Model):
    """Where a metric comes from: exactly one of pods, external and prometheus."""

    one_of = ("pods", "external", "prometheus")

    pods: t.MetricSource | None = Field(
        None, description="Metric of each pod in the custom metrics API; for autoscaler: hpa.", examples=["requests_in_flight"]
    )
    external: t.MetricSource | None = Field(
        None,
        description="Metric in the external metrics API; for autoscaler: hpa. $(name) stands for the API's, as in a query.",
        examples=["queue_length"],
    )
    prometheus: Prometheus | None = Field(
        None,
        description="A query to Prometheus; for autoscaler: keda.",
        examples=[{"server": "http://prometheus.monitoring:9090", "query": 'sum(requests_in_flight{api="$(name)"})'}],
    )


class NodeGroup(Model):
    """Nodes that belong together, such as those with GPUs."""

    node_selector: dict[t.NodeLabelKey, t.LabelValue] = Field(description="Labels that its nodes have.", examples=[{"pool": "gpu"}])
    tolerations: tuple[Toleration, ...] = Field(
        (), description="Taints of its nodes.", examples=[[{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]]
    )
    spot: t.Flag = Field(False, description="Whether its nodes can be taken away at any time; only APIs with spot: true run there.")


class Environment(Model):
    """A place where every API runs: a namespace of a cluster."""

    namespace: t.EnvironmentName | None = Field(None, description="Namespace of the objects; the environment's name by default.")
    cluster: Word = Field("https://kubernetes.default.svc", description="Argo CD's name or address of the cluster.")
    kubernetes_version: t.KubernetesVersion | None = Field(
        None,
        description="Version of the cluster; fields that came later are left out, and without it those of 1.35 and later.",
        examples=["1.34"],
    )
    routing: Routing = Field(
        Routing.model_construct(), description="How requests reach the APIs.", examples=[{"host": "models.example.com"}]
    )
    autoscaler: Autoscaler = Field(
        "hpa", description="hpa for a HorizontalPodAutoscaler, keda for a ScaledObject, which can scale to zero."
    )
    metrics: dict[t.MetricName, MetricSource] = Field(
        {},
        description="Where metrics come from, by name; in_flight is that of requests in flight.",
        examples=[{"in_flight": {"pods": "in_flight"}}],
    )
    node_groups: dict[t.EnvironmentName, NodeGroup] = Field(
        {}, description="Groups of nodes, by name.", examples=[{"gpu": {"node_selector": {"pool": "gpu"}}}]
    )
    gpu_type_label: t.NodeLabelKey = Field(
        "nvidia.com/gpu.product", description="Label of nodes that says which GPUs they have; compute.gpu_type is its value."
    )
    security: SecurityLevel = Field("baseline", description="Pod Security level that every pod meets.")
    defaults: Override = Field({}, description="Fields of every API in this environment.", examples=[{"autoscaling": {"min_replicas": 2}}])

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_all_defaults(cls, data: Any) -> Any:
        return {} if data is None else data

    @property
    def where(self) -> str:
        """The cluster, whichever of Argo CD's two names for its own was written."""
        return "https://kubernetes.default.svc" if self.cluster == "in-cluster" else self.cluster.rstrip("/")

    def at_least(self, minor: int) -> bool:
        """Whether the cluster is known to have Kubernetes 1.`minor` or later."""
        return self.kubernetes_version is not None and int(self.kubernetes_version.partition(".")[2]) >= minor


class Project(Model):
    """cxgen.yaml, the project file."""

    planned = frozenset(("templates",))

    required_version: RequiredVersion | None = Field(
        None, description="Versions of cxgen that may render this project; any by default.", examples=[">=0.1,<0.2"]
    )
    format: Format = Field("helm", description="What is written for each API: helm for a chart.")
    defaults: Override = Field({}, description="Fields of every API.", examples=[{"compute": {"mem": "1Gi"}}])
    environments: dict[t.EnvironmentName, Environment] = Field(
        {}, description="The environments, by name; one called default where there is none.", examples=[{"prod": {"namespace": "ml"}}]
    )
    argocd: Argocd = Field(
        Argocd.model_construct(),
        description="How Argo CD reaches this repository.",
        examples=[{"repo_url": "https://git.example.com/ml/apis.git"}],
    )
    require_digest: t.Flag = Field(False, description="Whether every image must be named by its digest.")

    def targets(self) -> dict[str, Environment]:
        """Every environment that is rendered, by name, each with its namespace."""
        named = self.environments or {DEFAULT: Environment.model_construct()}
        return {name: found.model_copy(update={"namespace": found.namespace or name}) for name, found in named.items()}

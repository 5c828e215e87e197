"""cxgen.yaml, the project file: its fields, their defaults and their rules."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, model_validator

from cxgen.spec import scalars as s
from cxgen.spec.models import Model

FILE = "cxgen.yaml"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def _repository(value: Any) -> str:
    written = str(s.spelled(value, "a repository's address"))
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|([^@/:\s]+@)?[^@/:\s]+:\S+", written):
        s.fail("E402", f"{s.show(written)} is not a repository's address; write one such as https://git.example.com/ml/apis.git")
    # Whatever stands before @ on the way to an HTTP server is a password or a token; ssh has a user there.
    if re.match(r"(?i)https?://.*@|[a-z+]+://[^@]*:[^@]*@", written):
        s.fail(
            "E402", "the address holds a password or token; leave out what stands before @ and give it to Argo CD as a repository secret"
        )
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


_name = s.pattern("E403", _LABEL, 63, "a name of lower-case letters, digits and -", "ml-prod")


def _app_project(value: Any) -> str:
    name = str(_name.read(value))
    if name == "default":
        s.fail("E403", "default is the AppProject of Argo CD's own, which other Applications are in; choose another, or leave it out")
    return name


DnsLabel = Annotated[str, _name]
AppProject = Annotated[str, s.Rule(_app_project, _name.schema)]
RepositoryUrl = Annotated[str, s.Rule(_repository, {"type": "string"})]
Word = Annotated[str, s.Rule(_plain_text, {"type": "string"})]


class Argocd(Model):
    repo_url: RepositoryUrl | None = Field(None, description="Address from which Argo CD reads this repository.")
    revision: Word = Field("main", description="Branch, tag or commit that Argo CD follows.")
    namespace: DnsLabel = Field("argocd", description="Namespace in which Argo CD runs.")
    project: AppProject | None = Field(None, description="Name of the AppProject; cxgen-ENVIRONMENT by default.")
    planned = frozenset(("automated", "prune", "self_heal"))


class Environment(Model):
    namespace: DnsLabel | None = Field(None, description="Namespace of the objects; the environment's name by default.")
    cluster: Word = Field("https://kubernetes.default.svc", description="Argo CD's name or address of the cluster.")

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_all_defaults(cls, data: Any) -> Any:
        return {} if data is None else data

    planned = frozenset(["kubernetes_version", "routing", "autoscaler", "metrics", "node_groups", "security", "defaults"])


class Project(Model):
    environments: dict[DnsLabel, Environment] = Field(
        {}, description="The environments that are rendered, by name.", examples=[{"prod": {"namespace": "ml"}}]
    )
    argocd: Argocd = Field(
        Argocd.model_construct(),
        description="How Argo CD reaches this repository.",
        examples=[{"repo_url": "https://git.example.com/ml/apis.git"}],
    )
    planned = frozenset(("required_version", "format", "defaults", "require_digest", "templates"))

    @property
    def environment(self) -> tuple[str, Environment]:
        """The one environment of this version: the one that is named, else `default`."""
        for name, environment in self.environments.items():
            return name, environment
        return "default", Environment.model_construct()

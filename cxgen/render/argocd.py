"""Argo CD's wiring of an environment: an AppProject and an ApplicationSet that finds the folders of APIs by itself."""

from __future__ import annotations

from typing import NamedTuple

from cxgen.plan.identity import Identifier
from cxgen.plan.values import STRING, Group, Value
from cxgen.render import templates
from cxgen.spec.project import Argocd, Environment

FOLDER = "argocd"


class GroupKind(NamedTuple):
    group: Identifier
    kind: Identifier


# Every kind that chart-templates/ can make; the AppProject allows no other. A test compares it with the templates.
KINDS = tuple(
    GroupKind(Identifier(group), Identifier(kind))
    for group, kind in (
        ("", "Service"),
        ("", "ServiceAccount"),
        ("apps", "Deployment"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("networking.k8s.io", "Ingress"),
        ("policy", "PodDisruptionBudget"),
    )
)


class Wiring(NamedTuple):
    """What decides the structure of the file."""

    environment: Identifier
    folder: Identifier
    destination: Identifier  # Argo CD knows a cluster by `server` (an address) or by `name`
    kinds: tuple[GroupKind, ...] = KINDS


def wiring(name: str, environment: Environment, argocd: Argocd, folder: str) -> str | None:
    """The file for one environment whose APIs lie in `folder`; None where no repository's address is known."""
    if argocd.repo_url is None:
        return None
    is_address = environment.cluster.startswith(("https://", "http://"))
    data = {
        "project": argocd.project or f"cxgen-{name}",
        "argocdNamespace": argocd.namespace,
        "repoURL": argocd.repo_url,
        "revision": argocd.revision,
        "cluster": environment.cluster,
        "namespace": environment.namespace or name,
    }
    spec = Wiring(Identifier(name), Identifier(folder), Identifier("server" if is_address else "name"))
    values = templates.LiteralRef(Group({key: Value(value, STRING) for key, value in data.items()}))
    return templates.render(f"{FOLDER}/environment.yaml", spec, values)

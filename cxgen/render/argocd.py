"""Argo CD's wiring of an environment: an AppProject and an ApplicationSet that finds the folders of APIs by itself."""

from __future__ import annotations

import re
from typing import NamedTuple

from cxgen.errors import Diagnostic, InvalidInput
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
        ("keda.sh", "ScaledObject"),
        ("monitoring.coreos.com", "PodMonitor"),
        ("networking.k8s.io", "Ingress"),
        ("policy", "PodDisruptionBudget"),
    )
)


class Wiring(NamedTuple):
    """What decides the structure of the file."""

    environment: Identifier
    destination: Identifier  # Argo CD knows a cluster by `server` (an address) or by `name`
    automated: bool
    kinds: tuple[GroupKind, ...] = KINDS


def wiring(name: str, environment: Environment, argocd: Argocd, folder: str) -> str | None:
    """The file for one environment whose APIs lie in `folder` of the repository; None where no repository's address is known.

    Raises InvalidInput where Argo CD would take the folder for a pattern (https://pkg.go.dev/path#Match).
    """
    if argocd.repo_url is None:
        return None
    if not re.fullmatch(r"[^*?\[\]\\{}]+", folder) or not folder.isprintable():
        message = "holds one of * ? [ ] { } \\, which Argo CD's patterns give a meaning; rename the folder"
        raise InvalidInput(Diagnostic("E404", message, folder))
    is_address = environment.cluster.startswith(("https://", "http://"))
    data = {
        "project": argocd.project or f"cxgen-{name}",
        "argocdNamespace": argocd.namespace,
        "repoURL": argocd.repo_url,
        "revision": argocd.revision,
        "cluster": environment.cluster,
        "namespace": environment.namespace or name,
        "folders": f"{folder}/*",
        "prune": argocd.prune,
        "selfHeal": argocd.self_heal,
    }
    spec = Wiring(Identifier(name), Identifier("server" if is_address else "name"), argocd.automated)
    values = templates.LiteralRef(Group({key: Value(value, STRING) for key, value in data.items()}))
    return templates.render(f"{FOLDER}/environment.yaml", spec, values)

"""Pods of the examples run where Pod Security is enforced: at its baseline, and restricted where the environment says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests import apis
from tests.cluster.conftest import Answer, Cluster
from tests.cluster.test_apiserver import KNOWN, objects
from tests.conftest import SMALLEST

pytestmark = pytest.mark.xdist_group("cluster")


def admit(cluster: Cluster, deployment: dict[str, Any], level: str) -> Answer:
    """A pod of a Deployment, as its ReplicaSet would make it."""
    template = deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "generateName": "x-"}, "spec": template["spec"]}
    return cluster.dry_run(pod, level)


def deployment_of(api: Any) -> dict[str, Any]:
    (found,) = (made for made in objects(api) if made["kind"] == "Deployment")
    return found


@pytest.mark.parametrize("name", [name for name in KNOWN if not name.startswith("cortex-")])
@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_examples(cluster: Cluster, name: str, level: str) -> None:
    answer = admit(cluster, deployment_of(KNOWN[name]._replace(restricted=level == "restricted")), level)
    assert answer.status == 201, answer.body.get("message")


@pytest.mark.parametrize(
    ("security", "level", "status", "reason"),
    [
        ("{}", "restricted", 403, "runAsNonRoot"),  # the environment does not say restricted
        ("{capabilities: [CHOWN]}", "baseline", 201, ""),
        ("{capabilities: [CHOWN]}", "restricted", 403, "unrestricted capabilities"),
        ("{capabilities: [SYS_ADMIN, IPC_LOCK]}", "baseline", 403, "non-default capabilities"),
        ("{capabilities: [SYS_ADMIN, IPC_LOCK]}", "ml", 201, ""),
        ("{run_as_user: 0}", "baseline", 201, ""),
        ("{run_as_user: 0}", "restricted", 403, "runAsNonRoot"),
    ],
)
def test_the_way_out_is_what_the_warning_says(cluster: Cluster, security: str, level: str, status: int, reason: str) -> None:
    spec = f"name: iris\nkind: RealtimeAPI\npod: {{containers: [{{name: api, image: 'a:1', security: {security}}}]}}\n"
    answer = admit(cluster, deployment_of(apis.load(spec)), level)
    assert (answer.status, reason in str(answer.body.get("message"))) == (status, True)


def test_every_capability_is_judged_as_pod_security_does(cluster: Cluster) -> None:
    from cxgen.spec.rules.security import BASELINE, RESTRICTED
    from cxgen.spec.types import CAPABILITIES

    deployment = deployment_of(apis.load(SMALLEST, "environments: {prod: {security: restricted}}"))
    context = deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    for level, allowed in (("baseline", BASELINE), ("restricted", RESTRICTED)):
        admitted = set()
        for capability in CAPABILITIES:
            context["capabilities"]["add"] = [capability]
            if admit(cluster, deployment, level).status == 201:
                admitted.add(capability)
        assert admitted == allowed

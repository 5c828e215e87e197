"""A real kube-apiserver takes every object as it is rendered, strictly, and gives every field back."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cxgen import yamlio
from cxgen.plan.api import API
from cxgen.render import manifests
from tests import apis, strategies
from tests.cluster.conftest import Cluster

pytestmark = pytest.mark.xdist_group("cluster")  # one control plane for all of them

KNOWN = apis.known()
RANDOM = int(os.environ.get("CXGEN_RANDOM_SPECS", "100"))


def objects(api: API) -> list[dict[str, Any]]:
    return [made for name, text in manifests.manifests(api).items() for made in yamlio.objects(text, name)]


def lost(sent: Any, given_back: Any, path: str = "") -> list[str]:
    """The fields that were sent and are not in the answer as they were sent."""
    if isinstance(sent, dict) and isinstance(given_back, dict):
        return [found for key, value in sent.items() for found in lost(value, given_back.get(key), f"{path}.{key}")]
    if isinstance(sent, list) and isinstance(given_back, list) and len(sent) == len(given_back):
        pairs = enumerate(zip(sent, given_back, strict=True))
        return [found for index, (one, other) in pairs for found in lost(one, other, f"{path}[{index}]")]
    return [] if sent == given_back and type(sent) is type(given_back) else [f"{path}: {sent!r} became {given_back!r}"]


def assert_kept(cluster: Cluster, api: API) -> int:
    made = objects(api)
    for found in made:
        answer = cluster.dry_run(found, "ml")
        assert answer.status == 201, (found["kind"], answer.body.get("message"))
        assert not lost(found, answer.body), found["kind"]
        # The one thing that it warns of is a name of a pod that is no DNS label, which no name of ours can be.
        assert not answer.warnings, (found["kind"], answer.warnings)
    return len(made)


@pytest.mark.parametrize("name", KNOWN)
def test_examples(cluster: Cluster, name: str) -> None:
    assert assert_kept(cluster, KNOWN[name]) >= 3


@settings(max_examples=RANDOM, derandomize=RANDOM <= 100, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.cases())
def test_random_specs(cluster: Cluster, case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """In every environment of a random project."""
    for api in apis.load_all(*map(strategies.to_yaml, case)).values():
        assert_kept(cluster, api)


def test_a_lost_field_is_seen(cluster: Cluster) -> None:
    """An empty value, an unknown field, a number that the server spells in another way: each of them would be found."""
    (deployment,) = (made for made in objects(KNOWN["smallest-iris-default"]) if made["kind"] == "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    container["env"].append({"name": "A", "value": ""})
    container["resources"]["requests"]["cpu"] = "0.2"
    found = lost(deployment, cluster.dry_run(deployment, "ml").body)
    assert [line.rpartition(".")[2] for line in found] == ["value: '' became None", "2' became '200m'"]
    container["imagePullPolice"] = "Always"
    answer = cluster.dry_run(deployment, "ml")
    assert (answer.status, "unknown field" in answer.body["message"]) == (400, True)

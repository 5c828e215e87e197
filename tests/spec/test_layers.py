"""How layers merge: every rule of the project file's documentation, one row each."""

from __future__ import annotations

from typing import Any

import pytest

from cxgen.plan.api import API
from tests import apis
from tests.conftest import Project

BASE = {"name": "iris", "kind": "RealtimeAPI", "image": "a:1"}
LONG = "name: iris\nkind: RealtimeAPI\npod:\n  containers:\n"


def merged(spec: str, override: str = "", defaults: str = "", of_environment: str = "") -> API:
    """An API as `prod` has it, of up to four layers."""
    project = f"defaults: {{{defaults}}}\nenvironments: {{prod: {{defaults: {{{of_environment}}}}}}}"
    return apis.load(f"{spec}\nenvironments: {{prod: {{{override}}}}}", project)


SHORT = "name: iris\nkind: RealtimeAPI\nimage: a:1\n"


@pytest.mark.parametrize(
    ("layers", "replicas"),
    [
        ({}, 100),
        ({"defaults": 5}, 5),
        ({"defaults": 5, "of_environment": 6}, 6),
        ({"defaults": 5, "of_environment": 6, "spec": 7}, 7),
        ({"defaults": 5, "of_environment": 6, "spec": 7, "override": 8}, 8),
        ({"defaults": 5, "spec": 7}, 7),
        ({"defaults": 5, "override": 8}, 8),
        ({"of_environment": 6}, 6),
        ({"defaults": 5, "of_environment": "null"}, 100),
        ({"defaults": 5, "spec": "null"}, 100),
        ({"of_environment": 6, "override": "null"}, 100),
        ({"spec": "null", "override": 8}, 8),
    ],
)
def test_the_highest_layer_wins_and_null_is_the_default(layers: dict[str, Any], replicas: int) -> None:
    written = {name: f"autoscaling: {{max_replicas: {value}}}" for name, value in layers.items()}
    spec = SHORT + written.pop("spec", "")
    found = merged(spec, **written)
    assert found.autoscaling
    assert found.autoscaling.max_replicas == replicas


def env(found: API, container: int = 0) -> dict[str, Any]:
    return {str(v.name): dict(v.reference) if v.source else v.value for v in found.containers[container].env}


@pytest.mark.parametrize(
    ("lower", "upper", "result"),
    [
        ("A: 1", "B: 2", {"A": "1", "B": "2"}),  # by key
        ("A: 1, B: 2", "A: 3", {"A": "3", "B": "2"}),  # in the place of the first
        ("A: 1, B: 2", "A: null", {"B": "2"}),  # taken away
        ("B: 2", "A: null", {"B": "2"}),  # and where it was not
        ("A: {secret: {name: a, key: b}}", "A: {config_map: {name: c, key: d}}", {"A": {"name": "c", "key": "d"}}),  # whole
        ("A: {secret: {name: a, key: b}}", "A: x", {"A": "x"}),
        ("A: x", "A: {field: metadata.name}", {"A": {"fieldPath": "metadata.name"}}),
    ],
)
def test_variables(lower: str, upper: str, result: dict[str, Any]) -> None:
    found = merged(SHORT + f"env: {{{lower}}}", f"env: {{{upper}}}")
    assert env(found) == result
    assert list(env(found)) == list(result)
    if "null" not in upper:  # in the spec itself, null beside nothing is a slip
        from_defaults = merged(SHORT + f"env: {{{upper}}}", defaults=f"env: {{{lower}}}")
        assert env(from_defaults) == result


def test_maps_of_maps_merge_by_key() -> None:
    found = merged(
        SHORT + "compute: {cpu: 1, limits: {cpu: 4}}",
        "compute: {limits: {mem: 3Gi}}",
        defaults="compute: {mem: 1Gi, cpu: 2, gpu_type: T4}",
        of_environment="compute: {mem: 2Gi}",
    )
    container = found.containers[0]
    assert (container.cpu, container.mem, container.cpu_limit, container.mem_limit) == ("1", "2Gi", "4", "3Gi")


def test_a_cpu_of_null_is_no_request() -> None:
    fixed = "autoscaling: {max_replicas: 1}\n"
    assert merged(SHORT + fixed, "compute: {cpu: null}", defaults="compute: {cpu: 2}").containers[0].cpu is None
    assert merged(SHORT + fixed + "compute: {cpu: null}", "compute: {cpu: 3}").containers[0].cpu == "3"
    assert merged(SHORT + fixed + "compute: {cpu: 3}", "compute: null").containers[0].cpu == "200m"


@pytest.mark.parametrize(
    ("lower", "upper", "result"),
    [
        ("args: [a, b]", "args: [c]", {"args": ("c",)}),
        ("args: [a, b]", "args: []", {"args": ()}),
        ("command: [a]", "args: [c]", {"command": ("a",), "args": ("c",)}),
    ],
)
def test_lists_replace(lower: str, upper: str, result: dict[str, Any]) -> None:
    container = merged(SHORT + lower, upper)
    assert {name: getattr(container.containers[0], name) for name in result} == result


def test_every_other_list_replaces() -> None:
    spec = SHORT + "tolerations: [{key: a}, {key: b}]\nimage_pull_secrets: [a, b]\nautoscaling: {metrics: [{type: cpu}]}\n"
    found = merged(spec, "tolerations: [{key: c}], image_pull_secrets: [c], autoscaling: {metrics: [{type: pods, name: x, target: 1}]}")
    assert [toleration.key for toleration in found.nodes.tolerations] == ["c"]
    assert found.image_pull_secrets == ("c",)
    assert found.autoscaling
    assert [metric.key for metric in found.autoscaling.metrics] == ["pods-x"]


def names(found: API) -> list[str]:
    return [f"{container.name}={container.image}" for container in found.containers]


A, B = "    - {name: a, image: 'a:1'}\n", "    - {name: b, image: 'b:1'}\n"


@pytest.mark.parametrize(
    ("spec", "override", "defaults", "result"),
    [
        # By name, in their order, new ones last.
        (LONG + A + B, "pod: {containers: [{name: b, image: 'b:2'}]}", "", ["a=a:1", "b=b:2"]),
        (LONG + A + B, "pod: {containers: [{name: c, image: 'c:1'}, {name: b, image: 'b:2'}]}", "", ["a=a:1", "b=b:2", "c=c:1"]),
        # The shorthand is the container `api`, in each layer.
        (SHORT, "image: 'a:2'", "", ["api=a:2"]),
        (SHORT, "pod: {containers: [{name: api, image: 'a:2'}]}", "", ["api=a:2"]),
        (LONG + "    - {name: api, image: 'a:1'}\n" + B, "image: 'a:2'", "", ["api=a:2", "b=b:1"]),
        (SHORT, "pod: {containers: [{name: b, image: 'b:1'}]}", "", ["api=a:1", "b=b:1"]),
        # A whole container in the defaults is in every API, after its own; a part of one edits what is there.
        (SHORT, "", "pod: {containers: [{name: log, image: 'log:1'}]}", ["api=a:1", "log=log:1"]),
        (LONG + A, "", "compute: {mem: 1Gi}", ["a=a:1"]),
        (
            LONG + A,
            "pod: {containers: [{name: log, image: 'log:2'}]}",
            "pod: {containers: [{name: log, image: 'log:1'}]}",
            ["a=a:1", "log=log:2"],
        ),
        ("name: iris\nkind: RealtimeAPI\n", "", "image: 'a:3'", ["api=a:3"]),
        ("name: iris\nkind: RealtimeAPI\n", "image: 'a:4'", "", ["api=a:4"]),
    ],
)
def test_containers(spec: str, override: str, defaults: str, result: list[str]) -> None:
    assert names(merged(spec, override, defaults)) == result


def test_containers_keep_what_a_layer_does_not_say() -> None:
    spec = LONG + "    - {name: a, image: 'a:1', env: {A: 1}, readiness_probe: {http_get: {path: /x}, period_seconds: 5}}\n"
    found = merged(spec, "pod: {containers: [{name: a, env: {B: 2}, readiness_probe: {period_seconds: 7}}]}")
    assert env(found) == {"A": "1", "B": "2"}
    probe = found.containers[0].readiness_probe
    assert probe
    assert (probe.handler.http_path, probe.period_seconds) == ("/x", 7)


def test_one_of_several_fields_takes_the_place_of_another() -> None:
    spec = LONG + "    - {name: a, image: 'a:1', readiness_probe: {http_get: {path: /x}, period_seconds: 5}}\n"
    probe = merged(spec, "pod: {containers: [{name: a, readiness_probe: {tcp_socket: {}}}]}").containers[0].readiness_probe
    assert probe
    assert (probe.handler.http_path, probe.handler.port, probe.period_seconds) == (None, 8080, 5)
    volume = "volumes: [{mount_path: /a, persistent_volume_claim: {name: c}, read_only: true}]"
    upper = "volumes: [{mount_path: /a/, empty_dir: {}}]"
    found = merged(LONG + f"    - {{name: a, image: 'a:1', {volume}}}\n", f"pod: {{containers: [{{name: a, {upper}}}]}}")
    assert [(volume.source, mount.read_only) for volume, mount in zip(found.volumes, found.containers[0].mounts, strict=True)] == [
        ("emptyDir", True)
    ]


def test_null_takes_away_what_any_lower_layer_has() -> None:
    keys = "labels: {a: x}, annotations: {a: x}, env: {A: x}, node_selector: {a: x}"
    none = "labels: {a: null}, annotations: {a: null}, env: {A: null}, node_selector: {a: null}"
    for layers in (
        {"defaults": keys, "override": none},
        {"defaults": keys, "of_environment": none},
        {"of_environment": keys, "override": none},
    ):
        found = merged(SHORT, **layers)
        assert (found.labels, found.annotations, env(found), found.nodes.selector) == ((), (), {}, ())
    found = merged(SHORT + "env: {A: y}", "env: {A: null}", "env: {A: x}")
    assert env(found) == {}


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        (
            "pod: {containers: [{name: api, env: {A: b}}, {env: {A: b}}]}",
            "defaults.pod.containers[1].name: required; write name: api [E102]",
        ),
        (
            "pod: {containers: [{name: api}, {name: api}]}",
            "defaults.pod.containers[1].name: api is there twice in this layer; keep one [E202]",
        ),
        (
            "pod: {containers: [{name: api, volumes: [{secret: {name: a}}]}]}",
            "defaults.pod.containers[0].volumes[0].mount_path: required; write mount_path: /models [E102]",
        ),
    ],
)
def test_what_could_not_merge_is_refused(project: Project, defaults: str, message: str) -> None:
    project.write("cxgen.yaml", f"defaults: {{{defaults}}}")
    assert project.run("validate").lines[0].split(": ", 1)[1] == message


def test_volumes_merge_by_path() -> None:
    spec = LONG + "    - {name: a, image: 'a:1', volumes: [{mount_path: /a, secret: {name: s}}, {mount_path: /b, empty_dir: {}}]}\n"
    upper = "[{mount_path: /b, read_only: true}, {mount_path: /c, config_map: {name: c}}]"
    found = merged(spec, f"pod: {{containers: [{{name: a, volumes: {upper}}}]}}")
    assert [(mount.path, mount.read_only) for mount in found.containers[0].mounts] == [("/a", False), ("/b", True), ("/c", False)]


def test_labels_and_annotations() -> None:
    found = merged(
        SHORT + "labels: {a: 1, b: 2}\npod: {labels: {a: 1}}", "labels: {a: null, c: 3}, pod: {labels: {b: x}}", defaults="labels: {d: 4}"
    )
    assert dict(found.labels) == {"b": "2", "c": "3", "d": "4"}
    assert dict(found.pod_labels) == {"a": "1", "b": "x"}


def test_a_port_in_shorthand_and_in_the_pod() -> None:
    assert merged(SHORT + "port: 80", "pod: {port: 81}").port == 81
    assert merged(SHORT + "pod: {port: 80}", "port: 81").port == 81
    assert merged(SHORT + "port: 80", "port: null").port == 8080


def test_environments_differ() -> None:
    project = "environments: {dev: {routing: {host: dev.example.com}}, prod: {routing: {host: example.com}}}"
    found = apis.load_all(SHORT + "environments: {prod: {image: 'a:2'}}", project)
    assert {name: (names(api), api.ingress and api.ingress.host) for name, api in found.items()} == {
        "dev": (["api=a:1"], "dev.example.com"),
        "prod": (["api=a:2"], "example.com"),
    }
    assert found["dev"].deployment_id != found["prod"].deployment_id

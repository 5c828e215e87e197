"""What an API becomes: defaults, normal forms, decisions, ids."""

from __future__ import annotations

from typing import Any

import pytest

from cxgen import yamlio
from cxgen.plan.api import API
from cxgen.render import helm, manifests
from tests import apis
from tests.conftest import SMALLEST


def load(more: str = "", base: str = SMALLEST, project: str = "") -> API:
    return apis.load(base + more, project)


def objects(api: API) -> dict[str, Any]:
    return {made["kind"]: made for text in manifests.manifests(api).values() for made in yamlio.objects(text, "x")}


def container(more: str) -> API:
    lines = "".join(f"      {line}\n" for line in more.splitlines())
    return load(f"pod:\n  containers:\n    - name: api\n      image: a:1\n{lines}", "name: iris\nkind: RealtimeAPI\n")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("compute: {cpu: 1}", "compute: {cpu: 1000m}"),
        ("compute: {cpu: 0.2}", "compute: {cpu: 200m}"),
        ("compute: {mem: 1Gi}", "compute: {mem: 1024Mi}"),
        ("autoscaling: {window: 60s}", "autoscaling: {window: 1m}"),
        ("autoscaling: {max_upscale_factor: 1.50}", "autoscaling: {}"),
        ("networking: {endpoint: iris/}", "networking: {endpoint: /iris}"),
        ("networking: {endpoint: null}", ""),
        ("compute: null", ""),
        ("update_strategy: {max_surge: '1'}", "update_strategy: {max_surge: 1}"),
        ("labels: {a: x, b: y}", "labels: {b: y, a: x}"),
        ("port: 8080", "pod: {port: 8080}"),
        ("env: {A: 1}", "env: {A: '1'}"),
        ("env: {A: {value: 1}}", "env: {A: '1'}"),
        (
            "compute: {cpu: 1, mem: 1Gi, limits: {cpu: 2000m, mem: 2048Mi}, shm: 1024Mi}",
            "compute: {cpu: 1, mem: 1Gi, limits: {cpu: 2, mem: 2Gi}, shm: 1Gi}",
        ),
        ("compute: {mem: 1Gi, limits: {mem: 1024Mi}}", "compute: {mem: 1Gi}"),
        ("compute: {hugepages: 1024Mi}", "compute: {hugepages: 1Gi}"),
        ("termination_grace_period: 60s", "termination_grace_period: 1m"),
        ("termination_grace_period: 1m30s", "termination_grace_period: 1.5m"),
        ("autoscaling: {metrics: [{type: cpu}]}", "autoscaling: {metrics: [{type: cpu, target: 80.0}]}"),
        ("autoscaling: {metrics: [{type: pods, name: a, target: 2.50}]}", "autoscaling: {metrics: [{type: pods, name: a, target: 2.5}]}"),
        ("autoscaling: {metrics: [{type: cpu}]}", ""),
        ("tolerations: [{key: a}]", "tolerations: [{key: a, operator: Exists}, {key: a}]"),
        ("tolerations: [{key: a, value: b}]", "tolerations: [{key: a, value: b, operator: Equal}]"),
        ("monitoring: {}", "monitoring: {port: 8080, path: metrics}"),
        ("image_pull_secrets: [a, a]", "image_pull_secrets: [a]"),
        ("silence: {W116: it is small}", ""),
        ("spot: false", "spot: null"),
    ],
)
def test_two_spellings_give_the_same_bytes(one: str, two: str) -> None:
    assert helm.chart(load(one)) == helm.chart(load(two))


@pytest.mark.parametrize("value", ["1.10", "yes", "0x10", "1e3", "True", "010", "2024-01-01", "12:30:45", ".5"])
def test_text_is_kept_as_it_is_spelled(value: str) -> None:
    assert load(f"env: {{A: {value}}}\nargs: [{value}]").containers[0].env == (("A", value, (), ""),)
    assert load(f"args: [{value}]").containers[0].args == (value,)


AUTOSCALING_ONLY = [
    "{max_replicas: 50}",
    "{min_replicas: 3}",
    "{min_replicas: 2, max_replicas: 2}",
    "{window: 2m}",
    "{max_downscale_factor: 0.1}",
    "{metrics: [{type: cpu, target: 50}]}",
    "{metrics: [{type: external, name: a, target: 50}]}",
    "{min_replicas: 2, max_replicas: 2}",
]


@pytest.mark.parametrize("edit", AUTOSCALING_ONLY)
def test_autoscaling_leaves_pods_alone(edit: str) -> None:
    before, after = load(), load(f"autoscaling: {edit}")
    assert objects(before)["Deployment"]["spec"]["template"] == objects(after)["Deployment"]["spec"]["template"]
    assert before.pod_id == after.pod_id
    assert before.deployment_id != after.deployment_id


@pytest.mark.parametrize("edit", ["env: {A: x}", "port: 9000", "args: [x]", "compute: {mem: 1Gi}"])
def test_the_pod_id_changes_with_the_pod(edit: str) -> None:
    assert load().pod_id != load(edit).pod_id


def test_an_empty_variable_is_a_name_alone() -> None:
    api = load("env: {A: '', B: x}")
    env = objects(api)["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[1:] == [{"name": "A"}, {"name": "B", "value": "x"}]
    assert "A:" not in helm.chart(api)["values.yaml"]


def test_the_order_of_variables_is_part_of_the_pod() -> None:
    assert load("env: {A: x, B: y}").pod_id != load("env: {B: y, A: x}").pod_id
    assert load("env: {A: x, B: y}").deployment_id != load("env: {B: y, A: x}").deployment_id


def test_ids_are_where_they_belong() -> None:
    api = load("env: {A: x}")
    found = objects(api)
    deployment = found["Deployment"]
    assert deployment["metadata"]["labels"]["cxgen.dev/deployment-id"] == api.deployment_id
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"]["cxgen.dev/pod-id"] == api.pod_id
    first = template["spec"]["containers"][0]["env"][0]
    assert first == {"name": "CXGEN_POD_ID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['cxgen.dev/pod-id']"}}}
    selector = {"app.kubernetes.io/name": "iris", "cxgen.dev/role": "stable"}
    assert deployment["spec"]["selector"]["matchLabels"] == selector == found["Service"]["spec"]["selector"]
    holding = [path for path, text in helm.chart(api).items() if api.deployment_id in text]
    assert sorted(holding) == ["Chart.yaml", "templates/deployment.yaml"]


def test_a_change_of_one_field_changes_few_lines() -> None:
    before, after = helm.chart(load()), helm.chart(load(base=SMALLEST.replace("1.4.0", "1.5.0")))
    changed = [
        (path, new) for path in before for old, new in zip(before[path].split("\n"), after[path].split("\n"), strict=True) if old != new
    ]
    assert len(changed) == 4, changed  # the image, the pod's id, and the deployment's in two places


@pytest.mark.parametrize(
    ("edit", "down", "up"),
    [
        ("{}", 25, 50),
        ("{max_downscale_factor: 0.9, max_upscale_factor: 1.29}", 10, 29),
        ("{max_downscale_factor: 0, max_upscale_factor: 1.001}", 100, 1),
        ("{max_downscale_factor: 0.999, max_upscale_factor: 100000000}", 1, 2**31 - 1),
    ],
)
def test_factors_become_percent(edit: str, down: int, up: int) -> None:
    behavior = objects(load(f"autoscaling: {edit}"))["HorizontalPodAutoscaler"]["spec"]["behavior"]
    for direction, percent in (("scaleDown", down), ("scaleUp", up)):
        assert behavior[direction]["selectPolicy"] == "Max"
        assert behavior[direction]["policies"] == [
            {"type": "Percent", "value": percent, "periodSeconds": 60},
            {"type": "Pods", "value": 1, "periodSeconds": 60},
        ]


@pytest.mark.parametrize(
    ("edit", "replicas", "bounds", "budget"),
    [
        ("{}", None, (1, 100), False),
        ("{min_replicas: 2}", None, (2, 100), True),
        ("{min_replicas: 2, max_replicas: 2}", 2, None, True),
        ("{max_replicas: 1}", 1, None, False),
        ("{min_replicas: 0, max_replicas: 1}", 1, None, False),
        ("{min_replicas: 0, max_replicas: 5}", None, (1, 5), False),
    ],
)
def test_replicas(edit: str, replicas: int | None, bounds: tuple[int, int] | None, budget: bool) -> None:
    found = objects(load(f"autoscaling: {edit}"))
    assert found["Deployment"]["spec"].get("replicas") == replicas
    scaler = found.get("HorizontalPodAutoscaler")
    assert (scaler and (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"])) == bounds
    assert ("PodDisruptionBudget" in found) == budget


def test_readiness_where_nothing_looks_at_the_port() -> None:
    assert objects(load())["Deployment"]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["tcpSocket"] == {"port": "http"}


def test_readiness_goes_to_the_first_container_without_one() -> None:
    spec = "pod:\n  containers:\n    - {name: a, image: 'a:1', readiness_probe: {exec: {command: [ok]}}}\n    - {name: b, image: 'b:1'}\n"
    api = load(spec, "name: iris\nkind: RealtimeAPI\n")
    a, b = objects(api)["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert "exec" in a["readinessProbe"]
    assert b["readinessProbe"]["tcpSocket"] == {"port": "http"}
    assert "ports" not in a
    assert b["ports"] == [{"name": "http", "containerPort": 8080}]


def test_a_probe_that_looks_at_the_port_is_enough() -> None:
    spec = "pod:\n  containers:\n    - {name: a, image: 'a:1'}\n    - {name: b, image: 'b:1', readiness_probe: {http_get: {}}}\n"
    api = load(spec, "name: iris\nkind: RealtimeAPI\n")
    assert [container.readiness_probe is not None for container in api.containers] == [False, True]
    assert [container.serves for container in api.containers] == [False, True]


def test_a_liveness_probe_gets_a_startup_probe() -> None:
    probe = container("liveness_probe: {http_get: {path: /live}, period_seconds: 3, timeout_seconds: 2}").containers[0].startup_probe
    assert probe is not None
    assert probe.period_seconds * probe.failure_threshold == 30 * 60
    assert (probe.handler.http_path, probe.handler.port, probe.timeout_seconds) == ("/live", 8080, 2)
    assert load().containers[0].startup_probe is None
    own = container("liveness_probe: {tcp_socket: {}}\nstartup_probe: {tcp_socket: {port: 1}}").containers[0].startup_probe
    assert own is not None
    assert own.handler.port == 1


def test_zero_stands_for_the_default_of_a_probe() -> None:
    zero = "{tcp_socket: {}, timeout_seconds: 0, period_seconds: 0, success_threshold: 0, failure_threshold: 0}"
    assert container(f"readiness_probe: {zero}") == container("readiness_probe: {tcp_socket: {}}")


@pytest.mark.parametrize(("field", "resource"), [("gpu", "nvidia.com/gpu"), ("inf", "aws.amazon.com/neuron")])
def test_devices(field: str, resource: str) -> None:
    pod = objects(load(f"compute: {{{field}: 2}}"))["Deployment"]["spec"]["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    assert resources["requests"][resource] == resources["limits"][resource] == "2"
    assert pod["tolerations"] == [{"key": resource, "operator": "Exists", "effect": "NoSchedule"}]
    assert "privileged" not in pod["containers"][0]["securityContext"]


def test_no_cpu_request() -> None:
    api = load("compute: {cpu: null}\nautoscaling: {max_replicas: 1}")
    assert "resources" not in objects(api)["Deployment"]["spec"]["template"]["spec"]["containers"][0]


def test_memory_is_request_and_limit() -> None:
    resources = objects(load("compute: {mem: 1Gi}"))["Deployment"]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


@pytest.mark.parametrize(
    ("endpoint", "path"), [("/iris", "/iris(/|$)(.*)"), ("/v1.2/a-b_c~d", r"/v1\.2/a-b_c~d(/|$)(.*)"), ("x/", "/x(/|$)(.*)")]
)
def test_route(endpoint: str, path: str) -> None:
    ingress = objects(load(f"networking: {{endpoint: {endpoint}}}"))["Ingress"]
    (rule,) = ingress["spec"]["rules"]
    assert rule["http"]["paths"][0]["path"] == path
    assert "host" not in rule
    assert ingress["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
    }


def test_what_goes_only_with_its_api_goes_last() -> None:
    for kind, made in objects(load("autoscaling: {min_replicas: 2}")).items():
        # What comes and goes with settings must not: Argo CD would wait for health before it prunes, and hold a fix back.
        last = made["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-options") == "PruneLast=true"
        assert last == (kind in ("Deployment", "Service", "ServiceAccount")), kind


def test_labels_are_on_objects_and_not_on_pods() -> None:
    found = objects(load("labels: {team: ml}\nannotations: {note: x}\nautoscaling: {min_replicas: 2}"))
    for made in found.values():
        assert made["metadata"]["labels"]["team"] == "ml"
        assert made["metadata"]["annotations"]["note"] == "x"
    assert "team" not in found["Deployment"]["spec"]["template"]["metadata"]["labels"]


def test_pods_are_locked_down() -> None:
    pod = objects(load())["Deployment"]["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["containers"][0]["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("probes", "deadline"),
    [
        ("", None),
        ("liveness_probe: {tcp_socket: {}}", 600 + 1800 + 10),
        ("liveness_probe: {tcp_socket: {}, timeout_seconds: 60}", 600 + 180 * 60 + 10),
        ("startup_probe: {tcp_socket: {}, initial_delay_seconds: 30, failure_threshold: 60}", 600 + 630 + 10),
        ("readiness_probe: {tcp_socket: {}, initial_delay_seconds: 1200}", 600 + 1210),
        ("readiness_probe: {tcp_socket: {}, period_seconds: 2000000000, success_threshold: 2}", 2147483647),
    ],
)
def test_a_slow_start_is_no_failure(probes: str, deadline: int | None) -> None:
    api = load(f"pod: {{containers: [{{name: a, image: 'a:1', {probes}}}]}}", "name: iris\nkind: RealtimeAPI\n")
    assert objects(api)["Deployment"]["spec"].get("progressDeadlineSeconds") == deadline


def test_a_scaler_of_the_environment_leaves_pods_alone() -> None:
    source = "{in_flight: {prometheus: {server: 'http://p:9090', query: x}}}"
    before, after = load(), load(project=f"environments: {{default: {{autoscaler: keda, metrics: {source}}}}}")
    assert before.pod_id == after.pod_id
    assert before.deployment_id != after.deployment_id
    assert {"ScaledObject", "HorizontalPodAutoscaler"} & set(objects(after)) == {"ScaledObject"}


def test_metrics_of_an_hpa() -> None:
    source = "{in_flight: {pods: requests_in_flight}, b: {external: clouds|b}, c: {pods: other}}"
    metrics = (
        "[{type: in_flight}, {type: external, name: b, target: 30}, {type: pods, name: d, target: 0.5}, {type: pods, name: c, target: 1}]"
    )
    spec = f"pod: {{max_concurrency: 4}}\nautoscaling: {{metrics: {metrics}}}"
    made = objects(load(spec, project=f"environments: {{prod: {{metrics: {source}}}}}"))["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert made == [
        {"type": "Pods", "pods": {"metric": {"name": "requests_in_flight"}, "target": {"type": "AverageValue", "averageValue": "4"}}},
        {"type": "External", "external": {"metric": {"name": "clouds|b"}, "target": {"type": "AverageValue", "averageValue": "30"}}},
        {"type": "Pods", "pods": {"metric": {"name": "d"}, "target": {"type": "AverageValue", "averageValue": "500m"}}},
        {"type": "Pods", "pods": {"metric": {"name": "other"}, "target": {"type": "AverageValue", "averageValue": "1"}}},
    ]


KEDA = "environments: {prod: {namespace: ml, autoscaler: keda, metrics: {in_flight: {prometheus: {server: 'http://p:9090', query: '%s'}}}}}"


def test_keda_scales_to_zero() -> None:
    spec = "autoscaling: {min_replicas: 0, max_replicas: 5, target_in_flight: 2.5, downscale_stabilization_period: 10m}"
    made = objects(load(spec, project=KEDA % 'x{a="$(name)", n="$(namespace)", e="$(environment)"}'))["ScaledObject"]["spec"]
    assert (made["minReplicaCount"], made["maxReplicaCount"], made["cooldownPeriod"]) == (0, 5, 600)
    (trigger,) = made["triggers"]
    assert (trigger["type"], trigger["metadata"]["threshold"]) == ("prometheus", "2.5")
    assert trigger["metadata"]["query"] == 'x{a="iris", n="ml", e="prod"}'
    behavior = made["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior == objects(load(spec.replace("min_replicas: 0, ", "")))["HorizontalPodAutoscaler"]["spec"]["behavior"]


def test_without_keda_zero_is_one() -> None:
    assert objects(load("autoscaling: {min_replicas: 0}"))["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 1
    on_cpu = load("autoscaling: {min_replicas: 0}", project="environments: {prod: {autoscaler: keda}}")
    assert objects(on_cpu)["ScaledObject"]["spec"]["minReplicaCount"] == 1


@pytest.mark.parametrize(("version", "tolerance"), [("1.34", None), ("1.35", "50m"), ("v1.36.1", "50m"), (None, None)])
def test_a_tolerance_is_for_clusters_that_keep_it(version: str | None, tolerance: str | None) -> None:
    project = f"environments: {{prod: {{kubernetes_version: '{version}'}}}}" if version else ""
    behavior = objects(load(project=project))["HorizontalPodAutoscaler"]["spec"]["behavior"]
    assert [behavior[direction].get("tolerance") for direction in ("scaleDown", "scaleUp")] == [tolerance, tolerance]


GROUPS = """
environments:
  prod:
    node_groups:
      cpu: {node_selector: {pool: cpu}}
      gpu: {node_selector: {pool: gpu, zone: a}, tolerations: [{key: dedicated, value: gpu}]}
      cheap: {node_selector: {pool: cpu, life: spot}, tolerations: [{key: spot}], spot: true}
      cheaper: {node_selector: {life: spot, size: small}, spot: true}
"""


@pytest.mark.parametrize(
    ("spec", "terms", "tolerations"),
    [
        # Off the spot nodes: each of them has a label that differs.
        (
            "",
            {
                (("life", "NotIn", "spot"),),
                (("pool", "NotIn", "cpu"), ("life", "NotIn", "spot")),
                (("pool", "NotIn", "cpu"), ("size", "NotIn", "small")),
            },
            [],
        ),
        ("spot: true", set(), ["spot"]),
        (
            "node_groups: [cpu]",
            {(("pool", "In", "cpu"), ("life", "NotIn", "spot"))},
            [],
        ),
        (
            "node_groups: [gpu]",
            {
                (("pool", "In", "gpu"), ("zone", "In", "a"), ("life", "NotIn", "spot")),
                (("pool", "In", "gpu"), ("zone", "In", "a"), ("size", "NotIn", "small")),
            },
            ["dedicated"],
        ),
        (
            "node_groups: [gpu, cheap]\nspot: true",
            {(("pool", "In", "gpu"), ("zone", "In", "a")), (("life", "In", "spot"), ("pool", "In", "cpu"))},
            ["dedicated", "spot"],
        ),
    ],
)
def test_node_groups(spec: str, terms: set[Any], tolerations: list[str]) -> None:
    api = load(spec, project=GROUPS)
    assert {frozenset(term) for term in api.nodes.terms} == {frozenset(term) for term in terms}
    assert [toleration.key for toleration in api.nodes.tolerations] == tolerations


def test_devices_of_other_kinds() -> None:
    api = load(
        "compute: {gpu: 2, gpu_type: T4, gpu_resource: nvidia.com/mig-1g.5gb}", project="environments: {prod: {gpu_type_label: a/b}}"
    )
    assert dict(api.nodes.selector) == {"a/b": "T4"}
    assert api.nodes.taints == ("nvidia.com/gpu",)
    resources = objects(api)["Deployment"]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"]["nvidia.com/mig-1g.5gb"] == resources["limits"]["nvidia.com/mig-1g.5gb"] == "2"
    assert load("compute: {inf: 1, inf_resource: aws.amazon.com/neuroncore}").nodes.taints == ("aws.amazon.com/neuron",)
    assert load("compute: {gpu: 1, gpu_resource: amd.com/gpu}").nodes.taints == ("amd.com/gpu",)


def test_one_volume_for_what_containers_share() -> None:
    mounts = (
        "[{mount_path: /m, persistent_volume_claim: {name: c}}, {mount_path: /s, empty_dir: {name: s}}, {mount_path: /t, empty_dir: {}}]"
    )
    spec = "".join(f"    - {{name: {name}, image: 'a:1', volumes: {mounts}}}\n" for name in ("a", "b"))
    api = load(base=f"name: iris\nkind: RealtimeAPI\npod:\n  containers:\n{spec}")
    assert [volume.name for volume in api.volumes] == ["claim-c", "shared-s", "empty-a-2", "empty-b-2"]


def test_names_of_volumes_are_labels() -> None:
    long = "x" * 200
    mounts = (
        f"[{{mount_path: /a, secret: {{name: a.b}}}}, {{mount_path: /b, secret: {{name: {long}}}}}, {{mount_path: /c, empty_dir: {{}}}}]"
    )
    container = f"{{name: {'c' * 63}, image: 'a:1', compute: {{shm: 1Mi}}, volumes: {mounts}}}"
    api = load(base=f"name: iris\nkind: RealtimeAPI\npod: {{containers: [{container}]}}\n")
    assert len({volume.name for volume in api.volumes}) == 4
    assert all(len(volume.name) <= 63 and "." not in volume.name for volume in api.volumes)


def test_routing() -> None:
    assert "Ingress" not in objects(load(project="environments: {prod: {routing: {provider: none}}}"))
    routing = "environments: {prod: {routing: {ingress_class: inside, host: a.example.com, tls_secret: tls}}}"
    made = objects(load(project=routing))["Ingress"]["spec"]
    assert (made["ingressClassName"], made["rules"][0]["host"]) == ("inside", "a.example.com")
    assert made["tls"] == [{"hosts": ["a.example.com"], "secretName": "tls"}]
    made = objects(load("networking: {host: b.example.com}", project=routing))["Ingress"]["spec"]
    assert (made["rules"][0]["host"], made["tls"][0]["hosts"]) == ("b.example.com", ["b.example.com"])


def test_a_service_account_that_is_named() -> None:
    pod = objects(load("service_account: reader"))["Deployment"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "reader"
    assert "automountServiceAccountToken" not in pod
    assert objects(load("service_account: reader"))["ServiceAccount"]["metadata"]["name"] == "iris"
    assert objects(load())["Deployment"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("spec", "bound"),
    [
        ("", None),
        ("autoscaling: {min_replicas: 2}", 1),
        ("disruption: {}", 1),
        ("disruption: {max_unavailable: 0}", 0),
        ("disruption: {max_unavailable: 50%}", "50%"),
        ("autoscaling: {min_replicas: 2}\ndisruption: null", 1),
    ],
)
def test_a_disruption_budget(spec: str, bound: int | str | None) -> None:
    budget = objects(load(spec)).get("PodDisruptionBudget")
    assert (budget["spec"]["maxUnavailable"] if budget else None) == bound

"""Random specs and projects that are valid, over every field, with strings that break careless YAML and templates."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

HOSTILE = [
    *("", " ", "yes", "no", "on", "off", "y", "n", "Y", "N", "true", "false", "null", "~", "Null", "NO"),
    *("1e3", "0x10", "0o17", "010", "1_000", "12:30:45", ".inf", ".nan", "-.inf", "1.", "+1", "2024-01-01", "1e400"),
    *("=", "<<", "<<: *a", "*a", "&a b", "!tag", "!!str x", "%x", "@x", "`x`", "- x", "? x", "x: y", "x #y", "#y", "|", ">", "{", "[", ","),
    *("{{ .Values }}", '{{ "x" | quote }}', "{{", "}}", "[[ x ]]", "[% if %]", "[# x #]", "]]", "${X}", "$(HOME)", "$$(HOME)", "%(x)s"),
    *("'", '"', "\\", "\\n", '\\"', "a\nb", "a\n\n b\n", "\ttab", "trailing ", "é", "\u00a0", "日本", "😀", "\u200b", "<>&", "</script>"),
    "x" * 300,
    "word " * 60,
]
_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"), max_size=30)
texts = st.one_of(st.sampled_from(HOSTILE), _TEXT)
names = st.one_of(
    st.sampled_from(["y", "n", "no", "yes", "on", "off", "null", "true", "e1", "a-b-c", "x" * 42]),
    st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True),
)
env_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,12}", fullmatch=True).filter(lambda name: not name.startswith("CXGEN_"))
env_names = st.one_of(st.sampled_from(["Y", "n", "NO", "null", "A.B-C", "_", "index", "image"]), env_names)
label_keys = st.sampled_from(["team", "y", "example.com/no", "a.b_c-d", "n", "null", "true", "e1"])
label_values = st.sampled_from(["", "yes", "1e3", "0x10", "a.b", "null", "1_000", "x" * 63])
ports = st.integers(1, 65535)
images = st.sampled_from(["ghcr.io/acme/iris:1.4.0", "iris:1e3", "registry:5000/a/b@sha256:" + "0" * 64])


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


http_get = _some(path=st.sampled_from(["/", "/healthz", "/a?b=c&d={{x}}"]), port=ports)
exec_ = st.fixed_dictionaries({"command": st.lists(texts, min_size=1, max_size=3)})
_counts = st.integers(0, 400)


def _probes(*, success: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, Any]]:
    handler = st.one_of(
        st.fixed_dictionaries({"http_get": http_get}),
        st.fixed_dictionaries({"tcp_socket": _some(port=ports)}),
        st.fixed_dictionaries({"exec": exec_}),
    )
    timing = _some(
        initial_delay_seconds=_counts, timeout_seconds=_counts, period_seconds=_counts, failure_threshold=_counts, success_threshold=success
    )
    return st.builds(lambda one, two: {**one, **two}, handler, timing)


cpus = st.sampled_from(["20m", "0.5", "1", "1000m", "1500m", "2", "100"])
memories = st.sampled_from(["20Mi", "1Gi", "1024Mi", "2.5Gi", "2G", "1000000000", "1e9", "128974848"])
objects = st.sampled_from(["database", "a.b-c", "no", "1e3", "x" * 200, "y"])
keys = st.sampled_from(["password", "tls.crt", "..data_1"[2:], "null", "-"])
references = st.one_of(
    st.fixed_dictionaries({"secret": st.fixed_dictionaries({"name": objects, "key": keys})}),
    st.fixed_dictionaries({"config_map": st.fixed_dictionaries({"name": objects, "key": keys})}),
    st.fixed_dictionaries({"field": st.sampled_from(["metadata.name", "status.podIP", "metadata.labels['example.com/a']"])}),
    st.fixed_dictionaries({"value": texts}),
)
container_fields = {
    "image": images,
    "command": st.lists(texts, max_size=3),
    "args": st.lists(texts, max_size=4),
    "env": st.dictionaries(env_names, st.one_of(texts, references), max_size=5),
}
empty_dirs = st.sampled_from(
    [{}, {"name": "shared", "size_limit": "1Gi"}, {"medium": "Memory"}, {"size_limit": "1.5Gi"}, {"name": "b", "medium": "Memory"}]
)
_sources = st.one_of(
    *(
        st.fixed_dictionaries({kind: st.fixed_dictionaries({"name": objects})})
        for kind in ("secret", "config_map", "persistent_volume_claim")
    ),
    st.fixed_dictionaries({"empty_dir": empty_dirs}),
)
_mounts = st.builds(
    lambda path, source, rest: {"mount_path": path, **source, **rest},
    st.sampled_from(["/models", "/etc/a.b", "/mnt/x_y-z", "/tmp", "/no", "/a/b/c"]),
    _sources,
    _some(sub_path=st.sampled_from(["v1", "a/b.c", "no"]), read_only=st.booleans()),
)
volumes = st.lists(_mounts, max_size=4, unique_by=lambda volume: volume["mount_path"])
security = _some(
    capabilities=st.lists(st.sampled_from(["CHOWN", "NET_BIND_SERVICE", "SYS_ADMIN", "IPC_LOCK"]), max_size=3),
    run_as_user=st.sampled_from([0, 1, 1000, 2**31 - 1]),
)
gpus = st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "amd.com/gpu"])
chips = st.sampled_from(["aws.amazon.com/neuron", "aws.amazon.com/neuroncore"])


def _compute(device: str) -> st.SearchStrategy[dict[str, Any]]:
    of_device = {"gpu_type": st.just("Tesla-T4"), "gpu_resource": gpus} if device == "gpu" else {"inf_resource": chips}
    limits = _some(cpu=st.sampled_from(["100", "200.5", "100k"]), mem=st.sampled_from(["4Gi", "5G", "4096Mi"]))
    rest = {"shm": st.sampled_from(["16Mi", "1Mi", "0.01Gi"]), "hugepages": st.sampled_from(["64Mi", "2Mi", "1Gi"]), "limits": limits}
    return _some(cpu=cpus, mem=memories, **{device: st.integers(0, 8)}, **of_device, **rest)


def _containers(device: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    fields = {
        "compute": _compute(device),
        "readiness_probe": _probes(success=st.integers(0, 5)),
        "liveness_probe": _probes(success=st.integers(0, 1)),
        "startup_probe": _probes(success=st.integers(0, 1)),
        "pre_stop": st.one_of(st.fixed_dictionaries({"http_get": http_get}), st.fixed_dictionaries({"exec": exec_})),
        "volumes": volumes,
        "security": security,
        **{name: value for name, value in container_fields.items() if name != "image"},
    }
    one = st.fixed_dictionaries({"name": names, "image": images}, optional=fields)
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda container: container["name"])


targets = st.sampled_from([1, 2.5, 80, 0.001, 1000000])
metrics = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("cpu")}, optional={"target": st.sampled_from([1, 50, 250])}),
        st.fixed_dictionaries({"type": st.sampled_from(["pods", "external"]), "name": st.just("queue_length"), "target": targets}),
        st.fixed_dictionaries({"type": st.just("pods"), "name": st.just("requests:rate1m"), "target": targets}),
    ),
    max_size=3,
    unique_by=lambda metric: (metric["type"], metric.get("name")),
)
autoscaling = st.builds(
    lambda low, extra, rest: {"min_replicas": low, "max_replicas": max(low + extra, 1), **rest},
    st.integers(0, 5),
    st.integers(0, 1_500_000),
    _some(
        window=st.sampled_from(["10s", "1m", "1m30s", "30m"]),
        downscale_stabilization_period=st.sampled_from(["0s", "1h", "90s"]),
        upscale_stabilization_period=st.sampled_from(["0s", "1h", "90s"]),
        max_downscale_factor=st.sampled_from([0, 0.001, 0.75, 0.9, 0.999]),
        max_upscale_factor=st.sampled_from([1.001, 1.29, 1.5, 3, 100000000]),
        downscale_tolerance=st.sampled_from([0, 0.1, 0.999, 0.0001]),
        upscale_tolerance=st.sampled_from([0, 0.15, 2]),
        metrics=metrics,
    ),
)
_bounds = st.sampled_from([(0, 1), ("25%", "25%"), (1, 0), ("0%", 2), ("300%", "100%")])
strategy = st.builds(lambda pair: {"max_surge": pair[0], "max_unavailable": pair[1]}, _bounds)
networking = _some(
    endpoint=st.sampled_from(["/v1.2/a~b", "a-b/c_d/", "/x.y"]),
    host=st.sampled_from(["models.example.com", "*.example.com", "no"]),
)


tolerations = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"key": label_keys, "value": label_values}, optional={"effect": st.sampled_from(["NoSchedule", "PreferNoSchedule"])}
        ),
        st.fixed_dictionaries(
            {"key": label_keys, "effect": st.just("NoExecute")}, optional={"toleration_seconds": st.sampled_from([0, 30])}
        ),
        st.fixed_dictionaries({"operator": st.just("Exists")}),
    ),
    max_size=3,
)
common = {
    "autoscaling": autoscaling,
    "update_strategy": strategy,
    "networking": networking,
    "labels": st.dictionaries(label_keys, label_values, max_size=3),
    "annotations": st.dictionaries(label_keys, texts, max_size=3),
    "node_selector": st.dictionaries(label_keys, label_values, max_size=2),
    "tolerations": tolerations,
    "spot": st.booleans(),
    "service_account": objects,
    "image_pull_secrets": st.lists(objects, max_size=2),
    "priority_class": objects,
    "runtime_class": objects,
    "termination_grace_period": st.sampled_from(["0s", "1m", "60s", "1h30m"]),
    "monitoring": _some(path=st.sampled_from(["/metrics", "/a?b=c&d={{x}}"]), port=ports),
    "disruption": _some(max_unavailable=st.sampled_from([0, 1, "25%", "100%"])),
}


def _of_pod(device: str) -> st.SearchStrategy[dict[str, Any]]:
    rest = _some(
        port=ports,
        max_concurrency=st.integers(1, 300),
        labels=st.dictionaries(label_keys, label_values, max_size=2),
        annotations=st.dictionaries(label_keys, texts, max_size=2),
    )
    return st.builds(lambda a, b: {**a, **b}, st.fixed_dictionaries({"containers": _containers(device)}), rest)


def _specs(device: str) -> st.SearchStrategy[dict[str, Any]]:
    long = st.fixed_dictionaries({"name": names, "kind": st.just("RealtimeAPI"), "pod": _of_pod(device)}, optional=common)
    short = {**container_fields, "compute": _compute(device), "port": ports}
    brief = st.fixed_dictionaries(
        {"name": names, "kind": st.just("RealtimeAPI"), "image": short.pop("image")},
        optional={**short, **common},
    )
    return st.one_of(long, brief)


def _agreed(spec: dict[str, Any]) -> dict[str, Any]:
    """Folders that are shared are described alike: the first description holds."""
    first: dict[str, Any] = {}
    for container in spec.get("pod", {}).get("containers", ()):
        for volume in container.get("volumes", ()):
            if folder := volume.get("empty_dir"):
                volume["empty_dir"] = first.setdefault(folder["name"], folder) if "name" in folder else folder
    return spec


specs = st.one_of(_specs("gpu"), _specs("inf")).map(_agreed)

# What an API may say for one environment, whatever else it says.
overrides = _some(
    labels=st.dictionaries(label_keys, st.one_of(st.none(), label_values), max_size=2).map(lambda found: {**found, "y": None}),
    annotations=st.dictionaries(label_keys, texts, max_size=2),
    networking=st.fixed_dictionaries({"endpoint": st.sampled_from(["/other", "/v2/x"])}),
    update_strategy=strategy,
    termination_grace_period=st.sampled_from([None, "30s"]),
    node_groups=st.sampled_from([[], ["cpu"], ["gpu", "cpu"]]),
    pod=_some(port=st.one_of(st.none(), ports), annotations=st.dictionaries(label_keys, texts, max_size=2)),
    monitoring=st.one_of(st.none(), st.just({})),
)
_GROUPS = {
    "cpu": {"node_selector": {"pool": "cpu", "example.com/zone": "yes"}},
    "gpu": {"node_selector": {"pool": "gpu"}, "tolerations": [{"key": "dedicated", "value": "1e3", "effect": "NoSchedule"}]},
    "cheap": {"node_selector": {"pool": "cpu", "lifecycle": "spot"}, "tolerations": [{"key": "spot"}], "spot": True},
    "cheaper": {"node_selector": {"life": "spot", "a": "b"}, "spot": True},
}


def _environment(name: str) -> st.SearchStrategy[dict[str, Any]]:
    def settings(keda: bool, rest: dict[str, Any]) -> dict[str, Any]:
        prometheus = {"server": "http://p:9090", "query": 'sum(x{a="$(name)", n="$(namespace)", e="$(environment)"}) or "{{ x }}"'}
        sources = {name: {"prometheus": prometheus} for name in ("in_flight", "queue_length", "requests:rate1m")}
        if not keda:
            sources = {"in_flight": {"pods": "in_flight"}, "queue_length": {"external": "a|b.c"}}
        # Each on a cluster of its own, so that no endpoint is in the way of another.
        return {"cluster": f"cluster-{name}", "autoscaler": "keda" if keda else "hpa", "metrics": sources, "node_groups": _GROUPS, **rest}

    rest = _some(
        kubernetes_version=st.sampled_from(["1.29", "v1.34.2", "1.35", "1.36"]),
        routing=_some(
            provider=st.sampled_from(["nginx", "none"]), ingress_class=objects, host=st.just("models.example.com"), tls_secret=objects
        ),
        gpu_type_label=st.just("cloud.google.com/gke-accelerator"),
        namespace=st.sampled_from(["ml", "1e3"]),
        defaults=_some(
            autoscaling=st.fixed_dictionaries({"window": st.just("2m")}),
            labels=st.dictionaries(label_keys, label_values, max_size=2),
            env=st.dictionaries(env_names, texts, max_size=2),
        ),
    )
    return st.builds(settings, st.booleans(), rest)


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A spec and a project with one to three environments."""
    spec = draw(specs)
    chosen = draw(st.lists(st.sampled_from(["dev", "staging", "prod-1", "no"]), min_size=1, max_size=3, unique=True))
    environments = {name: draw(_environment(name)) for name in chosen}
    text = json.dumps(spec)
    if not any(word in text for word in ("CHOWN", "SYS_ADMIN", "IPC_LOCK", '"run_as_user": 0')):
        environments[chosen[0]]["security"] = draw(st.sampled_from(["baseline", "restricted"]))
    # What follows is followed everywhere, also from no replica at all.
    if spec.get("autoscaling", {}).get("metrics"):
        spec["autoscaling"]["metrics"].append({"type": "in_flight"})
    spec["environments"] = {name: draw(overrides) for name in draw(st.sets(st.sampled_from(chosen)))}
    defaults = draw(_some(compute=st.just({"mem": "1Gi"}), labels=st.just({"team": "ml"}), disruption=st.just({"max_unavailable": 1})))
    return spec, {"environments": environments, "defaults": defaults}


def to_yaml(spec: dict[str, Any]) -> str:
    """A spec as a file holds it: JSON is YAML."""
    return json.dumps(spec, ensure_ascii=False, indent=1)

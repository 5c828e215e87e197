"""Random specs that are valid, over every field of this version, with strings that break careless YAML and templates."""

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
container_fields = {
    "image": images,
    "command": st.lists(texts, max_size=3),
    "args": st.lists(texts, max_size=4),
    "env": st.dictionaries(env_names, texts, max_size=5),
}


def _compute(device: str) -> st.SearchStrategy[dict[str, Any]]:
    return _some(cpu=cpus, mem=memories, **{device: st.integers(0, 8)})


def _containers(device: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    fields = {
        "compute": _compute(device),
        "readiness_probe": _probes(success=st.integers(0, 5)),
        "liveness_probe": _probes(success=st.integers(0, 1)),
        "startup_probe": _probes(success=st.integers(0, 1)),
        "pre_stop": st.one_of(st.fixed_dictionaries({"http_get": http_get}), st.fixed_dictionaries({"exec": exec_})),
        **{name: value for name, value in container_fields.items() if name != "image"},
    }
    one = st.fixed_dictionaries({"name": names, "image": images}, optional=fields)
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda container: container["name"])


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
    ),
)
_bounds = st.sampled_from([(0, 1), ("25%", "25%"), (1, 0), ("0%", 2), ("300%", "100%")])
strategy = st.builds(lambda pair: {"max_surge": pair[0], "max_unavailable": pair[1]}, _bounds)
networking = _some(
    endpoint=st.sampled_from(["/v1.2/a~b", "a-b/c_d/", "/x.y"]),
    host=st.sampled_from(["models.example.com", "*.example.com", "no"]),
)


def _specs(device: str) -> st.SearchStrategy[dict[str, Any]]:
    common = {
        "autoscaling": autoscaling,
        "update_strategy": strategy,
        "networking": networking,
        "labels": st.dictionaries(label_keys, label_values, max_size=3),
        "annotations": st.dictionaries(label_keys, texts, max_size=3),
    }
    pod = st.builds(lambda a, b: {**a, **b}, st.fixed_dictionaries({"containers": _containers(device)}), _some(port=ports))
    long = st.fixed_dictionaries({"name": names, "kind": st.just("RealtimeAPI"), "pod": pod}, optional=common)
    short = {**container_fields, "compute": _compute(device), "port": ports}
    brief = st.fixed_dictionaries(
        {"name": names, "kind": st.just("RealtimeAPI"), "image": short.pop("image")},
        optional={**short, **common},
    )
    return st.one_of(long, brief)


specs = st.one_of(_specs("gpu"), _specs("inf"))


def to_yaml(spec: dict[str, Any]) -> str:
    """A spec as a file holds it: JSON is YAML."""
    return json.dumps(spec, ensure_ascii=False, indent=1)

"""The real helm on what cxgen renders: it lints strictly, and gives the literal manifests, object for object."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from cxgen.plan.api import API
from cxgen.render import helm, manifests
from tests import strategies
from tests.apis import known, load, load_all
from tests.conftest import find_tool

Reader = Callable[..., list[list[Any]]]


KNOWN = known()


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([find_tool("helm"), *map(str, arguments)], capture_output=True, text=True, check=False, encoding="utf-8")


def template(chart: Path, *arguments: str | Path) -> str:
    done = run_helm("template", "release", chart, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_identity(objects: list[Any]) -> dict[tuple[str, str], Any]:
    found = {(made["kind"], made["metadata"]["name"]): made for made in objects}
    assert len(found) == len(objects)
    return found


def assert_equal(api: API, folder: Path, read: Reader) -> Path:
    chart = write(folder / "chart", helm.chart(api))
    (folder / "helm.yaml").write_text(template(chart), encoding="utf-8")
    (folder / "literal.yaml").write_text("".join(f"---\n{text}" for text in manifests.manifests(api).values()), encoding="utf-8")
    from_helm, literal = read(folder / "helm.yaml", folder / "literal.yaml")
    assert by_identity(from_helm) == by_identity(literal)
    return chart


@pytest.mark.parametrize("name", KNOWN)
def test_chart(name: str, tmp_path: Path, go_reader: Reader) -> None:
    chart = assert_equal(KNOWN[name], tmp_path, go_reader)
    done = run_helm("lint", "--strict", chart)
    assert done.returncode == 0, done.stdout


def scalars(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield from scalars(value, (*path, key))
    else:
        yield path, values


def another(value: Any) -> Any:
    """A value of the same type that is not the same."""
    if isinstance(value, list):
        return [*value, {"more": "x"} if isinstance(value[0], dict) else "more"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return "7%" if value.endswith("%") else "7" + value.lstrip("/")


def holds(made: Any, wanted: Any) -> bool:
    """Whether a value stands somewhere in objects."""
    if made == wanted and type(made) is type(wanted):
        return True
    if isinstance(made, list) and isinstance(wanted, list) and made[-len(wanted) :] == wanted:
        return True  # tolerations of devices come before those of values
    inside = made.values() if isinstance(made, dict) else made if isinstance(made, list) else ()
    return any(holds(value, wanted) for value in inside)


@pytest.mark.parametrize("name", [name for name in KNOWN if not name.startswith("cortex-")])
def test_every_value_can_be_set(name: str, tmp_path: Path, go_reader: Reader) -> None:
    chart = write(tmp_path / "chart", helm.chart(KNOWN[name]))
    before = template(chart)
    values = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    paths = list(scalars(values))
    assert len(paths) > 15
    for path, value in paths:
        key, wanted = ".".join(part.replace(".", "\\.") for part in path), another(value)
        by_json = template(chart, "--set-json", f"{key}={json.dumps(wanted)}")
        assert by_json != before, key
        (tmp_path / "set.yaml").write_text(by_json, encoding="utf-8")
        assert holds(go_reader(tmp_path / "set.yaml")[0], wanted), key
        if isinstance(wanted, int | str):
            option = "--set" if isinstance(wanted, int) else "--set-string"
            escaped = str(wanted).replace("\\", "\\\\").replace(",", "\\,")
            assert template(chart, option, f"{key}={escaped}") == by_json, key


def test_values_of_another_type(tmp_path: Path, go_reader: Reader) -> None:
    """`--set` makes numbers of what looks like one; a variable stays a string, an image must be one."""
    chart = write(tmp_path / "chart", helm.chart(load("name: iris\nkind: RealtimeAPI\nimage: a:1\nenv: {A: x}\n")))
    variable = "containers.api.env.A"
    (tmp_path / "file.yaml").write_text("containers: {api: {env: {A: 4096}}}")
    for options, wanted in (
        (("--set", f"{variable}=999999"), "999999"),
        (("--set", f"{variable}=true"), "true"),
        (("--set", f"{variable}=1.10"), "1.10"),
        (("--set-json", f"{variable}=-4096"), "-4096"),
        (("-f", tmp_path / "file.yaml"), "4096"),
        (("--set-string", f"{variable}=1000000"), "1000000"),
    ):
        (tmp_path / "set.yaml").write_text(template(chart, *options))
        container = by_identity(go_reader(tmp_path / "set.yaml")[0])["Deployment", "iris"]["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "A", "value": wanted} in container["env"], options
    (tmp_path / "large.yaml").write_text("containers: {api: {env: {A: 1000000}}}")
    (tmp_path / "fraction.yaml").write_text("containers: {api: {env: {A: 1.10}}}")
    for wrong in (
        *(("--set", f"containers.{key}") for key in ("api.image=5", "api.env.B=x", "other.image=a", "api.resources.requests.cpu=some")),
        *(("--set", value) for value in ("unknown=1", "port=0", "port=null")),
        *(("-f", tmp_path / name) for name in ("large.yaml", "fraction.yaml")),  # helm would make 1e+06 and 1.1 of them
    ):
        done = run_helm("template", "release", chart, *wrong)
        assert done.returncode != 0, wrong
        assert "values.schema.json" in done.stderr or "don't meet the specifications of the schema" in done.stderr
    assert template(chart, "--set", "global.x=1") == template(chart)


def test_the_port_is_one_value(tmp_path: Path, go_reader: Reader) -> None:
    """Probes and hooks of the container that serves go by the port's name; another container's go by number."""
    probes = "readiness_probe: {http_get: {}}, liveness_probe: {tcp_socket: {port: 8080}}, pre_stop: {http_get: {path: /drain}}"
    beside = "{name: b, image: 'b:1', liveness_probe: {http_get: {port: 9000}}, readiness_probe: {tcp_socket: {port: 8080}}}"
    spec = f"name: iris\nkind: RealtimeAPI\npod: {{containers: [{{name: a, image: 'a:1', {probes}}}, {beside}]}}\n"
    chart = write(tmp_path / "chart", helm.chart(load(spec)))
    (tmp_path / "set.yaml").write_text(template(chart, "--set", "port=7000"))
    a, b = by_identity(go_reader(tmp_path / "set.yaml")[0])["Deployment", "iris"]["spec"]["template"]["spec"]["containers"]
    assert a["ports"] == [{"name": "http", "containerPort": 7000}]
    handlers = [a["readinessProbe"]["httpGet"], a["livenessProbe"]["tcpSocket"], a["startupProbe"]["tcpSocket"]]
    assert {handler["port"] for handler in (*handlers, a["lifecycle"]["preStop"]["httpGet"])} == {"http"}
    assert (b["livenessProbe"]["httpGet"]["port"], b["readinessProbe"]["tcpSocket"]["port"]) == (9000, 8080)


RANDOM = int(os.environ.get("CXGEN_RANDOM_SPECS", "40"))


@settings(max_examples=RANDOM, derandomize=RANDOM <= 100, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.cases())
def test_random_specs(tmp_path_factory: pytest.TempPathFactory, go_reader: Reader, case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """In every environment of a random project."""
    find_tool("helm")
    for api in load_all(*map(strategies.to_yaml, case)).values():
        assert_equal(api, tmp_path_factory.mktemp("random"), go_reader)


def test_hostile_strings(tmp_path: Path, go_reader: Reader) -> None:
    """Each of them in each place where text can stand, at once, read back as itself."""
    texts = strategies.HOSTILE
    spec = {
        "name": "no",
        "kind": "RealtimeAPI",
        "image": "a:1",
        "command": texts,
        "args": texts,
        "env": {f"E{i}": text for i, text in enumerate(texts)},
        "annotations": {f"a{i}": text for i, text in enumerate(texts)},
        "labels": {"y": "yes", "n": "1e3", "null": "null", "true": "0x10", "on": "010"},
    }
    assert_equal(load(strategies.to_yaml(spec)), tmp_path, go_reader)
    for objects in go_reader(tmp_path / "helm.yaml", tmp_path / "literal.yaml"):
        deployment = by_identity(objects)["Deployment", "no"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        assert container["command"] == container["args"] == texts
        assert [entry.get("value", "") for entry in container["env"][1:]] == texts
        assert [deployment["metadata"]["annotations"][f"a{i}"] for i in range(len(texts))] == texts
        assert spec["labels"].items() <= deployment["metadata"]["labels"].items()


def test_tombstone(tmp_path: Path) -> None:
    from cxgen.plan.api import Tombstone
    from cxgen.plan.identity import Identifier

    chart = write(tmp_path, helm.tombstone(Tombstone(Identifier("no"))))
    assert run_helm("lint", "--strict", chart).returncode == 0
    assert template(chart).count("kind:") == 1

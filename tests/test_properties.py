"""What holds for every valid spec, without any tool."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxgen import yamlio
from cxgen.errors import InvalidInput
from cxgen.plan.api import API
from cxgen.plan.resolve import resolve
from cxgen.render import expressions, helm, manifests
from cxgen.spec import loader, validate
from cxgen.spec.project_file import NO_PROJECT
from tests import apis, strategies


def load(spec: dict[str, Any]) -> API:
    return apis.load(strategies.to_yaml(spec))


def load_all(case: tuple[dict[str, Any], dict[str, Any]]) -> list[API]:
    return list(apis.load_all(*map(strategies.to_yaml, case)).values())


@given(strategies.cases())
def test_a_chart_is_read_back_without_helm(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Substituting values.yaml into the chart's templates gives the literal manifests, in every environment."""
    for api in load_all(case):
        chart = helm.chart(api)
        values = yamlio.objects(chart["values.yaml"], "values.yaml")[0]
        literal = manifests.manifests(api)
        templates = {
            path.removeprefix("templates/"): text
            for path, text in chart.items()
            if path.startswith("templates/") and path.endswith(".yaml")
        }
        assert set(templates) == set(literal)
        for name, text in templates.items():
            read_back = expressions.substitute(text, values)
            assert yamlio.objects(read_back, name) == yamlio.objects(literal[name], name)


@given(strategies.specs)
def test_text_is_data(spec: dict[str, Any]) -> None:
    """Every string of the spec is read back as itself by YAML 1.1 (PyYAML) and by our own reader; templates hold none of it."""
    api = load(spec)
    chart = helm.chart(api)
    by_pyyaml, by_us = yaml.safe_load(chart["values.yaml"]), yamlio.objects(chart["values.yaml"], "x")[0]
    assert by_pyyaml == by_us
    for name, text in manifests.manifests(api).items():
        assert list(yaml.safe_load_all(text)) == yamlio.objects(text, name)
    for container in api.containers:
        held = by_us["containers"][container.name]
        assert held["image"] == container.image
        assert list(held.get("args", [])) == list(container.args)
        assert list(held.get("command", [])) == list(container.command)
        # An empty variable has no value in the Deployment, so the chart's values do not hold it.
        written = {v.name: {v.source: dict(v.reference)} if v.source else v.value for v in container.env if v.source or v.value}
        assert list(held.get("env", {}).items()) == list(written.items())
    assert by_us.get("annotations", {}) == dict(api.annotations)
    assert by_us.get("labels", {}) == dict(api.labels)
    marked = {**spec, "annotations": {"a": "UNIQUE-MARK {{ fail }}"}}
    assert not [path for path, text in helm.chart(load(marked)).items() if "UNIQUE-MARK" in text and path != "values.yaml"]


@given(strategies.cases(), st.data())
def test_a_field_means_the_same_in_every_layer(case: tuple[dict[str, Any], dict[str, Any]], data: st.DataObject) -> None:
    """Each field of a spec, moved at random to what it says for the environment or into one of the defaults, gives the same bytes."""
    spec, project = case
    name, settings = next(iter(project["environments"].items()))
    settings = {key: value for key, value in settings.items() if key != "defaults"}
    whole = {key: value for key, value in spec.items() if key != "environments"}
    layers: list[dict[str, Any]] = [{"name": whole["name"], "kind": whole["kind"]}, {}, {}, {}]
    for key, value in whole.items():
        if key not in ("name", "kind"):
            layers[data.draw(st.integers(0, 3))][key] = value
    moved = {**layers[0], "environments": {name: layers[1]}}
    below = {"environments": {name: {**settings, "defaults": layers[2]}}, "defaults": layers[3]}
    alone = apis.load(strategies.to_yaml(whole), strategies.to_yaml({"environments": {name: settings}}))
    assert helm.chart(apis.load(strategies.to_yaml(moved), strategies.to_yaml(below))) == helm.chart(alone)


@given(strategies.cases())
def test_the_schema_takes_the_values(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    import jsonschema

    for api in load_all(case):
        chart = helm.chart(api)
        schema = json.loads(chart["values.schema.json"])
        jsonschema.Draft7Validator.check_schema(schema)
        jsonschema.Draft7Validator(schema).validate(yamlio.objects(chart["values.yaml"], "x")[0])


@given(strategies.cases())
def test_every_key_has_a_comment(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    for api in load_all(case):
        text = helm.chart(api)["values.yaml"]
        # Lists, and what Kubernetes calls an affinity, are values as a whole.
        lines = re.sub(r"^(affinity|tolerations):\n(  .*\n)+", r"\1:\n", text, flags=re.MULTILINE).splitlines()
        for before, line in itertools.pairwise(lines):
            if not line.lstrip().startswith(("#", "-")) and line.strip():
                assert before.lstrip().startswith("# "), line


@given(strategies.specs, st.data())
def test_no_mutation_gives_a_traceback(spec: dict[str, Any], data: st.DataObject) -> None:
    """Any value replaced by any other: errors with places, or a spec that renders."""
    paths = list(_paths(spec))
    path = data.draw(st.sampled_from(paths))
    junk = data.draw(
        st.sampled_from([None, "", "x", -1, 0, 1.5, True, [], {}, [None], {"a": None}, [[]], {"secret": {}}, "\u0085", 10**30, "x" * 400])
    )
    mutated = json.loads(json.dumps(spec))
    target = mutated
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = junk
    try:
        documents, others = loader.load(strategies.to_yaml(mutated), "x.yaml")
    except InvalidInput as error:
        assert all(diagnostic.line for diagnostic in error.diagnostics)
        return
    assert all(diagnostic.line for diagnostic in others)
    for document in documents:
        found = validate.check(document)
        assert all(diagnostic.line and diagnostic.code and ";" in diagnostic.message + ";" for diagnostic in found)
        if document.api and not others and not any(diagnostic.is_error for diagnostic in found):
            helm.chart(manifests.with_pod_id(resolve(document.api, NO_PROJECT.targets["default"], "default")))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield (*path, key)
        yield from _paths(child, (*path, key))

"""Generated files are committed as the code makes them now, and schemas and models agree on what is valid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given

from cxgen.spec import models
from scripts.generate import generated
from tests import strategies
from tests.conftest import EXAMPLES, ROOT, cortex_specs

SCHEMA = json.loads((ROOT / "schemas/RealtimeAPI.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
PROJECT = jsonschema.Draft7Validator(json.loads((ROOT / "schemas/cxgen.json").read_text()))
# What a schema cannot say: rules between values, and of the other rules those on the meaning of a string.
BETWEEN = {
    *("E202", "E205", "E209", "E213", "E214", "E215", "E217", "E223", "E224", "E227", "E232", "E236", "E237", "E238", "E239"),
    *("E240", "E241", "E242"),
}
BEYOND = {
    "E103-empty-query",
    "E103-neither-true-nor-false",  # to PyYAML, yes is true
    "E107-in-defaults",
    "E107-override-of-another-container",
    "E107-port-twice",
    "E107-slip-in-a-container",
    "E203-image-id",
    "E203-long-repository",
    "E207-huge-pages-of-another-size",
    "E208-bare-megabytes",
    "E208-cpu",
    "E208-memory",
    "E211-half-a-second",
    "E211-stabilization-too-long",
    "E211-window-between-steps",
    "E211-window-too-long",
    "E211-window-too-short",
    "E216-unavailable",
    "E220-label-in-upper-case",
    "E228-way-out",
    "E231-of-kubernetes",
}


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_committed(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "run make generate"


def test_the_schemas_are_some() -> None:
    for validator in (VALIDATOR, PROJECT):
        jsonschema.Draft7Validator.check_schema(validator.schema)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_agree(name: str) -> None:
    for path in (ROOT / "examples" / name / "apis").iterdir():
        VALIDATOR.validate(yaml.safe_load(path.read_text()))
    PROJECT.validate(yaml.safe_load((ROOT / "examples" / name / "cxgen.yaml").read_text()) or {})


@pytest.mark.parametrize(
    "path", [path for path in cortex_specs() if "realtime" in path.parts], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_cortex_agrees(path: Path) -> None:
    for spec in yaml.safe_load(path.read_text()):
        VALIDATOR.validate(spec)


@given(strategies.cases())
def test_random_specs_and_projects_agree(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    spec, project = case
    VALIDATOR.validate(spec)
    PROJECT.validate(project)


@pytest.mark.parametrize("path", sorted((ROOT / "tests/rejected").glob("E[12]*.yaml")), ids=lambda path: path.stem)
def test_rejected_specs_agree(path: Path) -> None:
    """What the models reject the schemas reject too, but for the rules that a schema cannot say."""
    text = path.read_text()
    settings = "\n".join(line.removeprefix("#@ ") for line in text.splitlines() if line.startswith("#@ "))
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        pytest.skip("not YAML for PyYAML")
    valid = all(VALIDATOR.is_valid(spec) for spec in documents) and PROJECT.is_valid(yaml.safe_load(settings) or {})
    assert valid == (path.stem in BEYOND or path.stem.partition("-")[0] in BETWEEN)


def test_every_field_is_described() -> None:
    schemas = (VALIDATOR.schema, PROJECT.schema)
    for described in (described for schema in schemas for described in (schema, *schema["definitions"].values())):
        for field in described["properties"].values():
            assert field["description"].endswith(".")
    assert set(models.KINDS) == {path.stem for path in (ROOT / "schemas").glob("*API.json")}


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        file, _, heading = target.partition("#")
        if "://" in target:
            continue
        there = (path.parent / file) if file else path
        assert there.exists(), target
        if not heading:
            continue
        headings = {line.lstrip("# ").lower().replace(" ", "-") for line in there.read_text().splitlines() if line.startswith("#")}
        assert heading in headings, target

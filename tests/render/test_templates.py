"""The two modes of templates, and what templates may not do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cxgen import resources
from cxgen.errors import InvalidInput
from cxgen.plan.values import values
from cxgen.render import manifests, templates
from cxgen.render.templates import ChartRef, LiteralRef
from tests.apis import load
from tests.conftest import SMALLEST

IRIS = load(SMALLEST)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of templates in place of chart-templates/."""
    monkeypatch.setattr(resources, "folder", lambda _: tmp_path)
    templates._environment.cache_clear()
    templates.names.cache_clear()
    yield tmp_path
    templates._environment.cache_clear()
    templates.names.cache_clear()


def both(write: Path, template: str) -> tuple[str, str]:
    (write / "t.yaml").write_text(template)
    data = values(IRIS)
    return templates.render("t.yaml", IRIS, ChartRef(data)), templates.render("t.yaml", IRIS, LiteralRef(data))


@pytest.mark.parametrize(
    ("template", "chart", "literal"),
    [
        ("[[ values.port ]]", "{{ .Values.port | toJson }}", "8080"),
        ("[[ values.ingress.className ]]", "{{ .Values.ingress.className | toJson }}", '"nginx"'),
        ("[[ values.port | toString ]]", "{{ .Values.port | toString | toJson }}", '"8080"'),
        ("r:\n  [[ values.service | toYaml(2) ]]", "r:\n  {{- toYaml .Values.service | nindent 2 }}", "r:\n  port: 80"),
        ("[[ spec.name ]]", "iris", "iris"),
        ("{{ .Release.Name }}", "{{ .Release.Name }}", "{{ .Release.Name }}"),
        ("[% for c in spec.containers %][[ c.name ]][% endfor %]", "api", "api"),
    ],
)
def test_modes(write: Path, template: str, chart: str, literal: str) -> None:
    assert both(write, template) == (chart, literal)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            "\n[[ spec.containers[0].image ]]",
            '2: "ghcr.io/acme/iris:1.4.0" cannot be printed: only values and identifiers of spec can [E602]',
        ),
        ("[[ spec.port ]]", '1: "8080" cannot be printed: only values and identifiers of spec can [E602]'),
        (
            "[[ spec.containers[0].image ]]",
            '1: "ghcr.io/acme/iris:1.4.0" cannot be printed: only values and identifiers of spec can [E602]',
        ),
        ("[[ spec.name ~ 'x' ]]", '1: "irisx" cannot be printed: only values and identifiers of spec can [E602]'),
        ("[% if values.port %]x[% endif %]", "1: values.port is data; let spec decide, and only print values [E602]"),
        ("[% for x in values.containers %]x[% endfor %]", "1: values.containers is data; let spec decide, and only print values [E602]"),
        ("[% if values.port == 80 %]x[% endif %]", "1: values.port is data; let spec decide, and only print values [E602]"),
        ("[% if 'a' in values.containers %]x[% endif %]", "1: values.containers is data; let spec decide, and only print values [E602]"),
        ("[[ values.port | upper ]]", "1: values.port is data; let spec decide, and only print values [E602]"),
        ("[[ values.port ~ '' ]]", "1: values.port is data; let spec decide, and only print values [E602]"),
        ("\n\n[[ values.prot ]]", "3: there is no values.prot; ask spec first whether there is [E602]"),
        ("[[ spec.name | toYaml(2) ]]", "1: toYaml is for values [E602]"),
        ("[[ spec.name | toString ]]", "1: toString is for values [E602]"),
        ("[[ spec.nmae ]]", "1: 'cxgen.plan.api.API object' has no attribute 'nmae'; fix the template [E601]"),
        ("[[ nothing ]]", "1: 'nothing' is undefined; fix the template [E601]"),
        ("x\n[% if %]", "2: Expected an expression, got 'end of statement block'; fix the template [E601]"),
    ],
)
def test_misuse(write: Path, template: str, message: str) -> None:
    (write / "t.yaml").write_text(template)
    for mode in (ChartRef, LiteralRef):
        with pytest.raises(InvalidInput) as caught:
            templates.render("t.yaml", IRIS, mode(values(IRIS)))
        assert str(caught.value) == f"chart-templates/t.yaml:{message}"


def test_a_deployment_template_without_a_deployment(write: Path) -> None:
    (write / "realtime/templates").mkdir(parents=True)
    (write / "realtime/templates/deployment.yaml").write_text("kind: StatefulSet\n")
    with pytest.raises(InvalidInput, match=r"makes no Deployment of iris; .* \[E603\]"):
        manifests.with_pod_id(IRIS)


def test_every_object_is_of_a_kind_that_argocd_is_told_of() -> None:
    from cxgen import yamlio
    from cxgen.render.argocd import KINDS

    spec = SMALLEST + "autoscaling: {min_replicas: 2}\nmonitoring: {}\n"
    by_keda = load(spec, "environments: {prod: {autoscaler: keda}}")
    found = set()
    for text in (*manifests.manifests(load(spec)).values(), *manifests.manifests(by_keda).values()):
        for made in yamlio.objects(text, "x"):
            group, _, _ = made["apiVersion"].rpartition("/")
            found.add((group, made["kind"]))
            assert "namespace" not in made["metadata"]
    assert found == {(str(kind.group), str(kind.kind)) for kind in KINDS}


@pytest.mark.parametrize("damage", ["truncated", "garbage", "a folder", "a file for the folder"])
def test_compiled_templates_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr("importlib.util.cache_from_source", lambda _: str(folder / "x.pyc"))
    templates._environment.cache_clear()
    before = manifests.manifests(IRIS)
    kept = list(folder.iterdir())
    assert len(kept) >= 5
    for path in kept:
        data = path.read_bytes()
        path.unlink()
        if damage == "a folder":
            path.mkdir()
        else:
            path.write_bytes(data[:60] if damage == "truncated" else data[:20] + b"garbage")
    if damage == "a file for the folder":
        folder.rename(tmp_path / "away")
        folder.write_text("")
    templates._environment.cache_clear()
    assert manifests.manifests(IRIS) == before
    templates._environment.cache_clear()

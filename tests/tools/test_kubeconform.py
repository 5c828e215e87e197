"""kubeconform -strict, with schemas derived from the API description that comes with Kubernetes' own source: no network."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cxgen.render import manifests
from tests.apis import load
from tests.conftest import find_tool
from tests.tools.test_helm import KNOWN

CUSTOM = re.compile(r"^kind: (ScaledObject|PodMonitor)$", re.MULTILINE)  # tests/cluster holds these against their own definitions
KINDS = {
    "apps/v1/Deployment": "io.k8s.api.apps.v1.Deployment",
    "v1/v1/Service": "io.k8s.api.core.v1.Service",
    "v1/v1/ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "networking.k8s.io/v1/Ingress": "io.k8s.api.networking.v1.Ingress",
    "autoscaling/v2/HorizontalPodAutoscaler": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "policy/v1/PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
}


def strict(definition: Any) -> Any:
    """A definition that allows nothing unknown; OpenAPI's own formats become types."""
    if isinstance(definition, list):
        return [strict(item) for item in definition]
    if not isinstance(definition, dict):
        return definition
    if definition.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    made = {key: strict(value) for key, value in definition.items() if not key.startswith("x-")}
    if "properties" in made and isinstance(definition["properties"], dict) and "type" in definition:
        made.setdefault("additionalProperties", False)
    return made


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    description = Path(find_tool("kubeconform")).parent / "swagger.json"
    if not description.exists():
        message = "swagger.json is not beside kubeconform; .ci/tools puts it there"
        pytest.fail(message) if os.environ.get("CXGEN_REQUIRE_TOOLS") == "1" else pytest.skip(message)
    definitions = {name: strict(value) for name, value in json.loads(description.read_text())["definitions"].items()}
    # A quantity may be written as a number; Kubernetes takes both.
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}
    folder = tmp_path_factory.mktemp("schemas")
    for kind, name in KINDS.items():
        # As kubeconform asks for them: kinds in lower case, and the core group by the name of its version.
        path = folder / f"{kind.replace('/', '_').lower()}.json"
        path.write_text(json.dumps({"$ref": f"#/definitions/{name}", "definitions": definitions}))
    return folder


def kubeconform(schemas: Path, text: str) -> subprocess.CompletedProcess[str]:
    location = f"{schemas}/{{{{ .Group }}}}_{{{{ .ResourceAPIVersion }}}}_{{{{ .ResourceKind }}}}.json"
    command = [find_tool("kubeconform"), "-strict", "-summary", "-schema-location", location, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.mark.parametrize("name", KNOWN)
def test_objects(name: str, schemas: Path) -> None:
    texts = [text for text in manifests.manifests(KNOWN[name]).values() if not CUSTOM.search(text)]
    done = kubeconform(schemas, "---\n".join(texts))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Valid: {len(texts)}, Invalid: 0, Errors: 0, Skipped: 0" in done.stdout


@pytest.mark.parametrize(
    ("old", "new"), [("containerPort: 8080", 'containerPort: "8080"'), ("image:", "imgae:"), ("name: http", "nmae: http")]
)
def test_it_would_find_a_mistake(schemas: Path, old: str, new: str) -> None:
    text = manifests.manifests(load("name: iris\nkind: RealtimeAPI\nimage: a:1\n"))["deployment.yaml"]
    assert old in text
    assert "Invalid: 1, Errors: 0" in kubeconform(schemas, text.replace(old, new)).stdout

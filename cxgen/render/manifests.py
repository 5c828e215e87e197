"""The objects of an API as plain manifests: the templates in literal mode."""

from __future__ import annotations

from pathlib import PurePosixPath

from cxgen import yamlio
from cxgen.errors import Diagnostic, InvalidInput
from cxgen.plan.api import API
from cxgen.plan.identity import content_id
from cxgen.plan.values import values
from cxgen.render import templates

FOLDER = "realtime"
_DEPLOYMENT = f"{FOLDER}/templates/deployment.yaml"


def object_templates() -> list[str]:
    """The templates that make Kubernetes objects, one file each."""
    return [name for name in templates.names(FOLDER) if PurePosixPath(name).parent.name == "templates" and name.endswith(".yaml")]


def with_pod_id(api: API) -> API:
    """The API with the id of its pod template: of the template's content, not its text, with its own place left empty."""
    text = templates.render(_DEPLOYMENT, api, templates.LiteralRef(values(api)))
    for found in yamlio.objects(text, f"chart-templates/{_DEPLOYMENT}"):
        if isinstance(found, dict) and found.get("kind") == "Deployment":
            return api._replace(pod_id=content_id(found["spec"]["template"]))
    message = f"makes no Deployment of {api.name}; a pod id is computed from its pod template"
    raise InvalidInput(Diagnostic("E603", message, f"chart-templates/{_DEPLOYMENT}"))


def manifests(api: API) -> dict[str, str]:
    """The API's objects by file name; a template that makes nothing for this API is left out."""
    data = templates.LiteralRef(values(api))
    rendered = {PurePosixPath(name).name: templates.render(name, api, data) for name in object_templates()}
    return {name: text for name, text in rendered.items() if text.strip()}

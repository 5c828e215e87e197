"""APIs of specs, as the tests want them: resolved for an environment, with their ids."""

from __future__ import annotations

from cxgen.plan.api import API
from cxgen.plan.resolve import resolve
from cxgen.render import manifests
from cxgen.spec import loader, project_file, validate
from cxgen.spec.project_file import ProjectFile
from tests.conftest import EXAMPLES, ROOT, cortex_specs


def project_of(text: str) -> ProjectFile:
    """A valid cxgen.yaml."""
    project = project_file.read(text) if text else project_file.NO_PROJECT
    assert not [str(found) for found in validate.check_project(project) if found.is_error]
    return project


def load_all(spec: str, project: str = "") -> dict[str, API]:
    """A valid spec in each environment of a valid project, by the environment's name."""
    of = project_of(project)
    documents, others = loader.load(spec, "x.yaml", of)
    assert not others
    found = validate.check_all(documents, of)
    assert not [str(diagnostic) for diagnostic in found if diagnostic.is_error]
    return {
        document.environment: manifests.with_pod_id(resolve(document.api, of.targets[document.environment], document.environment))
        for document in documents
        if document.api
    }


def known() -> dict[str, API]:
    """Every API of every example in each of its environments, and every Cortex API that renders."""
    found = {}
    for name in EXAMPLES:
        folder = ROOT / "examples" / name
        for path in sorted((folder / "apis").iterdir()):
            for environment, made in load_all(path.read_text(), (folder / "cxgen.yaml").read_text()).items():
                found[f"{name}-{path.stem}-{environment}"] = made
    for path in cortex_specs():
        if path.parents[1].name == "realtime":
            found[f"cortex-{path.parent.name}-{path.stem}"] = load(path.read_text())
    return found


def load(spec: str, project: str = "") -> API:
    """The same where there is one environment."""
    (found,) = load_all(spec, project).values()
    return found

"""cxgen.yaml: every rule has a file that breaks it."""

from __future__ import annotations

import pytest

from tests.conftest import Project


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "environments: {Prod: {}}",
            '1:16: environments.Prod: "Prod" is not a name of lower-case letters, digits and -; write "prod" [E403]',
        ),
        (
            "environments: {a: {namespace: my space}}",
            '1:31: environments.a.namespace: "my space" is not a name of lower-case letters, digits and -; write "my-space" [E403]',
        ),
        ("argocd: {revision: ''}", '1:20: argocd.revision: "" is empty or has spaces; write a name or an address [E403]'),
        (
            "argocd: {repo_url: ''}",
            '1:20: argocd.repo_url: "" is not a repository\'s address; write one such as https://git.example.com/ml/apis.git [E402]',
        ),
        (
            "argocd: {repo_url: 'https://me:pw@git.example.com/a.git'}",
            "1:20: argocd.repo_url: the address holds a password or token; leave out what stands before @ and give it to Argo CD as a "
            "repository secret [E402]",
        ),
        (
            "argocd: {project: default}",
            "1:19: argocd.project: default is the AppProject of Argo CD's own, which other Applications are in; choose another, or leave "
            "it out [E403]",
        ),
        (
            "argocd: {revision: '{{ .x }}'}",
            '1:20: argocd.revision: "{{ .x }}" has {{, which Argo CD would take for a template; write it without [E403]',
        ),
        ("argo: {}", "1:1: argo: unknown field; did you mean argocd? [E101]"),
        ("templates: mine", "1:1: templates: not supported by this version of cxgen; remove it [E106]"),
        ("- a", "1:1: the project file is one map; write argocd: and environments: [E007]"),
        (
            "a: [",
            "2:1: not YAML: while parsing a flow node did not find expected node content; check the indentation, quotes and colons "
            "here [E003]",
        ),
    ],
)
def test_rejected(project: Project, text: str, message: str) -> None:
    project.write("cxgen.yaml", text)
    for command in ("validate", "render"):
        outcome = project.run(command)
        assert (outcome.code, outcome.lines[0]) == (2, f"cxgen.yaml:{message}")
    assert not (project.root / "deploy").exists()


def test_defaults(project: Project) -> None:
    (project.root / "cxgen.yaml").unlink()
    (project.root / ".git").mkdir()
    assert project.render().out.startswith("1 API for default:")


def test_cluster_by_name(project: Project) -> None:
    project.write("cxgen.yaml", "argocd: {repo_url: 'file:///srv/repo', project: ml}\nenvironments: {prod: {cluster: west}}\n")
    project.render()
    text = project.read("argocd/prod.yaml")
    assert text.count('name: "west"') == 2
    assert 'namespace: "prod"' in text
    assert text.count('"ml"') == 2
    assert "server:" not in text


@pytest.mark.parametrize(
    "address",
    [
        "https://me:pw@git.example.com/a.git",
        "HTTPS://token@git.example.com/a.git",
        "https://me:p/w@git.example.com/a.git",
        "ssh://git:pw@git.example.com/a.git",
    ],
)
def test_an_address_with_a_secret(project: Project, address: str) -> None:
    project.write("cxgen.yaml", f"argocd: {{repo_url: '{address}'}}")
    assert "[E402]" in project.run("render").lines[0]


@pytest.mark.parametrize(
    "address", ["git@git.example.com:ml/a.git", "ssh://git@git.example.com:22/ml/a.git", "git://127.0.0.1:9/a", "file:///a"]
)
def test_an_address_without_one(project: Project, address: str) -> None:
    project.write("cxgen.yaml", f"argocd: {{repo_url: '{address}'}}")
    project.render()
    assert project.read("argocd/default.yaml").count(f'"{address}"') == 3


def test_an_environment_of_defaults(project: Project) -> None:
    project.write("cxgen.yaml", "environments:\n  prod:\n")
    assert "1 API for prod:" in project.render().out


def test_a_project_file_of_another_name(project: Project) -> None:
    (project.root / "cxgen.yaml").rename(project.root / "cxgen.yml")
    assert project.run("validate").lines[0] == "cxgen.yml: the project file is called cxgen.yaml; rename cxgen.yml [E409]"


def test_a_project_below_the_folder(project: Project) -> None:
    project.write("inner/cxgen.yaml", "")
    project.write("inner/apis/a.yaml", project.read("apis/iris.yaml"))
    outcome = project.run("validate", "inner")
    assert outcome.lines[0] == "inner: is a project of its own, with cxgen.yaml; change into that folder first [E409]"

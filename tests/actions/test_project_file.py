"""cxgen.yaml: every rule has a file that breaks it."""

from __future__ import annotations

import pytest

from tests.conftest import Project


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "environments: {a: {}, b: {}}",
            "1:15: environments: several environments are not supported by this version of cxgen; keep one [E401]",
        ),
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
            "1:20: argocd.repo_url: the address holds a password; leave user and password out and give them to Argo CD as a repository "
            "secret [E402]",
        ),
        ("argo: {}", "1:1: argo: unknown field; did you mean argocd? [E101]"),
        ("format: kustomize", "1:1: format: not supported by this version of cxgen; remove it [E106]"),
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

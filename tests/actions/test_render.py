"""Render as a whole: what it writes, refuses, keeps and says."""

from __future__ import annotations

import hashlib

import pytest

from tests.conftest import MEMORY, SMALLEST, Project


def lily(project: Project) -> None:
    project.write("apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))


def test_again_writes_nothing(project: Project) -> None:
    project.render()
    before = {path: (project.root / path).stat().st_mtime_ns for path in project.files()}
    assert "0 files written, 0 deleted, 12 unchanged" in project.render().out
    assert {path: (project.root / path).stat().st_mtime_ns for path in project.files()} == before
    assert not (project.root / "deploy/.cxgen-work").exists()


def test_check(project: Project) -> None:
    outcome = project.run("render", "--check")
    assert outcome.code == 1
    assert "would write deploy/default/iris/Chart.yaml" in outcome.out
    assert not (project.root / "deploy").exists()
    project.render()
    assert project.run("render", "--check").code == 0
    project.write("apis/iris.yaml", SMALLEST.replace("1.4.0", "1.5.0"))
    lines = project.run("render", "--check").out.splitlines()
    changed = {"Chart.yaml", "templates/deployment.yaml", "values.yaml", ".cxgen"}
    assert {line.removeprefix("would write deploy/default/iris/") for line in lines if line.startswith("would")} == changed


def test_a_file_that_is_not_needed_any_more_goes(project: Project) -> None:
    project.render()
    project.write("apis/iris.yaml", SMALLEST + "autoscaling: {min_replicas: 2, max_replicas: 2}\n")
    assert "1 deleted" in project.render().out
    names = {path.rsplit("/", 1)[1] for path in project.files("deploy/default/iris/templates")}
    assert names == {"NOTES.txt", "deployment.yaml", "ingress.yaml", "pdb.yaml", "service.yaml", "serviceaccount.yaml"}


def test_one_path_touches_one_api(project: Project) -> None:
    lily(project)
    project.render()
    for name in ("iris", "lily"):
        project.write(f"apis/{name}.yaml", project.read(f"apis/{name}.yaml") + "port: 9000\n")
    before = project.files("deploy/default/lily")
    project.render("apis/iris.yaml")
    assert "port: 9000" in project.read("deploy/default/iris/values.yaml")
    assert project.files("deploy/default/lily") == before


def test_a_kind_is_fixed_once_deployed(project: Project) -> None:
    project.render()
    project.write("apis/iris.yaml", "name: iris\nkind: TrafficSplitter\napis: []\n")
    outcome = project.run("validate")
    assert outcome.code == 2
    assert (
        "iris is deployed as a RealtimeAPI in default, and a kind is fixed once deployed; choose another name"
        in outcome.lines[0] + outcome.lines[1]
    )
    assert "[E305]" in outcome.err
    # Once it is a tombstone, the name is free.
    (project.root / "apis/iris.yaml").unlink()
    project.render("--allow-empty")
    project.write("apis/iris.yaml", "name: iris\nkind: TrafficSplitter\napis: []\n")
    assert "[E305]" not in project.run("validate").err


ENVIRONMENTS = MEMORY + "environments: {dev: {routing: {host: dev.example.com}}, prod: {}}\n"


def test_every_environment_at_once(project: Project) -> None:
    project.write("cxgen.yaml", ENVIRONMENTS)
    assert project.render().out.startswith("1 API for dev, prod: 22 files written")
    assert {path.split("/")[1] for path in project.files()} == {"dev", "prod", ".gitattributes", ".cxgen"}
    assert "dev.example.com" in project.read("deploy/dev/iris/values.yaml")
    assert project.render().out.startswith("1 API for dev, prod: 0 files written")


def test_one_environment(project: Project) -> None:
    project.write("cxgen.yaml", ENVIRONMENTS)
    project.render()
    before = project.files("deploy/dev")
    project.write("apis/iris.yaml", SMALLEST + "port: 9000\n")
    assert project.render("--env", "prod").out.startswith("1 API for prod:")
    assert project.files("deploy/dev") == before
    assert "port: 9000" in project.read("deploy/prod/iris/values.yaml")
    assert project.render("--env", "prod", "--env", "dev").out.startswith("1 API for dev, prod:")
    outcome = project.run("render", "--env", "prd")
    assert (outcome.code, outcome.lines[0]) == (2, "--env: prd is not an environment of this project; did you mean prod? [E304]")
    outcome = project.run("render", "--stdout")
    assert (outcome.code, outcome.lines[0].split(";")[1]) == (2, " name it with --env: dev or prod [E304]")
    assert project.run("render", "--stdout", "--env", "dev").out.count("dev.example.com") == 1


def test_one_environment_leaves_the_files_of_others_alone(project: Project) -> None:
    repository = "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}\n"
    project.write("cxgen.yaml", ENVIRONMENTS + repository)
    project.render()
    before = project.files("argocd")
    project.write(
        "cxgen.yaml", MEMORY + repository + "environments: {dev: {namespace: x, routing: {host: dev.example.com}}, new: {namespace: y}}"
    )
    assert project.render("--env", "dev").out.startswith("1 API for dev:")
    changed = {path for path, data in project.files("argocd").items() if before.get(path) != data}
    assert changed == {"argocd/dev.yaml", "argocd/.cxgen"}
    project.render()
    assert set(project.files("argocd")) == {"argocd/.cxgen", "argocd/.gitattributes", "argocd/dev.yaml", "argocd/new.yaml"}


def test_one_environment_leaves_what_another_has_to_finish(project: Project) -> None:
    repository = "argocd: {repo_url: 'https://git.example.com/ml/apis.git'"
    project.write("cxgen.yaml", ENVIRONMENTS + repository + "}\n")
    project.render()
    old = project.read("argocd/prod.yaml")
    project.write("cxgen.yaml", ENVIRONMENTS + repository + ", revision: next}\n")
    project.render()
    # As a render that was killed leaves it: the inventory is new, one file is not, and the note names both of its hashes.
    hashes = sorted(hashlib.sha256(text.encode()).hexdigest() for text in (old, project.read("argocd/prod.yaml")))
    project.write("argocd/prod.yaml", old)
    project.write("deploy/.cxgen-work/pending", f"{' '.join(hashes)}  argocd/prod.yaml\n")
    assert "Finished" not in project.render("--env", "dev").out
    assert project.read("argocd/prod.yaml") == old
    assert "Finished a render that was interrupted." in project.render().out
    assert "revision: next" in project.read("argocd/prod.yaml").replace('"', "")
    assert not (project.root / "deploy/.cxgen-work").exists()


def test_the_last_api_of_one_environment(project: Project) -> None:
    project.write("cxgen.yaml", ENVIRONMENTS)
    project.render()
    (project.root / "apis/iris.yaml").unlink()
    outcome = project.run("render", "--env", "dev")
    assert (outcome.code, outcome.lines[0].split(": ")[0]) == (3, "deploy/dev")
    project.render("--env", "dev", "--allow-empty")
    assert set(project.files("deploy/dev")) == {
        f"deploy/dev/iris/{name}" for name in (".cxgen", "Chart.yaml", "templates/serviceaccount.yaml")
    }
    assert "deploy/prod/iris/values.yaml" in project.files()
    outcome = project.run("render")
    assert (outcome.code, outcome.lines[0].split(": ")[0]) == (3, "deploy/prod")


def test_an_environment_that_goes(project: Project) -> None:
    project.write("cxgen.yaml", ENVIRONMENTS)
    project.render()
    project.write("cxgen.yaml", MEMORY + "environments: {prod: {}}\n")
    outcome = project.render()
    assert "deploy/dev belongs to no environment of cxgen.yaml; delete it with git rm -r once nothing there runs." in outcome.out
    assert "deploy/dev/iris/values.yaml" in project.files()


def test_one_path_is_refused_where_another_spec_is_wrong(project: Project) -> None:
    project.write("apis/lily.yaml", "name: lily\nkind: RealtimeAPI\n")
    outcome = project.run("render", "apis/iris.yaml")
    assert outcome.code == 2
    assert "apis/lily.yaml:1:1: pod: required" in outcome.err


def test_tombstone(project: Project) -> None:
    lily(project)
    project.render()
    (project.root / "apis/lily.yaml").unlink()
    outcome = project.render()
    assert outcome.out.startswith(
        "lily: its spec is gone; its ServiceAccount stays in Git so that Argo CD removes the rest, routes first.\n"
    )
    assert set(project.files("deploy/default/lily")) == {
        "deploy/default/lily/.cxgen",
        "deploy/default/lily/Chart.yaml",
        "deploy/default/lily/templates/serviceaccount.yaml",
    }
    assert "0 files written" in project.render().out
    inventory = project.read("deploy/default/lily/.cxgen").splitlines(keepends=True)
    project.write("deploy/default/lily/.cxgen", "".join(["cxgen 0.0.1\n", *inventory[1:]]))
    assert "lily" not in project.render().out, "a tombstone that another version wrote is no news"
    lily(project)
    project.render()
    assert (project.root / "deploy/default/lily/templates/deployment.yaml").exists()


def test_the_last_api_needs_a_word(project: Project) -> None:
    project.render()
    before = project.files()
    (project.root / "apis/iris.yaml").unlink()
    outcome = project.run("render")
    message = "deploy/default: iris would go, and with it the last API of default; restore its spec, or say --allow-empty [E504]"
    assert (outcome.code, outcome.lines[0]) == (3, message)
    assert project.files() == before
    project.render("--allow-empty")
    assert "kind: ServiceAccount" in project.read("deploy/default/iris/templates/serviceaccount.yaml")
    assert not (project.root / "deploy/default/iris/templates/deployment.yaml").exists()
    assert project.run("render", "--check").code == project.run("validate").code == 0, "tombstones alone are a state like any other"


def test_a_spec_from_elsewhere_needs_out(project: Project) -> None:
    path = project.write("other/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    outcome = project.run("render", path)
    expected = (
        "other/lily.yaml: lies outside the project's apis/ folder; name a folder to write to with --out, or print it with --stdout [E507]"
    )
    assert (outcome.code, outcome.lines[0]) == (2, expected)
    assert project.run("validate", path).out.endswith("Next: cxgen render PATH --out DIR, or --stdout\n")
    project.render(path, "--out", "elsewhere")
    assert (project.root / "elsewhere/deploy/default/lily/Chart.yaml").exists()
    assert not (project.root / "deploy").exists()
    assert project.run("render", path, "--stdout").out.startswith("---\napiVersion: apps/v1\n")


def test_argocd_file_comes_and_goes(project: Project) -> None:
    assert "No Argo CD file: set argocd.repo_url in cxgen.yaml to have argocd/ written." in project.render().out
    project.write("cxgen.yaml", "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}")
    assert "kubectl apply -f argocd/default.yaml" in project.render().out
    assert set(project.files("argocd")) == {"argocd/.cxgen", "argocd/.gitattributes", "argocd/default.yaml"}
    project.write("cxgen.yaml", "")
    project.render()
    assert not (project.root / "argocd").exists()


@pytest.mark.parametrize("folder", ["ml", "teams/my models"])
def test_a_project_below_the_top_of_its_repository(project: Project, folder: str) -> None:
    """Argo CD's paths begin at the top of the repository."""
    (project.root / ".git").mkdir()
    project.write(f"{folder}/cxgen.yaml", "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}")
    project.write(f"{folder}/apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    assert project.run("render", cwd=project.root / folder).code == 0
    assert f'- path: "{folder}/deploy/default/*"' in project.read(f"{folder}/argocd/default.yaml")


def test_a_folder_that_argocd_would_take_for_a_pattern(project: Project) -> None:
    (project.root / ".git").mkdir()
    project.write("ml[1]/cxgen.yaml", "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}")
    project.write("ml[1]/apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    outcome = project.run("render", cwd=project.root / "ml[1]")
    expected = "ml[1]/deploy/default: holds one of * ? [ ] { } \\, which Argo CD's patterns give a meaning; rename the folder [E404]"
    assert (outcome.code, outcome.lines[0]) == (2, expected)
    assert not (project.root / "ml[1]/deploy").exists()


def test_an_environment_that_is_no_longer_named(project: Project) -> None:
    project.render()
    project.write("cxgen.yaml", "environments: {prod: {}}")
    out = project.render().out
    assert "deploy/default belongs to no environment of cxgen.yaml; delete it with git rm -r once nothing there runs." in out
    assert (project.root / "deploy/default/iris/Chart.yaml").exists()


def test_places_are_shown_from_where_the_user_is(project: Project) -> None:
    project.write("cxgen.yaml", "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}")
    apis = project.root / "apis"
    assert "would write ../deploy/default/iris/Chart.yaml\n" in project.run("render", "--check", cwd=apis).out
    assert "kubectl apply -f ../argocd/default.yaml\n" in project.run("render", cwd=apis).out
    project.write("deploy/default/iris/values.yaml", "mine\n")
    assert project.run("render", cwd=apis).lines[0].startswith("../deploy/default/iris/values.yaml: was changed by hand")
    out = project.render("--out", "elsewhere").out
    assert out.splitlines()[-1] == "Written below elsewhere."
    assert "git" not in out


def test_the_argocd_file_names_no_api(project: Project) -> None:
    project.write("cxgen.yaml", "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}")
    project.render()
    before = project.files("argocd")
    lily(project)
    project.render()
    assert project.files("argocd") == before


@pytest.mark.parametrize("option", ["--check", "--force", "--allow-empty"])
def test_stdout_writes_nothing(project: Project, option: str) -> None:
    outcome = project.run("render", "--stdout", option)
    assert outcome.code == 2
    assert "--stdout writes nothing" in outcome.err
    assert project.run("render", "--stdout").code == 0
    assert not (project.root / "deploy").exists()


def test_many_warnings_are_cut(project: Project) -> None:
    for i in range(12):
        project.write(f"apis/a{i}.yaml", f"{{name: a{i}, kind: RealtimeAPI, image: a}}")
    outcome = project.render()
    assert len(outcome.lines) == 11
    assert outcome.lines[-1] == "... and 2 more warnings; cxgen validate prints all."


@pytest.mark.parametrize("out", ["apis", "apis/rendered", "./apis/../apis"])
def test_output_among_the_specs(project: Project, out: str) -> None:
    outcome = project.run("render", "--out", out)
    assert (outcome.code, outcome.lines[0].split(": ", 1)[1]) == (
        2,
        "lies among the specs, where charts would be read as some; name a folder outside of it [E509]",
    )
    assert [path.name for path in (project.root / "apis").iterdir()] == ["iris.yaml"]

"""Reading files as they lie on disks, and rules that need more than one file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MEMORY, SMALLEST, Project


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xef\xbb\xbfname: iris\n", "apis/iris.yaml:1:1: starts with a byte-order mark; save it as UTF-8 without one [E002]"),
        (b"name: iris\nkind: \xff\n", "apis/iris.yaml:2: byte 17 is not UTF-8; save the file as UTF-8 [E002]"),
        ("name: iris\n".encode("utf-16"), "apis/iris.yaml:1:1: starts with a byte-order mark; save it as UTF-8 without one [E002]"),
        (b"x" * (1 << 20) + b"x", "apis/iris.yaml: larger than 1 MiB; split it into files of a few APIs each [E011]"),
        (b"[" * 10_000, "apis/iris.yaml:1:51: nested more than 50 deep; no spec needs that [E011]"),
        (b"a: " + b"{a: " * 9_000, "apis/iris.yaml:1:200: nested more than 50 deep; no spec needs that [E011]"),
        (b"name: a\x07\n", "apis/iris.yaml:1:8: the character U+0007 cannot be kept by Kubernetes' tools; remove it [E008]"),
    ],
)
def test_files_that_are_not_specs(project: Project, data: bytes, message: str) -> None:
    (project.root / "apis/iris.yaml").write_bytes(data)
    outcome = project.run("validate")
    assert (outcome.code, outcome.lines[0]) == (2, message)


def test_alias_bomb(project: Project) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    project.write("apis/iris.yaml", "\n".join(lines))
    outcome = project.run("validate")
    assert outcome.code == 2
    assert "more than 100,000 values, its aliases written out; split the file [E011]" in outcome.err


@pytest.mark.parametrize(
    "text",
    [
        f"a: &a {'x' * 500_000}\n" + "".join(f"b{i}: *a\n" for i in range(50_000)),
        "m: &m {" + ", ".join(f"k{i}: 1" for i in range(5000)) + "}\nn:\n" + "- {<<: *m}\n" * 50_000,
        "".join(f"unknown-field-of-spec-{i}: 1\n" for i in range(30_000)),
        "".join(f"{'abcdefgh' * 500}{i}: 1\n" for i in range(200)),
        "kind: RealtimeAPI\npod:\n  containers:\n" + "  - {nmae: a, imgae: 'a:1'}\n" * 8000,
        "kind: RealtimeAPI\npod:\n  containers:\n" + "  - {name: A, image: 'a:1', compute: {cpu: 1m}}\n" * 5000,
    ],
    ids=["long-text", "merges", "many-keys", "long-keys", "slips", "wrong-names"],
)
def test_files_made_to_take_long(project: Project, text: str) -> None:
    """A second at most, and little memory; without the bounds each takes minutes or gigabytes."""
    project.write("apis/iris.yaml", f"name: iris\n{text}")
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
    code += "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
    code += "from cxgen.cli import main; sys.exit(main(['validate']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr[-500:]
    assert "Traceback" not in done.stderr


def test_texts_that_argocd_could_not_apply(project: Project) -> None:
    """The whole object stands in an annotation of itself, which has a limit."""
    project.write("apis/iris.yaml", SMALLEST + f"annotations: {{note: {'a' * 125_000}}}\n")
    assert project.run("validate").code == 0
    project.write("apis/iris.yaml", SMALLEST + f"annotations: {{note: {'a' * 128_000}}}\n")
    assert project.run("validate").lines[0] == (
        "apis/iris.yaml:4:14: annotations: the largest part of an API that comes to 264,265 bytes once rendered, annotations counted "
        "twice; Argo CD can apply 262,144, so shorten it, or put it into the image [E225]"
    )
    project.write("apis/iris.yaml", SMALLEST + "env:\n" + "".join(f"  V{i}: '{'<' * 1000}'\n" for i in range(50)))
    assert "apis/iris.yaml:5:3: env: the largest part" in project.run("validate").lines[0]
    project.write("apis/iris.yaml", SMALLEST + "env:\n" + "".join(f"  V{i}: x\n" for i in range(3000)))
    assert project.run("validate").code == 0, "many small texts are not large"


def test_aliases_bring_their_depth(project: Project) -> None:
    lines = [f"x0: &a0 {'[' * 45}1{']' * 45}"] + [f"x{i}: &a{i} {'[' * 45}*a{i - 1}{']' * 45}" for i in range(1, 12)]
    for file in ("apis/iris.yaml", "cxgen.yaml"):
        project.write(file, "\n".join(lines))
        outcome = project.run("validate")
        assert outcome.code == 2
        assert f"{file}:2:54: nested more than 50 deep; no spec needs that [E011]" in outcome.err


def test_unknown_fields_without_a_value(project: Project) -> None:
    project.write("apis/iris.yaml", SMALLEST + "autoscalng:\ncanary: null\npod: {containerz: ~}\nnetworking:\n")
    project.write("cxgen.yaml", "enviroments:\nargocd:\n  repo_urll:\n")
    found = [line.rsplit("[", 1)[1] for line in project.run("validate").lines if line.endswith("]")]
    assert found == ["E101]", "E101]", "E101]", "E106]", "E101]"]


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ("networking: {name: foo}\nautoscaling: {min_replicas: 5, max_replicas: 2}\n", {"E101", "E214"}),
        ("labels: {pod: [1]}\nautoscaling: {min_replicas: 5, max_replicas: 2}\n", {"E103", "E214"}),
        ("env: {pod: null}\nautoscaling: {min_replicas: 5, max_replicas: 2}\n", {"E108", "E214"}),
        ("liveness_probe: {period_seconds: 5s}\n", {"E103", "E212"}),
    ],
)
def test_one_slip_hides_no_other(project: Project, more: str, codes: set[str]) -> None:
    spec = SMALLEST + more
    if "probe" in more:
        spec = f"name: iris\nkind: RealtimeAPI\npod: {{containers: [{{name: a, image: 'a:1', {more.strip()}}}]}}\nautoscaling: {{}}\n"
    project.write("apis/iris.yaml", spec)
    assert {line[-5:-1] for line in project.run("validate").lines if "[E" in line} == codes


def test_a_field_in_the_wrong_map_explains_only_itself(project: Project) -> None:
    project.write("apis/iris.yaml", "name: iris\nkind: RealtimeAPI\nnetworking: {name: x}\npod: {containers: [{image: 'a:1'}]}\n")
    assert sum("[E" in line for line in project.run("validate").lines) == 2
    project.write("apis/iris.yaml", "name: iris\nkind: RealtimeAPI\npod: {image: 'b:1'}\n")
    assert sum("[E" in line for line in project.run("validate").lines) == 1


def test_a_mistake_below_an_anchor_is_one(project: Project) -> None:
    project.write("apis/iris.yaml", "- &a {name: a, kind: RealtimeAPI, image: 'a:1', compute: {cpu: 1m}}\n- {<<: *a, name: b}\n")
    assert project.run("validate").err.count("[E208]") == 1


def test_links_to_folders_are_not_overlooked(project: Project) -> None:
    project.write("shared/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    (project.root / "apis/more").symlink_to("../shared")
    expected = "apis/more: is a link to a folder, which is not followed; move the specs here, or name the folder itself as a PATH [E001]"
    assert (project.run("render").code, project.run("render").lines[0]) == (2, expected)


def test_a_loop_of_links(project: Project) -> None:
    (project.root / "apis/lily.yaml").symlink_to("lily.yaml")
    assert "[E001]" in project.run("validate", "apis/lily.yaml").err
    assert "[E001]" in project.run("render", "apis/iris.yaml").err
    assert "Traceback" not in project.run("render", "--out", "apis/lily.yaml").err


def test_hidden_files_are_no_specs_and_suffixes_have_no_case(project: Project) -> None:
    project.write("apis/.ipynb_checkpoints/iris-checkpoint.yaml", SMALLEST)
    project.write("apis/.iris.yaml.swp.yaml", SMALLEST)
    project.write("apis/LILY.YML", SMALLEST.replace("iris", "lily", 1))
    assert "in 2 specs (2 files)" in project.run("validate").out


def test_a_message_is_one_line(project: Project) -> None:
    (project.root / "apis/iris.yaml").rename(project.root / "apis/a\nb\x1b[31m.yaml")
    project.write("apis/a\nb\x1b[31m.yaml", 'name: "a\\nb"\nkind: RealtimeAPI\nimage: a:1\n')
    outcome = project.run("validate")
    assert outcome.lines[0].startswith('apis/a\\nb\\x1b[31m.yaml:1:7: name: "a\\nb" is not a name')


def test_crlf_and_anchors_are_welcome(project: Project) -> None:
    text = "name: iris\nkind: RealtimeAPI\nimage: a:1\nenv: &e {A: x}\nlabels:\n  <<: *e\n"
    (project.root / "apis/iris.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    assert project.run("validate").code == 0


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.yaml", "missing.yaml: does not exist; name a file with specs, or a folder of them [E001]"),
        ("apis/none", "apis/none: holds no spec; write one such as apis/iris.yaml with name, kind: RealtimeAPI and image [E010]"),
    ],
)
def test_paths_that_lead_nowhere(project: Project, path: str, message: str) -> None:
    (project.root / "apis/none").mkdir()
    outcome = project.run("validate", path)
    assert (outcome.code, outcome.lines[0]) == (2, message)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(project: Project) -> None:
    (project.root / "apis/iris.yaml").chmod(0)
    assert "cannot be read: Permission denied; check its permissions [E001]" in project.run("validate").err


def test_no_specs(project: Project) -> None:
    (project.root / "apis/iris.yaml").unlink()
    expected = "apis: holds no spec; write one such as apis/iris.yaml with name, kind: RealtimeAPI and image [E010]"
    assert project.run("validate").lines[0] == expected
    assert project.run("render").lines[0] == expected


def test_lists_and_documents(project: Project) -> None:
    project.write("apis/more.yml", f"- {{name: a, kind: RealtimeAPI, image: 'a:1'}}\n---\n{SMALLEST.replace('iris', 'b', 1)}---\n")
    outcome = project.run("validate")
    assert (outcome.code, outcome.out) == (0, "0 errors, 0 warnings in 3 specs (2 files).\nNext: cxgen render\n")


def test_names_are_too_long_together(project: Project) -> None:
    project.write("cxgen.yaml", f"{MEMORY}environments: {{{'e' * 49}: {{}}}}")
    outcome = project.run("validate")
    assert outcome.code == 2
    assert outcome.lines[0] == (
        f"apis/iris.yaml:1:7: name: with the environment's name {'e' * 49} it has 53 characters; Argo CD's release names leave 52, "
        "so shorten one of them [E303]"
    )


def test_duplicates_across_files(project: Project) -> None:
    project.write("apis/z.yaml", SMALLEST)
    outcome = project.run("validate")
    assert outcome.lines[0] == 'apis/z.yaml:1:7: name: "iris" is also the name of the API in apis/iris.yaml:1; choose another [E301]'


def test_one_path_is_checked_against_all(project: Project) -> None:
    path = project.write("apis/z.yaml", SMALLEST)
    assert "apis/z.yaml:1:7: name:" in project.run("validate", path).lines[0]
    assert "apis/iris.yaml:1:7: name:" in project.run("validate", "apis/iris.yaml").lines[0]
    other = project.write("apis/a.yaml", SMALLEST.replace("iris", "a", 1))
    outcome = project.run("validate", other)
    assert (outcome.code, outcome.err) == (0, "")
    assert "1 more error in other files" in outcome.out


@pytest.mark.parametrize("path", ["apis/iris.yaml", "./apis/../apis/iris.yaml", "apis", "other/iris.yaml", "apis/iris.yaml apis"])
def test_a_file_is_one_file_whatever_way_leads_to_it(project: Project, path: str) -> None:
    (project.root / "other").symlink_to("apis")
    outcome = project.run("validate", *path.split())
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "0 errors, 0 warnings in 1 spec (1 file).")
    assert project.run("render", *path.split()).code == 0
    assert project.run("validate", "../apis/iris.yaml", cwd=project.root / "apis").code == 0


def test_places_are_shown_from_where_the_user_is(project: Project) -> None:
    project.write("apis/iris.yaml", "name: iris\nkind: RealtimeAPI\nimgae: x\n")
    assert project.run("validate", cwd=project.root / "apis").lines[0].startswith("iris.yaml:3:1: imgae: unknown field")


def test_root_is_the_nearest_project_file_then_the_work_tree(tmp_path: Path) -> None:
    from cxgen.actions.validate import find_root

    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert find_root(inner) == tmp_path
    (tmp_path / "a" / "cxgen.yaml").touch()
    assert find_root(inner) == tmp_path / "a"


def test_one_path_prints_what_is_wrong_with_it(project: Project) -> None:
    project.write("apis/wrong.yaml", "name: wrong\nkind: RealtimeAPI\nimage: A\nport: 0\n")
    project.write("apis/warned.yaml", "name: warned\nkind: RealtimeAPI\nimage: a\n")
    outcome = project.run("validate", "apis/iris.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "0 errors, 0 warnings in 1 spec (1 file).",
        "2 more errors in other files; cxgen validate, without a PATH, prints them.",
        "Next: fix those too, without which cxgen render writes nothing.",
    ]
    outcome = project.run("render", "apis/iris.yaml")
    assert (outcome.code, len(outcome.lines)) == (2, 3)
    (project.root / "apis/wrong.yaml").unlink()
    assert project.run("render", "apis/iris.yaml").err == "", "the warnings of others are theirs"


@pytest.mark.parametrize("path", [".", "..", "apis/.."])
def test_a_folder_with_the_whole_project_stands_for_its_specs(project: Project, path: str) -> None:
    project.write("cxgen.yaml", MEMORY + "argocd: {repo_url: 'https://git.example.com/ml/apis.git'}\n")
    project.render(path)
    outcome = project.run("validate", path)
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "0 errors, 0 warnings in 1 spec (1 file).")


def test_errors_of_the_project_file_hide_no_others(project: Project) -> None:
    project.write("cxgen.yaml", "argo: {}\n")
    project.write("apis/iris.yaml", "name: iris\nkind: RealtimeAPI\n")
    outcome = project.run("validate")
    assert [line.split(":")[0] for line in outcome.lines[:2]] == ["cxgen.yaml", "apis/iris.yaml"]
    assert outcome.lines[2:] == ["2 errors, 0 warnings in 1 spec (1 file).", "Next: fix the errors, then cxgen validate again."]


def test_a_shell_replaces_its_own(project: Project) -> None:
    project.write("apis/iris.yaml", SMALLEST + 'command: ["sh", "-ec", "echo $(date) $(CORTEX_PORT)"]\n')
    (line,) = (line for line in project.run("validate").lines if "W109" in line)
    assert "$(CORTEX_PORT) was set by Cortex" in line


def test_what_has_no_effect_in_one_environment_may_have_one_in_another(project: Project) -> None:
    fixed = "defaults: {autoscaling: {min_replicas: 1, max_replicas: 1}}"
    project.write("apis/iris.yaml", SMALLEST + "autoscaling: {window: 2m}\n")
    project.write("cxgen.yaml", f"{MEMORY}environments: {{dev: {{cluster: a, {fixed}}}, prod: {{cluster: b}}}}")
    assert project.run("validate").err == ""
    project.write("cxgen.yaml", f"{MEMORY}environments: {{dev: {{cluster: a, {fixed}}}, prod: {{cluster: b, {fixed}}}}}")
    assert "[W111]" in project.run("validate").err


def test_what_is_found_in_some_environments_names_them(project: Project) -> None:
    project.write(
        "cxgen.yaml", f"{MEMORY}environments: {{dev: {{cluster: a}}, old: {{cluster: b}}, prod: {{cluster: c, autoscaler: keda}}}}"
    )
    project.write("apis/iris.yaml", SMALLEST + "autoscaling:\n  metrics: [{type: external, name: a, target: 1}]\n")
    (line,) = (line for line in project.run("validate").lines if "[E236]" in line)
    assert "autoscaling.metrics[0].name: in prod: KEDA must know where a comes from" in line
    project.write("apis/iris.yaml", SMALLEST + "autoscaling: {min_replicas: 0}\n")
    assert sum("[W105]" in line for line in project.run("validate").lines) == 2  # each autoscaler has words of its own

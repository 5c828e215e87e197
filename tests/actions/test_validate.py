"""Reading files as they lie on disks, and rules that need more than one file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import SMALLEST, Project


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
    assert "more than 100,000 values; split the file [E011]" in outcome.err


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
    assert (outcome.code, outcome.out) == (0, "0 errors, 0 warnings in 3 APIs (2 files).\nNext: cxgen render\n")


def test_names_are_too_long_together(project: Project) -> None:
    project.write("cxgen.yaml", f"environments: {{{'e' * 49}: {{}}}}")
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
    assert "[E301]" in project.run("validate", path).err


@pytest.mark.parametrize("path", ["apis/iris.yaml", "./apis/../apis/iris.yaml", "apis", "other/iris.yaml", "apis/iris.yaml apis"])
def test_a_file_is_one_file_whatever_way_leads_to_it(project: Project, path: str) -> None:
    (project.root / "other").symlink_to("apis")
    outcome = project.run("validate", *path.split())
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "0 errors, 0 warnings in 1 API (1 file).")
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

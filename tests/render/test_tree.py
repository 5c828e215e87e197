"""The tree on disk: what is ours, what is not, and what happens when a render is killed."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxgen.render import inventory
from tests.conftest import SMALLEST, Project, files

DEPLOYMENT = "deploy/default/iris/templates/deployment.yaml"
TOMBSTONE = (".cxgen", "Chart.yaml", "templates/serviceaccount.yaml")


def test_inventory_lists_every_file(project: Project) -> None:
    project.render()
    first, *lines = project.read("deploy/default/iris/.cxgen").splitlines()
    assert first.startswith("cxgen ")
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    found = {
        path: inventory.sha256(data)
        for path, data in files(project.root / "deploy/default/iris", project.root / "deploy/default/iris").items()
    }
    del found[".cxgen"]
    assert listed == found


def test_a_file_changed_by_hand_is_refused(project: Project) -> None:
    project.render()
    before = project.files()
    project.write(DEPLOYMENT, "mine\n")
    project.write("apis/iris.yaml", SMALLEST + "port: 9000\n")
    outcome = project.run("render")
    message = f"{DEPLOYMENT}: was changed by hand; move the change into the spec and restore the file with git, or overwrite it with "
    message += "--force [E501]"
    assert (outcome.code, outcome.lines) == (3, [message, "1 error; nothing was written."])
    assert project.files() == {**before, DEPLOYMENT: b"mine\n"}
    assert project.run("render", "--check").code == 3
    project.render("--force")
    assert "kind: Deployment" in project.read(DEPLOYMENT)


def test_a_changed_file_is_not_deleted(project: Project) -> None:
    project.render()
    project.write("deploy/default/iris/templates/hpa.yaml", "mine\n")
    project.write("apis/iris.yaml", SMALLEST + "autoscaling: {max_replicas: 1}\n")
    assert "hpa.yaml: was changed by hand" in project.run("render").err
    assert project.read("deploy/default/iris/templates/hpa.yaml") == "mine\n"


def test_a_deleted_file_comes_back(project: Project) -> None:
    project.render()
    (project.root / DEPLOYMENT).unlink()
    project.render()
    assert (project.root / DEPLOYMENT).exists()


def test_foreign_files_are_left_alone(project: Project) -> None:
    project.write("deploy/default/iris/README.md", "ours\n")
    project.write("deploy/default/other/Chart.yaml", "ours\n")
    project.write("deploy/notes.txt", "ours\n")
    project.render()
    project.write("apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    (project.root / "apis/iris.yaml").unlink()
    project.render()
    for path in ("deploy/default/iris/README.md", "deploy/default/other/Chart.yaml", "deploy/notes.txt"):
        assert project.read(path) == "ours\n"


def test_a_foreign_file_in_the_way_is_refused(project: Project) -> None:
    project.write(DEPLOYMENT, "mine\n")
    for options in ([], ["--force"]):
        outcome = project.run("render", *options)
        assert outcome.code == 3
        message = "is in the way, and deploy/default/iris/.cxgen does not list it; move it elsewhere, or restore that file with git"
        assert outcome.lines[0] == f"{DEPLOYMENT}: {message} [E502]"
    assert list(project.files()) == [DEPLOYMENT]


def test_a_foreign_file_that_is_the_same_is_taken_over(project: Project) -> None:
    project.render()
    (project.root / "deploy/default/iris/.cxgen").unlink()
    project.render()
    assert "templates/deployment.yaml" in project.read("deploy/default/iris/.cxgen")


@pytest.mark.parametrize("place", ["deploy", "deploy/default", "deploy/default/iris", "deploy/default/iris/templates", DEPLOYMENT])
@pytest.mark.parametrize("dangling", [False, True])
def test_links_are_not_followed(project: Project, tmp_path_factory: pytest.TempPathFactory, place: str, dangling: bool) -> None:
    outside = tmp_path_factory.mktemp("outside")
    target = outside / "target"
    if not dangling:
        target.touch() if place.endswith(".yaml") else target.mkdir()
    (project.root / place).parent.mkdir(parents=True, exist_ok=True)
    (project.root / place).symlink_to(target)
    outcome = project.run("render", "--force")
    assert outcome.code == 3
    assert f"{place}: is a link or not a" in outcome.lines[0]
    assert outcome.lines[0].endswith("[E503]")
    assert list(outside.rglob("*")) == ([] if dangling else [target])


def test_a_fifo_does_not_hang(project: Project) -> None:
    (project.root / DEPLOYMENT).parent.mkdir(parents=True)
    os.mkfifo(project.root / DEPLOYMENT)
    assert "[E503]" in project.run("render").lines[0]


@pytest.mark.parametrize("line", [f"{'0' * 64}  ../../../apis/iris.yaml", f"{'0' * 64}  /etc/passwd", "rm -rf", f"{'0' * 64}  a//b"])
def test_an_inventory_that_is_none_is_refused(project: Project, line: str) -> None:
    project.render()
    path = "deploy/default/iris/.cxgen"
    project.write(path, f"cxgen 0.1.0\n{line}\n")
    outcome = project.run("render", "--force")
    message = f"{path}:2: is not a line of an inventory; restore the file with git, or delete it if the folder is not cxgen's [E508]"
    assert (outcome.code, outcome.lines[0]) == (3, message)
    assert (project.root / "apis/iris.yaml").exists()


def test_a_second_render_waits_its_turn(project: Project) -> None:
    descriptor = os.open(project.root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    outcome = project.run("render")
    os.close(descriptor)
    assert (outcome.code, outcome.lines[0]) == (3, "another render is writing here; wait until it ends and run again [E505]")
    project.render()


def test_a_place_that_cannot_be_written(project: Project) -> None:
    project.write("out", "a file\n")
    outcome = project.run("render", "--out", "out")
    assert outcome.code == 3
    assert outcome.lines == [
        f"{project.root}/out: cannot be written: File exists; fix that, then cxgen render again [E506]",
        "1 error; nothing was written.",
    ]


def test_a_full_disk_changes_nothing(project: Project) -> None:
    """A limit on the size of files is met like a full disk: while staging, before anything is renamed."""
    project.render()
    before = project.files()
    project.write("apis/iris.yaml", SMALLEST + f"env: {{A: {'x' * 3000}}}\n")
    code = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); from cxgen.cli import main; sys.exit(main(['render']))"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "cannot be written: File too large; fix that, then cxgen render again [E506]\n1 error; nothing was written." in done.stderr
    assert {path: data for path, data in project.files().items() if ".cxgen-work" not in path} == before
    project.render()
    assert not (project.root / "deploy/.cxgen-work").exists()


@pytest.mark.parametrize("place", [".cxgen-work", ".cxgen-work/pending", ".cxgen-work/pending.new", ".cxgen-work/.gitignore"])
def test_links_in_the_work_folder_are_not_followed(project: Project, tmp_path_factory: pytest.TempPathFactory, place: str) -> None:
    target = tmp_path_factory.mktemp("outside") / "target"
    target.write_text("mine\n")
    (project.root / "deploy" / place).parent.mkdir(parents=True)
    (project.root / "deploy" / place).symlink_to(target)
    outcome = project.run("render")
    assert outcome.code == (0 if place.endswith(("new", "gitignore")) else 3)
    assert outcome.code == 0 or "[E503]" in outcome.lines[0]
    assert target.read_text() == "mine\n"


@pytest.mark.parametrize("lines", [b"\xff\xfe  deploy/x\n", b"0  deploy/default/iris/a\0b\n", b"0  ../../etc/passwd\n", b"\n\0", b"0  /x"])
def test_a_note_that_is_none_is_harmless(project: Project, lines: bytes) -> None:
    project.write("deploy/.cxgen-work/pending", "")
    (project.root / "deploy/.cxgen-work/pending").write_bytes(lines)
    project.render()
    assert not (project.root / "deploy/.cxgen-work").exists()


def test_a_fifo_in_place_of_the_note_does_not_hang(project: Project) -> None:
    (project.root / "deploy/.cxgen-work").mkdir(parents=True)
    os.mkfifo(project.root / "deploy/.cxgen-work/pending")
    assert "[E503]" in project.run("render").lines[0]


def test_an_inventory_speaks_for_its_own_folder_only(project: Project) -> None:
    project.render()
    stolen = f"default/iris/{DEPLOYMENT.rpartition('iris/')[2]}"
    digest = inventory.sha256((project.root / "deploy" / stolen).read_bytes())
    project.write("deploy/.cxgen", project.read("deploy/.cxgen") + f"{digest}  {stolen}\n{'0' * 64}  .cxgen\n")
    project.render()
    assert (project.root / DEPLOYMENT).exists()
    assert "default" not in project.read("deploy/.cxgen")


def test_a_disk_that_refuses_in_the_middle(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.render()
    project.write("apis/iris.yaml", SMALLEST + "port: 9000\n")
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if target.name == "values.yaml":
            raise OSError(28, "No space left on device", str(source), None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    outcome = project.run("render")
    assert (outcome.code, outcome.lines) == (
        3,
        [
            "deploy/default/iris/values.yaml: cannot be written: No space left on device; fix that, then cxgen render again [E506]",
            "1 error; the tree is half written, and the next render finishes it.",
        ],
    )
    monkeypatch.undo()
    assert "Finished a render that was interrupted." in project.render().out
    assert project.run("render", "--check").code == 0


class TestGit:
    """Generated files in branches that are merged."""

    @pytest.fixture
    def git(self, project: Project) -> Project:
        self.run(project, "init", "-q", "-b", "main")
        self.run(project, "config", "user.name", "Test")
        self.run(project, "config", "user.email", "test@example.com")
        project.render()
        self.commit(project)
        return project

    @staticmethod
    def run(project: Project, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(["git", *arguments], cwd=project.root, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def commit(self, project: Project) -> None:
        self.run(project, "add", "--all")
        self.run(project, "commit", "-qm", "change")

    def branches(self, project: Project, one: str, two: str) -> None:
        """Two branches, each with its spec and its render; the second is checked out."""
        for branch, spec in (("one", one), ("two", two)):
            self.run(project, "checkout", "-q", "-b", branch, "main")
            project.write("apis/iris.yaml", spec)
            project.render()
            self.commit(project)

    def test_different_apis_never_conflict(self, git: Project) -> None:
        for name in ("lily", "rose"):
            self.run(git, "checkout", "-q", "-b", name, "main")
            git.write(f"apis/{name}.yaml", SMALLEST.replace("iris", name, 1))
            git.render()
            self.commit(git)
        self.run(git, "merge", "-q", "--no-edit", "lily")
        assert git.run("render", "--check").code == 0

    def attributes(self, project: Project, text: str) -> None:
        """What a clone says for itself outweighs the attributes that cxgen writes."""
        project.write(".git/info/attributes", text)

    @pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
    @pytest.mark.parametrize("attributes", ["", "* merge\n", "* !merge\n"])
    def test_render_resolves_what_the_spec_decides(self, git: Project, style: str, attributes: str) -> None:
        self.attributes(git, attributes)
        self.run(git, "config", "merge.conflictStyle", style)
        self.branches(git, SMALLEST + "port: 9000\n", SMALLEST + "port: 9001\n")
        self.run(git, "merge", "-q", "one", code=1)
        assert ("<<<<<<<" in git.read("deploy/default/iris/.cxgen")) == bool(attributes)
        git.write("apis/iris.yaml", SMALLEST + "port: 9002\n")
        git.render()
        assert "<<<<<<<" not in "".join(data.decode() for data in git.files().values())
        self.commit(git)

    @pytest.mark.parametrize("attributes", ["", "* merge\n"])
    def test_a_file_that_both_sides_changed_in_different_places(self, git: Project, attributes: str) -> None:
        """Where Git may, it makes a values.yaml whose content is neither side's, yet nobody's work."""
        self.attributes(git, attributes)
        self.branches(git, SMALLEST.replace("1.4.0", "1.5.0"), SMALLEST + "update_strategy: {max_surge: 2}\n")
        self.run(git, "merge", "-q", "one", code=1)
        assert ("1.5.0" in git.read("deploy/default/iris/values.yaml")) == bool(attributes)
        git.write("apis/iris.yaml", SMALLEST.replace("1.4.0", "1.5.0") + "update_strategy: {max_surge: 2}\n")
        git.render()
        assert "1.5.0" in git.read("deploy/default/iris/values.yaml")

    @pytest.mark.parametrize("side", ["ours", "theirs"])
    def test_a_merge_that_prefers_one_side(self, git: Project, side: str) -> None:
        """No conflict is left to see, and only one side's changes of a file are there."""
        more = "annotations: {a: b}\nautoscaling: {min_replicas: 2}\n"
        self.branches(git, SMALLEST.replace("1.4.0", "1.5.0") + more, SMALLEST + "update_strategy: {max_surge: 2}\n")
        self.run(git, "merge", "-q", "--no-edit", "-X", side, "one")
        git.render()
        assert git.run("render", "--check").code == 0

    @pytest.mark.parametrize("option", ["", "-Xours", "-Xtheirs"])
    @pytest.mark.parametrize("resolved", ["", "env: {A: x, B: y}\n", "autoscaling: {max_replicas: 1}\n"])
    def test_a_merge_into_a_renamed_api(self, git: Project, option: str, resolved: str) -> None:
        """Git follows a rename and merges the change of the old API's files into the new one's."""
        self.run(git, "checkout", "-q", "-b", "one")
        git.write("apis/iris.yaml", SMALLEST + "env: {A: x}\n")
        git.render()
        self.commit(git)
        self.run(git, "checkout", "-q", "-b", "two", "main")
        (git.root / "apis/iris.yaml").unlink()
        git.write("apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))
        git.render()
        self.commit(git)
        subprocess.run(["git", "merge", "-q", "--no-edit", *option.split(), "one"], cwd=git.root, capture_output=True, check=False)
        self.run(git, "add", "--all")
        (git.root / "apis/iris.yaml").unlink(missing_ok=True)
        git.write("apis/lily.yaml", SMALLEST.replace("iris", "lily", 1) + resolved)
        git.render()
        self.commit(git)
        assert git.run("render", "--check").code == 0

    def test_a_file_that_one_side_deleted(self, git: Project) -> None:
        """Git leaves it without markers, but unmerged."""
        self.branches(git, SMALLEST + "autoscaling: {max_replicas: 1}\n", SMALLEST + "annotations: {a: b}\n")
        self.run(git, "merge", "-q", "one", code=1)
        assert "hpa.yaml" in self.run(git, "ls-files", "-u")
        git.write("apis/iris.yaml", SMALLEST)
        git.render()
        assert "annotations.a" not in git.read("deploy/default/iris/templates/hpa.yaml")

    def test_line_endings_are_kept(self, git: Project) -> None:
        self.run(git, "config", "core.autocrlf", "true")
        shutil.rmtree(git.root / "deploy")
        self.run(git, "checkout", "--", "deploy")
        assert git.run("render", "--check").code == 0

    def test_a_hand_edit_is_not_taken_for_a_merge(self, git: Project) -> None:
        git.write(DEPLOYMENT, git.read(DEPLOYMENT) + "# mine\n")
        self.commit(git)
        assert "[E501]" in git.run("render").err


def _many(root: Path, count: int, image: str, extra: str = "") -> None:
    for i in range(count):
        spec = f"name: api-{i}\nkind: RealtimeAPI\nimage: {image}\n{extra if i % 2 else ''}"
        (root / f"apis/api-{i}.yaml").write_text(spec)


@pytest.mark.parametrize("seed", range(int(os.environ.get("CXGEN_KILLS", "12"))))
def test_killed_at_any_instant(project: Project, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """kill -9 while rendering a change of 60 APIs; half of the runs are aimed at the renames. Then one render finishes it."""
    chance = random.Random(seed)
    (project.root / "apis/iris.yaml").unlink()
    _many(project.root, 60, "a:1", "autoscaling: {min_replicas: 2}\n")
    project.render()
    foreign = ["deploy/default/api-0/mine.txt", "deploy/default/api-1/templates/mine.yaml", "deploy/mine.txt"]
    for path in foreign:
        project.write(path, "mine\n")
    _many(project.root, 60, "a:2", "autoscaling: {max_replicas: 1}\n")
    (project.root / "apis/api-59.yaml").unlink()
    project.write("apis/new.yaml", SMALLEST.replace("iris", "new", 1))

    process = subprocess.Popen(
        [sys.executable, "-m", "cxgen", "render"], cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if seed % 2:
        pending = project.root / "deploy/.cxgen-work/pending"
        end = time.monotonic() + 30
        while not pending.exists() and process.poll() is None and time.monotonic() < end:
            pass
        time.sleep(chance.random() * 0.03)
    else:
        time.sleep(chance.random() * 1.0)
    process.send_signal(signal.SIGKILL)
    process.wait()

    if seed % 3 == 0:  # the specs may change again before the next render
        _many(project.root, 59, "a:3")
    was_pending = (project.root / "deploy/.cxgen-work/pending").exists()
    outcome = project.render()
    assert ("Finished a render that was interrupted" in outcome.out) == was_pending
    assert project.run("render", "--check").code == 0
    for path in foreign:
        assert project.read(path) == "mine\n"
    assert not (project.root / "deploy/.cxgen-work").exists()
    fresh = tmp_path_factory.mktemp("fresh")
    for name in ("cxgen.yaml", "apis"):
        source = project.root / name
        shutil.copytree(source, fresh / name) if source.is_dir() else shutil.copy(source, fresh / name)
    project.render("--out", fresh)
    got = {path: data for path, data in project.files().items() if path not in foreign and "/api-59/" not in path}
    want = {path: data for path, data in files(fresh / "deploy", fresh).items() if "/api-59/" not in path}
    assert got == want


def _kill_after(project: Project, renames: int) -> None:
    """A render that is killed after that many renames into the tree."""
    code = f"""
import os, signal
real, left = os.replace, {renames} + 1  # one more, for the note of what is about to be done
def replace(a, b):
    global left
    real(a, b)
    left -= 1
    if left == 0: os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
from cxgen.cli import main
main(["render"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("renames", [0, 1, 7, 40])
def test_killed_between_two_renames(project: Project, renames: int) -> None:
    """The same, in the exact place: after that many renames into the tree."""
    project.write("apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    project.render()
    project.write("apis/iris.yaml", SMALLEST + "autoscaling: {max_replicas: 1}\n")
    project.write("apis/lily.yaml", project.read("apis/lily.yaml") + "port: 9000\n")
    for i in range(6):
        project.write(f"apis/new-{i}.yaml", SMALLEST.replace("iris", f"new-{i}", 1))
    _kill_after(project, renames)
    assert "An earlier render was interrupted" in project.run("validate").out
    for _ in range(2):  # rendering one API leaves the note of the others
        assert "An earlier render was interrupted" in project.render("apis/lily.yaml").out
    assert (project.root / "deploy/.cxgen-work/pending").exists()
    assert "Finished a render that was interrupted." in project.render().out
    assert not (project.root / "deploy/.cxgen-work").exists()
    assert project.run("render", "--check").code == 0
    assert not (project.root / "deploy/default/iris/templates/hpa.yaml").exists()


def test_killed_and_then_the_spec_goes(project: Project) -> None:
    """What the killed render had begun is finished too where nothing wants it any more."""
    project.write("apis/lily.yaml", SMALLEST.replace("iris", "lily", 1))
    project.write("apis/rose.yaml", SMALLEST.replace("iris", "rose", 1))
    _kill_after(project, 14)
    half = {path for path in project.files("deploy/default") if "/lily/" in path}
    assert "deploy/default/lily/.cxgen" in half
    assert "deploy/default/lily/values.yaml" not in half
    (project.root / "apis/lily.yaml").unlink()
    (project.root / "apis/rose.yaml").unlink()
    assert "Finished a render that was interrupted." in project.render().out
    assert set(project.files("deploy/default/lily")) <= {f"deploy/default/lily/{name}" for name in TOMBSTONE}
    assert not (project.root / "deploy/default/rose").exists()
    assert project.run("render", "--check").code == 0
    assert not (project.root / "deploy/.cxgen-work").exists()


@pytest.mark.parametrize("renames", range(1, 6))
def test_killed_and_then_the_environment_changes(project: Project, renames: int) -> None:
    """What was left to do in one environment is neither another's business nor forgotten."""
    project.render()
    project.write("apis/iris.yaml", SMALLEST + "port: 9000\nautoscaling: {max_replicas: 1}\n")
    _kill_after(project, renames)
    project.write("cxgen.yaml", "environments: {prod: {}}\n")
    for _ in range(2):
        out = project.render().out
        assert "interrupted" not in out
        assert "deploy/default belongs to no environment" in out
    project.write("cxgen.yaml", "")
    assert "Finished a render that was interrupted." in project.render().out
    assert not (project.root / "deploy/.cxgen-work").exists()
    assert project.run("render", "--check").code == 0


@pytest.mark.parametrize("kind", ["file", "fifo", "link"])
def test_something_in_place_of_the_stage(project: Project, kind: str) -> None:
    stage = project.root / "deploy/.cxgen-work/stage"
    stage.parent.mkdir(parents=True)
    {"file": stage.touch, "fifo": lambda: os.mkfifo(stage), "link": lambda: stage.symlink_to(project.root)}[kind]()
    project.render()
    assert (project.root / "apis/iris.yaml").exists()
    assert not stage.parent.exists()


def test_killed_before_it_noted_anything(project: Project) -> None:
    project.render()
    project.write("deploy/.cxgen-work/stage/0", "half")
    assert "interrupted" not in project.render().out
    assert not (project.root / "deploy/.cxgen-work").exists()

"""The tree on disk: works out what has to change, refuses what would lose somebody's work, and writes so that no file is torn.

A write stages every byte under deploy/.cxgen-work/, notes what it is about to do in `pending` there, and only then renames
and deletes. Killed in between, the tree may be mixed; `pending` lists each path with its old and its new hash, both of which
count as ours, so the next render finishes.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cxgen.errors import Diagnostic, HalfWritten, RepositoryError
from cxgen.render import inventory
from cxgen.render.inventory import Inventory

DEPLOY = "deploy"
WORK = f"{DEPLOY}/.cxgen-work"
PENDING = f"{WORK}/pending"
ABSENT = "-"


class Unit(NamedTuple):
    """A folder with an inventory of its own, and the files that it shall hold: path within it -> bytes; none: it goes.

    What lies in folders below a flat one is not its own.
    """

    folder: str
    files: Mapping[str, bytes]
    flat: bool = False
    kind: str = ""  # of the API that it holds
    partial: bool = False  # other files that its inventory lists stay as they are


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def covers(units: list[Unit]) -> Callable[[str], bool]:
    """Whether a path belongs to one of the units; of what is partial, only its own files do."""
    deep, flat = ({unit.folder for unit in units if unit.flat == is_flat and not unit.partial} for is_flat in (False, True))
    single = {f"{unit.folder}/{name}" for unit in units if unit.partial for name in (*unit.files, inventory.NAME)}
    return lambda path: path in single or path.rpartition("/")[0] in flat or any(folder in deep for folder in _above(path))


class Change(NamedTuple):
    """What happens to one path; `data` is None where it is deleted, `old` the hash that it has now (or ABSENT)."""

    path: str
    old: str
    data: bytes | None

    @property
    def new(self) -> str:
        return ABSENT if self.data is None else inventory.sha256(self.data)


class Plan(NamedTuple):
    """What a render would do to the tree."""

    changes: tuple[Change, ...]
    unchanged: int
    refused: tuple[Diagnostic, ...]
    interrupted: bool  # an earlier render was killed while it wrote


def interrupted(root: Path, parent: str) -> bool:
    """Whether a render was killed while it wrote, and left something to do in the environment whose folder is `parent`."""
    return any(path.count("/") < 2 or path.startswith(f"{parent}/") for path in _read_pending(root))


def folders(root: Path, parent: str) -> list[str]:
    """The names of the folders below one that hold an inventory, in order."""
    return list(_rendered(root, parent))


def _rendered(root: Path, parent: str) -> Iterator[str]:
    return (name for name in _folders(root, parent) if (root / parent / name / inventory.NAME).is_file())


def _folders(root: Path, parent: str) -> list[str]:
    base = root / parent
    return sorted(entry.name for entry in os.scandir(base) if entry.is_dir(follow_symlinks=False)) if base.is_dir() else []


def kind(root: Path, folder: str) -> str:
    """The kind of the API that was rendered into a folder; nothing where there is none, or where the next render will say why."""
    try:
        return inventory.read(_read_regular(f"{root}/{folder}/{inventory.NAME}") or b"", folder).kind
    except (OSError, RepositoryError):
        return ""


def environments(root: Path) -> list[str]:
    """The environments that have rendered APIs, in order; a folder that cannot be read has none."""
    found = []
    for name in _folders(root, DEPLOY):
        with contextlib.suppress(PermissionError):
            found += [name] if any(_rendered(root, f"{DEPLOY}/{name}")) else []
    return found


def plan(root: Path, units: list[Unit], *, force: bool, unmerged: Callable[[], frozenset[str]]) -> Plan:
    """Compares what shall be with what is. `unmerged` gives the paths that Git has not merged; it is asked only when needed."""
    planner = _Planner(root, force, unmerged)
    for unit in units:
        planner.plan_unit(unit)
    return Plan(tuple(planner.changes), planner.unchanged, tuple(dict.fromkeys(planner.refused)), any(map(covers(units), planner.pending)))


class _Planner:
    """Walks over the units and gathers what a plan holds."""

    def __init__(self, root: Path, force: bool, unmerged: Callable[[], frozenset[str]]) -> None:
        self.root, self.force, self.unmerged = root, force, unmerged
        self.changes: list[Change] = []
        self.refused: list[Diagnostic] = []
        self.unchanged = 0
        self.checked: dict[str, bool | Diagnostic] = {}
        noted = self.read(PENDING)
        self.refused += [noted] if isinstance(noted, Diagnostic) else []
        self.pending = _parse_pending(noted if isinstance(noted, bytes) else b"")
        self.half_done: dict[str, set[str]] = {}  # folder of a unit -> what is noted of it
        for path in self.pending:
            for folder in _above(path):
                self.half_done.setdefault(folder, set()).add(path)

    def plan_unit(self, unit: Unit) -> None:
        listed = self.read_inventory(f"{unit.folder}/{inventory.NAME}")
        if listed is None:
            return
        half_done = {path.removeprefix(f"{unit.folder}/") for path in self.half_done.get(unit.folder, ())}
        own = {name for name in {*listed.hashes, *half_done} - {inventory.NAME} if not (unit.flat and "/" in name)}
        hashes = {path: frozenset((inventory.sha256(data),)) for path, data in unit.files.items()}
        if unit.partial:
            own &= set(unit.files)
            hashes = {**listed.hashes, **hashes}
        index = inventory.write(hashes, unit.kind) if hashes else None
        # The inventory comes first and goes last: no folder of ours is ever without one, however a render ends.
        if index is not None:
            self.plan_inventory(f"{unit.folder}/{inventory.NAME}", index)
        for path in sorted({*unit.files, *own}):
            self.plan_path(unit.folder, path, unit.files.get(path), listed)
        if index is None:
            self.plan_inventory(f"{unit.folder}/{inventory.NAME}", index)

    def read_inventory(self, path: str) -> Inventory | None:
        """The inventory at a path, an empty one where there is none; None where it had to be refused."""
        data = self.read(path)
        if data is None:
            return Inventory()
        if isinstance(data, Diagnostic):
            self.refused.append(data)
            return None
        try:
            return inventory.read(data, path)
        except RepositoryError as error:
            self.refused += error.diagnostics
            return None

    def plan_inventory(self, path: str, wanted: bytes | None) -> None:
        """An inventory is ours whatever it holds: it was read, so it is one."""
        data = self.read(path)
        if isinstance(data, bytes | None) and data != wanted:
            self.changes.append(Change(path, ABSENT if data is None else inventory.sha256(data), wanted))
        elif data is not None:
            self.unchanged += 1

    def plan_path(self, folder: str, name: str, wanted: bytes | None, listed: Inventory) -> None:
        path = f"{folder}/{name}"
        data = self.read(path)
        if isinstance(data, Diagnostic):
            self.refused.append(data)
        elif data == wanted:
            self.unchanged += wanted is not None
        elif data is None:
            self.changes.append(Change(path, ABSENT, wanted))
        else:
            digest = inventory.sha256(data)
            known = name in listed.hashes or path in self.pending
            ours = listed.owns(name, digest) or digest in self.pending.get(path, ())
            ours = ours or (known and (self.force or inventory.has_markers(data) or path in self.unmerged()))
            ours = ours or (known and digest in self.written)
            if ours:
                self.changes.append(Change(path, digest, wanted))
            elif known:
                message = "was changed by hand; move the change into the spec and restore the file with git, or overwrite it with --force"
                self.refused.append(Diagnostic("E501", message, path))
            else:
                message = f"is in the way, and {folder}/{inventory.NAME} does not list it; move it elsewhere, or restore that file with git"
                self.refused.append(Diagnostic("E502", message, path))

    def read(self, path: str) -> bytes | Diagnostic | None:
        """The bytes of a file, None where there is none; a diagnostic where something else lies there or on the way."""
        there = self.check_folder(path.rpartition("/")[0])
        if not isinstance(there, bool):
            return there
        if not there:
            return None
        target = f"{self.root}/{path}"
        special = Diagnostic("E503", "is a link or not a file; cxgen writes only real files, so move it away", path)
        try:
            data = _read_regular(target)
        except FileNotFoundError:
            return None
        except OSError as error:
            if Path(target).is_symlink() or not Path(target).is_file():
                return special
            return Diagnostic("E001", f"cannot be read: {error.strerror}; check its permissions", path)
        return special if data is None else data

    @functools.cached_property
    def written(self) -> frozenset[str]:
        """The hashes of all that was ever written below deploy/: Git moves files between folders when it merges a rename."""
        found: set[str] = set()
        for parent in _folders(self.root, DEPLOY):
            for name in folders(self.root, f"{DEPLOY}/{parent}"):
                data = self.read(f"{DEPLOY}/{parent}/{name}/{inventory.NAME}")
                with contextlib.suppress(RepositoryError):
                    listed = inventory.read(data if isinstance(data, bytes) else b"", name)
                    found.update(*listed.hashes.values())
        return frozenset(found)

    def check_folder(self, path: str) -> bool | Diagnostic:
        """Whether a folder is there; a diagnostic where it or one above it is something else."""
        if path not in self.checked:
            above = path.rpartition("/")[0]
            there = self.check_folder(above) if above else True
            self.checked[path] = self.look_at(path) if there is True else there
        return self.checked[path]

    def look_at(self, path: str) -> bool | Diagnostic:
        """The same for a folder whose parents are folders."""
        try:
            if stat.S_ISDIR(os.lstat(f"{self.root}/{path}").st_mode):
                return True
        except (FileNotFoundError, NotADirectoryError):  # where the root itself is a file, writing will say it
            return False
        return Diagnostic("E503", "is a link or not a folder; cxgen writes only to real folders, so move it away", path)


def _read_regular(path: str) -> bytes | None:
    """The bytes of a file, None where it is none (which a FIFO would make wait for); a link is not followed. Raises OSError."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def apply(
    root: Path, units: list[Unit], looked: Plan, *, whole: Sequence[str], force: bool, unmerged: Callable[[], frozenset[str]]
) -> Plan:
    """Makes the tree what the units say, unless something is refused; returns what was done. `looked` is a plan for the units.

    `whole` are the folders in which the units are all that there is, so that nothing there is left for another render.
    Raises RepositoryError where another render is running, or the disk refuses.
    """
    if looked.refused or not (looked.changes or os.path.lexists(root / WORK)):
        return looked
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RepositoryError(_disk(error, root)) from None
    with _lock(root):
        # Once more, because another render may have ended between the look and the lock.
        done = plan(root, units, force=force, unmerged=unmerged)
        if done.refused:
            return done
        earlier = _outside(root, units, whole)
        try:
            staged = _stage(root, done.changes)
            _note(root, done.changes)
        except OSError as error:
            shutil.rmtree(root / WORK / "stage", ignore_errors=True)
            raise RepositoryError(_disk(error, root)) from None
        try:
            _commit(root, done.changes, staged)
            _forget(root, earlier)
        except OSError as error:
            raise HalfWritten(_disk(error, root)) from None
    return done


def _disk(error: OSError, root: Path) -> Diagnostic:
    path = os.fsdecode(error.filename2 or error.filename or root)
    shown = os.path.relpath(path, root) if path.startswith(f"{root}/") else path
    return Diagnostic("E506", f"cannot be written: {error.strerror}; fix that, then cxgen render again", shown)


@contextlib.contextmanager
def _lock(root: Path) -> Iterator[None]:
    """One render at a time: a lock on the folder itself, which the kernel lets go when the process ends, however it ends."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RepositoryError(Diagnostic("E505", "another render is writing here; wait until it ends and run again")) from None
        yield
    finally:
        os.close(descriptor)


def _stage(root: Path, changes: tuple[Change, ...]) -> dict[str, Path]:
    """Writes the new bytes beside the tree, on its file system, and returns where each path's lie."""
    stage = root / WORK / "stage"
    _clear(stage)
    stage.mkdir(parents=True)
    _create(root / WORK / ".gitignore", b"*\n")
    staged = {}
    for number, change in enumerate(changes):
        if change.data is not None:
            staged[change.path] = stage / str(number)
            staged[change.path].write_bytes(change.data)
    return staged


def _commit(root: Path, changes: tuple[Change, ...], staged: Mapping[str, Path]) -> None:
    made: set[Path] = set()
    for change in changes:
        target = root / change.path
        if change.data is None:
            target.unlink(missing_ok=True)
            _remove_empty(target.parent, root)
        else:
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            os.replace(staged[change.path], target)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _clear(path: Path) -> None:
    """Removes a folder and all in it, or whatever else lies there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _create(path: Path, data: bytes) -> None:
    """Writes a new file, whatever lay at its path; a link there is not followed."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(data)


def _note(root: Path, changes: tuple[Change, ...]) -> None:
    """Notes what is about to happen, beside what a killed render noted and nobody has finished."""
    noted = _read_pending(root)
    for change in changes:
        noted[change.path] = noted.get(change.path, frozenset()) | {change.old, change.new}
    _write_pending(root, noted)


def _outside(root: Path, units: list[Unit], whole: Sequence[str]) -> dict[str, frozenset[str]]:
    """What a killed render left to do in other folders than those of the units."""
    covered = covers([*units, *(Unit(folder, {}) for folder in whole)])
    return {path: hashes for path, hashes in _read_pending(root).items() if not covered(path)}


def _forget(root: Path, left: Mapping[str, frozenset[str]]) -> None:
    """Ends the work; what is left stays noted, for the render that covers it."""
    if left:
        _write_pending(root, left)
        shutil.rmtree(root / WORK / "stage")
    else:
        (root / PENDING).unlink()
        shutil.rmtree(root / WORK)


def _write_pending(root: Path, noted: Mapping[str, frozenset[str]]) -> None:
    """Each line: the hashes that a path may have, separated by spaces, two spaces, the path."""
    draft = root / f"{PENDING}.new"
    _create(draft, "".join(f"{' '.join(sorted(hashes))}  {path}\n" for path, hashes in sorted(noted.items())).encode())
    os.replace(draft, root / PENDING)


def _read_pending(root: Path) -> dict[str, frozenset[str]]:
    try:
        return _parse_pending(_read_regular(f"{root}/{PENDING}") or b"")
    except OSError:
        return {}


def _parse_pending(data: bytes) -> dict[str, frozenset[str]]:
    pairs = (line.partition("  ") for line in data.decode("utf-8", "replace").split("\n"))
    return {path: frozenset(hashes.split()) for hashes, _, path in pairs if inventory.is_inside(path)}

"""What Git knows of a folder. The only user of GitPython, which is imported when it is first asked: it takes a tenth of a second."""

from __future__ import annotations

from pathlib import Path


def work_tree(folder: Path) -> Path | None:
    """The top of the Git work tree that a folder lies in."""
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)


def prefix(root: Path) -> str:
    """The path of a folder from the top of its Git work tree, `/` at its end; nothing for the top, or where there is no Git."""
    top = work_tree(root)
    return "" if top is None or top == root else f"{root.relative_to(top).as_posix()}/"


def unmerged(root: Path) -> frozenset[str]:
    """The paths below a folder that a merge left in conflict, relative to it; none where there is no repository."""
    try:
        import git
    except ImportError:  # GitPython raises it where there is no git command
        return frozenset()
    try:
        listing: str = git.Git(root).ls_files("--unmerged", "-z")
    except (git.exc.GitError, OSError):
        return frozenset()
    return frozenset(entry.partition("\t")[2] for entry in listing.split("\0") if entry)

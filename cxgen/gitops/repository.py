"""What Git knows of a folder. The only user of GitPython, which is imported when it is first asked: it takes a tenth of a second."""

from __future__ import annotations

from pathlib import Path


def prefix(root: Path) -> str:
    """The path of a folder from the top of its Git work tree, `/` at its end; nothing for the top, or where there is no Git."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    return "" if top == root else f"{root.relative_to(top).as_posix()}/"


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

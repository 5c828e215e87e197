"""The inventory of a folder that cxgen writes: which files are its own, and what it last wrote into them.

The file `.cxgen` has a first line with cxgen's version and the kind of the API, and then a line for each file: sha256, two
spaces, path. It has no YAML suffix, because Argo CD loads every .yaml and .json of a plain folder. Git keeps the lines of both
sides of a merge, and both count; so they do where a clone leaves conflict markers instead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from cxgen import __version__
from cxgen.errors import Diagnostic, RepositoryError

NAME = ".cxgen"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_VERSION = re.compile(r"cxgen \S+( (?P<kind>[A-Za-z]+))?")
# Lines that Git puts around the sides of a conflict, in each of its styles.
MARKER = re.compile(r"(<{7}|\|{7}|>{7})( .*)?|={7}")


class Inventory(NamedTuple):
    """Path within the folder -> the hashes under which it counts as ours (several after a conflict)."""

    hashes: Mapping[str, frozenset[str]] = {}
    conflicting: bool = False
    kind: str = ""  # of the API that the folder holds; nothing for a tombstone and for other folders

    def owns(self, path: str, digest: str) -> bool:
        """Whether the file's content is ours. A file that both sides of a conflict changed was merged by Git, so it is."""
        known = self.hashes.get(path, frozenset())
        return digest in known or (self.conflicting and len(known) > 1)


def sha256(data: bytes) -> str:
    """The hash by which a file is recognised."""
    return hashlib.sha256(data).hexdigest()


def is_inside(path: str) -> bool:
    """Whether a path that was read from a file stays in its folder."""
    return path.isprintable() and "\\" not in path and all(part not in ("", ".", "..") for part in path.split("/"))


def write(hashes: Mapping[str, frozenset[str]], kind: str = "") -> bytes:
    """The inventory of files (path -> hashes) as bytes."""
    lines = (f"{digest}  {path}" for path, digests in sorted(hashes.items()) for digest in sorted(digests))
    return "\n".join((f"cxgen {__version__} {kind}".rstrip(), *lines, "")).encode()


def read(data: bytes, shown: str) -> Inventory:
    """The inventory in a file's bytes; raises RepositoryError where it is not one."""
    hashes: dict[str, frozenset[str]] = {}
    conflicting, kind = False, ""
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if MARKER.fullmatch(line):
            conflicting = True
        elif (match := _LINE.fullmatch(line)) and is_inside(match[2]):
            hashes[match[2]] = hashes.get(match[2], frozenset()) | {match[1]}
        elif first := _VERSION.fullmatch(line):
            kind = first["kind"] or kind
        elif line:
            message = "is not a line of an inventory; restore the file with git, or delete it if the folder is not cxgen's"
            raise RepositoryError(Diagnostic("E508", message, shown, number))
    return Inventory(hashes, conflicting, kind)


def has_markers(data: bytes) -> bool:
    """Whether a file holds a conflict that Git left in it."""
    if b"<<<<<<<" not in data:
        return False
    return any(MARKER.fullmatch(line) for line in data.decode("utf-8", "replace").splitlines())

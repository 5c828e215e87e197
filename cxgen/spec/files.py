"""Files with specs: finds them, and reads their text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from cxgen import yamlio
from cxgen.errors import Diagnostic, InvalidInput

SUFFIXES = (".yaml", ".yml")


def read(path: Path, shown: str) -> str:
    """The text of a file; raises InvalidInput where it cannot be read."""
    try:
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise InvalidInput(Diagnostic("E001", f"{what}; name a file with specs, or a folder of them", shown))
        with path.open("rb") as file:
            data = file.read(yamlio.MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(Diagnostic("E001", f"cannot be read: {error.strerror}; check its permissions", shown)) from None
    return yamlio.decode(data, shown)


def find(paths: Iterable[Path], shown: Callable[[Path], str]) -> list[Path]:
    """The spec files among files and folders (searched whole but for hidden ones), each once, in order.

    Raises InvalidInput where a folder cannot be searched: a spec that is overlooked would look like one that was deleted.
    """

    def refuse(error: OSError) -> NoReturn:
        message = f"cannot be read: {error.strerror}; check its permissions"
        raise InvalidInput(Diagnostic("E001", message, shown(Path(error.filename))))

    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        for folder, folders, files in os.walk(path, onerror=refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in folders:
                if (inner := Path(folder, name)).is_symlink():
                    message = "is a link to a folder, which is not followed; move the specs here, or name the folder itself as a PATH"
                    raise InvalidInput(Diagnostic("E001", message, shown(inner)))
            for name in sorted(files):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    found[Path(folder, name)] = None
    return list(found)

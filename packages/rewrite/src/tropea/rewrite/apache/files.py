"""Ask the file system what the tests of RewriteCond ask."""

from __future__ import annotations

import os
import stat
from typing import Protocol


class Files(Protocol):
    """What file tests need; paths hold one character a byte."""

    def status(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        """Return the status of a file, or None where there is none."""
        ...


class RealFiles:
    """The machine's own files."""

    def status(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        if "\0" in path:
            return None
        try:
            return os.stat(path.encode("latin-1"), follow_symlinks=follow)  # noqa: PTH116  bytes
        except (OSError, ValueError):
            return None


class NoFiles:
    """Nothing is there: for rules without a document root."""

    def status(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        return None


def holds(files: Files, test: str, path: str) -> bool:
    """Tell whether the test ``f``, ``d``, ``s``, ``x``, ``l`` or ``e`` holds for a path."""
    found = files.status(path, follow=test != "l")
    if found is None:
        return False
    mode = found.st_mode
    if test == "f":
        return stat.S_ISREG(mode)
    if test == "d":
        return stat.S_ISDIR(mode)
    if test == "s":
        return stat.S_ISREG(mode) and found.st_size > 0
    if test == "l":
        return stat.S_ISLNK(mode)
    if test == "x":
        return bool(mode & 0o111)
    return True

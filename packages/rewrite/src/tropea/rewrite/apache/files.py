"""Ask the file system what the tests of RewriteCond ask."""

from __future__ import annotations

import os
import stat
from typing import Protocol

#: Octets of a file that the function ``file`` of an expression reads.
LONGEST_CONTENT = 1 << 20


class Files(Protocol):
    """What file tests need; paths hold one character a byte."""

    def status(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        """Return the status of a file, or None where there is none."""
        ...

    def content(self, path: str) -> str:
        """Return what a file holds, "" where it cannot be read."""
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

    def content(self, path: str) -> str:
        if not holds(self, "f", path):
            return ""
        try:
            with open(path.encode("latin-1"), "rb") as file:  # noqa: PTH123  bytes
                return file.read(LONGEST_CONTENT).decode("latin-1")
        except (OSError, ValueError):
            return ""


class NoFiles:
    """Nothing is there: for rules without a document root."""

    def status(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        return None

    def content(self, path: str) -> str:
        return ""


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


def split_path_info(files: Files, path: str, start: int) -> tuple[str, str]:
    """Split a path after the first of its parts that is no directory; the rest is its path info.

    start: where the slash before the first part that may be one stands.
    """
    at = start
    while True:
        end = path.find("/", at + 1)
        part = path if end < 0 else path[:end]
        if end < 0 or not holds(files, "d", part):
            return part, "" if end < 0 else path[end:]
        at = end

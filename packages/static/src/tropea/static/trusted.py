"""Single files whose path the application itself has chosen."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from tropea.static.openfiles import FolderFile, open_anywhere, stamp_of
from tropea.static.sources import Child, Found, Stamp


class TrustedFiles:
    """Any regular file by its path, for callers that chose the path themselves."""

    root = ""

    def open(self, found: Found) -> FolderFile:
        return FolderFile(open_anywhere(found.place))

    def find(self, path: str) -> Found | None:
        try:
            info = os.stat(path)  # noqa: PTH116  one call, no object
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(info.st_mode):
            return None
        return Found(path, info.st_size, info.st_mtime_ns, stamp_of(info), path)

    def restat(self, found: Found) -> Stamp | None:
        now = self.find(found.place)
        return None if now is None else now.stamp

    def scan(self) -> Iterator[Found]:
        return iter(())

    def is_folder(self, path: str) -> bool:
        return False

    def children(self, path: str) -> list[Child]:
        return []

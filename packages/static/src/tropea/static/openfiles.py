"""One open regular file: read at any offset, handed to a server whole, compared with itself."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO

from tropea.static.errors import Gone, Torn
from tropea.static.openers import absent_is_gone
from tropea.static.sources import Stamp


def stamp_of(info: os.stat_result) -> Stamp:
    """Take what tells this state of a file from another.

    Time and size, which file it is, and when that was last changed: nobody can set this back
    who writes into a file and gives it its old time.
    """
    return info.st_mtime_ns, info.st_size, info.st_ino, info.st_ctime_ns


class FolderFile:
    """One open regular file."""

    __slots__ = ("descriptor", "stamp")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        info = os.fstat(descriptor)
        self.stamp = stamp_of(info)
        if not stat.S_ISREG(info.st_mode):
            self.close()
            raise Gone(errno.ENOENT, "not a regular file")

    def read_at(self, offset: int, size: int) -> bytes:
        return pread(self.descriptor, size, offset)

    def stamp_now(self) -> Stamp:
        return stamp_of(os.fstat(self.descriptor))

    def whole_file(self) -> WholeFile:
        descriptor, self.descriptor = self.descriptor, -1
        return WholeFile(descriptor, self.stamp)

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class WholeFile(FileIO):
    """A file for ``wsgi.file_wrapper``: it ends where its Content-Length ends.

    A file that grows while it is read stops at the size it had; one that shrinks raises Torn,
    so that the server cuts the connection instead of waiting.
    """

    def __init__(self, descriptor: int, stamp: Stamp) -> None:
        super().__init__(descriptor, "rb")
        self._size = stamp[1]

    def read(self, size: int | None = -1, /) -> bytes:
        position = self.tell()
        left = max(self._size - position, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        block = super().read(wanted) or b""
        if wanted and not block:
            raise Torn(f"the file lost its last {left} bytes while it was sent")
        return block


def _pread_by_seeking(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


#: Every request has its own descriptor, so seeking is as good where pread is missing.
pread = getattr(os, "pread", _pread_by_seeking)


def open_anywhere(place: str) -> int:
    """Open a path that somebody trusted has chosen; links on the way are followed."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with absent_is_gone(place):
        return os.open(place, flags | getattr(os, "O_BINARY", 0))


def read_unchanged(descriptor: int, start: int, stop: int, stamp: Stamp) -> bytes:
    """Read a range of a file that bears *stamp* after the reading, and close it.

    Raises Gone where it bears another one, so that no bytes leave under another state's head.
    """
    try:
        data = pread(descriptor, stop - start, start)
        info = os.fstat(descriptor)
    except OSError as error:  # a folder, or a FIFO that took its place
        if error.errno in {errno.EISDIR, errno.ESPIPE, errno.EINVAL, errno.ENXIO}:
            raise Gone(error.errno, "not a regular file") from None
        raise
    finally:
        os.close(descriptor)
    if stamp_of(info) != stamp or len(data) != stop - start:
        raise Gone(errno.ENOENT, "it changed")
    return data

"""A zip file as a source, without unpacking it."""

from __future__ import annotations

import io
import os
import stat
import time
import zipfile
from calendar import timegm
from typing import Any, cast

from tropea.core.errors import OptionError
from tropea.static.openfiles import pread
from tropea.static.sources import Found
from tropea.static.trees import NamedTree, Stream


class ZipSource(NamedTree):
    """Serve the members of a zip file; it is opened once, so that replacing it tears nothing.

    A member's time is read as UTC, since a zip file does not say of which zone it is, and never
    as later than the archive's own.  Encrypted members, links, devices and names that leave the
    root are left out; of members with one name the last counts, as for every unzip.

    folder: inside the archive, whose content is served; empty for all.
    Raises OptionError where *archive* is no zip file.
    """

    def __init__(
        self, archive: str | os.PathLike[str], folder: str = "", *, dotfiles: bool = False
    ) -> None:
        self.archive = os.fspath(archive)
        try:
            latest = os.stat(self.archive).st_mtime_ns  # noqa: PTH116
            self._zip = zipfile.ZipFile(PositionedFile(self.archive))
        except (OSError, zipfile.BadZipFile) as error:
            raise OptionError(f"no zip file: {self.archive!r}: {error}") from None
        below = folder.strip("/") + "/" if folder.strip("/") else ""
        files = {}
        for member in self._zip.infolist():
            if _is_file(member) and member.filename.startswith(below):
                path = member.filename[len(below) :]
                files[path] = _found(path, member, latest)
        super().__init__(files, self._open_member, dotfiles=dotfiles)

    def __repr__(self) -> str:
        return f"ZipSource({self.archive!r})"

    def close(self) -> None:
        """Close the archive; what is being sent from it is sent to its end."""
        self._zip.close()

    def _open_member(self, member: zipfile.ZipInfo) -> Stream:
        return cast("Stream", self._zip.open(member))


class PositionedFile(io.RawIOBase):
    """A file that knows by itself where it is read.

    A descriptor's position is shared with the processes that were forked from this one, and
    none of them may move it under another's hands.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(path, flags)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        block = pread(self._descriptor, len(buffer), self._position)
        buffer[: len(block)] = block
        self._position += len(block)
        return len(block)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {
            os.SEEK_SET: 0,
            os.SEEK_CUR: self._position,
            os.SEEK_END: os.fstat(self._descriptor).st_size,
        }[whence]
        self._position = max(base + offset, 0)
        return self._position

    def close(self) -> None:
        """Close the file; the last that reads from it does so, too."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _is_file(member: zipfile.ZipInfo) -> bool:
    if member.is_dir() or member.flag_bits & 0x1:  # encrypted
        return False
    kind = stat.S_IFMT(member.external_attr >> 16)
    return kind in {0, stat.S_IFREG}


def _found(path: str, member: zipfile.ZipInfo, latest: int) -> Found:
    try:
        when = timegm((*member.date_time, 0, 0, 0)) * 1_000_000_000
        time.gmtime(when // 1_000_000_000)
    except (ValueError, OverflowError):
        when = latest
    stamp = (member.CRC, member.file_size)
    return Found(path, member.file_size, min(when, latest), stamp, member)

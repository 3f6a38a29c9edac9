"""A zip file as a source, without unpacking it."""

from __future__ import annotations

import os
import stat
import time
import zipfile
from calendar import timegm
from typing import cast

from tropea.core.errors import OptionError
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
            self._zip = zipfile.ZipFile(self.archive)
            latest = os.stat(self.archive).st_mtime_ns  # noqa: PTH116
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

"""A folder of the file system as a source."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from io import FileIO
from typing import Literal

from tropea.core.errors import OptionError
from tropea.static.errors import Gone, Torn
from tropea.static.openers import HAS_HANDLES, HandleOpener, PathOpener, absent_is_gone
from tropea.static.paths import MAX_SEGMENTS, is_name, may_serve
from tropea.static.sources import Child, Found, Stamp

Links = Literal["inside", "none", "all"]

#: Windows calls longer names SECRET~1.TXT too; elsewhere such a name is a name.
_SHORT_NAMES = os.name != "nt"


def _stamp(info: os.stat_result) -> Stamp:
    return info.st_mtime_ns, info.st_size, info.st_ino


class FolderFile:
    """One open regular file."""

    __slots__ = ("descriptor", "stamp")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        info = os.fstat(descriptor)
        self.stamp: Stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
        if not stat.S_ISREG(info.st_mode):
            self.close()
            raise Gone(errno.ENOENT, "not a regular file")

    def read_at(self, offset: int, size: int) -> bytes:
        return pread(self.descriptor, size, offset)

    def stamp_now(self) -> Stamp:
        return _stamp(os.fstat(self.descriptor))

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


class FolderSource:
    """Serve the regular files below a folder.

    links: ``inside`` follows symbolic links that end below the root, ``none`` follows none,
        ``all`` follows any: then whoever may write below the root decides what is served.
    dotfiles: whether names that begin with a dot are served.
    handles: directory handles kept open; 0 walks from the root each time.
    Raises OptionError where *root* is no folder.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        links: Links = "inside",
        dotfiles: bool = False,
        handles: int = 64,
    ) -> None:
        self.root = os.path.realpath(os.fspath(root))
        if not os.path.isdir(self.root):  # noqa: PTH112
            raise OptionError(f"no such folder: {os.fspath(root)!r}")
        self.links = links
        self.dotfiles = dotfiles
        opener = HandleOpener if HAS_HANDLES else PathOpener
        self._opener: HandleOpener | PathOpener = opener(self.root, handles)

    def __repr__(self) -> str:
        return f"FolderSource({self.root!r})"

    def close(self) -> None:
        """Close the directory handles that are kept."""
        self._opener.close()

    def open(self, found: Found) -> FolderFile:
        place: str = found.place
        if os.path.isabs(place):  # noqa: PTH117  only with links="all"
            return FolderFile(_open_anywhere(place))
        return FolderFile(self._opener.open(place))

    def restat(self, found: Found) -> Stamp | None:
        place: str = found.place
        try:
            if os.path.isabs(place):  # noqa: PTH117  only with links="all"
                return _stamp(os.stat(place))  # noqa: PTH116
            return _stamp(self._opener.restat(place))
        except OSError:
            return None

    def scan(self) -> Iterator[Found]:
        pending: deque[tuple[str, str, tuple[str, ...]]] = deque([("", "", ("",))])
        while pending:
            path, place, chain = pending.popleft()
            for name, kind in self._listed(path, place):
                below = f"{path}/{name}" if path else name
                if isinstance(kind, Found):
                    yield kind
                elif kind not in chain and len(chain) < MAX_SEGMENTS:  # a link may form a loop
                    pending.append((below, kind, (*chain, kind)))

    def find(self, path: str) -> Found | None:
        kind = self._look(path)
        return kind if isinstance(kind, Found) else None

    def is_folder(self, path: str) -> bool:
        return isinstance(self._look(path), str)

    def children(self, path: str) -> list[Child]:
        place = self._look(path) if path else ""
        if not isinstance(place, str):
            return []
        return [
            Child(name, is_folder=False, size=kind.size, modified=kind.modified)
            if isinstance(kind, Found)
            else Child(name, is_folder=True)
            for name, kind in self._listed(path, place)
        ]

    def _listed(self, path: str, place: str) -> list[tuple[str, Found | str]]:
        """List what a folder has to serve: files, and folders by their place."""
        listed: list[tuple[str, Found | str]] = []
        try:
            if os.path.isabs(place):  # noqa: PTH117  only with links="all"
                with os.scandir(place) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
                self._collect(found, path, place, listed)
            else:
                with self._opener.entries(place) as found:
                    self._collect(found, path, place, listed)
        except FileNotFoundError:
            pass  # it vanished since somebody saw it
        return listed

    def _collect(
        self,
        entries: list[os.DirEntry[str]],
        path: str,
        place: str,
        listed: list[tuple[str, Found | str]],
    ) -> None:
        for entry in entries:
            name = entry.name
            if not self._allows(name, path) or not _is_text(name):
                continue
            below = f"{path}/{name}" if path else name
            try:
                info = entry.stat(follow_symlinks=False)
                kind = self._kind(below, f"{place}/{name}" if place else name, info)
            except OSError:
                continue
            if kind is not None:
                listed.append((name, kind))

    def _allows(self, name: str, folder: str) -> bool:
        if name == ".well-known" and not folder:
            return True
        return is_name(name, dotfiles=self.dotfiles, short_names=_SHORT_NAMES)

    def _look(self, path: str) -> Found | str | None:
        """Say what *path* is now: a file, a folder (its place), or nothing to serve."""
        segments = tuple(path.split("/")) if path else ()
        if not may_serve(segments, dotfiles=self.dotfiles):
            return None
        if not all(is_name(s, dotfiles=True, short_names=_SHORT_NAMES) for s in segments):
            return None
        try:
            return self._kind(path, path, self._opener.stat(path))
        except FileNotFoundError:
            return self._follow(path)  # a link may be on the way

    def _kind(self, path: str, place: str, info: os.stat_result) -> Found | str | None:
        if stat.S_ISREG(info.st_mode):
            return Found(path, info.st_size, info.st_mtime_ns, _stamp(info), place)
        if stat.S_ISDIR(info.st_mode):
            return place
        return self._follow(path, place) if stat.S_ISLNK(info.st_mode) else None

    def _follow(self, path: str, place: str | None = None) -> Found | str | None:
        """Say what a path over links leads to; its place is then the one without links."""
        if self.links == "none":
            return None
        start = os.path.join(self.root, place or path)  # noqa: PTH118
        real = os.path.realpath(start)
        inside = real == self.root or real.startswith(self.root.rstrip(os.sep) + os.sep)
        if not inside:
            return self._outside(path, real) if self.links == "all" else None
        target = os.path.relpath(real, self.root).replace(os.sep, "/")
        target = "" if target == "." else target
        if target == (place or path):
            return None  # there was no link: it is simply not there
        if not may_serve(tuple(target.split("/")) if target else (), dotfiles=self.dotfiles):
            return None
        try:
            info = self._opener.stat(target)
        except FileNotFoundError:
            return None
        return None if stat.S_ISLNK(info.st_mode) else self._kind(path, target, info)

    def _outside(self, path: str, real: str) -> Found | str | None:
        try:
            return self._kind(path, real, os.lstat(real))
        except OSError:
            return None


class TrustedFiles:
    """Any regular file by its path, for callers that chose the path themselves."""

    root = ""

    def open(self, found: Found) -> FolderFile:
        return FolderFile(_open_anywhere(found.place))

    def find(self, path: str) -> Found | None:
        try:
            info = os.stat(path)  # noqa: PTH116  one call, no object
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(info.st_mode):
            return None
        return Found(path, info.st_size, info.st_mtime_ns, _stamp(info), path)

    def restat(self, found: Found) -> Stamp | None:
        now = self.find(found.place)
        return None if now is None else now.stamp

    def scan(self) -> Iterator[Found]:
        return iter(())

    def is_folder(self, path: str) -> bool:
        return False

    def children(self, path: str) -> list[Child]:
        return []


def _open_anywhere(place: str) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with absent_is_gone(place):
        return os.open(place, flags | getattr(os, "O_BINARY", 0))


def _is_text(name: str) -> bool:
    """Tell whether a name's bytes are UTF-8: others cannot be asked for."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

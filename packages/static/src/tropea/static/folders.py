"""A folder of the file system as a source."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from typing import Literal

from tropea.core.errors import OptionError
from tropea.static.errors import Gone
from tropea.static.openers import HAS_HANDLES, HandleOpener, PathOpener
from tropea.static.openfiles import FolderFile, open_anywhere, read_unchanged, stamp_of
from tropea.static.paths import MAX_SEGMENTS, is_name, may_serve
from tropea.static.sources import Child, Found, Stamp

Links = Literal["inside", "none", "all"]

#: Windows calls longer names SECRET~1.TXT too; elsewhere such a name is a name.
_SHORT_NAMES = os.name != "nt"


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
        return FolderFile(self._descriptor(found))

    def read(self, found: Found, start: int, stop: int) -> bytes:
        """Read a range of a file that is still as it was found; raise Gone where it is not."""
        return read_unchanged(self._descriptor(found), start, stop, found.stamp)

    def _descriptor(self, found: Found) -> int:
        place: str = found.place
        if not self._leads_there(found):
            raise Gone(errno.ENOENT, "a link leads elsewhere", found.path)
        return open_anywhere(place) if _is_outside(place) else self._opener.open(place)

    def _leads_there(self, found: Found) -> bool:
        """Tell whether the links on the way to a file still lead to where it was found."""
        if found.place == found.path:  # nearly always: there was no link
            return True
        again = self.find(found.path)
        return again is not None and again.place == found.place

    def restat(self, found: Found) -> Stamp | None:
        place: str = found.place
        try:
            if not self._leads_there(found):
                return None
            if _is_outside(place):
                return stamp_of(os.stat(place))  # noqa: PTH116
            return stamp_of(self._opener.restat(place))
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
            if _is_outside(place):
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
                if not info.st_ino:  # Windows: a listing does not say which file it is
                    info = os.stat(entry.path, follow_symlinks=False)  # noqa: PTH116
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
            return Found(path, info.st_size, info.st_mtime_ns, stamp_of(info), place)
        if stat.S_ISDIR(info.st_mode):
            return place
        return self._follow(path, place) if stat.S_ISLNK(info.st_mode) else None

    def _follow(self, path: str, place: str | None = None) -> Found | str | None:
        """Say what a path over links leads to; its place is then the one without links."""
        if self.links == "none":
            return None
        start = os.path.join(self.root, place or path)  # noqa: PTH118
        try:
            real = os.path.realpath(start)
        except OSError:  # a link that became something else while it was read
            return None
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


def _is_outside(place: str) -> bool:
    """Tell whether a place is a whole path: only with ``links="all"``."""
    return place[:1] == "/" if os.sep == "/" else os.path.isabs(place)  # noqa: PTH117


def _is_text(name: str) -> bool:
    """Tell whether a name's bytes are UTF-8: others cannot be asked for."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

"""Open files below a root without ever leaving it, whatever is renamed meanwhile.

``HandleOpener`` walks by directory handles and follows no link, so that the check and the use
are one system call (one ``openat`` for a file whose folder's handle is kept).  ``PathOpener`` is
for systems without ``openat``: it compares the resolved path instead.
"""

from __future__ import annotations

import errno
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from tropea.static.errors import Gone

_FILE = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# O_NONBLOCK: a FIFO that took a file's place must not hang the server.
_SAFE = _FILE | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FOLDER = _SAFE | getattr(os, "O_DIRECTORY", 0)

#: What a name that cannot be opened answers; anything else (EMFILE, EIO) is the host's trouble.
_ABSENT = frozenset(
    (
        errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG,
        errno.ENXIO, errno.ENODEV, errno.EISDIR, errno.EINVAL, errno.EMLINK,
    )
)  # fmt: skip

HAS_HANDLES = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


@contextmanager
def absent_is_gone(place: str) -> Iterator[None]:
    """Turn the errors of an absent name into Gone; let the host's own troubles pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _ABSENT:
            raise
        raise Gone(error.errno, "not there", place) from None


def _close_all(handles: dict[str, int]) -> None:
    while handles:
        os.close(handles.popitem()[1])


class HandleOpener:
    """Open places (names joined by ``/``) below *root* by directory handles.

    bound: directory handles kept open; 0 walks from the root at each call, so that a root that
        was replaced is noticed at once.
    """

    def __init__(self, root: str, bound: int) -> None:
        self.root = root
        self._bound = bound
        self._handles: dict[str, int] = {}
        self.close = weakref.finalize(self, _close_all, self._handles)

    def open(self, place: str) -> int:
        """Return a descriptor of the file at *place*; raise Gone where no file can be opened."""
        folder, _, name = place.rpartition("/")
        handle = self._handles.get(folder)
        if handle is not None:
            try:
                return os.open(name, _SAFE, dir_fd=handle)
            except OSError:
                pass  # perhaps the whole folder was replaced: look again from the root
        with absent_is_gone(place), self._folder(folder) as handle:
            return os.open(name, _SAFE, dir_fd=handle)

    def stat(self, place: str) -> os.stat_result:
        """Describe what is at *place*, links not followed; raise Gone where nothing is."""
        folder, _, name = place.rpartition("/")
        with absent_is_gone(place), self._folder(folder) as handle:
            return os.stat(name or ".", dir_fd=handle, follow_symlinks=False)

    def restat(self, place: str) -> os.stat_result:
        """Describe a file by its folder's kept handle, as ``open`` would find it."""
        folder, _, name = place.rpartition("/")
        handle = self._handles.get(folder)
        if handle is not None:
            try:
                return os.stat(name, dir_fd=handle, follow_symlinks=False)
            except OSError:
                pass
        return self.stat(place)

    @contextmanager
    def entries(self, folder: str) -> Iterator[list[os.DirEntry[str]]]:
        """List a folder, sorted by name; the entries can be asked for their stat meanwhile."""
        with absent_is_gone(folder), self._folder(folder) as handle:
            with os.scandir(handle) as found:
                listed = sorted(found, key=lambda entry: entry.name)
            yield listed

    @contextmanager
    def _folder(self, folder: str) -> Iterator[int]:
        """Walk to *folder* and keep its handle while there is room."""
        handle = os.open(self.root, _FOLDER)
        try:
            for segment in folder.split("/") if folder else ():
                deeper = os.open(segment, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = deeper
            self._keep(folder, handle)
            yield handle
        finally:
            os.close(handle)

    def _keep(self, folder: str, handle: int) -> None:
        kept = self._handles.get(folder)
        if kept is not None:
            # The number stays the same, so another thread that uses it now is not disturbed.
            os.dup2(handle, kept, inheritable=False)
        elif len(self._handles) < self._bound:
            copy = os.dup(handle)
            if self._handles.setdefault(folder, copy) != copy:
                os.close(copy)


class PathOpener:
    """Open places below *root* by their path, for systems without ``openat``."""

    def __init__(self, root: str, bound: int = 0) -> None:
        self.root = root

    def close(self) -> None:
        """Close nothing: no handle is kept."""

    def open(self, place: str) -> int:
        """Return a descriptor of the file at *place*; raise Gone where no file can be opened."""
        with absent_is_gone(place):
            return os.open(self._resolved(place), _SAFE)

    def stat(self, place: str) -> os.stat_result:
        """Describe what is at *place*, links not followed; raise Gone where nothing is."""
        folder, _, name = place.rpartition("/")
        with absent_is_gone(place):
            return os.lstat(os.path.join(self._resolved(folder), name))  # noqa: PTH118

    restat = stat

    @contextmanager
    def entries(self, folder: str) -> Iterator[list[os.DirEntry[str]]]:
        """List a folder, sorted by name."""
        with absent_is_gone(folder):
            with os.scandir(self._resolved(folder)) as found:
                listed = sorted(found, key=lambda entry: entry.name)
            yield listed

    def _resolved(self, place: str) -> str:
        """Join *place* to the root; raise Gone where a link or another spelling is on the way."""
        path = os.path.join(self.root, *place.split("/")) if place else self.root  # noqa: PTH118
        if os.path.realpath(path) != path:
            raise Gone(errno.ENOENT, "not there", place)
        return path

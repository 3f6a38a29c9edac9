"""Sessions in files, one a session: for several processes on one machine, and for CGI.

A file's name is the storage key, its time of modification is the deadline.  Every change is made
under the lock of the key's folder, in a temporary file that is synced and then renamed: whatever
kills the writer, a reader finds the old value or the new one.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tropea.core.errors import OptionError
from tropea.core.stores import StoreBusy, StoreError
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, first_version

try:
    import fcntl
except ImportError:  # pragma: no cover  (no such lock on this system)
    fcntl = None  # type: ignore[assignment]

#: The folder of our own below the one that is named: that one may be shared, such as /tmp.
FOLDER = "tropea-sessions"
_KEY = re.compile(r"[a-z]{0,2}[0-9a-f]{2,96}").fullmatch
_FOLDER = re.compile(r"[a-z0-9]{2}").fullmatch  # what keys begin with
_TEMPORARY = ".new-"
_LOCK = ".lock"


class FileStore(Labels):
    """Keep each session in a file of its own.

    directory: a folder of ours is made below it, readable by nobody else (0700, files 0600).
    sync: wait until the disk has it; without, a power cut may lose the last changes.
    timeout: seconds to wait for another process that is writing.

    Raises OptionError when the folder cannot be made or belongs to somebody else, and on Windows,
    which has no locks of this kind.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        sync: bool = True,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if fcntl is None:
            raise OptionError("FileStore: this system has no file locks; use SQLiteStore")
        self.folder = Path(directory) / FOLDER
        self._sync, self._timeout, self._clock = sync, timeout, clock
        try:
            self._make(self.folder)
            about = os.lstat(self.folder)
        except OSError as error:
            raise OptionError(f"FileStore: cannot use {self.folder}: {error.strerror}") from None
        ours = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()
        if not ours or about.st_mode & 0o077:
            raise OptionError(
                f"FileStore: {self.folder} must be a folder of this user's with mode 0700"
            )

    def load(self, key: str) -> Entry | None:
        with _store_errors("read a session"):
            entry = self._read(key)
        if entry is not None and entry.deadline <= self._clock():
            self._forget_expired(key)
            return None
        return entry

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        with self._locked(key):
            if self._live(key) is not None:
                return None
            return self._write(key, data, first_version(), ttl)

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        with self._locked(key):
            entry = self._live(key)
            if entry is None or entry.version != version:
                return None
            return self._write(key, data, version + 1, ttl)

    def delete(self, key: str, version: int | None = None) -> bool:
        with self._locked(key):
            entry = self._live(key)
            if entry is None:
                self._path(key).unlink(missing_ok=True)  # damaged or over
                return False
            if version not in (None, entry.version):
                return False
            self._path(key).unlink(missing_ok=True)
            self._sync_folder(key)
            return True

    def touch(self, key: str, ttl: float) -> bool:
        with self._locked(key):
            if self._live(key) is None:
                return False
            self._set_deadline(self._path(key), self._clock() + ttl)
            return True

    def purge(self) -> int:
        """Remove expired entries, and temporary files that a killed writer left.

        What somebody else put there stays, and stops nothing.
        """
        count = 0
        with _store_errors("list the sessions"):
            found = [] if not self.folder.exists() else list(os.scandir(self.folder))
        for name in sorted(e.name for e in found if e.is_dir(follow_symlinks=False)):
            if _FOLDER(name) is None:
                continue
            with _store_errors("remove sessions"), self._holding(self.folder / name):
                count += self._sweep(self.folder / name)
        return count

    def close(self) -> None:
        """Keep everything: no file is open between two calls."""

    # -- under the lock of the key's folder --------------------------------------------------

    def _live(self, key: str) -> Entry | None:
        entry = self._read(key)
        return entry if entry is not None and entry.deadline > self._clock() else None

    def _sweep(self, folder: Path) -> int:
        now, count = self._clock(), 0
        for found in list(os.scandir(folder)):
            if not found.is_file(follow_symlinks=False):
                continue
            if found.name.startswith(_TEMPORARY):
                # Writers hold the lock that we hold: nobody is going to rename this one.
                (folder / found.name).unlink(missing_ok=True)
            elif _KEY(found.name) is not None and found.stat().st_mtime <= now:
                (folder / found.name).unlink(missing_ok=True)
                count += 1
        return count

    def _write(self, key: str, data: bytes, version: int, ttl: float) -> int:
        path = self._path(key)
        temporary = path.with_name(f"{_TEMPORARY}{key}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write_all(descriptor, b"%d\n%b" % (version, data))
                if self._sync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._set_deadline(temporary, self._clock() + ttl)
            os.replace(temporary, path)  # noqa: PTH105  (one call beside its siblings of os)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._sync_folder(key)
        return version

    # -- plain file work ---------------------------------------------------------------------

    def _path(self, key: str) -> Path:
        if _KEY(key) is None:
            raise StoreError(f"not a storage key: {key!r}")
        return self.folder / key[:2] / key

    def _read(self, key: str) -> Entry | None:
        try:
            # Whatever else it may be: neither a link is followed nor a pipe waited for.
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        try:
            about = os.fstat(descriptor)
            raw = _read_all(descriptor, about.st_size)
        finally:
            os.close(descriptor)
        version, newline, data = raw.partition(b"\n")
        if not newline or not version.isdigit() or len(version) > 18:
            return Entry(raw, 0, about.st_mtime)  # damaged: whoever reads records will say so
        return Entry(data, int(version), about.st_mtime)

    def _forget_expired(self, key: str) -> None:
        with self._locked(key):
            if self._live(key) is None:
                self._path(key).unlink(missing_ok=True)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        with _store_errors("change a session"):
            if _KEY(key) is None:
                raise StoreError(f"not a storage key: {key!r}")
            with self._holding(self.folder / key[:2]):
                yield

    @contextmanager
    def _holding(self, folder: Path) -> Iterator[None]:
        descriptor = self._open_lock(folder)
        try:
            self._wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)  # which gives the lock back

    def _open_lock(self, folder: Path) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        try:
            return os.open(folder / _LOCK, flags, 0o600)
        except FileNotFoundError:
            self._make(folder)
            return os.open(folder / _LOCK, flags, 0o600)

    def _wait_for(self, descriptor: int) -> None:
        end, pause = time.monotonic() + self._timeout, 0.0005
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise StoreBusy(
                        f"another process has been writing for {self._timeout} s"
                    ) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
            else:
                return

    def _make(self, folder: Path) -> None:
        if folder != self.folder:
            self._make(self.folder)
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(0o700, exist_ok=True)

    def _set_deadline(self, path: Path, deadline: float) -> None:
        nanoseconds = int(deadline * 1_000_000_000)
        os.utime(path, ns=(nanoseconds, nanoseconds))

    def _sync_folder(self, key: str) -> None:
        if not self._sync:
            return
        descriptor = os.open(self.folder / key[:2], os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _store_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot {what}: {error.strerror or error}") from error


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:  # a write may be short without an error, on a disk that is nearly full
        view = view[os.write(descriptor, view) :]


def _read_all(descriptor: int, size: int) -> bytes:
    blocks = []
    while block := os.read(descriptor, max(size, 1) + 1):
        blocks.append(block)
    return b"".join(blocks)

"""Sessions in a dbm file: for hosts that have nothing else.

dbm.dumb is refused: it rewrites its index in place and loses everything to a kill at the wrong
moment.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.stores import StoreBusy, StoreError
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, first_version

try:
    import fcntl
except ImportError:  # pragma: no cover  (no such lock on this system)
    fcntl = None  # type: ignore[assignment]

#: Kinds of dbm that survive a kill, the best first.
KINDS = ("dbm.sqlite3", "dbm.gnu", "dbm.ndbm")


class DBMStore(Labels):
    """Keep sessions in the dbm database at *path*, made when it is missing (mode 0600).

    kind: a module such as ``dbm.gnu``; None takes the best that this Python has.
    timeout: seconds to wait for another process.

    Raises OptionError where this Python has no dbm but dbm.dumb, and on Windows, which has no locks
    of this kind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        kind: str | None = None,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if fcntl is None:
            raise OptionError("DBMStore: this system has no file locks; use SQLiteStore")
        self.path, self._timeout, self._clock = Path(path), timeout, clock
        self.kind = kind or best_kind()
        if self.kind not in KINDS:
            raise OptionError(f"DBMStore: kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        try:
            self._dbm: Any = import_module(self.kind)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._open():
                pass
        except ImportError:
            raise OptionError(f"DBMStore: this Python has no {self.kind}") from None
        except (OSError, StoreError) as error:
            raise OptionError(f"DBMStore: cannot use {self.path}: {error}") from None

    def load(self, key: str) -> Entry | None:
        with self._open() as database:
            return self._live(database, key)

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        with self._open() as database:
            if self._live(database, key) is not None:
                return None
            return self._put(database, key, Entry(data, first_version(), self._clock() + ttl))

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        with self._open() as database:
            entry = self._live(database, key)
            if entry is None or entry.version != version:
                return None
            return self._put(database, key, Entry(data, version + 1, self._clock() + ttl))

    def delete(self, key: str, version: int | None = None) -> bool:
        with self._open() as database:
            entry = self._live(database, key)
            if entry is None or version not in (None, entry.version):
                return False
            del database[key.encode()]
            return True

    def touch(self, key: str, ttl: float) -> bool:
        with self._open() as database:
            entry = self._live(database, key)
            if entry is None:
                return False
            self._put(database, key, entry._replace(deadline=self._clock() + ttl))
            return True

    def purge(self) -> int:
        with self._open() as database:
            before = list(database.keys())
            return sum(self._live(database, bytes(key).decode()) is None for key in before)

    def close(self) -> None:
        """Keep everything: no file is open between two calls."""

    def _live(self, database: Any, key: str) -> Entry | None:
        name = key.encode()
        if name not in database:
            return None
        entry = _unpack(database[name])
        if entry.deadline <= self._clock():
            del database[name]
            return None
        return entry

    def _put(self, database: Any, key: str, entry: Entry) -> int:
        head = b"%d %d\n" % (entry.version, int(entry.deadline * 1000))
        database[key.encode()] = head + entry.data
        return entry.version

    @contextmanager
    def _open(self) -> Iterator[Any]:
        """Open the database under a lock of ours: of the kinds of dbm few have one."""
        errors = self._dbm.error
        caught = errors if isinstance(errors, tuple) else (errors,)
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._wait_for(lock)
                database = self._dbm.open(os.fspath(self.path), "c", 0o600)
                try:
                    yield database
                finally:
                    database.close()
            finally:
                os.close(lock)
        except (OSError, *caught) as error:
            raise StoreError(f"{self.kind}: {error}") from error

    def _wait_for(self, lock: int) -> None:
        end = time.monotonic() + self._timeout
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise StoreBusy(f"another process has had it for {self._timeout} s") from None
                time.sleep(0.002)
            else:
                return


def best_kind() -> str:
    """Return the best kind of dbm of this Python; raise OptionError where only dbm.dumb is left."""
    for kind in KINDS:
        try:
            import_module(kind)
        except ImportError:
            continue
        return kind
    raise OptionError(
        "DBMStore: this Python has no dbm but dbm.dumb, which cannot survive a kill; "
        "use SQLiteStore"
    )


def _unpack(raw: bytes) -> Entry:
    head, _, data = raw.partition(b"\n")
    version, _, deadline = head.partition(b" ")
    if not (version.isdigit() and deadline.isdigit() and len(head) < 40):
        return Entry(raw, 0, math.inf)  # damaged: whoever reads records will say so
    return Entry(data, int(version), int(deadline) / 1000)

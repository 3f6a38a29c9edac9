"""Sessions in an SQLite file: the embedded default, for several processes on one machine.

Every change is one statement, which SQLite makes whole or not at all; the write-ahead log lets
readers go on while somebody writes.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import finalize

from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, entry_of, first_version

SCHEMA_VERSION = 1
_SCHEMA = """
create table if not exists tropea_sessions (
    key text primary key, data blob not null, version integer not null, deadline real not null
) without rowid;
create index if not exists tropea_sessions_deadline on tropea_sessions (deadline);
pragma user_version = 1;
"""
_LOAD = "select data, version, deadline from tropea_sessions where key = ?"
_CREATE = """
insert into tropea_sessions (key, data, version, deadline) values (?, ?, ?, ?)
on conflict (key) do update
    set data = excluded.data, version = excluded.version, deadline = excluded.deadline
    where deadline <= ?
"""
_SAVE = """
update tropea_sessions set data = ?, version = version + 1, deadline = ?
where key = ? and version = ? and deadline > ?
"""
_TOUCH = "update tropea_sessions set deadline = ? where key = ? and deadline > ?"
_DELETE = "delete from tropea_sessions where key = ? and deadline > ?"
_FORGET = "delete from tropea_sessions where key = ? and deadline <= ?"
_PURGE = "delete from tropea_sessions where deadline <= ?"


class SQLiteStore(Labels):
    """Keep sessions in the SQLite database at *path*, made when it is missing (mode 0600).

    timeout: seconds to wait while another process writes.

    Raises OptionError when the file cannot be opened or a later release made it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self._timeout, self._clock = timeout, clock
        self._pool = PerProcess(self._open_pool)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            with self._connection() as connection:
                self._migrate(connection)
        except OSError as error:
            raise OptionError(f"SQLiteStore: cannot use {self.path}: {error.strerror}") from None
        except StoreError as error:
            raise OptionError(f"SQLiteStore: cannot use {self.path}: {error}") from None

    def load(self, key: str) -> Entry | None:
        with self._connection() as connection:
            row = connection.execute(_LOAD, (key,)).fetchone()
            if row is None:
                return None
            entry, now = entry_of(row), self._clock()
            if entry.deadline <= now:
                connection.execute(_FORGET, (key, now))
                return None
            return entry

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        now, version = self._clock(), first_version()
        done = self._change(_CREATE, (key, data, version, now + ttl, now))
        return version if done else None

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        now = self._clock()
        done = self._change(_SAVE, (data, now + ttl, key, version, now))
        return version + 1 if done else None

    def delete(self, key: str, version: int | None = None) -> bool:
        if version is None:
            return self._change(_DELETE, (key, self._clock())) > 0
        return self._change(_DELETE + " and version = ?", (key, self._clock(), version)) > 0

    def touch(self, key: str, ttl: float) -> bool:
        now = self._clock()
        return self._change(_TOUCH, (now + ttl, key, now)) > 0

    def purge(self) -> int:
        return self._change(_PURGE, (self._clock(),))

    def close(self) -> None:
        pool = self._pool.opened
        if pool is not None:
            _close_all(pool)

    def _change(self, statement: str, values: tuple[object, ...]) -> int:
        with self._connection() as connection:
            return connection.execute(statement, values).rowcount

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection of this process that no other thread is using."""
        pool = self._pool()
        try:
            try:
                connection = pool.pop()
            except IndexError:
                connection = self._connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            pool.append(connection)
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise StoreBusy(f"another process has been writing for {self._timeout} s") from None
            raise StoreError(f"SQLite: {error}") from error
        except (sqlite3.Error, OverflowError) as error:
            raise StoreError(f"SQLite: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("pragma journal_mode = wal").close()
            connection.execute("pragma synchronous = normal").close()
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_pool(self) -> list[sqlite3.Connection]:
        # A list's append and pop are whole operations, with or without the interpreter's lock.
        pool: list[sqlite3.Connection] = []
        finalize(self, _close_own, pool, os.getpid())
        return pool

    def _migrate(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"its schema is version {version}; this release knows up to {SCHEMA_VERSION}"
            )
        if version < SCHEMA_VERSION:
            connection.executescript("begin immediate;" + _SCHEMA + "commit;")


def _close_own(pool: list[sqlite3.Connection], opener: int) -> None:
    if os.getpid() == opener:  # a forked child must leave its parent's connections alone
        _close_all(pool)


def _close_all(pool: list[sqlite3.Connection]) -> None:
    while pool:
        pool.pop().close()

"""Keep responses in an SQLite database, for the processes of one machine."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry, dumps, loads
from tropea.caching.stores import leases
from tropea.caching.stores.base import MAX_VARIANTS, KeptStore
from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS heads (
    key TEXT NOT NULL, variant TEXT NOT NULL, uri TEXT NOT NULL, until REAL NOT NULL,
    body TEXT NOT NULL, head BLOB NOT NULL, PRIMARY KEY (key, variant)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bodies (body TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tags (
    tag TEXT NOT NULL, key TEXT NOT NULL, variant TEXT NOT NULL,
    PRIMARY KEY (tag, key, variant)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS heads_uri ON heads (uri);
CREATE INDEX IF NOT EXISTS heads_until ON heads (until);
CREATE TRIGGER IF NOT EXISTS heads_gone AFTER DELETE ON heads BEGIN
    DELETE FROM bodies WHERE body = OLD.body;
    DELETE FROM tags WHERE key = OLD.key AND variant = OLD.variant;
END;
"""
#: The variants of a key that were stored longest ago: bodies are numbered as they come.
_TOO_MANY = """
DELETE FROM heads WHERE key = ? AND variant IN (
    SELECT variant FROM heads JOIN bodies USING (body) WHERE key = ?
    ORDER BY bodies.rowid DESC LIMIT -1 OFFSET ?)
"""
#: What is left when the bytes are counted from the one that expires last.
_TOO_MUCH = """
DELETE FROM heads WHERE body IN (
    SELECT body FROM (
        SELECT body, sum(length(data)) OVER (ORDER BY until DESC, body) AS held
        FROM heads JOIN bodies USING (body))
    WHERE held > ?)
"""


class SQLiteCacheStore(KeptStore):
    """A store in one file, with a connection for each thread.

    Who asks the application stands in small files in a folder beside it.

    max_body: bytes of the longest body taken.
    max_entries, max_bytes: variants, and bytes of bodies, held; the ones that expire first go when
        there are more.
    timeout: seconds that a write waits for another process's.
    clock: seconds since the epoch; for tests.
    """

    def __init__(
        self,
        path: str | Path,
        max_body: int = 8 << 20,
        max_entries: int = 100_000,
        *,
        max_bytes: int = 1 << 30,
        timeout: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not str(path) or str(path) == ":memory:":
            raise OptionError("SQLiteCacheStore: expected a file")
        self.path, self.max_body, self.max_entries = Path(path), max_body, max_entries
        self.max_bytes, self._timeout, self._clock = max_bytes, timeout, clock
        self._local = PerProcess(_Connections)
        self._writes = 0

    def _connection(self) -> sqlite3.Connection:
        held = self._local()
        connection = getattr(held.local, "connection", None)
        if connection is None:
            connection = self._connect(held)
            held.local.connection = connection
        return connection

    def _connect(self, held: _Connections) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            held.ready = False
        connection = sqlite3.connect(
            self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        try:
            if not held.ready:
                with held.turn(self._timeout):  # two that make the tables would lock each other out
                    if not held.ready:
                        connection.execute("PRAGMA journal_mode=WAL")
                        connection.executescript(_SCHEMA)
                        held.ready = True
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA recursive_triggers=ON")
        except BaseException:
            connection.close()
            raise
        held.all.append(connection)
        return connection

    def _read(self, statement: str, values: tuple[object, ...]) -> list[tuple[bytes]]:
        return self._guarded(lambda: self._connection().execute(statement, values).fetchall())

    def _write(self, *steps: tuple[str, tuple[object, ...]]) -> None:
        def run() -> None:
            connection = self._connection()
            # The threads of a process take turns: SQLite lets them poll, and some would starve.
            with self._local().turn(self._timeout):
                connection.execute("BEGIN IMMEDIATE")
                try:
                    for statement, values in steps:
                        connection.execute(statement, values)
                    connection.execute("COMMIT")
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise

        self._guarded(run)

    def _guarded(self, operation: Callable[[], T]) -> T:
        try:
            return operation()
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error) or "busy" in str(error)
            raise (StoreBusy if busy else StoreError)(f"SQLite: {error}") from None
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"SQLite: {error}") from None

    def load(self, key: Key) -> Sequence[Entry]:
        rows = self._read(
            "SELECT head FROM heads WHERE key = ? AND until > ? LIMIT ?",
            (key.digest(), self._clock(), MAX_VARIANTS),
        )
        return [entry for (head,) in rows if (entry := loads(head)) is not None]

    def body(self, key: Key, entry: Entry) -> bytes | None:
        rows = self._read("SELECT data FROM bodies WHERE body = ?", (entry.body,))
        return bytes(rows[0][0]) if rows else None

    def put(self, key: Key, entry: Entry, body: bytes) -> None:
        digest, variant = key.digest(), entry.id
        head = (digest, variant, entry.uri, entry.until, entry.body, dumps(entry))
        self._write(
            ("DELETE FROM heads WHERE key = ? AND variant = ?", (digest, variant)),
            ("INSERT INTO bodies VALUES (?, ?)", (entry.body, body)),
            ("INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?)", head),
            (_TOO_MANY, (digest, digest, MAX_VARIANTS)),
            *(
                ("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", (t, digest, variant))
                for t in entry.tags
            ),
        )
        self._writes += 1
        if self._writes % 100 == 0:
            self.prune()

    def update(self, key: Key, entry: Entry) -> None:
        self._write(
            (
                "UPDATE heads SET head = ?, until = ? WHERE key = ? AND variant = ? AND body = ?",
                (dumps(entry), entry.until, key.digest(), entry.id, entry.body),
            )
        )

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        path = self._leases / key.digest()
        return self._guarded(lambda: leases.take(path, mark, seconds, self._clock()))

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        path = self._leases / key.digest()
        self._guarded(lambda: leases.end(path, mark, private_for, self._clock()))

    @property
    def _leases(self) -> Path:
        return self.path.with_name(f"{self.path.name}-leases")

    def delete(self, key: Key) -> None:
        self._write(("DELETE FROM heads WHERE key = ?", (key.digest(),)))

    def delete_tag(self, tag: str) -> None:
        self._write(
            (
                """DELETE FROM heads WHERE (key, variant) IN
                (SELECT key, variant FROM tags WHERE tag = ?)""",
                (tag,),
            )
        )

    def delete_prefix(self, prefix: str) -> None:
        self._write(
            ("DELETE FROM heads WHERE uri >= ? AND uri < ?", (prefix, prefix + "\U0010ffff"))
        )

    def prune(self) -> None:
        """Remove what is too old to be used, and what is too much."""
        self._write(
            ("DELETE FROM heads WHERE until <= ?", (self._clock(),)),
            (
                """DELETE FROM heads WHERE (key, variant) IN (SELECT key, variant FROM heads
                ORDER BY until LIMIT max(0, (SELECT count(*) FROM heads) - ?))""",
                (self.max_entries,),
            ),
        )
        self._guarded(lambda: leases.sweep(self._leases, self._clock()))
        held = self._read("SELECT coalesce(sum(length(data)), 0) FROM bodies", ())
        if int(held[0][0]) > self.max_bytes:
            self._write((_TOO_MUCH, (self.max_bytes,)))

    def close(self) -> None:
        held = self._local.opened
        if held is not None:
            with held.lock:
                for connection in held.all:
                    connection.close()
                held.all.clear()
            self._local = PerProcess(_Connections)


class _Connections:
    """The connections of one process: one for each thread."""

    def __init__(self) -> None:
        self.local = threading.local()
        self.lock = threading.Lock()
        self.all: list[sqlite3.Connection] = []
        self.ready = False

    @contextmanager
    def turn(self, timeout: float) -> Iterator[None]:
        """Hold the lock; raise StoreBusy where others hold it for *timeout* seconds."""
        if not self.lock.acquire(timeout=timeout):
            raise StoreBusy("SQLite: other threads kept it busy")
        try:
            yield
        finally:
            self.lock.release()

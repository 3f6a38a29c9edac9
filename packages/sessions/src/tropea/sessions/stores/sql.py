"""Sessions in a table of any database that SQLAlchemy speaks to; PostgreSQL above all.

Every change is one statement, which the database makes whole or not at all.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError
from tropea.sessions.stores.deadlines import Deadlines
from tropea.sessions.stores.guarding import TIMEOUT, Guard
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, entry_of, first_version

_SQLITE_TIMEOUT = 5.0  # seconds; a file that others write to is not a server that is down
_TRIES = 3  # of a transaction that the database broke off to let another one through


class SQLStore(Labels):
    """Keep sessions in a table: Pesto's rdbms manager, on SQLAlchemy 2.

    url: SQLAlchemy's address of the database, such as ``postgresql+psycopg://host/name``, or an
        engine of your own, with its own timeouts.
    table: its name; the table is made, and changed by later releases, when it is first used.
    timeout: seconds for an operation, connecting included, where the store makes the engine: what
        takes longer is cut off.  PostgreSQL gives up on a statement and on a wait for a row before.
    rest: seconds for which a database that cannot be reached is left alone.
    """

    def __init__(
        self,
        url: Any,
        *,
        table: str = "tropea_sessions",
        timeout: float = TIMEOUT,
        rest: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise OptionError("SQLStore needs: pip install 'tropea-sessions[sql]'") from None
        from tropea.sessions.stores.sqlschema import Schema

        self._clock, self._schema = clock, Schema(table)
        self._database: PerProcess[_Database] = PerProcess(lambda: _open(url, timeout))
        errors = sqlalchemy.exc
        self._unique, self._dbapi_error = errors.IntegrityError, errors.DBAPIError
        self._pool_empty = errors.TimeoutError
        self._guard = Guard(
            "the database",
            unreachable=(_Unreachable, TimeoutError),
            broken=(_Unreachable,),
            refused=(errors.SQLAlchemyError, OverflowError),
            rest=rest,
        )

    def load(self, key: str) -> Entry | None:
        row = self._run(lambda c: c.execute(self._schema.load, {"k": key}).first())
        if row is None:
            return None
        entry = entry_of(row)
        now = self._clock()
        if entry.deadline <= now:
            self._change(self._schema.forget, {"k": key, "now": now})
            return None
        return entry

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        now, version = self._clock(), first_version()
        row = {"key": key, "data": data, "version": version, "deadline": now + ttl}

        try:
            done = self._run(lambda connection: self._schema.create(connection, row, now))
        except _TakenError:
            return None
        return version if done else None

    def save(self, key: str, data: bytes, ttl: float, version: int) -> int | None:
        now = self._clock()
        values = {"k": key, "v": version, "now": now, "new": data, "until": now + ttl}
        return version + 1 if self._change(self._schema.save, values) else None

    def delete(self, key: str, version: int | None = None) -> bool:
        values = {"k": key, "now": self._clock()}
        if version is None:
            return self._change(self._schema.delete, values) > 0
        return self._change(self._schema.delete_version, {**values, "v": version}) > 0

    def touch(self, key: str, ttl: float) -> bool:
        now = self._clock()
        return self._change(self._schema.touch, {"k": key, "now": now, "until": now + ttl}) > 0

    def purge(self) -> int:
        return self._change(self._schema.purge, {"now": self._clock()})

    def close(self) -> None:
        database = self._database.opened
        if database is not None:
            database.engine.dispose()

    def _change(self, statement: Any, values: dict[str, Any]) -> int:
        return int(self._run(lambda connection: connection.execute(statement, values).rowcount))

    def _run(self, work: Callable[[Any], Any]) -> Any:
        for attempt in range(_TRIES):
            try:
                return self._guard(lambda: self._transact(work))
            except StoreError as error:
                cause = error.__cause__
                if isinstance(cause, self._unique):
                    raise _TakenError(str(error)) from error
                if isinstance(cause, self._pool_empty):
                    raise StoreBusy("every connection to the database is in use") from error
                if not _is_contention(cause):
                    raise
                if attempt + 1 == _TRIES or _is_lock_timeout(cause):
                    raise StoreBusy(f"the database is busy: {error}") from error
            time.sleep(random.uniform(0.001, 0.01) * (attempt + 1))  # noqa: S311
        raise AssertionError  # the last attempt returned or raised

    def _transact(self, work: Callable[[Any], Any]) -> Any:
        database = self._database()
        if not database.prepared:
            self._cut_off_late(database, lambda: self._schema.prepare(database.engine))
            database.prepared = True
        return self._cut_off_late(database, lambda: _in_transaction(database.engine, work))

    def _cut_off_late(self, database: _Database, operation: Callable[[], Any]) -> Any:
        """Run an operation within the time it may take; say which errors mean "not reached"."""
        with database.deadlines.watched() as call:
            try:
                return operation()
            except self._dbapi_error as error:
                if call.expired:
                    raise _Late("no answer in time") from error
                if error.connection_invalidated or _cannot_connect(error):
                    raise _Unreachable(str(error.orig)) from error
                raise


def _in_transaction(engine: Any, work: Callable[[Any], Any]) -> Any:
    with engine.begin() as connection:
        return work(connection)


class _Database:
    """The engine of one process, and what cuts its operations off."""

    def __init__(self, engine: Any, deadlines: Deadlines) -> None:
        self.engine, self.deadlines, self.prepared = engine, deadlines, False


class _Unreachable(Exception):
    """The connection is gone: nobody knows the state of the server."""


class _Late(_Unreachable, TimeoutError):
    """It was cut off, having taken its time: asking once more would take it again."""


class _TakenError(StoreError):
    """The key exists already."""


def _open(url: Any, timeout: float) -> _Database:
    deadlines = Deadlines(timeout)
    if not isinstance(url, str):
        url.dispose(close=False)  # after a fork: the parent's connections are the parent's
        return _Database(url, deadlines)
    import sqlalchemy

    kind = sqlalchemy.engine.make_url(url).get_backend_name()
    if kind == "sqlite":
        engine = sqlalchemy.create_engine(
            url, connect_args={"timeout": _SQLITE_TIMEOUT}, isolation_level="AUTOCOMMIT"
        )
        return _Database(engine, deadlines)
    more: dict[str, Any] = {}
    if kind == "postgresql":
        # Each operation is one statement, which is whole or not at all: BEGIN and COMMIT would
        # be two more questions to the server.
        more = {"connect_args": _postgresql_arguments(timeout), "isolation_level": "AUTOCOMMIT"}
    engine = sqlalchemy.create_engine(url, pool_timeout=timeout, **more)
    _watch(engine, deadlines)
    return _Database(engine, deadlines)


def _postgresql_arguments(timeout: float) -> dict[str, Any]:
    # The server gives up first, so that a row that somebody holds is told from a dead line.
    statement, lock = int(timeout * 800), int(timeout * 600)
    return {
        "connect_timeout": max(2, math.ceil(timeout)),  # less than two seconds it does not know
        "tcp_user_timeout": int(timeout * 1000),
        "options": f"-c lock_timeout={lock} -c statement_timeout={statement}",
    }


def _watch(engine: Any, deadlines: Deadlines) -> None:
    """Tell *deadlines* of every connection that the engine makes or takes from its pool."""
    from sqlalchemy import event

    def connect(dialect: Any, _record: Any, arguments: Any, keywords: Any) -> Any:
        return deadlines.connect(lambda: dialect.connect(*arguments, **keywords))

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", lambda connection, *_: deadlines.attach(connection))


def _state(error: BaseException | None) -> str:
    """Return the SQLSTATE of a database's error; empty where it has none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _is_lock_timeout(error: BaseException | None) -> bool:
    return _state(error) in {"55P03", "57014"}


def _is_contention(error: BaseException | None) -> bool:
    # 40001 serialisation failure, 40P01 deadlock
    if _state(error) in {"40001", "40P01"} or _is_lock_timeout(error):
        return True
    return "database is locked" in str(getattr(error, "orig", ""))


def _cannot_connect(error: Any) -> bool:
    # Without a SQLSTATE the server never answered; 57P01 to 57P03 it is going down or coming up.
    state = _state(error)
    if state.startswith(("08", "57P")):
        return True
    module = type(error.orig).__module__
    return not state and type(error.orig).__name__ == "OperationalError" and "sqlite" not in module

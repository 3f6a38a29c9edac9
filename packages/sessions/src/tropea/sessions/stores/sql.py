"""Sessions in a table of any database that SQLAlchemy speaks to; PostgreSQL above all.

Every change is one statement in a transaction of its own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError
from tropea.sessions.stores.guarding import Guard
from tropea.sessions.stores.labels import Labels
from tropea.sessions.stores.protocol import Entry, first_version

SCHEMA_VERSION = 1
LOCK_TIMEOUT = 300  #: milliseconds that PostgreSQL waits for a row that another one holds
_TRIES = 3  # of a transaction that the database broke off to let another one through


class SQLStore(Labels):
    """Keep sessions in a table: Pesto's rdbms manager, on SQLAlchemy 2.

    url: SQLAlchemy's address of the database, such as ``postgresql+psycopg://host/name``, or an
        engine of your own, with its own timeouts.
    table: its name; the table is made, and changed by later releases, when it is first used.
    rest: seconds for which a database that cannot be reached is left alone.

    On PostgreSQL a statement takes 500 ms and a wait for a row 300 ms at most; connecting may take
    two seconds, the least that its client library knows.
    """

    def __init__(
        self,
        url: Any,
        *,
        table: str = "tropea_sessions",
        rest: float = 0.5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise OptionError("SQLStore needs: pip install 'tropea-sessions[sql]'") from None
        from tropea.sessions.stores.sqlschema import Schema

        self._clock, self._schema = clock, Schema(table)
        self._url = url
        self._engine: PerProcess[Any] = PerProcess(self._open)
        self._operational = sqlalchemy.exc.OperationalError
        self._unique = sqlalchemy.exc.IntegrityError
        errors = sqlalchemy.exc
        self._guard = Guard(
            "the database",
            unreachable=(_Unreachable, errors.TimeoutError),
            broken=(_Unreachable,),
            refused=(errors.SQLAlchemyError, OverflowError),
            rest=rest,
        )

    def load(self, key: str) -> Entry | None:
        row = self._run(lambda c: c.execute(self._schema.load, {"k": key}).first())
        if row is None:
            return None
        entry = Entry(bytes(row[0]), int(row[1]), float(row[2]))
        now = self._clock()
        if entry.deadline <= now:
            self._change(self._schema.forget, {"k": key, "now": now})
            return None
        return entry

    def create(self, key: str, data: bytes, ttl: float) -> int | None:
        now, version = self._clock(), first_version()
        row = {"key": key, "data": data, "version": version, "deadline": now + ttl}

        def insert(connection: Any) -> bool:
            connection.execute(self._schema.forget, {"k": key, "now": now})
            connection.execute(self._schema.insert, row)
            return True

        try:
            self._run(insert)
        except _TakenError:
            return None
        return version

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
        engine = self._engine.opened
        if engine is not None:
            engine.dispose()

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
                if not _is_contention(cause):
                    raise
                if attempt + 1 == _TRIES or _is_lock_timeout(cause):
                    raise StoreBusy(f"the database is busy: {error}") from error
            time.sleep(random.uniform(0.001, 0.01) * (attempt + 1))  # noqa: S311
        raise AssertionError  # the last attempt returned or raised

    def _transact(self, work: Callable[[Any], Any]) -> Any:
        import sqlalchemy

        try:
            with self._engine().begin() as connection:
                return work(connection)
        except sqlalchemy.exc.DBAPIError as error:
            if error.connection_invalidated or _cannot_connect(error):
                raise _Unreachable(str(error.orig)) from error
            raise

    def _open(self) -> Any:
        engine = _make_engine(self._url)
        try:
            self._schema.prepare(engine)
        except BaseException:
            if isinstance(self._url, str):
                engine.dispose()
            raise
        return engine


class _Unreachable(Exception):
    """The connection is gone: nobody knows the state of the server."""


class _TakenError(StoreError):
    """The key exists already."""


def _make_engine(url: Any) -> Any:
    if not isinstance(url, str):
        url.dispose(close=False)  # after a fork: the parent's connections are the parent's
        return url
    import sqlalchemy

    kind = sqlalchemy.engine.make_url(url).get_backend_name()
    arguments: dict[str, Any] = {}
    if kind == "postgresql":
        options = f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout=500"
        arguments = {"connect_timeout": 2, "tcp_user_timeout": 500, "options": options}
    elif kind == "sqlite":
        arguments = {"timeout": 5.0}
    return sqlalchemy.create_engine(url, connect_args=arguments, pool_timeout=2.0)


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

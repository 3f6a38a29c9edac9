"""The table of SQLStore, its statements, and how it is made and changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from tropea.core.stores import StoreError

VERSION = 1

#: Version -> the statements that lead to it from the one before; quick ones, for whoever comes
#: first after an upgrade waits for them.
STEPS: dict[int, tuple[str, ...]] = {}


class Schema:
    """One table of entries and one that says which release made it."""

    def __init__(self, name: str) -> None:
        self.metadata = MetaData()
        double = Float(precision=53)
        self.entries = Table(
            name,
            self.metadata,
            Column("key", String(100), primary_key=True),
            Column("data", LargeBinary, nullable=False),
            Column("version", BigInteger, nullable=False),
            Column("deadline", double, nullable=False, index=True),
        )
        self.about = Table(
            f"{name}_schema", self.metadata, Column("version", Integer, primary_key=True)
        )
        self._write_statements()

    def _write_statements(self) -> None:
        table = self.entries
        columns = table.c
        here = columns.key == bindparam("k")
        live = columns.deadline > bindparam("now")
        over = columns.deadline <= bindparam("now")
        same = columns.version == bindparam("v")
        until: Any = bindparam("until")
        self.load: Any = select(columns.data, columns.version, columns.deadline).where(here)
        self.insert: Any = insert(table)
        self.put: dict[str, Any] = {
            "postgresql": _put(postgresql.insert, table),
            "sqlite": _put(sqlite.insert, table),
        }
        self.save: Any = (
            update(table)
            .where(here, same, live)
            .values(data=bindparam("new"), version=columns.version + 1, deadline=until)
        )
        self.touch: Any = update(table).where(here, live).values(deadline=until)
        self.delete: Any = delete(table).where(here, live)
        self.delete_version: Any = delete(table).where(here, live, same)
        self.forget: Any = delete(table).where(here, over)
        self.purge: Any = delete(table).where(over)

    def create(self, connection: Any, row: dict[str, Any], now: float) -> bool:
        """Insert a row unless a live one has its key; tell whether that was done.

        Raises IntegrityError instead of returning False where the database has no statement that
        does both.
        """
        put = self.put.get(connection.dialect.name)
        if put is not None:
            return int(connection.execute(put, {**row, "now": now}).rowcount) == 1
        connection.execute(self.forget, {"k": row["key"], "now": now})
        connection.execute(self.insert, row)
        return True

    def prepare(self, engine: Any) -> None:
        """Make the tables where they are missing; raise StoreError where they are too new."""
        for left in range(4, -1, -1):
            try:
                held = self._make(engine)
                break
            except DBAPIError:
                # Another thread or process may be at it at this moment: it makes the tables one
                # by one, so each may be in the way once.
                if not left or not inspect(engine).has_table(self.entries.name):
                    raise
        if held > VERSION:
            raise StoreError(
                f"the table's schema is version {held}; this release knows up to {VERSION}"
            )
        for version in range(held + 1, VERSION + 1):
            self._migrate(engine, version)

    def _migrate(self, engine: Any, version: int) -> None:
        """Bring the table from the version before to this one, whole or not at all, once."""
        whole = engine.execution_options(isolation_level=engine.dialect.default_isolation_level)
        column = self.about.c.version
        with whole.begin() as connection:
            mine = update(self.about).where(column == version - 1).values(version=version)
            if connection.execute(mine).rowcount != 1:
                return  # another process has done it
            for statement in STEPS[version]:
                connection.exec_driver_sql(statement.format(table=self.entries.name))

    def _make(self, engine: Any) -> int:
        """Make what is missing; return the version of what is there."""
        with engine.begin() as connection:
            self.metadata.create_all(connection)
            found = connection.execute(select(self.about.c.version)).scalars().all()
            if not found:
                connection.execute(insert(self.about), {"version": VERSION})
        return int(max(found, default=VERSION))


def _put(insert: Any, table: Table) -> Any:
    """Insert, or take the place of a row that is over, in one statement."""
    # The count of an insert is thrown away unless one says that it is wanted.
    statement = insert(table).execution_options(preserve_rowcount=True)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[table.c.key],
        set_={"data": new.data, "version": new.version, "deadline": new.deadline},
        where=table.c.deadline <= bindparam("now"),
    )

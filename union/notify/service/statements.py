"""INSERT … ON CONFLICT DO NOTHING on both databases, for one row and for many.

SQLAlchemy spells it per dialect; the rooms above need not know.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, Integer, LargeBinary, text
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, Boolean, TypeDecorator, TypeEngine

from union.core.db import Base, table_of


def postgresql(session: Session) -> bool:
    """Tell whether the session speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def insert_or_leave(session: Session, model: type[Base]) -> Any:  # noqa: ANN401 - one of two dialects' Insert
    """Return an INSERT into `model`'s table that leaves rows alone which are there already."""
    dialect = postgresql_dialect if postgresql(session) else sqlite_dialect
    return dialect.insert(table_of(model)).on_conflict_do_nothing()


def query_rows(session: Session, statement: str, values: tuple[Any, ...]) -> Sequence[Any]:
    """Run a statement with `?` places straight through the driver; return its rows as the driver has them."""
    if postgresql(session):
        statement = statement.replace("?", "%s")
    return session.connection().exec_driver_sql(statement, values).all()


def execute_rows(session: Session, statement: str, rows: list[tuple[Any, ...]]) -> int:
    """Run a statement with `?` places once per row, straight through the driver; return how many changed.

    SQLAlchemy's own executemany spends more time on each row's parameters than the database on the row.
    """
    if not rows:
        return 0
    if postgresql(session):
        statement = statement.replace("?", "%s")
    return session.connection().exec_driver_sql(statement, rows).rowcount


def insert_all(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> int:
    """Insert `rows`, all with the same keys; leave those that are there already; return how many are new.

    PostgreSQL gets one statement with an array per column: several times faster there than row by row.
    """
    if not rows:
        return 0
    table, dialect = table_of(model), session.get_bind().dialect
    columns = {
        name: _processed([row[name] for row in rows], _processor(table.c[name].type, dialect))
        for name in rows[0]
    }
    # Names of columns come from our own model, values are bound.
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    if not postgresql(session):
        places = ", ".join("?" * len(columns))
        inserted = f"{into} VALUES ({places}) ON CONFLICT DO NOTHING"
        return execute_rows(session, inserted, list(zip(*columns.values(), strict=True)))
    lists = ", ".join(f"CAST(:{name} AS {_array(table.c[name].type)}[])" for name in columns)
    statement = text(f"{into} SELECT * FROM unnest({lists}) ON CONFLICT DO NOTHING")  # noqa: S608 - as said above
    return session.connection().execute(statement, columns).rowcount


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what turns a value into what the driver takes. Bytes go as they are: wrapping costs more."""
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_bind_param(value, dialect)
    return None if isinstance(kind, LargeBinary) else kind.dialect_impl(dialect).bind_processor(dialect)


def _processed(values: list[Any], process: Callable[[Any], Any] | None) -> list[Any]:
    """Return `values` as the database stores them; equal instants are worked out once."""
    if process is None:
        return values
    if not isinstance(values[0], datetime):
        return [process(value) for value in values]
    known: dict[Any, Any] = {}
    for value in values:
        if value not in known:
            known[value] = process(value)
    return [known[value] for value in values]


def _array(kind: TypeEngine[Any]) -> str:
    """Return the element type of an array for a column; text without a length, so nothing is cut silently."""
    base = getattr(kind, "impl_instance", kind)
    if isinstance(base, LargeBinary):
        return "BYTEA"
    if isinstance(base, Boolean):
        return "BOOLEAN"
    if isinstance(base, BigInteger):
        return "BIGINT"
    return "INTEGER" if isinstance(base, Integer) else "TEXT"

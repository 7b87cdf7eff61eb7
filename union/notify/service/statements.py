"""INSERT … ON CONFLICT DO NOTHING on both databases, for one row and for many.

SQLAlchemy spells it per dialect; the rooms above need not know.
"""

from typing import Any

from sqlalchemy import Integer, LargeBinary, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, Boolean, TypeEngine

from union.core.db import Base


def _postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - models map to tables
    return table


def insert_or_leave(session: Session, model: type[Base]) -> Any:  # noqa: ANN401 - one of two dialects' Insert
    """Return an INSERT into `model`'s table that leaves rows alone which are there already."""
    dialect = postgresql if _postgresql(session) else sqlite
    return dialect.insert(_table(model)).on_conflict_do_nothing()


def insert_all(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> int:
    """Insert `rows`, all with the same keys, leaving those alone that are there already; return how many are new.

    PostgreSQL gets one statement with an array per column: several times faster there than row by row.
    """
    if not rows:
        return 0
    if not _postgresql(session):
        return session.connection().execute(insert_or_leave(session, model), rows).rowcount
    table, dialect = _table(model), session.get_bind().dialect
    names = list(rows[0])
    arrays: dict[str, list[Any]] = {}
    for name in names:
        process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        arrays[name] = [row[name] if process is None else process(row[name]) for row in rows]
    columns = ", ".join(names)
    lists = ", ".join(f"CAST(:{name} AS {_array(table.c[name].type)}[])" for name in names)
    # Names of columns come from our own model, values are bound.
    statement = f"INSERT INTO {table.name} ({columns}) SELECT * FROM unnest({lists}) ON CONFLICT DO NOTHING"  # noqa: S608
    return session.connection().execute(text(statement), arrays).rowcount


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

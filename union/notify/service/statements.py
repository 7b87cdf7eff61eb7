"""INSERT … ON CONFLICT DO NOTHING on both databases, for one row and for many.

SQLAlchemy spells it per dialect; the rooms above need not know.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any, Final, cast

from psycopg.errors import UniqueViolation
from sqlalchemy import Integer, LargeBinary, Table
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, Boolean, TypeEngine

from union.core.db import Base, table_of

Row = tuple[Any, ...]
_TOGETHER: Final = 50
"""Rows of one statement: always as many, since each number of them is a statement to prepare."""
_COPIED_FROM: Final = 200
"""Fewer rows than this are not worth a table of their own."""


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


def apply_rows(
    session: Session, statements: Sequence[str], columns: Mapping[str, str], rows: Sequence[Row]
) -> None:
    """Run statements that read a table `new` of `rows` and find them there, few times for all of them.

    columns: of `new`, each with PostgreSQL's type; SQLite takes values as they come. PostgreSQL runs all the
    statements as one, in their order. A statement for each row gives the interpreter away and waits for it
    again each time, beside threads that send.
    """
    if not rows:
        return
    if postgresql(session):
        # One JSON of columns: the driver writes an array in Python, each value for itself.
        given = json.dumps(dict(zip(columns, zip(*rows, strict=True), strict=True)))
        session.connection().exec_driver_sql(_joined(tuple(statements), tuple(columns.items())), (given,))
        return
    new = f"WITH new ({', '.join(columns)}) AS (VALUES "
    for statement in statements:
        _run_together(session, rows, len(columns), new, f") {statement}")


@cache
def _joined(statements: tuple[str, ...], columns: tuple[tuple[str, str], ...]) -> str:
    """Return the one statement for PostgreSQL: what is in WITH and not asked for runs behind the rest."""
    arrays = ", ".join(f"{name} {kind}[]" for name, kind in columns)
    each = ", ".join(f"given.{name}" for name, _ in columns)
    names = ", ".join(name for name, _ in columns)
    # Names and statements are our own, values come as the one parameter.
    new = f"SELECT one.* FROM json_to_record(%s) AS given ({arrays}), unnest({each}) AS one"  # noqa: S608
    first, *others = statements
    also = "".join(f", also_{n} AS ({statement})" for n, statement in enumerate(others))
    return f"WITH new ({names}) AS ({new}){also} {first}"


def _run_together(session: Session, rows: Sequence[Row], width: int, before: str, after: str) -> int:
    """Run a statement around the places of many rows, few times for all of them; return how many changed.

    SQLAlchemy's own executemany spends more time on each row's parameters than the database on the row.
    """
    place = "%s" if postgresql(session) else "?"
    connection = session.connection()
    whole = len(rows) - len(rows) % _TOGETHER
    changed = 0
    for size, part in ((_TOGETHER, rows[:whole]), (1, rows[whole:])):
        if part:
            statement = f"{before}{_places(place, width, size)}{after}"
            flat = [tuple(chain.from_iterable(part[n : n + size])) for n in range(0, len(part), size)]
            changed += connection.exec_driver_sql(statement, flat).rowcount
    return changed


@cache
def _places(place: str, width: int, rows: int) -> str:
    """Return `(?, …), (?, …), …`."""
    return ", ".join([f"({', '.join([place] * width)})"] * rows)


def insert_all(session: Session, model: type[Base], columns: Sequence[str], rows: list[Row]) -> int:
    """Insert `rows`, values of `columns` as the database stores them; leave those that are there already.

    Returns how many are new.
    """
    # Names of columns come from our own model, values are bound.
    into = f"INSERT INTO {table_of(model).name} ({', '.join(columns)})"
    if postgresql(session) and len(rows) > _COPIED_FROM:
        return _copy(session, table_of(model), columns, rows, into)
    return _run_together(session, rows, len(columns), f"{into} VALUES ", " ON CONFLICT DO NOTHING")


def insert_one(session: Session, model: type[Base], columns: Sequence[str], row: Row) -> int | None:
    """Insert `row` and return its id, or None when it is there already."""
    places = ", ".join("?" * len(columns))
    into = f"INSERT INTO {table_of(model).name} ({', '.join(columns)})"
    found = query_rows(session, f"{into} VALUES ({places}) ON CONFLICT DO NOTHING RETURNING id", row)
    return int(found[0][0]) if found else None


def _copy(session: Session, table: Table, columns: Sequence[str], rows: list[Row], into: str) -> int:
    """Bring `rows` in by COPY, which cannot leave out what is there: if any is, through another table."""
    names, types = ", ".join(columns), [_named(table.c[name].type) for name in columns]
    try:
        with session.connection().begin_nested():
            copy_rows(session, f"{table.name} ({names})", types, rows)
    except UniqueViolation:
        return _copy_around(session, table, names, types, rows, into)
    return len(rows)


def _copy_around(
    session: Session, table: Table, names: str, types: list[str], rows: list[Row], into: str
) -> int:
    """Bring in those of `rows` that are new, by a table of this transaction; three times the work."""
    incoming = f"{table.name}_incoming"
    connection = session.connection()
    like = f"SELECT {names} FROM {table.name} WITH NO DATA"  # noqa: S608 - names of our own model
    connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS {incoming} ON COMMIT DROP AS {like}")
    copy_rows(session, f"{incoming} ({names})", types, rows)
    chosen = f"SELECT {names} FROM {incoming} ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own model
    written = connection.exec_driver_sql(f"{into} {chosen}").rowcount
    connection.exec_driver_sql(f"TRUNCATE {incoming}")
    return written


def copy_rows(session: Session, into: str, types: list[str], rows: Iterable[Row]) -> None:
    """Feed `rows` to PostgreSQL's COPY. into: table and columns; types: PostgreSQL's, one for each column."""
    driver = cast("Any", session.connection().connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _named(kind: TypeEngine[Any]) -> str:
    """Return PostgreSQL's name of a column's type."""
    base = getattr(kind, "impl_instance", kind)
    if isinstance(base, LargeBinary):
        return "bytea"
    if isinstance(base, Boolean):
        return "bool"
    if isinstance(base, BigInteger):
        return "int8"
    return "int4" if isinstance(base, Integer) else "text"


@contextmanager
def roomy(session: Session) -> Iterator[None]:
    """Let SQLite keep the pages of a large write in memory; it would write and read them again and again."""
    if postgresql(session):
        yield
        return
    connection = session.connection()
    connection.exec_driver_sql("PRAGMA cache_size = -32768")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA cache_size = -2000")

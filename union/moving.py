"""Roof: a union moves from the embedded database into PostgreSQL, whole or not at all.

Values are copied as they are stored, sealed ones sealed, in the order of their keys and in one transaction of
the new database: where rows lie in it tells no more than the keys do.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, Table, func, select, text

from union.audit import service as audit
from union.core import db
from union.migrate import current, head, load_models, upgrade

AT_ONCE = 1_000
"""Rows read at once: what a move holds in memory."""


class CannotMove(Exception):
    """Nothing was moved; the text says why and what to do."""


def move(source: Path, url: str, say: Callable[[str], None]) -> int:
    """Copy all rows of the SQLite file `source` into the empty PostgreSQL database `url`; return how many.

    Raises CannotMove, and changes nothing, while a process has the file open, when the new database holds
    something already, and when a value does not fit.
    """
    load_models()
    _check(source, url)
    upgrade(url)
    copied = 0
    engine = db.make_engine(url)
    with _alone(source) as old, _closing(engine), db.Database(engine).transaction() as session:
        bare = session.connection().connection.driver_connection
        assert isinstance(bare, psycopg.Connection)  # noqa: S101 - _check has seen the address
        for table in db.Base.metadata.sorted_tables:
            if session.scalar(select(func.count()).select_from(table)):
                raise CannotMove(f"the new database is not empty: {table.name} has rows; make an empty one")
        for table in db.Base.metadata.sorted_tables:
            count = _copy(old, bare, table)
            copied += count
            if count:
                say(f"{table.name}: {count}")
        audit.verify(session)
        # until the server does it by itself, its plans would be made for empty tables
        session.execute(text("ANALYZE"))
    return copied


def _check(source: Path, url: str) -> None:
    if not url.startswith(("postgresql", "postgres://")):
        raise CannotMove("UNION_DATABASE_URL has to be the address of the new PostgreSQL database")
    if not source.is_file():
        raise CannotMove(f"there is no file {source}")
    version = current(f"sqlite:///{source}")
    if version != head():
        raise CannotMove(
            f"{source} has version {version or 'none'}, the newest is {head()}: run `union db migrate` on it "
            f"first, with UNION_DATABASE_URL=sqlite:///{source}"
        )


@contextmanager
def _closing(engine: Engine) -> Iterator[None]:
    """Let go of an engine's connections at the end."""
    try:
        yield
    finally:
        engine.dispose()


@contextmanager
def _alone(source: Path) -> Iterator[sqlite3.Connection]:
    """Open the file while nobody else has it open, and keep it so.

    Only a connection that is alone can leave the write-ahead log; whoever comes later waits for our lock.
    """
    with closing(sqlite3.connect(source, isolation_level=None, timeout=2)) as old:
        try:
            old.execute("PRAGMA journal_mode=DELETE")
            old.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as busy:
            raise CannotMove(
                f"somebody has {source} open: stop the web, the scheduler and whatever else uses it ({busy})"
            ) from busy
        yield old


def _copy(old: sqlite3.Connection, bare: psycopg.Connection, table: Table) -> int:
    """Copy one table's rows and let its numbers go on where they are; return how many."""
    names = [column.name for column in table.columns]
    order = ", ".join(f'"{key.name}"' for key in table.primary_key)
    listed = ", ".join(f'"{name}"' for name in names)
    rows = old.execute(f'SELECT {listed} FROM "{table.name}" ORDER BY {order}')  # noqa: S608 - our own names
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    count = 0
    try:
        with bare.cursor() as cursor, cursor.copy(into) as copy:
            while batch := rows.fetchmany(AT_ONCE):
                for row in batch:
                    copy.write_row(row)
                count += len(batch)
    except psycopg.DataError as bad:
        # the server's own words would hold the value
        raise CannotMove(
            f"a value of {table.name} does not fit ({type(bad).__name__}); nothing was moved"
        ) from bad
    number = table.autoincrement_column
    if number is not None and count:
        ahead = sql.SQL("SELECT setval(pg_get_serial_sequence({}, {}), max({})) FROM {}").format(
            sql.Literal(table.name),
            sql.Literal(number.name),
            sql.Identifier(number.name),
            sql.Identifier(table.name),
        )
        bare.execute(ahead)
    return count

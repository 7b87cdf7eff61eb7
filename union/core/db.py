"""The database: base class, column types, and the one place that commits.

SQLite by default (write transactions begin IMMEDIATE, WAL), PostgreSQL when the union grows. Instants are
stored as integer microseconds since 1970 UTC, so that both databases compare them alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Dialect,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    TextClause,
    bindparam,
    create_engine,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from union.core.outage import committing
from union.core.patience import Patience, watch
from union.core.sealing import vault

__all__ = [
    "EPOCH",
    "WRITES",
    "Base",
    "BigId",
    "Database",
    "Instant",
    "OnlyLooking",
    "SealedText",
    "Session",
    "TypeDecorator",
    "fold_log",
    "glance",
    "insert_rows",
    "insert_tables",
    "install",
    "installed",
    "make_engine",
    "only_look",
    "reading",
    "table_of",
    "to_microseconds",
    "together",
    "transaction",
]

PATIENCE_MS = 15_000
"""How long a statement waits for another's lock on SQLite."""
KEPT_OPEN, MOST_OPEN = 8, 15
"""Connections that stay open in a process, as many as the web has threads; others are closed after use."""
FOLDING_MS = 250
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WRITES = "union_writes"

# SQLite only numbers rows by itself in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """What every model of every room derives from."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for statements that have no use for objects."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - models map to tables
    return table


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as integer microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store; naive datetimes are refused."""
        del dialect
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read back as aware UTC."""
        del dialect
        return None if value is None else EPOCH + value * MICROSECOND


def to_microseconds(value: datetime) -> int:
    """Return whole microseconds since 1970 UTC; raises ValueError for a naive datetime."""
    if value.tzinfo is None:
        msg = "an instant needs a time zone"
        raise ValueError(msg)
    return (value - EPOCH) // MICROSECOND


class SealedText(TypeDecorator[str]):
    """Text encrypted at rest; `purpose` is the column's name and binds the ciphertext to it."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Seal."""
        del dialect
        return None if value is None else vault().seal(value, self.purpose)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """Open; raises sealing.CannotOpen on another key."""
        del dialect
        return None if value is None else vault().open(bytes(value), self.purpose)


def make_engine(url: str, *, patience: float | None = None, **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's
    """Return an engine for `url`; a plain postgresql:// URL gets the psycopg driver.

    patience: seconds after which a PostgreSQL that says nothing is given up; None for as long as it takes.
    """
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
        options = {"pool_timeout": patience, **options} if patience else options
    # the one used last is used next: it has its statements prepared, and rows and plans at hand
    pool = {"pool_size": KEPT_OPEN, "max_overflow": MOST_OPEN - KEPT_OPEN, "pool_use_lifo": True}
    # an error must not carry what people wrote into the log
    engine = create_engine(url, hide_parameters=True, **pool, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        watch(engine, Patience(patience) if patience else None)
    return engine


def _open_sqlite(dbapi_connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own class
    """Hand transaction control to SQLAlchemy, wait for locks, enforce foreign keys, write ahead."""
    del record
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={PATIENCE_MS}",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where we will write: a later upgrade could fail halfway."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def fold_log(engine: Engine) -> bool:
    """Fold SQLite's write-ahead log into the database and empty its file; tell whether nothing is left of it.

    The log keeps the pages of each transaction together and in the order of writing, so a copied file would
    join what one transaction wrote on both sides of a wall. Harmless to repeat: while somebody reads an old
    state it gives up soon and holds nobody up. Other databases have no such file of ours.
    """
    if engine.dialect.name != "sqlite":
        return True
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout={FOLDING_MS}")
        try:
            busy, *_pages = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            cursor.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
            cursor.close()
    finally:
        raw.close()


class Database:
    """An engine and how sessions on it begin and end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writes = engine.execution_options(**{WRITES: True})
        # the embedded database has no way to the server and back to save
        bare = {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {}
        self._bare = engine.execution_options(**bare)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session that writes; commit when the block ends well, else roll back.

        Raises Unanswered where the COMMIT was sent and nobody knows what became of it.
        """
        with Session(self._writes, expire_on_commit=False) as session:
            yield session
            session.flush()
            with committing():
                session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only reads; whatever it holds is rolled back."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Give a connection for one SELECT of columns: one way to the server, not 3, and no objects."""
        with self._bare.connect() as connection:
            yield connection


_installed: list[Database] = []


def install(database: Database) -> None:
    """Make `database` the one that edges use; called once by whoever starts the process."""
    _installed[:] = [database]


def installed() -> Database:
    """Return the installed database."""
    if not _installed:
        msg = "no database installed"
        raise RuntimeError(msg)
    return _installed[0]


class OnlyLooking(Exception):
    """Somebody asked to see a form again, not to send it; nothing may be written on the way."""


_looking: ContextVar[bool] = ContextVar("looking", default=False)


def only_look(*, on: bool) -> None:
    """Let `transaction` refuse from here on, in this request alone; or take that back."""
    _looking.set(on)


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a write transaction on the installed database: for POST views, commands and jobs only.

    Raises OnlyLooking where `only_look` said so.
    """
    if _looking.get():
        raise OnlyLooking
    with installed().transaction() as session:
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """Open a read-only session on the installed database."""
    with installed().reading() as session:
        yield session


@contextmanager
def glance() -> Iterator[Connection]:
    """Open a connection to the installed database for one SELECT, where every request pays for it."""
    with installed().glance() as connection:
        yield connection


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Send the statements of the block to PostgreSQL in one go: none of them may have an answer to read.

    For a transaction that others wait for. Whatever one of them raises is raised at the end of the block.
    """
    bare = session.connection().connection.driver_connection
    if isinstance(bare, psycopg.Connection):
        with bare.pipeline():
            yield
    else:
        yield


Rows = Sequence[Mapping[str, object]]


def insert_rows(session: Session, table: Table, rows: Rows) -> None:
    """Insert rows that all have the same columns by one statement, without objects."""
    insert_tables(session, [(table, rows)])


def insert_tables(session: Session, filled: Sequence[tuple[Table, Rows]]) -> None:
    """Insert rows into tables, of each with the same columns: by one statement where the database can."""
    if len(filled) > 1 and session.get_bind().dialect.name != "postgresql":
        for table, rows in filled:
            insert_rows(session, table, rows)
        return
    shape = tuple((table, tuple(rows[0]), len(rows)) for table, rows in filled)
    values = {
        f"{name}_{t}_{n}": value
        for t, (_, rows) in enumerate(filled)
        for n, row in enumerate(rows)
        for name, value in row.items()
    }
    session.execute(_insertion(shape), values)


@lru_cache(maxsize=64)
def _insertion(shape: tuple[tuple[Table, tuple[str, ...], int], ...]) -> TextClause:
    """INSERT with so many rows, kept as text: SQLAlchemy compiles `values()` of a list anew each time.

    Several tables are joined by WITH: PostgreSQL runs each part whole, whether or not it is asked for.
    """
    parts: list[str] = []
    types: list[BindParameter[Any]] = []
    for t, (table, names, count) in enumerate(shape):
        places = ", ".join(f"({', '.join(f':{name}_{t}_{n}' for name in names)})" for n in range(count))
        parts.append(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {places}")  # noqa: S608 - our own names
        types += [
            bindparam(f"{name}_{t}_{n}", type_=table.c[name].type) for n in range(count) for name in names
        ]
    *before, last = parts
    joined = ", ".join(f"part_{t} AS ({part})" for t, part in enumerate(before))
    return text(f"WITH {joined} {last}" if before else last).bindparams(*types)

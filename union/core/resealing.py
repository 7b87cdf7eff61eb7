"""Seal again, with the newest data key, what older keys sealed: short batches beside a running web.

A row is changed only while it still holds the bytes that were read, so nobody's writing is undone, and rows
that somebody holds are passed by. Killed anywhere it has done some rows and not others: both kinds open.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from union.core.db import Base, SealedText
from union.core.keyring import NAME_BYTES, name_of
from union.core.sealing import CannotOpen, Vault

Key = tuple[object, ...]


@dataclass(frozen=True)
class SealedColumn:
    """A column that is sealed, as the bytes that are stored. purpose: what the sealing is bound to."""

    table: sa.TableClause
    keys: tuple[sa.ColumnClause[object], ...]
    bytes: sa.ColumnClause[bytes]
    purpose: str


@dataclass(frozen=True)
class Batch:
    """One batch done. last: the key to go on after, None at the end. closed: rows that no key here opens."""

    done: int
    closed: int
    last: Key | None


def sealed_columns() -> Iterator[SealedColumn]:
    """Yield every sealed column of every table whose model is loaded."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, SealedText):
                keys = tuple(sa.column(key.name, key.type) for key in table.primary_key)
                stored = sa.column(column.name, sa.LargeBinary)
                bare = sa.table(table.name, *keys, stored)
                yield SealedColumn(
                    bare, tuple(bare.c[k.name] for k in keys), bare.c[column.name], column.type.purpose
                )


def _name(column: SealedColumn) -> sa.Function[bytes]:
    return sa.func.substr(column.bytes, 1, NAME_BYTES, type_=sa.LargeBinary)


def reseal(session: Session, *, column: SealedColumn, vault: Vault, after: Key | None, size: int) -> Batch:
    """Seal the next `size` rows of `column` that another key sealed, in the order of their keys."""
    newest = name_of(vault.ring.keys[0])
    wanted = sa.select(*column.keys, column.bytes).where(column.bytes.is_not(None), _name(column) != newest)
    if after is not None:
        wanted = wanted.where(sa.tuple_(*column.keys) > sa.tuple_(*(sa.literal(part) for part in after)))
    rows = session.execute(
        wanted.order_by(*column.keys)
        .limit(size)
        # whoever writes a row now seals it with the newest key, or leaves it to the next pass
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    done = closed = 0
    for *key, sealed in rows:
        try:
            again = vault.seal(vault.open(bytes(sealed), column.purpose), column.purpose)
        except CannotOpen:
            closed += 1
            continue
        same = [part == value for part, value in zip(column.keys, key, strict=True)]
        write = sa.update(column.table).where(*same, column.bytes == sealed).values({column.bytes: again})
        done += cast("sa.CursorResult[Any]", session.execute(write)).rowcount
    return Batch(done, closed, tuple(rows[-1][:-1]) if len(rows) == size else None)


def count(session: Session, column: SealedColumn, known: Iterable[bytes]) -> Counter[bytes]:
    """Return how many rows of `column` each of the `known` names begins; b"" counts all others."""
    name = _name(column)
    found = sa.case((name.in_(list(known)), name), else_=sa.literal(b"", sa.LargeBinary)).label("name")
    grouped = sa.select(found, sa.func.count()).where(column.bytes.is_not(None)).group_by(sa.text("1"))
    return Counter({bytes(name): rows for name, rows in session.execute(grouped)})


def needing(session: Session, column: SealedColumn, vault: Vault) -> tuple[int, int]:
    """Return how many rows of `column` older keys of `vault` still open, and how many no key of it opens."""
    newest = name_of(vault.ring.keys[0])
    rest = sa.select(column.bytes).where(column.bytes.is_not(None), _name(column) != newest)
    needed = closed = 0
    for (sealed,) in session.execute(rest.execution_options(yield_per=500)):
        try:
            vault.open(bytes(sealed), column.purpose)
        except CannotOpen:
            closed += 1
        else:
            needed += 1
    return needed, closed

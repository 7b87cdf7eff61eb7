"""A row in every table that says it is of one member, put in past the models, so that no verb has a say in it."""

import json
import sqlite3
from contextlib import closing

import sqlalchemy as sa

from union.core import sealing
from union.core.db import Instant, SealedText
from union.core.holding import Holds, stored

FACTS = {
    "inbound_message": {"handled_at": None},
    "board_observer": {"address": None, "address_hash": None},
    "ballot_trustee": {"own_key": None},
    "grievance": {"state": "filed", "wiped_at": None},
}
"""What a row of a member must be to be one: a reply that waits, a watcher without an address, an open case."""


def value(column, member_id, held, n):
    """What SQLite stores for `column` of a row of `member_id`: words that can be recognized, numbers otherwise."""
    kind = column.type
    words = f"words of {column.table.name}.{column.name}"
    sealed = json.dumps({"from": "+31600000000", "body": words}) if column.name == "sealed" else words
    return (
        member_id if held is Holds.MEMBER
        else sealing.vault().seal(sealed, kind.purpose) if isinstance(kind, SealedText)
        else 0 if isinstance(kind, sa.Boolean)
        else kind.enums[0] if isinstance(kind, sa.Enum)
        else n if isinstance(kind, Instant | sa.Integer)
        else "2026-11-01" if isinstance(kind, sa.Date)
        else "{}" if isinstance(kind, sa.JSON)
        else bytes([n % 256]) * 32 if isinstance(kind, sa.LargeBinary)
        else f"{column.name}{n}"[: kind.length or 200]
    )  # fmt: skip


def fill(file, member_id):
    """Put the rows into the SQLite file; return the tables that got one."""
    filled = []
    with closing(sqlite3.connect(file)) as raw:
        for n, one in enumerate(stored(), start=1):
            if not one.of(Holds.MEMBER) or one.name == "member":
                continue
            row = {c.name: value(c, member_id, one.columns[c.name], n) for c in one.table.columns}
            row |= FACTS.get(one.name, {})
            marks = ", ".join("?" * len(row))
            names = ", ".join(f'"{name}"' for name in row)
            raw.execute(f'INSERT INTO "{one.name}" ({names}) VALUES ({marks})', list(row.values()))
            filled.append(one.name)
        raw.commit()
    return filled


def rows_of(session, one, member_id):
    """Rows of a table that name the member."""
    named = sa.or_(*(one.table.c[name] == member_id for name in one.of(Holds.MEMBER)))
    return session.execute(sa.select(one.table).where(named)).mappings().all()

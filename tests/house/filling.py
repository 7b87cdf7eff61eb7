"""A row in every table that says it is of one member, put in past the models, so that no verb has a say in it.

`file`: of SQLite, or an engine of PostgreSQL.
"""

import json
import sqlite3
from contextlib import closing

import sqlalchemy as sa

from union.core import db, sealing
from union.core.db import Instant, SealedText, to_microseconds
from union.core.holding import Holds, stored

FACTS = {
    "inbound_message": {"handled_at": None},
    "board_observer": {"address": None, "address_hash": None},
    "ballot_trustee": {"own_key": None},
    "grievance": {"state": "filed", "wiped_at": None},
    "grievance_note": {"shared": 1},
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
    """Put the rows into the SQLite file, and one into each part of theirs; return the tables that name a member."""
    rows = {}
    for n, one in enumerate(stored(), start=1):
        if (one.of(Holds.MEMBER) and one.name != "member") or is_part(one):
            rows[one.name] = {c.name: value(c, member_id, one.columns[c.name], n) for c in one.table.columns}
            rows[one.name] |= FACTS.get(one.name, {})
    for one in filter(is_part, stored()):
        [link] = [key for key in one.table.foreign_keys if key.column.table.name == one.kept.part_of]
        rows[one.name][link.parent.name] = rows[one.kept.part_of][link.column.name]
    _insert(file, rows.items())
    return [one.name for one in stored() if one.name in rows and not is_part(one)]


def is_part(one):
    return bool(one.kept and one.kept.part_of)


def past_the_models(file):
    """Give a connection to the database itself, on which no key to another table is looked at."""
    if not isinstance(file, sa.Engine):
        return sqlite3.connect(file)
    raw = file.raw_connection()
    raw.cursor().execute("SET session_replication_role = replica")
    return raw


def _insert(file, rows):
    with closing(past_the_models(file)) as raw:
        for table, row in rows:
            columns = db.Base.metadata.tables[table].columns
            values = [bool(told) if isinstance(columns[name].type, sa.Boolean) and told is not None else told
                      for name, told in row.items()]  # fmt: skip
            mark, names = "%s" if isinstance(file, sa.Engine) else "?", ", ".join(f'"{name}"' for name in row)
            marks = ", ".join([mark] * len(row))
            raw.cursor().execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', values)
        raw.commit()
        if isinstance(file, sa.Engine):
            raw.cursor().execute("RESET session_replication_role")
            raw.commit()


def put(file, table, member_id, **facts):
    """Put one row into a table: these facts, the member wherever one is named, else anything."""
    [one] = [one for one in stored() if one.name == table]
    row = {
        c.name: value(c, member_id, Holds.MEMBER if names_one(c) else one.columns[c.name], 1)
        for c in one.table.columns
    }
    row |= {name: to_microseconds(told) if hasattr(told, "tzinfo") else told for name, told in facts.items()}
    _insert(file, [(table, row)])


def names_one(column):
    return any(key.column.table.name == "member" for key in column.foreign_keys)


def rows_of(session, one, member_id):
    """Rows of a table that name the member."""
    named = sa.or_(*(one.table.c[name] == member_id for name in one.of(Holds.MEMBER)))
    return session.execute(sa.select(one.table).where(named)).mappings().all()

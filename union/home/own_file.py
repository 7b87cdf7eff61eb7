"""Everything the union keeps about one member, as one file, made from what each table says of itself.

A table comes in by its own word (`core.holding`): it names its member and says no reason why not. Keyed
hashes, who else had a hand in it, and what only a program opens stay out; tables that do are named with why.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.holding import Holds, Stored, stored
from union.core.permissions import Permission, allow

_LEFT_OUT = {Holds.HASHED, Holds.ACTOR, Holds.MEMBER}


def own_file(session: Session, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return what is kept about the reader (GDPR Art. 15 and 20): table → what it is, until when, rows."""
    allow(actor, Permission.ACCOUNT_OWN)
    kept, absent = {}, {}
    for one in stored():
        if one.kept is None or not one.personal:
            continue
        if one.kept.why_not or not one.of(Holds.MEMBER):
            absent[one.name] = one.kept.why_not
            continue
        rows = _rows(session, one, str(actor.member_id))
        if rows:
            kept[one.name] = {"what": one.why, "kept": one.kept.until, "rows": rows}
    return {"member": actor.member_id, "at": now.isoformat(), "kept": kept, "not_in_this_file": absent}


def _rows(session: Session, one: Stored, member_id: str) -> list[dict[str, Any]]:
    assert one.kept is not None  # noqa: S101 - looked at by the caller
    told = [
        c for c in one.table.columns if one.columns[c.name] not in _LEFT_OUT and c.name not in one.kept.but
    ]
    mine = or_(*(one.table.c[name] == member_id for name in one.of(Holds.MEMBER)))
    found = session.execute(select(*told).where(mine).order_by(*one.table.primary_key.columns))
    return [{column.name: _plain(value) for column, value in zip(told, row, strict=True)} for row in found]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value

"""Everything the union keeps about one member, as one file, made from what each table says of itself.

A table comes in by its own word (`core.holding`): it names its member, or is a part of what does, and says
no reason why not. Keyed hashes, who else had a hand in it, and what only a program opens stay out; tables
that do are named with why.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
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
        if not _told(one):
            absent[one.name] = one.kept.why_not
            continue
        rows = _rows(session, one, _mine(one, str(actor.member_id)))
        if rows:
            kept[one.name] = {"what": one.why, "kept": one.kept.until, "rows": rows}
            if one.kept.why_not:
                kept[one.name]["but"] = one.kept.why_not
    return {"member": actor.member_id, "at": now.isoformat(), "kept": kept, "not_in_this_file": absent}


def _told(one: Stored) -> bool:
    """Tell whether rows of a table are in the file: it names its member, or is a part of what does."""
    assert one.kept is not None  # noqa: S101 - looked at by the caller
    named = bool(one.of(Holds.MEMBER)) or bool(one.kept.part_of)
    return named and (not one.kept.why_not or bool(one.kept.shown))


def _mine(one: Stored, member_id: str) -> ColumnElement[bool]:
    """Return which rows of a table are of the member."""
    assert one.kept is not None  # noqa: S101 - looked at by the caller
    if not one.kept.part_of:
        return or_(*(one.table.c[name] == member_id for name in one.of(Holds.MEMBER)))
    [whole] = [table for table in stored() if table.name == one.kept.part_of]
    [(part, key)] = [
        (link.parent, link.column) for link in one.table.foreign_keys if link.column.table is whole.table
    ]
    theirs = part.in_(select(key).where(_mine(whole, member_id)))
    return and_(theirs, or_(*(one.table.c[name] for name in one.kept.shown))) if one.kept.shown else theirs


def _rows(session: Session, one: Stored, mine: ColumnElement[bool]) -> list[dict[str, Any]]:
    assert one.kept is not None  # noqa: S101 - looked at by the caller
    told = [
        c for c in one.table.columns if one.columns[c.name] not in _LEFT_OUT and c.name not in one.kept.but
    ]
    found = session.execute(select(*told).where(mine).order_by(*one.table.primary_key.columns))
    return [{column.name: _plain(value) for column, value in zip(told, row, strict=True)} for row in found]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value

"""A calling session as the helper sees it.

One person, first name only, the number at the moment of the call.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.permissions import Permission, allow, permits
from union.members import queries as members
from union.organizing import scope
from union.organizing.models import CallAttempt, CallEntry, CallHold, CallList, Prospect
from union.organizing.rules.calling import UNDO_FOR, Kind, first_name, may_call
from union.organizing.service.lists import NO_LIST, list_place, place_of


@dataclass(frozen=True, slots=True)
class MyList:
    """A list that the reader may call from."""

    id: str
    title: str
    place_name: str
    waiting: int


@dataclass(frozen=True, slots=True)
class OnLine:
    """Who is on the reader's line. number: E.164; until: how long nobody else gets them."""

    entry_id: str
    name: str
    number: str
    zone: str
    tries: int
    promised: bool
    prospect: bool
    source: str
    until: datetime


@dataclass(frozen=True, slots=True)
class CallPage:
    """The page of a calling session.

    now_waiting: who could be called now; later: who only later; night: all who wait are where it is night.
    mine: calls the reader finished here; undo: whether the last can be taken back.
    """

    list_id: str
    title: str
    script: str
    open: bool
    on_line: OnLine | None
    people: int
    done: int
    now_waiting: int
    later: int
    night: bool
    next_at: datetime | None
    mine: int
    undo: bool


def _may(actor: Actor, row: CallList) -> bool:
    return permits(actor, Permission.ORGANIZING_CALL, list_place(row.id), *scope.at(place_of(row)))


def my_lists(session: Session, *, actor: Actor, now: datetime) -> list[MyList]:
    """Return the open lists from which the reader may call, where somebody waits; for their own page."""
    if not actor.can(Permission.ORGANIZING_CALL):
        return []
    rows = session.scalars(
        select(CallList)
        .where(CallList.kind == Kind.CALL.value, CallList.closed_at.is_(None), CallList.closes_at > now)
        .order_by(CallList.closes_at)
    )
    mine = [row for row in rows if _may(actor, row)]
    called = scope.names(session, {place for row in mine if (place := place_of(row))})
    waiting = dict(
        session.execute(
            select(CallEntry.list_id, func.count())
            .where(CallEntry.list_id.in_([row.id for row in mine]), CallEntry.done.is_(False))
            .group_by(CallEntry.list_id)
        ).all()
    )
    return [
        MyList(row.id, row.title, called[place] if (place := place_of(row)) else "", waiting[row.id])
        for row in mine
        if waiting.get(row.id)
    ]


def call_page(session: Session, *, actor: Actor, list_id: str, now: datetime) -> CallPage:
    """Return the session of a helper; raises NotAllowed for who helps nowhere, NotFound for other lists."""
    allow(actor, Permission.ORGANIZING_CALL, *actor.places)
    row = session.get(CallList, list_id)
    if row is None or row.kind != Kind.CALL or not _may(actor, row):
        raise NotFound(NO_LIST)
    left = session.execute(
        select(CallEntry.zone, CallEntry.after).where(CallEntry.list_id == row.id, CallEntry.done.is_(False))
    ).all()
    awake = {zone: may_call(now, zone) for zone in {one.zone for one in left}}
    ready = [one for one in left if one.after <= now]
    people = (
        session.scalar(select(func.count()).select_from(CallEntry).where(CallEntry.list_id == row.id)) or 0
    )
    mine, undo = _mine(session, actor, row, now)
    return CallPage(
        list_id=row.id,
        title=row.title,
        script=row.script,
        open=row.closed_at is None and row.closes_at > now,
        on_line=_on_line(session, actor, row, now),
        people=people,
        done=people - len(left),
        now_waiting=sum(1 for one in ready if awake[one.zone]),
        later=len(left) - len(ready),
        night=bool(ready) and not any(awake[one.zone] for one in ready),
        next_at=min((one.after for one in left if one.after > now), default=None),
        mine=mine,
        undo=undo,
    )


def _mine(session: Session, actor: Actor, row: CallList, now: datetime) -> tuple[int, bool]:
    ended = select(func.count(), func.max(CallAttempt.ended_at)).where(
        CallAttempt.helper_id == actor.member_id,
        CallAttempt.outcome.is_not(None),
        CallAttempt.entry_id.in_(select(CallEntry.id).where(CallEntry.list_id == row.id)),
    )
    mine, last = session.execute(ended).one()
    return mine, last is not None and last > now - UNDO_FOR


def _on_line(session: Session, actor: Actor, row: CallList, now: datetime) -> OnLine | None:
    found = session.execute(
        select(CallEntry, CallHold.until)
        .join(CallHold, CallHold.entry_id == CallEntry.id)
        .where(CallEntry.list_id == row.id, CallHold.helper_id == actor.member_id, CallHold.until > now)
    ).first()
    if found is None:
        return None
    entry, until = found
    prospect = session.get(Prospect, entry.person_id)
    if prospect is not None:
        name, number, source = prospect.name, prospect.phone or "", prospect.source
    else:
        contact = next(iter(members.contacts(session, [entry.person_id])), None)
        name, number, source = (contact.name, contact.phone or "", "") if contact else ("", "", "")
    return OnLine(
        entry_id=entry.id,
        name=first_name(name),
        number=number,
        zone=entry.zone,
        tries=entry.tries,
        promised=entry.promised,
        prospect=prospect is not None,
        source=source,
        until=until,
    )

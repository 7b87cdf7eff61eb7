"""What organizing work forgets by itself.

Old talks, closed lists, erased members, prospects without an answer.
"""

from collections import Counter
from datetime import datetime

from sqlalchemy import delete, select, union, update
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members.rules.contact import Reach
from union.organizing.models import (
    CallAttempt,
    CallEntry,
    CallHold,
    CallList,
    ListDraft,
    ListExport,
    NoContact,
    Prospect,
    RatingCount,
    SavedFilter,
    Tagging,
    Talk,
    Task,
)
from union.organizing.rules.calling import KEPT_AFTER_CLOSING
from union.organizing.rules.talks import TALKS_KEPT
from union.organizing.rules.tasks import DONE_KEPT, DUE_KEPT
from union.organizing.service.prospects import DRAFT_LASTS, forget

_AT_ONCE = 500
_THEIRS = (
    Tagging.member_id, Talk.member_id, NoContact.member_id, SavedFilter.owner_id, CallHold.helper_id,
    CallHold.person_id, CallEntry.person_id, ListExport.asked_by, Task.about_id, ListDraft.owner_id,
)  # fmt: skip
"""Columns whose rows go with the person they name."""
_NAMED = (
    Tagging.by_id, Talk.by_id, CallAttempt.helper_id, CallList.created_by, ListExport.agreed_by,
    Task.assignee_id, Task.created_by, Prospect.added_by,
)  # fmt: skip
"""Columns that lose the name while their row stays."""


def fold_talks(session: Session, *, actor: Actor, now: datetime) -> int:
    """Erase talks after half a year; of their assessments a count per chapter and month stays.

    Return how many.
    """
    allow(actor, Permission.ORGANIZING_TICK)
    old = list(
        session.scalars(
            select(Talk)
            .where(Talk.at <= now - TALKS_KEPT)
            .order_by(Talk.at)
            .limit(_AT_ONCE)
            .with_for_update()
        )
    )
    fold(session, old)
    return len(old)


def fold(session: Session, talks: list[Talk]) -> None:
    """Turn talks into counts and delete them."""
    counts = Counter((one.chapter_slug, f"{one.at:%Y-%m}", one.rating) for one in talks if one.rating)
    for (slug, month, rating), n in sorted(counts.items()):
        row = session.get(RatingCount, (slug, month, rating), with_for_update=True)
        if row is None:
            row = RatingCount(chapter_slug=slug, month=month, rating=rating, count=0)
            session.add(row)
        row.count += n
    session.flush()
    session.execute(delete(Talk).where(Talk.id.in_([one.id for one in talks])))


def fold_lists(session: Session, *, actor: Actor, now: datetime) -> int:
    """Close lists whose time is over; a month later erase their people, keeping the numbers.

    Return how many.
    """
    allow(actor, Permission.ORGANIZING_TICK)
    ended = session.scalars(
        select(CallList).where(CallList.closed_at.is_(None), CallList.closes_at <= now).with_for_update()
    ).all()
    for row in ended:
        row.closed_at = row.closes_at
    old = session.scalars(
        select(CallList)
        .where(CallList.closed_at <= now - KEPT_AFTER_CLOSING, CallList.results.is_(None))
        .limit(20)
        .with_for_update()
    ).all()
    for row in old:
        entries = session.execute(
            select(CallEntry.outcome, CallEntry.done).where(CallEntry.list_id == row.id)
        ).all()
        row.results = dict(Counter(outcome or "waiting" for outcome, _ in entries))
        session.execute(delete(CallEntry).where(CallEntry.list_id == row.id))
        session.execute(delete(ListExport).where(ListExport.list_id == row.id))
    session.flush()
    return len(ended) + len(old)


def forget_people(session: Session, *, actor: Actor, now: datetime) -> int:
    """Erase what is kept of members who were erased; return how many members."""
    del now
    allow(actor, Permission.ORGANIZING_TICK)
    known = _everybody(session)
    gone = sorted(known - set(members.chapters_of(session, known)) - _prospects(session, known))
    for start in range(0, len(gone), _AT_ONCE):
        _erase(session, gone[start : start + _AT_ONCE])
    return len(gone)


def _everybody(session: Session) -> set[str]:
    found = session.scalars(union(*(select(column) for column in (*_THEIRS, *_NAMED))))
    return {one for one in found if one}


def _prospects(session: Session, ids: set[str]) -> set[str]:
    return set(session.scalars(select(Prospect.id))) & ids


def _erase(session: Session, ids: list[str]) -> None:
    # talks become counts first: how many were assessed is not the member's any more
    fold(session, list(session.scalars(select(Talk).where(Talk.member_id.in_(ids)))))
    for column in _THEIRS:
        session.execute(delete(column.class_).where(column.in_(ids)))
    for column in _NAMED:
        session.execute(update(column.class_).where(column.in_(ids)).values({column.key: None}))
    session.flush()


def forget_prospects(session: Session, *, actor: Actor, now: datetime) -> int:
    """Erase prospects who did not answer in time and those who joined; return how many."""
    allow(actor, Permission.ORGANIZING_TICK)
    late = list(session.scalars(select(Prospect).where(Prospect.erase_at <= now).limit(_AT_ONCE)))
    for one in late:
        forget(session, one, now)
    left = list(session.scalars(select(Prospect)))
    addresses = {
        (reach, to): one
        for one in left
        for reach, to in ((Reach.EMAIL, one.email), (Reach.SMS, one.phone))
        if to
    }
    joined = {
        addresses[address].id: addresses[address] for address in members.owners(session, list(addresses))
    }
    for one in joined.values():
        forget(session, one, now)
    return len(late) + len(joined)


def forget_rest(session: Session, *, actor: Actor, now: datetime) -> int:
    """Forget uploads after their hour, holds that ran out, tasks done or due long ago; return how many."""
    allow(actor, Permission.ORGANIZING_TICK)
    gone = 0
    for column, moment in (
        (ListDraft.at, now - DRAFT_LASTS), (CallHold.until, now), (Task.done_at, now - DONE_KEPT),
        (Task.due_at, now - DUE_KEPT),
    ):  # fmt: skip
        rows = session.execute(delete(column.class_).where(column <= moment).returning(column))
        gone += len(rows.all())
    return gone

"""A calling session: the next person, the outcome, giving back, undoing.

Invariant: a person is on the line with one helper at a time, whatever lists they stand on. The hold is a row
keyed by the person, so two helpers who ask at the same instant get two people or one of them none.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.organizing import scope
from union.organizing.models import CallAttempt, CallEntry, CallHold, CallList, NoContact, Prospect, Talk
from union.organizing.rules.calling import HELD_FOR, UNDO_FOR, Kind, Outcome, may_call, next_step
from union.organizing.service.lists import NO_LIST, check_open, list_place, locked, place_of
from union.organizing.service.prospects import forget
from union.organizing.service.talks import write_refusal, write_talk

GONE = "gone"
"""The outcome of an entry whose person left, gave the number back or asked not to be contacted meanwhile."""

LOST = msg("Somebody else has this person on the line now. Nothing was written; go on with the next.")


@dataclass(frozen=True)
class Said:
    """What came of a call, as the helper tells it.

    rating and note make a talk where the person was reached.
    """

    outcome: Outcome
    rating: int | None = None
    note: str = ""
    again_at: datetime | None = None


def may_call_from(session: Session, actor: Actor, list_id: str) -> CallList:
    """Return a call list that the actor may call from, locked; raises NotAllowed, NotFound."""
    allow(actor, Permission.ORGANIZING_CALL, *actor.places)
    row = locked(session, list_id)
    allow(actor, Permission.ORGANIZING_CALL, list_place(row.id), *scope.at(place_of(row)))
    if row.kind != Kind.CALL:
        raise NotFound(NO_LIST)
    return row


def next_call(session: Session, *, actor: Actor, list_id: str, now: datetime) -> str | None:
    """Put the next person of the list on the helper's line and return the entry; None when there is nobody.

    Whom the helper has on the line already stays there. Raises Closed, NotAllowed.
    """
    row = may_call_from(session, actor, list_id)
    check_open(row, now)
    mine = session.scalar(
        select(CallHold.entry_id)
        .join(CallEntry, CallEntry.id == CallHold.entry_id)
        .where(CallHold.helper_id == actor.member_id, CallHold.until > now, CallEntry.list_id == row.id)
    )
    if mine is not None:
        return mine
    for entry in _waiting(session, row, now):
        if not reachable(session, entry.person_id):
            entry.done, entry.outcome = True, GONE
        elif hold(session, entry, actor, now):
            session.add(CallAttempt(entry_id=entry.id, helper_id=actor.member_id, at=now))
            session.flush()
            audit.record(
                session, actor=actor, now=now, act="organizing.call", subject=f"list/{row.id}", entry=entry.id
            )
            return entry.id
    session.flush()
    return None


def _waiting(session: Session, row: CallList, now: datetime) -> list[CallEntry]:
    """Return who can be called now, promised calls first, then who was tried least."""
    waiting = select(CallEntry.zone).where(CallEntry.list_id == row.id, CallEntry.done.is_(False)).distinct()
    awake = [zone for zone in session.scalars(waiting) if may_call(now, zone)]
    held = exists().where(CallHold.person_id == CallEntry.person_id, CallHold.until > now)
    return list(
        session.scalars(
            select(CallEntry)
            .where(
                CallEntry.list_id == row.id,
                CallEntry.done.is_(False),
                CallEntry.after <= now,
                CallEntry.zone.in_(awake),
                ~held,
            )
            .order_by(CallEntry.promised.desc(), CallEntry.tries, CallEntry.place)
            .limit(50)
        )
    )


def reachable(session: Session, person_id: str) -> bool:
    """Tell whether somebody may still be called.

    A prospect who is there, or an active member with a number.
    """
    prospect = session.get(Prospect, person_id)
    if prospect is not None:
        return prospect.phone_hash is not None
    if session.get(NoContact, person_id) is not None or not members.active_among(session, [person_id]):
        return False
    contact = next(iter(members.contacts(session, [person_id])), None)
    return contact is not None and bool(contact.phone)


def hold(session: Session, entry: CallEntry, actor: Actor, now: datetime) -> bool:
    """Take the person for the actor; False when another has them, on this list or any other."""
    session.execute(delete(CallHold).where(CallHold.person_id == entry.person_id, CallHold.until <= now))
    try:
        with session.begin_nested():
            session.add(
                CallHold(
                    person_id=entry.person_id,
                    entry_id=entry.id,
                    helper_id=str(actor.member_id),
                    until=now + HELD_FOR,
                )
            )
    except IntegrityError:
        return False
    return True


def _on_my_line(session: Session, actor: Actor, list_id: str, entry_id: str) -> tuple[CallEntry, CallAttempt]:
    """Return the entry that the actor holds, with the attempt that is open.

    Raises Conflict when it is lost.
    """
    entry = session.get(CallEntry, entry_id, with_for_update=True, populate_existing=True)
    held = session.get(CallHold, entry.person_id) if entry is not None else None
    if entry is None or entry.list_id != list_id or held is None:
        raise Conflict(LOST)
    if held.helper_id != actor.member_id or held.entry_id != entry.id:
        raise Conflict(LOST)
    attempt = session.scalar(
        select(CallAttempt)
        .where(
            CallAttempt.entry_id == entry.id,
            CallAttempt.helper_id == actor.member_id,
            CallAttempt.ended_at.is_(None),
        )
        .order_by(CallAttempt.id.desc())
        .limit(1)
    )
    if attempt is None:
        raise Conflict(LOST)
    session.delete(held)
    return entry, attempt


def record_outcome(
    session: Session, *, actor: Actor, list_id: str, entry_id: str, said: Said, now: datetime
) -> None:
    """Write down what came of the call on the line.

    Raises Conflict when the person went to another helper meanwhile, Invalid (field again_at, rating or
    note).
    """
    may_call_from(session, actor, list_id)
    entry, attempt = _on_my_line(session, actor, list_id, entry_id)
    step = next_step(said.outcome, tries=entry.tries + 1, now=now, again_at=said.again_at)
    entry.tries += 1
    entry.done, entry.after, entry.promised, entry.outcome = (
        step.done,
        step.after,
        step.promised,
        said.outcome,
    )
    attempt.outcome, attempt.ended_at = said.outcome, now
    prospect = session.get(Prospect, entry.person_id)
    if prospect is not None and said.outcome is Outcome.REFUSED:
        forget(session, prospect, now)
    member = prospect is None
    if member and said.outcome is Outcome.REACHED and (said.rating is not None or said.note.strip()):
        slug = members.chapters_of(session, [entry.person_id]).get(entry.person_id, "")
        attempt.talk_id = write_talk(
            session, actor=actor, member_id=entry.person_id, chapter_slug=slug, at=now, note=said.note,
            rating=said.rating, now=now,
        )  # fmt: skip
    if member and said.outcome is Outcome.REFUSED:
        write_refusal(session, actor=actor, member_id=entry.person_id, now=now)
    session.flush()


def give_back(session: Session, *, actor: Actor, list_id: str, entry_id: str, now: datetime) -> None:
    """Put the person back without a call; somebody else may get them. Raises Conflict when already lost."""
    may_call_from(session, actor, list_id)
    entry, attempt = _on_my_line(session, actor, list_id, entry_id)
    entry.place = next_place(session, list_id)
    attempt.ended_at = now
    session.flush()


def next_place(session: Session, list_id: str) -> int:
    """Return the place behind everybody of the list."""
    last = session.scalar(
        select(CallEntry.place).where(CallEntry.list_id == list_id).order_by(CallEntry.place.desc()).limit(1)
    )
    return (last or 0) + 1


def undo_outcome(session: Session, *, actor: Actor, list_id: str, now: datetime) -> str:
    """Take back the helper's last outcome of this list and return the entry, on the line again.

    The talk and the wish not to be contacted that came with it go too. Raises Closed after ten minutes,
    Conflict when somebody else has the person, or the helper another person, on the line.
    """
    row = may_call_from(session, actor, list_id)
    check_open(row, now)
    attempt = _last_outcome(session, actor, row, now)
    entry = session.get_one(CallEntry, attempt.entry_id)
    if (
        not members.active_among(session, [entry.person_id])
        and session.get(Prospect, entry.person_id) is None
    ):
        raise Closed(msg("Whoever it was is erased or has left; that call cannot be undone."))
    if session.scalar(select(exists().where(CallHold.helper_id == actor.member_id, CallHold.until > now))):
        raise Conflict(msg("First finish the call that is on your line, or give the person back."))
    if not hold(session, entry, actor, now):
        raise Conflict(LOST)
    _take_back(session, attempt, entry)
    entry.tries, entry.done, entry.after = entry.tries - 1, False, now
    entry.promised, entry.outcome = False, None
    session.flush()
    audit.record(
        session, actor=actor, now=now, act="organizing.undo_call", subject=f"list/{row.id}", entry=entry.id
    )
    return entry.id


def _last_outcome(session: Session, actor: Actor, row: CallList, now: datetime) -> CallAttempt:
    """Return the actor's latest call of this list that has an outcome; raises Closed after ten minutes."""
    attempt = session.scalar(
        select(CallAttempt)
        .join(CallEntry, CallEntry.id == CallAttempt.entry_id)
        .where(
            CallEntry.list_id == row.id,
            CallAttempt.helper_id == actor.member_id,
            CallAttempt.outcome.is_not(None),
        )
        .order_by(CallAttempt.ended_at.desc(), CallAttempt.id.desc())
        .limit(1)
    )
    if attempt is None or attempt.ended_at is None or attempt.ended_at <= now - UNDO_FOR:
        raise Closed(msg("There is nothing of the last ten minutes to undo."))
    return attempt


def _take_back(session: Session, attempt: CallAttempt, entry: CallEntry) -> None:
    """Delete what came with an outcome, and open the attempt again."""
    if attempt.talk_id:
        session.execute(delete(Talk).where(Talk.id == attempt.talk_id))
    if attempt.outcome == Outcome.REFUSED:
        session.execute(
            delete(NoContact).where(NoContact.member_id == entry.person_id, NoContact.at == attempt.ended_at)
        )
    session.execute(
        update(CallAttempt)
        .where(CallAttempt.id == attempt.id)
        .values(outcome=None, ended_at=None, talk_id=None)
        .execution_options(synchronize_session="fetch")
    )

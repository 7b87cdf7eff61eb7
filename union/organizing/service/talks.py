"""Talks: logged, changed or undone for a day; and the wish not to be contacted, which a member can lift.

The log tells that a talk was noted, never what was said.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.notify.service.statements import insert_or_leave
from union.organizing import scope
from union.organizing.models import NoContact, Talk
from union.organizing.rules.talks import check_rating, check_when, may_change, tidy_note


def log_talk(
    session: Session,
    *,
    actor: Actor,
    member_id: str,
    at: datetime,
    note: str,
    rating: int | None,
    now: datetime,
) -> str:
    """Write down a one-to-one talk with a member and return its id; raises NotFound, Invalid."""
    slug = scope.person_here(session, actor, member_id)
    check_when(at, now)
    return write_talk(
        session,
        actor=actor,
        member_id=member_id,
        chapter_slug=slug,
        at=at,
        note=note,
        rating=rating,
        now=now,
    )


def write_talk(
    session: Session,
    *,
    actor: Actor,
    member_id: str,
    chapter_slug: str,
    at: datetime,
    note: str,
    rating: int | None,
    now: datetime,
) -> str:
    """Write a talk's row, for the verbs that have authorized: organizers here, helpers who hold the call."""
    check_rating(rating)
    talk = Talk(
        id=new_id(),
        member_id=member_id,
        chapter_slug=chapter_slug,
        by_id=actor.member_id,
        at=at,
        note=tidy_note(note),
        rating=rating,
        written_at=now,
    )
    session.add(talk)
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.talk", subject=f"member/{member_id}")
    return talk.id


def _own(session: Session, actor: Actor, talk_id: str, now: datetime) -> Talk:
    """Return the actor's own talk, locked; raises NotFound, Closed after a day."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    talk = session.get(Talk, talk_id, with_for_update=True, populate_existing=True)
    if talk is None or talk.by_id != actor.member_id or not scope.sees(actor, talk.chapter_slug):
        raise NotFound(msg("There is no such talk of yours."))
    may_change(talk.written_at, now)
    return talk


def change_talk(
    session: Session,
    *,
    actor: Actor,
    talk_id: str,
    at: datetime,
    note: str,
    rating: int | None,
    now: datetime,
) -> None:
    """Correct one's own talk within a day; raises NotFound, Closed, Invalid."""
    talk = _own(session, actor, talk_id, now)
    check_when(at, now)
    check_rating(rating)
    talk.at, talk.note, talk.rating = at, tidy_note(note), rating
    session.flush()
    audit.record(
        session, actor=actor, now=now, act="organizing.change_talk", subject=f"member/{talk.member_id}"
    )


def undo_talk(session: Session, *, actor: Actor, talk_id: str, now: datetime) -> str:
    """Take one's own talk back within a day and return whose it was; raises NotFound, Closed."""
    talk = _own(session, actor, talk_id, now)
    member_id = talk.member_id
    session.delete(talk)
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.undo_talk", subject=f"member/{member_id}")
    return member_id


def refuse_contact(session: Session, *, actor: Actor, member_id: str, now: datetime) -> None:
    """Note that a member wants no calls and texts of organizers.

    Their own to say, or an organizer's to hear.
    """
    if actor.member_id == member_id:
        allow(actor, Permission.ACCOUNT_OWN)
    else:
        scope.person_here(session, actor, member_id)
    write_refusal(session, actor=actor, member_id=member_id, now=now)


def write_refusal(session: Session, *, actor: Actor, member_id: str, now: datetime) -> None:
    """Write the row, for verbs that have authorized; a second time changes nothing."""
    session.execute(insert_or_leave(session, NoContact).values(member_id=member_id, at=now))
    audit.record(session, actor=actor, now=now, act="organizing.no_contact", subject=f"member/{member_id}")


def allow_contact(session: Session, *, actor: Actor, now: datetime) -> None:
    """Let organizers call and text the actor again; nobody else can say so."""
    allow(actor, Permission.ACCOUNT_OWN)
    row = session.get(NoContact, actor.member_id)
    if row is not None:
        session.delete(row)
        session.flush()
        audit.record(
            session, actor=actor, now=now, act="organizing.contact", subject=f"member/{actor.member_id}"
        )

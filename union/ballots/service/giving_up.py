"""End a count that can never be finished, for want of keys: by two officers, in public, a day apart."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.models import Ballot, RollEntry
from union.ballots.rules import GIVE_UP_AFTER, State
from union.ballots.service import board, words
from union.core.actor import Actor, Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members

SHORTEST, LONGEST = 20, 2000


def ask_to_give_up(
    session: Session, *, actor: Actor, now: datetime, slug: str, note: str, public_url: str
) -> None:
    """Say, as the first officer, that a closed ballot cannot be counted, and tell trustees and officers.

    note: why, in words everybody will read. Nothing ends yet: the trustees have a day to come with their
    share after all, and a second officer must agree. Raises Invalid at "note", Conflict when it was asked.
    """
    ballot = _counting(session, actor, slug)
    if ballot.given_up is not None:
        raise Conflict(msg("An officer has said so already; a second one must agree."))
    note = note.strip()
    if not SHORTEST <= len(note) <= LONGEST:
        raise Invalid(
            msg("Write between %(least)s and %(most)s characters: everybody will read them."),
            field="note",
            least=SHORTEST,
            most=LONGEST,
        )
    ballot.given_up = {"by": actor.member_id, "at": now.isoformat(), "note": note}
    holders = {seat.member_id for seat in board.seats(session, ballot) if seat.member_id}
    words.tell(
        session,
        ballot,
        now=now,
        kind=f"giving-up-{now:%Y%m%d%H%M}",
        template="giving_up",
        member_ids=sorted(holders | set(members.with_role(session, Role.OFFICER))),
        expires_at=now + words.USEFUL,
        shared={"when": now + GIVE_UP_AFTER},
        common={"title": ballot.title, "link": words.address(public_url, ballot)},
    )
    _record(session, ballot, actor, now, "ask_to_give_up")


def keep_counting(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Take back, as any officer, that the ballot cannot be counted."""
    ballot = _counting(session, actor, slug)
    if ballot.given_up is None:
        raise Closed(msg("Nobody has said that this ballot cannot be counted."))
    ballot.given_up = None
    _record(session, ballot, actor, now, "keep_counting")


def give_up(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> None:
    """Agree, as the second officer, that the ballot cannot be counted: it ends without a result, in public.

    The board stays as it is. Everybody on the roll is told; the question may be asked again. Raises Conflict
    for the officer who asked, Closed before the trustees' day is over.
    """
    ballot = _counting(session, actor, slug)
    asked = ballot.given_up
    if asked is None:
        raise Closed(msg("Nobody has said that this ballot cannot be counted."))
    if actor.member_id == asked["by"]:
        raise Conflict(msg("A second officer must agree: you said it yourself."))
    if now < datetime.fromisoformat(asked["at"]) + GIVE_UP_AFTER:
        raise Closed(msg("The trustees have a day to come with their share. Agree after that."))
    board.move(ballot, State.UNCOUNTABLE)
    ballot.concluded_at = now
    ballot.given_up = {**asked, "agreed_by": actor.member_id}
    for seat in board.seats(session, ballot):
        seat.own_key = None
    words.tell(
        session,
        ballot,
        now=now,
        kind="uncountable",
        template="uncountable",
        member_ids=list(session.scalars(select(RollEntry.member_id).where(RollEntry.ballot_id == ballot.id))),
        expires_at=now + timedelta(days=7),
        common={"title": ballot.title, "link": words.address(public_url, ballot)},
    )
    _record(session, ballot, actor, now, "give_up", note=asked["note"], head=ballot.head)


def _counting(session: Session, actor: Actor, slug: str) -> Ballot:
    allow(actor, Permission.BALLOT_RUN)
    if Role.OFFICER not in actor.roles:
        raise NotAllowed(msg("Only an officer can do this."))
    ballot = board.locked(session, slug)
    board.require(ballot, State.CLOSED)
    return ballot


def _record(
    session: Session, ballot: Ballot, actor: Actor, now: datetime, act: str, **facts: str | None
) -> None:
    audit.record(
        session, actor=actor, now=now, act=f"ballots.{act}", subject=f"ballot/{ballot.slug}", **facts
    )

"""Reminding trustees of what they have to do before the opening; who that is, is looked up when it is due."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.ballots import holders
from union.ballots.models import Ballot, BallotTrustee, CeremonyMessage
from union.ballots.service import board, ceremony, keys, words
from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Lane


def owing(session: Session, ballot: Ballot) -> tuple[str, list[BallotTrustee]]:
    """Return what waits, "key" or "test", and the members it waits for; none while it is halted."""
    seats = [seat for seat in board.seats(session, ballot) if seat.member_id is not None]
    if all(seat.public_key is not None for seat in seats):
        return "test", [seat for seat in seats if seat.tested_at is None]
    if ceremony.halted(session, ballot):
        return "key", []
    if ballot.threshold is None:
        return "key", [seat for seat in seats if seat.public_key is None]
    count = (
        select(CeremonyMessage.position, func.count())
        .where(CeremonyMessage.ballot_id == ballot.id)
        .group_by(CeremonyMessage.position)
    )
    sent = {row[0]: row[1] for row in session.execute(count)}
    step = holders.step_at([sent.get(seat.position, 0) for seat in seats])
    return "key", [seat for seat in seats if sent.get(seat.position, 0) < step]


def call_trustees(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> int:
    """Remind the trustees whose part is missing, and name them to the organizer; return how many are told.

    Each of the reminders before the opening goes out once. Phones that sleep are taken along later.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    if board.state_of(ballot) not in keys.KEYS_CAN_COME or ballot.duty_since is None:
        return 0
    due = holders.reminder(ballot.duty_since, ballot.opens_at, now)
    if due is None:
        return 0
    what, seats = owing(session, ballot)
    ballot.trustees_reminded_at = now
    if not seats:
        return 0
    link = words.address(public_url, ballot, f"/{what}")
    awake = words.awake(members.contacts(session, [str(seat.member_id) for seat in seats]), now)
    found = notify.enqueue_many(
        session,
        now=now,
        ref=board.ref(ballot),
        kind=f"trustee-late-{what}-{ballot.ceremony}-{due[0]}",
        template=f"ballots/trustee_late_{what}",
        lane=Lane.BALLOT,
        expires_at=ballot.opens_at,
        recipients=words.recipients(
            awake, shared={"opens": ballot.opens_at}, common={"title": ballot.title, "link": link}
        ),
    )
    if now >= ballot.opens_at - holders.TELL_BEFORE:
        words.tell_organizer(
            session,
            ballot,
            now=now,
            kind=f"trustees-late-{what}-{ballot.ceremony}",
            template=f"trustees_late_{what}",
            expires_at=ballot.opens_at,
            shared={"opens": ballot.opens_at},
            common={
                "title": ballot.title,
                "names": ", ".join(seat.name for seat in seats),
                "link": words.address(public_url, ballot, "/run"),
            },
        )
    return found.written

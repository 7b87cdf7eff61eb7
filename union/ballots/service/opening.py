"""Open a ballot: freeze the rule, write the election record and begin the board. Or call it off."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import extension, presets
from union.ballots.crypto.archive import setup_step
from union.ballots.crypto.canonical import compact
from union.ballots.crypto.election import Election
from union.ballots.extension import Clause
from union.ballots.models import Ballot, BallotWeight, RollEntry
from union.ballots.papers import Asked
from union.ballots.rules import BEFORE_OPENING, State
from union.ballots.service import board, extending, tagging, words
from union.ballots.service.keys import trustees_of
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.notify import service as notify


def open_ballot(
    session: Session, *, actor: Actor, now: datetime, slug: str, untested: Collection[int] = ()
) -> None:
    """Open the ballot for voting, exactly once: at its time by the clock, or now by an organizer.

    The version of the rule valid today is frozen. untested: places of the trustees who have not shown that
    their key still opens things, as the organizer saw and confirmed them; the clock needs no confirmation
    (docs/adr/0009). Raises Closed in another state or past the closing time, Conflict while a key is missing
    or for a trustee without a test who was not confirmed, Invalid when the rule is past its review date and
    no officer confirmed it.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.CREDENTIALS)
    if now >= ballot.closes_at:
        raise Closed(msg("The closing time is over already. Choose new times first."))
    if actor.system and now < ballot.opens_at:
        raise Closed(msg("It is not time yet."))
    today = now.astimezone(ZoneInfo(ballot.zone)).date()
    chosen = presets.in_force(ballot.preset, today)
    if chosen.stale(today) and ballot.rule_confirmed_by is None:
        raise Invalid(msg("The rule is past its review date. An officer must confirm it first."))
    without_test = _without_test(session, ballot)
    if not actor.system and not without_test.keys() <= set(untested):
        raise Conflict(
            msg("These trustees have not tested their keys: %(names)s. Confirm that you open without it."),
            names=", ".join(without_test.values()),
        )
    ballot.rule = extension.frozen(chosen.frozen(), Clause.of(ballot.rule))
    ballot.opened_at = now
    board.move(ballot, State.OPEN)
    _begin_board(session, ballot)
    session.execute(update(RollEntry).where(RollEntry.ballot_id == ballot.id).values(voted=False))
    tagging.forget(session, ballot)
    extending.begin_watch(session, ballot, now)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.open",
        subject=f"ballot/{ballot.slug}",
        fingerprint=ballot.fingerprint,
        eligible=ballot.eligible,
        roll=ballot.roll_hash,
        rule=chosen.id,
        rule_hash=extension.fingerprint(ballot.rule),
        untested=audit.Words(", ".join(without_test.values())),
    )


def _without_test(session: Session, ballot: Ballot) -> dict[int, str]:
    """Return the trustees without a test, {place: name}. Raises Conflict while a key is missing."""
    seats = board.seats(session, ballot)
    if any(seat.public_key is None for seat in seats):
        raise Conflict(msg("Every trustee's key must be here first."))
    return {s.position: s.name for s in seats if s.member_id is not None and s.tested_at is None}


def _begin_board(session: Session, ballot: Ballot) -> None:
    group = board.group_of(ballot)
    trustees = trustees_of(session, ballot)
    election = Election.make(
        uuid=ballot.uuid,
        name=ballot.title,
        description=ballot.intro,
        group=group,
        public_key=trustees.public_key,
        questions=[Asked.from_json(q).recorded() for q in ballot.questions],
    )
    ballot.election, ballot.fingerprint = election.record, election.fingerprint
    listed = compact(board.credentials(session, ballot))
    board.append(session, ballot, setup_step(election.record, trustees.record(), listed))
    session.execute(delete(BallotWeight).where(BallotWeight.ballot_id == ballot.id))


def cancel(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> None:
    """Call the ballot off before it closes, and tell everybody who got a voting code."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    if board.state_of(ballot) not in {*BEFORE_OPENING, State.OPEN}:
        raise Conflict(msg("This ballot can no longer be called off."))
    told = board.state_of(ballot) in {State.CREDENTIALS, State.OPEN}
    board.move(ballot, State.CANCELLED)
    ballot.cancelled_at = now
    notify.cancel(session, now=now, ref=board.ref(ballot))
    roll = select(RollEntry.member_id).where(RollEntry.ballot_id == ballot.id)
    if told:
        words.tell(
            session,
            ballot,
            now=now,
            kind="cancelled",
            template="cancelled",
            member_ids=list(session.scalars(roll)),
            expires_at=now + timedelta(days=2),
            common={"title": ballot.title, "link": words.address(public_url, ballot)},
        )
    session.execute(update(RollEntry).where(RollEntry.ballot_id == ballot.id).values(voted=None))
    session.execute(delete(BallotWeight).where(BallotWeight.ballot_id == ballot.id))
    tagging.forget(session, ballot)
    board.forget_reminders(session, ballot, now)
    ballot.wiped_at = now
    audit.record(session, actor=actor, now=now, act="ballots.cancel", subject=f"ballot/{ballot.slug}")

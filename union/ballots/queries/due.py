"""Which ballots something is due for; the verbs look again under the lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots import holders
from union.ballots.holders import shares_missing
from union.ballots.models import Ballot, BallotPulse, BallotTrustee, PartialDecryption, WaitingReceipt
from union.ballots.queries.one_ballot import rule_is_stale
from union.ballots.rules import State, marks_kept_until, remind_from
from union.ballots.service.mixing import ASK_AGAIN

REMIND_AGAIN = timedelta(minutes=30)
"""How long after a reminder those whose phones slept then are taken along."""


@dataclass(frozen=True)
class Due:
    """Slugs of ballots by what is due."""

    to_open: tuple[str, ...]
    to_close: tuple[str, ...]
    to_conclude: tuple[str, ...]
    to_remind: tuple[str, ...]
    with_receipts: tuple[str, ...]
    to_wipe: tuple[str, ...]
    to_call: tuple[str, ...]
    to_shuffle: tuple[str, ...]
    watched: tuple[str, ...]


def due(session: Session, now: datetime) -> Due:
    """Return what is due at `now`."""
    running = list(session.scalars(select(Ballot).where(Ballot.state == State.OPEN)))
    return Due(
        to_open=_openable(session, now),
        to_close=tuple(b.slug for b in running if b.closes_at <= now),
        to_conclude=_complete(session),
        to_remind=tuple(b.slug for b in running if _reminds(b, now)),
        with_receipts=_slugs(session, Ballot.id.in_(select(WaitingReceipt.ballot_id))),
        to_wipe=_forgettable(session, now),
        to_call=_callable(session, now),
        to_shuffle=_slugs(session, Ballot.state == State.CLOSED, Ballot.shuffle_turn_at <= now - ASK_AGAIN),
        watched=_slugs(
            session,
            Ballot.state == State.OPEN,
            Ballot.closes_at > now,
            Ballot.id.in_(select(BallotPulse.ballot_id)),
        ),
    )


def _slugs(session: Session, *conditions: object) -> tuple[str, ...]:
    return tuple(session.scalars(select(Ballot.slug).where(*conditions).order_by(Ballot.id)))  # type: ignore[arg-type]


def _openable(session: Session, now: datetime) -> tuple[str, ...]:
    """Leave out those whose rule an officer must confirm first, and whose keys are made anew."""
    keyless = select(BallotTrustee.ballot_id).where(BallotTrustee.public_key.is_(None))
    rows = session.scalars(
        select(Ballot).where(
            Ballot.state == State.CREDENTIALS,
            Ballot.opens_at <= now,
            Ballot.closes_at > now,
            Ballot.id.not_in(keyless),
        )
    )
    return tuple(b.slug for b in rows if b.rule_confirmed_by or not rule_is_stale(b, now))


def _callable(session: Session, now: datetime) -> tuple[str, ...]:
    """Return the ballots of which trustees are to be reminded before the opening."""
    rows = session.scalars(
        select(Ballot).where(
            Ballot.state.in_([State.KEYS, State.CREDENTIALS]),
            Ballot.duty_since.is_not(None),
            Ballot.opens_at > now,
            Ballot.opens_at <= now + max(holders.REMIND_BEFORE),
        )
    )
    return tuple(b.slug for b in rows if _calls(b, now))


def _calls(ballot: Ballot, now: datetime) -> bool:
    due = holders.reminder(ballot.duty_since, ballot.opens_at, now) if ballot.duty_since else None
    last = ballot.trustees_reminded_at
    return due is not None and (last is None or last < due[1] or last + REMIND_AGAIN <= now)


def _reminds(ballot: Ballot, now: datetime) -> bool:
    opened = ballot.opened_at or ballot.opens_at
    begins = remind_from(opened, ballot.closes_at) if ballot.extended is None else opened
    if not begins <= now < ballot.closes_at:
        return False
    return ballot.reminded_at is None or ballot.reminded_at + REMIND_AGAIN <= now


def _complete(session: Session) -> tuple[str, ...]:
    rows = session.execute(
        select(Ballot.slug, Ballot.threshold, BallotTrustee.member_id, PartialDecryption.position)
        .join(BallotTrustee, BallotTrustee.ballot_id == Ballot.id)
        .outerjoin(
            PartialDecryption,
            (PartialDecryption.ballot_id == Ballot.id)
            & (PartialDecryption.position == BallotTrustee.position),
        )
        .where(Ballot.state == State.CLOSED)
        .order_by(Ballot.id)
    )
    seats: dict[tuple[str, int | None], list[tuple[bool, bool]]] = {}
    for slug, threshold, member_id, share in rows:
        seats.setdefault((slug, threshold), []).append((member_id is None, share is not None))
    return tuple(slug for (slug, needed), given in seats.items() if not shares_missing(needed, given))


def _forgettable(session: Session, now: datetime) -> tuple[str, ...]:
    rows = session.scalars(
        select(Ballot).where(
            Ballot.state.in_([State.CONCLUDED, State.UNCOUNTABLE]), Ballot.wiped_at.is_(None)
        )
    )
    return tuple(
        b.slug for b in rows if b.concluded_at and marks_kept_until(b.concluded_at, b.contest_days) <= now
    )

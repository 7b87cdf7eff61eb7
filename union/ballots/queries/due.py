"""Which ballots something is due for; the verbs look again under the lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.ballots.models import Ballot, BallotTrustee, PartialDecryption, WaitingReceipt
from union.ballots.queries.pages import rule_is_stale
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
    to_shuffle: tuple[str, ...]


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
        to_shuffle=_slugs(session, Ballot.state == State.CLOSED, Ballot.shuffle_turn_at <= now - ASK_AGAIN),
    )


def _slugs(session: Session, *conditions: object) -> tuple[str, ...]:
    return tuple(session.scalars(select(Ballot.slug).where(*conditions).order_by(Ballot.id)))  # type: ignore[arg-type]


def _openable(session: Session, now: datetime) -> tuple[str, ...]:
    """Leave out those whose rule an officer must confirm first: their pages say so."""
    rows = session.scalars(
        select(Ballot).where(
            Ballot.state == State.CREDENTIALS, Ballot.opens_at <= now, Ballot.closes_at > now
        )
    )
    return tuple(b.slug for b in rows if b.rule_confirmed_by or not rule_is_stale(b, now))


def _reminds(ballot: Ballot, now: datetime) -> bool:
    opened = ballot.opened_at or ballot.opens_at
    if not remind_from(opened, ballot.closes_at) <= now < ballot.closes_at:
        return False
    return ballot.reminded_at is None or ballot.reminded_at + REMIND_AGAIN <= now


def _complete(session: Session) -> tuple[str, ...]:
    seats = select(func.count()).where(BallotTrustee.ballot_id == Ballot.id).scalar_subquery()
    shares = select(func.count()).where(PartialDecryption.ballot_id == Ballot.id).scalar_subquery()
    return _slugs(session, Ballot.state == State.CLOSED, seats == shares)


def _forgettable(session: Session, now: datetime) -> tuple[str, ...]:
    rows = session.scalars(select(Ballot).where(Ballot.state == State.CONCLUDED, Ballot.wiped_at.is_(None)))
    return tuple(
        b.slug for b in rows if b.concluded_at and marks_kept_until(b.concluded_at, b.contest_days) <= now
    )

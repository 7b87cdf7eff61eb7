"""Move the close once, where the clause frozen in the rule says so; and watch whether the service is reached.

The only place that changes the close of an open ballot: it runs in the closing itself, under the ballot's
lock, so votes are counted either before the decision or after it.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import extension
from union.ballots.extension import Clause, Facts
from union.ballots.models import Ballot, BallotPulse, CastBallot, PublicCredential, RollEntry
from union.ballots.rules import BEFORE_OPENING, State
from union.ballots.service import board, words
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed
from union.core.i18n import msg
from union.core.permissions import Permission, allow


def set_extension(
    session: Session, *, actor: Actor, now: datetime, slug: str, clause: Clause | None, public_url: str
) -> None:
    """Say, before voting opens, whether the close may move; None for never. Raises Closed afterwards.

    Who has a voting code already was told a close that stands as far as they know, and hears of the change.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, *BEFORE_OPENING)
    if State(ballot.state) is State.CREDENTIALS and clause != Clause.of(ballot.rule):
        _tell_voters(session, ballot, now, public_url)
    ballot.rule = extension.frozen(ballot.rule, clause)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.set_extension",
        subject=f"ballot/{ballot.slug}",
        rule_hash=extension.fingerprint(ballot.rule),
    )


def _tell_voters(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
    """Tell everybody on the frozen roll that the rule about the close has changed; once for each change."""
    roll = session.scalars(select(RollEntry.member_id).where(RollEntry.ballot_id == ballot.id))
    words.tell(
        session,
        ballot,
        now=now,
        kind=f"clause-{now:%Y%m%d%H%M%S}",
        template="clause",
        member_ids=list(roll),
        expires_at=ballot.closes_at,
        shared={"closes": ballot.closes_at},
        common={"title": ballot.title, "link": words.address(public_url, ballot)},
    )


def begin_watch(session: Session, ballot: Ballot, now: datetime) -> None:
    """Begin to watch an opening ballot whose clause speaks of outages."""
    clause = Clause.of(ballot.rule)
    if clause is not None and clause.outage_minutes is not None:
        session.add(BallotPulse(ballot_id=ballot.id, reached_at=now, away=0))


def reached(session: Session, *, now: datetime, slug: str) -> bool:
    """Note that the service was reached just now and add up the silence before; tell whether it counts."""
    found = session.scalar(
        select(BallotPulse)
        .join(Ballot, Ballot.id == BallotPulse.ballot_id)
        .where(Ballot.slug == slug, Ballot.state == State.OPEN, Ballot.closes_at > now)
        .with_for_update(of=BallotPulse)
    )
    if found is None or now <= found.reached_at:
        return False
    found.away += int(extension.silence(found.reached_at, now).total_seconds())
    found.reached_at = now
    return True


def move_close(session: Session, ballot: Ballot, now: datetime) -> bool:
    """Apply the clause to a locked ballot whose planned close has come; tell whether voting goes on.

    The database's clock decides that it has come, as it does for every vote. Raises Closed before.
    """
    clause = Clause.of(ballot.rule)
    if clause is None or ballot.extended is not None:
        return False
    clock = _clock(session)
    if clock < ballot.closes_at:
        raise Closed(msg("The ballot closes at its time, not before."))
    move = extension.decide(clause, _facts(session, ballot), ballot.closes_at, clock)
    if move is None:
        return False
    ballot.closes_at, ballot.extended, ballot.reminded_at = move.closes, move.as_json(), None
    audit.record(
        session,
        actor=SYSTEM,
        now=now,
        act="ballots.extend",
        subject=f"ballot/{ballot.slug}",
        planned=move.planned.isoformat(),
        closes=move.closes.isoformat(),
        why=" ".join(str(reason) for reason in move.reasons),
        rule_hash=extension.fingerprint(ballot.rule),
    )
    return True


def may_go_on(session: Session, ballot_id: str) -> bool:
    """Tell whether the ballot is open and its clause is still to be applied, so that its close may move."""
    rule = session.scalar(
        select(Ballot.rule).where(
            Ballot.id == ballot_id, Ballot.state == State.OPEN, Ballot.extended.is_(None)
        )
    )
    return rule is not None and Clause.of(rule) is not None


def _clock(session: Session) -> datetime:
    clock = board.CLOCKS[session.get_bind().dialect.name]
    return board.database_clock(session.execute(select(clock)).scalar_one())


def _facts(session: Session, ballot: Ballot) -> Facts:
    used = select(CastBallot.credential).where(CastBallot.ballot_id == ballot.id)
    cast = session.scalar(
        select(func.coalesce(func.sum(PublicCredential.weight), 0)).where(
            PublicCredential.ballot_id == ballot.id, PublicCredential.digest.in_(used)
        )
    )
    eligible = ballot.total_weight if ballot.total_weight is not None else ballot.eligible
    return Facts(int(cast or 0), eligible, _away(session, ballot))


def _away(session: Session, ballot: Ballot) -> timedelta:
    """Return for how long the service was out of reach between the opening and the planned close."""
    found = session.get(BallotPulse, ballot.id)
    if found is None:
        return timedelta(0)
    silent = extension.silence(min(found.reached_at, ballot.closes_at), ballot.closes_at)
    return timedelta(seconds=found.away) + silent

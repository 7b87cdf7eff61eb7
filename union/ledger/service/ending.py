"""How claims end: ninety days after the last step on one, whether or not anybody took the next.

Steps are the round's closing, a decision, a list of payments and what became of it. What was personal goes
then, and so does whose claim it was; sums stay. A claim that nobody decided on or paid ends as lapsed, and
whoever knows the register tells its member.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, delete, func, or_, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.ledger.models import Payout, PayoutBatch, StrikeClaim, StrikeClaimDay, StrikeFund
from union.ledger.rules import BatchState, ClaimState

KEPT = timedelta(days=90)
"""How long what is personal outlives the last step on a claim."""
REMIND_AFTER, WARN_AFTER = timedelta(days=14), timedelta(days=60)
"""When officers are reminded of what waits; when they and the claimants hear by when it must be done."""
_UNFINISHED = (ClaimState.CLAIMED.value, ClaimState.ACCEPTED.value)


@dataclass(frozen=True)
class Waiting:
    """What waits in a round for longer than a while. due: when the first of it ends.

    late: members whose claim was not touched for so long that they are told, by when it ends.
    """

    fund_id: str
    slug: str
    title: str
    zone: str
    undecided: int
    unpaid: int
    due: datetime
    late: dict[datetime, tuple[str, ...]]


@dataclass(frozen=True)
class Lapsed:
    """A claim that ended undecided or unpaid, and whose it was."""

    fund_id: str
    slug: str
    member_id: str


def ends_at(state: ClaimState, decided_at: datetime | None, closed_at: datetime | None) -> datetime | None:
    """Return when a claim on no list of payments ends; None while its round is open, or where it is over."""
    if state not in _UNFINISHED or closed_at is None:
        return None
    accepted = decided_at if state is ClaimState.ACCEPTED else None
    return max(accepted or closed_at, closed_at) + KEPT


def empty(session: Session, row: StrikeClaim, now: datetime) -> None:
    """Wipe what is personal in a claim."""
    row.reason = row.payee = row.iban = row.refusal = None
    row.hardship, row.wiped_at = False, now
    session.execute(delete(StrikeClaimDay).where(StrikeClaimDay.claim_id == row.id))


def _last_step() -> ColumnElement[datetime]:
    listed = func.coalesce(
        PayoutBatch.paid_at, PayoutBatch.exported_at, PayoutBatch.approved_at, PayoutBatch.proposed_at
    )
    accepted = StrikeClaim.state == ClaimState.ACCEPTED.value
    return case(
        (StrikeClaim.state == ClaimState.REFUSED.value, StrikeClaim.decided_at),
        (Payout.id.is_not(None), listed),
        (accepted & (StrikeClaim.decided_at > StrikeFund.closed_at), StrikeClaim.decided_at),
        else_=StrikeFund.closed_at,
    )


def _untouched(since: datetime) -> Select[StrikeClaim, StrikeFund, datetime]:
    """Select claims, their rounds and the last step on them, where that was before `since`."""
    last = _last_step()
    return (
        select(StrikeClaim, StrikeFund, last)
        .join(StrikeFund, StrikeFund.id == StrikeClaim.fund_id)
        .outerjoin(Payout, Payout.claim_id == StrikeClaim.id)
        .outerjoin(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(last < since)
        .order_by(StrikeClaim.id)
    )


def _unfinished() -> ColumnElement[bool]:
    return StrikeClaim.state.in_(_UNFINISHED) & Payout.id.is_(None)


def wipe(session: Session, *, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Wipe claims that are over, ninety days after the last step on them, and whose they were.

    Return how many. Those that nobody finished are not over: `lapse` ends them.
    """
    allow(actor, Permission.FUND_TICK)
    theirs = or_(StrikeClaim.wiped_at.is_(None), StrikeClaim.member_id.is_not(None))
    query = _untouched(now - KEPT).where(theirs, ~_unfinished()).limit(limit)
    gone = session.scalars(query.with_for_update(of=StrikeClaim, skip_locked=True)).all()
    for row in gone:
        empty(session, row, now)
        row.member_id = None
    return len(gone)


def lapse(session: Session, *, actor: Actor, now: datetime, limit: int = 200) -> list[Lapsed]:
    """End and wipe the claims that nobody decided on or paid for ninety days; return those to be told.

    A list of payments that nobody approved for as long is dropped first.
    """
    allow(actor, Permission.FUND_TICK)
    _drop_old_lists(session, actor, now)
    query = _untouched(now - KEPT).where(_unfinished()).limit(limit)
    # with its round, or an officer could put on a list of payments what ends at that moment
    held = query.with_for_update(of=[StrikeClaim, StrikeFund], skip_locked=True)
    found = session.execute(held).all()
    told = [Lapsed(fund.id, fund.slug, row.member_id) for row, fund, _ in found if row.member_id]
    for row, fund, _ in found:
        empty(session, row, now)
        row.state, row.decided_at, row.member_id = ClaimState.LAPSED.value, now, None
        audit.record(
            session, actor=actor, now=now, act="ledger.lapse_claim", subject=f"fund/{fund.slug}", claim=row.id
        )
    session.flush()
    return told


def _drop_old_lists(session: Session, actor: Actor, now: datetime) -> None:
    old = (PayoutBatch.state == BatchState.PROPOSED.value, PayoutBatch.proposed_at < now - KEPT)
    rows = session.execute(
        select(PayoutBatch, StrikeFund.slug)
        .join(StrikeFund, StrikeFund.id == PayoutBatch.fund_id)
        .where(*old)
        .with_for_update(of=PayoutBatch, skip_locked=True)
    )
    for batch, slug in rows.all():
        batch.state = BatchState.CANCELLED.value
        session.execute(delete(Payout).where(Payout.batch_id == batch.id))
        audit.record(
            session, actor=actor, now=now, act="ledger.cancel_payout", subject=f"fund/{slug}", batch=batch.id
        )
    session.flush()


def waiting(session: Session, now: datetime) -> list[Waiting]:
    """Return the rounds in which somebody waits for a decision or for money, two weeks or more."""
    unpaid = (
        StrikeClaim.state.in_(_UNFINISHED) & PayoutBatch.paid_at.is_(None) & StrikeClaim.wiped_at.is_(None)
    )
    query = _untouched(now - REMIND_AFTER).where(unpaid).add_columns(PayoutBatch.exported_at)
    rows = session.execute(query).all()
    funds = {fund.id: fund for _, fund, _, _ in rows}
    return [
        _round(fund, [(row, last, sent) for row, of, last, sent in rows if of.id == fund.id], now)
        for fund in funds.values()
    ]


def _round(
    fund: StrikeFund, claims: list[tuple[StrikeClaim, datetime, datetime | None]], now: datetime
) -> Waiting:
    late: dict[datetime, tuple[str, ...]] = {}
    for row, last, sent in claims:
        # what the bank has may well be paid: only officers hear that nobody said so
        if row.member_id and sent is None and last < now - WARN_AFTER:
            late[last + KEPT] = (*late.get(last + KEPT, ()), row.member_id)
    undecided = sum(row.state == ClaimState.CLAIMED for row, _, _ in claims)
    return Waiting(
        fund_id=fund.id,
        slug=fund.slug,
        title=fund.title,
        zone=fund.zone,
        undecided=undecided,
        unpaid=len(claims) - undecided,
        due=min(last for _, last, _ in claims) + KEPT,
        late=late,
    )

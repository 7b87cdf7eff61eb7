"""Rounds of strike pay, claims and lists of payments as members and officers read them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits
from union.ledger.models import Payout, PayoutBatch, StrikeClaim, StrikeClaimDay, StrikeFund
from union.ledger.rules import BatchState, ClaimState, FundState, PayRule
from union.ledger.service.books import available
from union.ledger.service.ending import ends_at
from union.ledger.service.funds import NO_FUND, Draft


@dataclass(frozen=True)
class FundCard:
    """A round in a list."""

    slug: str
    title: str
    state: FundState
    zone: str
    claims_until: datetime
    mine: ClaimState | None


@dataclass(frozen=True)
class ClaimPage:
    """A member's own claim. paid: cents on a list of payments, None while on none; owed: under the rule.

    ends_at: when it ends by itself unless somebody decides on it or pays it.
    """

    id: str
    state: ClaimState
    hardship: bool
    reason: str
    payee: str
    iban: str
    days: tuple[date, ...]
    paid_days: int
    owed: int
    paid: int | None
    batch: BatchState | None
    refusal: str
    ends_at: datetime | None


@dataclass(frozen=True)
class FundPage:
    """A round as a member sees it."""

    card: FundCard
    rule: PayRule
    rule_hash: str | None
    subject: str
    mine: ClaimPage | None
    may_claim: bool


@dataclass(frozen=True)
class BatchCard:
    """A list of payments in a list. Names of officers are ids: the books do not know the register."""

    id: str
    state: BatchState
    total: int
    owed: int
    payments: int
    proposed_at: datetime
    approved_at: datetime | None
    mine: bool


@dataclass(frozen=True)
class ClaimRow:
    """A claim as an officer sees it. own: it is the officer's own."""

    id: str
    payee: str
    state: ClaimState
    hardship: bool
    reason: str
    days: int
    paid_days: int
    owed: int
    listed: bool
    own: bool
    wiped: bool


@dataclass(frozen=True)
class RunPage:
    """A round as an officer runs it. available: cents that may still be promised.

    due: when the first claim that waits for a decision or a payment ends by itself.
    """

    card: FundCard
    rule: PayRule
    rule_hash: str | None
    claims: tuple[ClaimRow, ...]
    counts: dict[ClaimState, int]
    owed: int
    available: int
    batches: tuple[BatchCard, ...]
    due: datetime | None


@dataclass(frozen=True)
class PayoutLine:
    """One payment of a list."""

    id: str
    payee: str
    iban: str
    owed: int
    cents: int
    hardship: bool


@dataclass(frozen=True)
class BatchPage:
    """One list of payments. refusal: why the reader cannot approve it, None when they can."""

    fund: FundCard
    batch: BatchCard
    available: int
    exports: int
    lines: tuple[PayoutLine, ...]
    refusal: str | None


def _card(row: StrikeFund, mine: str | None = None) -> FundCard:
    return FundCard(
        row.slug,
        row.title,
        FundState(row.state),
        row.zone,
        row.claims_until,
        ClaimState(mine) if mine else None,
    )


def _found(session: Session, slug: str, actor: Actor) -> StrikeFund:
    row = session.scalar(select(StrikeFund).where(StrikeFund.slug == slug))
    if row is None or (row.state == FundState.DRAFT and not permits(actor, Permission.FUND_RUN)):
        raise NotFound(NO_FUND)
    return row


def listing(session: Session, actor: Actor) -> list[FundCard]:
    """Return the rounds, newest first; drafts are the officers'."""
    query = select(StrikeFund).order_by(StrikeFund.created_at.desc()).limit(100)
    if not permits(actor, Permission.FUND_RUN):
        query = query.where(StrikeFund.state != FundState.DRAFT.value)
    rows = list(session.scalars(query))
    mine: dict[str, str] = {  # noqa: C416 - rows are no pairs to the type checker
        fund_id: state
        for fund_id, state in session.execute(
            select(StrikeClaim.fund_id, StrikeClaim.state).where(StrikeClaim.member_id == actor.member_id)
        )
    }
    return [_card(row, mine.get(row.id)) for row in rows]


def draft_of(session: Session, slug: str, actor: Actor) -> Draft:
    """Return a round's facts to edit or copy; raises NotFound."""
    allow(actor, Permission.FUND_RUN)
    row = _found(session, slug, actor)
    return Draft(row.title, row.subject, row.zone, PayRule.thawed(row.rule), row.claims_until)


def fund_page(session: Session, slug: str, actor: Actor, now: datetime) -> FundPage:
    """Return a round with the reader's own claim; raises NotFound."""
    row = _found(session, slug, actor)
    mine = claim_page(session, slug, actor)
    is_open = row.state == FundState.OPEN and now < row.claims_until
    return FundPage(
        card=_card(row, mine.state if mine else None),
        rule=PayRule.thawed(row.rule),
        rule_hash=row.rule_hash,
        subject=row.subject,
        mine=mine,
        may_claim=is_open and (mine is None or mine.state in {ClaimState.CLAIMED, ClaimState.WITHDRAWN}),
    )


def claim_page(session: Session, slug: str, actor: Actor) -> ClaimPage | None:
    """Return the reader's own claim on a round, None without one."""
    fund = _found(session, slug, actor)
    if actor.member_id is None:
        return None
    row = session.scalar(
        select(StrikeClaim).where(StrikeClaim.fund_id == fund.id, StrikeClaim.member_id == actor.member_id)
    )
    if row is None:
        return None
    rule = PayRule.thawed(fund.rule)
    days = tuple(
        session.scalars(
            select(StrikeClaimDay.day).where(StrikeClaimDay.claim_id == row.id).order_by(StrikeClaimDay.day)
        )
    )
    payout = session.execute(
        select(Payout.cents, PayoutBatch.state)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
        .where(Payout.claim_id == row.id)
    ).one_or_none()
    return ClaimPage(
        id=row.id,
        state=ClaimState(row.state),
        hardship=row.hardship,
        reason=row.reason or "",
        payee=row.payee or "",
        iban=row.iban or "",
        days=days,
        paid_days=rule.paid_days(days),
        owed=rule.due(days),
        paid=payout.cents if payout else None,
        batch=BatchState(payout.state) if payout else None,
        refusal=row.refusal or "",
        ends_at=None if payout else ends_at(ClaimState(row.state), row.decided_at, fund.closed_at),
    )


def run_page(session: Session, slug: str, actor: Actor) -> RunPage:
    """Return a round for those who run it: every claim, what is owed, what there is."""
    allow(actor, Permission.FUND_RUN)
    fund = _found(session, slug, actor)
    rule = PayRule.thawed(fund.rule)
    days: dict[str, list[date]] = {}
    for claim_id, day in session.execute(
        select(StrikeClaimDay.claim_id, StrikeClaimDay.day)
        .join(StrikeClaim, StrikeClaim.id == StrikeClaimDay.claim_id)
        .where(StrikeClaim.fund_id == fund.id)
    ):
        days.setdefault(claim_id, []).append(day)
    listed = set(
        session.scalars(
            select(Payout.claim_id)
            .join(StrikeClaim, StrikeClaim.id == Payout.claim_id)
            .where(StrikeClaim.fund_id == fund.id)
        )
    )
    rows = session.scalars(
        select(StrikeClaim)
        .where(StrikeClaim.fund_id == fund.id, StrikeClaim.state != ClaimState.WITHDRAWN.value)
        .order_by(StrikeClaim.hardship.desc(), StrikeClaim.claimed_at, StrikeClaim.id)
    ).all()
    claims = tuple(
        ClaimRow(
            id=row.id,
            payee=row.payee or "",
            state=ClaimState(row.state),
            hardship=row.hardship,
            reason=row.reason or "",
            days=len(days.get(row.id, ())),
            paid_days=rule.paid_days(days.get(row.id, ())),
            owed=rule.due(days.get(row.id, ())),
            listed=row.id in listed,
            own=row.member_id is not None and row.member_id == actor.member_id,
            wiped=row.wiped_at is not None,
        )
        for row in rows
    )
    ends = (
        ends_at(ClaimState(row.state), row.decided_at, fund.closed_at) for row in rows if row.id not in listed
    )
    counts = {state: sum(1 for c in claims if c.state is state) for state in ClaimState}
    owed = sum(c.owed for c in claims if c.state is ClaimState.ACCEPTED and not c.listed)
    return RunPage(
        card=_card(fund),
        rule=rule,
        rule_hash=fund.rule_hash,
        claims=claims,
        counts=counts,
        owed=owed,
        available=available(session),
        batches=_batches(session, fund, actor),
        due=min((one for one in ends if one), default=None),
    )


def _batches(session: Session, fund: StrikeFund, actor: Actor) -> tuple[BatchCard, ...]:
    rows = session.scalars(
        select(PayoutBatch).where(PayoutBatch.fund_id == fund.id).order_by(PayoutBatch.proposed_at.desc())
    )
    return tuple(_batch_card(session, row, actor) for row in rows)


def _batch_card(session: Session, row: PayoutBatch, actor: Actor) -> BatchCard:
    payments = session.scalar(select(func.count()).select_from(Payout).where(Payout.batch_id == row.id)) or 0
    return BatchCard(
        id=row.id,
        state=BatchState(row.state),
        total=row.total,
        owed=row.owed,
        payments=payments,
        proposed_at=row.proposed_at,
        approved_at=row.approved_at,
        mine=row.proposed_by == actor.member_id,
    )


def batch_page(session: Session, batch_id: str, actor: Actor) -> BatchPage:
    """Return a list of payments with every line; raises NotFound."""
    allow(actor, Permission.FUND_RUN)
    row = session.get(PayoutBatch, batch_id)
    if row is None:
        raise NotFound(msg("There is no such list of payments."))
    pairs = session.execute(
        select(Payout, StrikeClaim)
        .join(StrikeClaim, StrikeClaim.id == Payout.claim_id)
        .where(Payout.batch_id == batch_id)
        .order_by(StrikeClaim.hardship.desc(), Payout.id)
    ).all()
    refusal = None
    if row.proposed_by == actor.member_id:
        refusal = msg("You proposed this list: a second officer must approve it.")
    elif any(claim.member_id == actor.member_id for _, claim in pairs):
        refusal = msg("You are paid by this list: an officer who is not must approve it.")
    return BatchPage(
        fund=_card(session.get_one(StrikeFund, row.fund_id)),
        batch=_batch_card(session, row, actor),
        available=row.available,
        exports=row.exports,
        lines=tuple(
            PayoutLine(p.id, c.payee or "", c.iban or "", p.owed, p.cents, c.hardship) for p, c in pairs
        ),
        refusal=refusal,
    )

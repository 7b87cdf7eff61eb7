"""Lists of payments: worked out to the cent, approved by a second officer, exported, paid once."""

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.money import CURRENCY, plain
from union.core.permissions import Permission, allow
from union.ledger import rules
from union.ledger.models import Payout, PayoutBatch, StrikeClaim, StrikeClaimDay, StrikeFund
from union.ledger.rules import (
    BANK,
    CSV_COLUMNS,
    PAYABLE,
    STRIKE_PAY,
    BatchState,
    ClaimState,
    Due,
    FundState,
    PayRule,
    Step,
)
from union.ledger.service.books import available, book, lock_bank
from union.ledger.service.funds import locked


def propose(session: Session, *, actor: Actor, now: datetime, slug: str) -> str:
    """Work out who is paid what from what there is, and return the list's id; another officer approves it.

    Raises Conflict while claims come in, when nothing is owed, or when there is nothing to pay with.
    """
    allow(actor, Permission.FUND_RUN)
    fund = locked(session, slug)
    lock_bank(session)
    if fund.state != FundState.CLOSED:
        raise Conflict(
            msg("Claims on this round are not closed yet: hardship can only come first when all are in.")
        )
    rule = PayRule.thawed(fund.rule)
    dues = [due for due in _dues(session, fund, rule) if due.cents]
    if not dues:
        raise Conflict(msg("No accepted claim is left to pay."))
    means = available(session)
    shares = {
        name: cents
        for name, cents in rules.allocate(means, dues, hardship_first=rule.hardship_first).items()
        if cents
    }
    if not shares:
        raise Conflict(msg("There is no money to pay with: nothing is available in the fund."))
    owed = {due.claim_id: due.cents for due in dues}
    batch = PayoutBatch(
        fund_id=fund.id,
        state=BatchState.PROPOSED.value,
        available=means,
        owed=sum(owed.values()),
        total=sum(shares.values()),
        proposed_by=str(actor.member_id),
        proposed_at=now,
    )
    session.add(batch)
    session.flush()
    session.add_all(
        Payout(batch_id=batch.id, claim_id=claim_id, cents=cents, owed=owed[claim_id])
        for claim_id, cents in sorted(shares.items())
    )
    session.flush()
    _record(session, batch, fund, "propose", actor, now, total=batch.total, payments=len(shares))
    return batch.id


def _dues(session: Session, fund: StrikeFund, rule: PayRule) -> list[Due]:
    rows = session.execute(
        select(StrikeClaim.id, StrikeClaim.hardship, StrikeClaimDay.day)
        .join(StrikeClaimDay, StrikeClaimDay.claim_id == StrikeClaim.id)
        .where(
            StrikeClaim.fund_id == fund.id,
            StrikeClaim.state == ClaimState.ACCEPTED.value,
            ~exists().where(Payout.claim_id == StrikeClaim.id),
        )
    )
    days: dict[tuple[str, bool], list[object]] = {}
    for claim_id, hardship, day in rows:
        days.setdefault((claim_id, hardship), []).append(day)
    return [Due(name, rule.due(claimed), hard) for (name, hard), claimed in sorted(days.items())]  # type: ignore[arg-type]


def _batch(session: Session, batch_id: str) -> tuple[PayoutBatch, StrikeFund]:
    batch = session.get(PayoutBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound(msg("There is no such list of payments."))
    return batch, session.get_one(StrikeFund, batch.fund_id)


def _move(batch: PayoutBatch, step: Step) -> None:
    batch.state = rules.batch_after(BatchState(batch.state), step).value


def approve(session: Session, *, actor: Actor, now: datetime, batch_id: str) -> None:
    """Approve a list as the second officer and book it.

    Raises NotAllowed for whoever proposed it and for whoever is paid by it.
    """
    allow(actor, Permission.FUND_RUN)
    lock_bank(session)
    batch, fund = _batch(session, batch_id)
    rules.batch_after(BatchState(batch.state), Step.APPROVE)
    if batch.proposed_by == actor.member_id:
        raise NotAllowed(msg("You proposed this list: a second officer must approve it."))
    mine = select(Payout.id).join(StrikeClaim, StrikeClaim.id == Payout.claim_id)
    if session.scalar(mine.where(Payout.batch_id == batch.id, StrikeClaim.member_id == actor.member_id)):
        raise NotAllowed(msg("You are paid by this list: an officer who is not must approve it."))
    _move(batch, Step.APPROVE)
    batch.approved_by, batch.approved_at = actor.member_id, now
    session.flush()
    _book(
        session,
        fund,
        actor,
        now,
        lines={STRIKE_PAY: batch.total, PAYABLE: -batch.total},
        ref=f"payout:{batch.id}",
    )
    _record(session, batch, fund, "approve", actor, now, total=batch.total)


def cancel(session: Session, *, actor: Actor, now: datetime, batch_id: str) -> None:
    """Drop a list that nobody approved; its claims may be paid by another."""
    allow(actor, Permission.FUND_RUN)
    lock_bank(session)
    batch, fund = _batch(session, batch_id)
    _move(batch, Step.CANCEL)
    session.execute(delete(Payout).where(Payout.batch_id == batch.id))
    _record(session, batch, fund, "cancel", actor, now)


def export(session: Session, *, actor: Actor, now: datetime, batch_id: str) -> str:
    """Return the approved list as CSV for the bank; every export is the same file with the same references.

    Columns are named after the credit transfer message pain.001 (ISO 20022).
    """
    allow(actor, Permission.FUND_RUN)
    batch, fund = _batch(session, batch_id)
    rows = session.execute(
        select(Payout, StrikeClaim)
        .join(StrikeClaim, StrikeClaim.id == Payout.claim_id)
        .where(Payout.batch_id == batch.id)
        .order_by(Payout.id)
    ).all()
    if any(claim.wiped_at is not None for _, claim in rows):
        raise Conflict(msg("The account numbers of this list are wiped, ninety days after its last step."))
    _move(batch, Step.EXPORT)
    batch.exported_at, batch.exports = now, batch.exports + 1
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    on = (batch.approved_at or now).astimezone(ZoneInfo(fund.zone)).date().isoformat()
    for payout, claim in rows:
        writer.writerow(
            (batch.id, payout.id, on, CURRENCY, plain(payout.cents), rules.cell(claim.payee or ""),
             claim.iban or "", f"Ref {payout.id}")
        )  # fmt: skip
    _record(session, batch, fund, "export", actor, now, exports=batch.exports)
    return out.getvalue()


def confirm_paid(session: Session, *, actor: Actor, now: datetime, batch_id: str) -> None:
    """Say that the bank has carried out the list, once, and book it."""
    allow(actor, Permission.FUND_RUN)
    lock_bank(session)
    batch, fund = _batch(session, batch_id)
    _move(batch, Step.CONFIRM)
    batch.paid_at = now
    session.flush()
    _book(session, fund, actor, now, lines={PAYABLE: batch.total, BANK: -batch.total}, ref=f"paid:{batch.id}")
    _record(session, batch, fund, "paid", actor, now, total=batch.total)


def _book(
    session: Session, fund: StrikeFund, actor: Actor, now: datetime, *, lines: dict[str, int], ref: str
) -> None:
    """Book a step of a list on the fund's own day."""
    day = now.astimezone(ZoneInfo(fund.zone)).date()
    book(session, actor=actor, now=now, booked_on=day, text=fund.title, lines=lines, ref=ref)


def _record(
    session: Session,
    batch: PayoutBatch,
    fund: StrikeFund,
    act: str,
    actor: Actor,
    now: datetime,
    **facts: int,
) -> None:
    audit.record(
        session,
        actor=actor,
        now=now,
        act=f"ledger.{act}_payout",
        subject=f"fund/{fund.slug}",
        batch=batch.id,
        **facts,
    )

"""Claims on strike pay: made by the member, with consent, decided by an officer."""

import hashlib
from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.ledger import rules
from union.ledger.models import Payout, PayoutBatch, StrikeClaim, StrikeClaimDay, StrikeFund
from union.ledger.rules import BatchState, ClaimState, FundState, PayRule
from union.ledger.service.ending import empty
from union.ledger.service.funds import locked

CONSENT = msg(
    "I say of my own accord on which days I took part, and that officers of the union may read it to pay me."
)
NO_CLAIM = msg("There is no such claim.")


def consent_hash() -> str:
    """Return the SHA-256 (hex) of the words a member consents to."""
    return hashlib.sha256(CONSENT.encode()).hexdigest()


def claim(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    days: Collection[date],
    payee: str,
    iban: str,
    hardship: bool,
    reason: str,
    consent: bool,
) -> str:
    """Make or change one's own claim while the round is open and nobody decided on it; return its id.

    Nothing is looked up: no check-in is joined to it. Raises Invalid at the field, Closed, Conflict.
    """
    allow(actor, Permission.FUND_CLAIM)
    fund = locked(session, slug)
    rules.must_be_open(FundState(fund.state))
    if now >= fund.claims_until:
        raise Closed(msg("Claims on this round are closed."))
    if not consent:
        raise Invalid(msg("Without your consent we cannot keep a claim."), field="consent")
    rule = PayRule.thawed(fund.rule)
    claimed = rules.check_days(rule, days, now.astimezone(ZoneInfo(fund.zone)).date())
    if not payee.strip():
        raise Invalid(msg("Whose account is it?"), field="payee")
    if hardship and not reason.strip():
        raise Invalid(msg("Say in a few words why you are paid first."), field="reason")
    number = rules.iban(iban)
    row = session.scalar(
        select(StrikeClaim)
        .where(StrikeClaim.fund_id == fund.id, StrikeClaim.member_id == actor.member_id)
        .with_for_update()
    )
    if row is None:
        row = StrikeClaim(fund_id=fund.id, member_id=actor.member_id, claimed_at=now)
        session.add(row)
    elif row.state in {ClaimState.ACCEPTED, ClaimState.REFUSED}:
        raise Conflict(msg("An officer has decided on your claim: ask them to change it."))
    row.state, row.hardship, row.claimed_at = ClaimState.CLAIMED.value, hardship, now
    row.reason = reason.strip() if hardship else None
    row.payee, row.iban, row.consent_hash = payee.strip(), number, consent_hash()
    row.wiped_at = None  # one made again after it was withdrawn must be wiped again
    session.flush()
    session.execute(delete(StrikeClaimDay).where(StrikeClaimDay.claim_id == row.id))
    session.add_all(StrikeClaimDay(claim_id=row.id, day=day) for day in claimed)
    session.flush()
    # The log names the round and the claim's own number, never the member.
    audit.record(session, actor=_nobody(), now=now, act="ledger.claim", subject=f"fund/{slug}", claim=row.id)
    return row.id


def _nobody() -> Actor:
    return Actor()


def withdraw(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Take one's claim back before it is on a list of payments; what was personal in it is wiped at once."""
    allow(actor, Permission.FUND_CLAIM)
    fund = locked(session, slug)
    row = session.scalar(
        select(StrikeClaim)
        .where(StrikeClaim.fund_id == fund.id, StrikeClaim.member_id == actor.member_id)
        .with_for_update()
    )
    if row is None or row.state == ClaimState.WITHDRAWN:
        raise NotFound(NO_CLAIM)
    if session.scalar(select(exists().where(Payout.claim_id == row.id))):
        raise Conflict(msg("Your claim is on a list of payments already."))
    row.state = ClaimState.WITHDRAWN.value
    empty(session, row, now)
    audit.record(
        session, actor=_nobody(), now=now, act="ledger.withdraw_claim", subject=f"fund/{slug}", claim=row.id
    )


def decide(
    session: Session, *, actor: Actor, now: datetime, claim_id: str, accept: bool, refusal: str = ""
) -> None:
    """Accept or refuse a claim, with a reason the member reads; may be changed until it is on a list.

    Raises NotAllowed for one's own claim.
    """
    allow(actor, Permission.FUND_RUN)
    row = session.get(StrikeClaim, claim_id, with_for_update=True, populate_existing=True)
    if row is None or row.state == ClaimState.WITHDRAWN:
        raise NotFound(NO_CLAIM)
    if row.wiped_at is not None:
        raise Conflict(msg("This claim is over and wiped. It can only be made again, in a new round."))
    if row.member_id == actor.member_id:
        raise NotAllowed(msg("Nobody decides on their own claim: ask another officer."))
    if session.scalar(select(exists().where(Payout.claim_id == row.id))):
        raise Conflict(msg("This claim is on a list of payments already."))
    if not accept and not refusal.strip():
        raise Invalid(msg("Give the member a reason."), field="refusal")
    row.state = (ClaimState.ACCEPTED if accept else ClaimState.REFUSED).value
    row.refusal = None if accept else refusal.strip()
    row.decided_at, row.decided_by = now, actor.member_id
    fund = session.get_one(StrikeFund, row.fund_id)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ledger.accept_claim" if accept else "ledger.refuse_claim",
        subject=f"fund/{fund.slug}",
        claim=row.id,
    )


def accept_all(session: Session, *, actor: Actor, now: datetime, slug: str) -> int:
    """Accept every claim that waits and is owed something, but one's own; return how many."""
    allow(actor, Permission.FUND_RUN)
    fund = locked(session, slug)
    rule = PayRule.thawed(fund.rule)
    waiting = session.scalars(
        select(StrikeClaim)
        .where(StrikeClaim.fund_id == fund.id, StrikeClaim.state == ClaimState.CLAIMED.value)
        .order_by(StrikeClaim.id)
        .with_for_update()
    )
    accepted = 0
    for row in list(waiting):
        days = session.scalars(select(StrikeClaimDay.day).where(StrikeClaimDay.claim_id == row.id))
        if row.member_id != actor.member_id and rule.due(days):
            row.state, row.decided_at, row.decided_by = ClaimState.ACCEPTED.value, now, actor.member_id
            accepted += 1
    audit.record(
        session, actor=actor, now=now, act="ledger.accept_claims", subject=f"fund/{slug}", accepted=accepted
    )
    return accepted


def forget_member(session: Session, *, now: datetime, member_id: str) -> int:
    """Erase a member from the books: claims lose the member and all that is personal; sums paid stay.

    Called by whoever erases the member; a claim on an unpaid list keeps its bank details until that is paid.
    """
    rows = list(
        session.scalars(select(StrikeClaim).where(StrikeClaim.member_id == member_id).with_for_update())
    )
    unpaid = set(
        session.scalars(
            select(Payout.claim_id)
            .join(PayoutBatch, PayoutBatch.id == Payout.batch_id)
            .where(Payout.claim_id.in_([r.id for r in rows]), PayoutBatch.state != BatchState.PAID.value)
        )
    )
    for row in rows:
        if row.id not in unpaid:
            empty(session, row, now)
        row.member_id = None
    session.flush()
    return len(rows)

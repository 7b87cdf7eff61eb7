"""A round of strike pay from draft to closed. Its rule is frozen by hash when claims open."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id, slugify
from union.core.permissions import Permission, allow
from union.core.zones import is_zone
from union.ledger.models import StrikeFund
from union.ledger.rules import FundState, PayRule
from union.ledger.service.books import ensure_chart

TAKEN = frozenset({"books", "contribute", "new", "payments"})
"""Addresses of other pages beside the rounds."""
NO_FUND = msg("There is no such round of strike pay.")


@dataclass(frozen=True)
class Draft:
    """What an officer writes. claims_until: aware UTC; zone: where the days of the strike are counted."""

    title: str
    subject: str
    zone: str
    rule: PayRule
    claims_until: datetime


def locked(session: Session, slug: str) -> StrikeFund:
    """Return the round with its row locked until the transaction ends; raises NotFound."""
    found = session.scalar(
        select(StrikeFund)
        .where(StrikeFund.slug == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(NO_FUND)
    return found


def create_fund(session: Session, *, actor: Actor, now: datetime, draft: Draft) -> str:
    """Write a draft and return its slug; raises Invalid at the form's field."""
    allow(actor, Permission.FUND_RUN)
    _check(draft, now)
    ensure_chart(session)
    slug = slugify(draft.title)
    if slug in TAKEN or session.scalar(select(exists().where(StrikeFund.slug == slug))):
        slug = f"{slug}-{new_id()[:5]}"
    fund = StrikeFund(slug=slug, state=FundState.DRAFT.value, created_by=actor.member_id, created_at=now)
    _fill(fund, draft)
    session.add(fund)
    session.flush()
    audit.record(session, actor=actor, now=now, act="ledger.create_fund", subject=f"fund/{slug}")
    return slug


def edit_fund(session: Session, *, actor: Actor, now: datetime, slug: str, draft: Draft) -> None:
    """Change a draft; raises Closed once members may have counted on it."""
    allow(actor, Permission.FUND_RUN)
    fund = locked(session, slug)
    if fund.state != FundState.DRAFT:
        raise Closed(msg("Claims are open: the rule is fixed."))
    _check(draft, now)
    _fill(fund, draft)
    audit.record(session, actor=actor, now=now, act="ledger.edit_fund", subject=f"fund/{slug}")


def _fill(fund: StrikeFund, draft: Draft) -> None:
    fund.title, fund.subject, fund.zone = draft.title, draft.subject, draft.zone
    fund.rule, fund.claims_until = draft.rule.frozen(), draft.claims_until


def _check(draft: Draft, now: datetime) -> None:
    if not is_zone(draft.zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=draft.zone)
    draft.rule.check()
    if draft.claims_until <= now:
        raise Invalid(msg("The last moment to claim must lie ahead."), field="claims_until")


def open_fund(session: Session, *, actor: Actor, now: datetime, slug: str) -> str:
    """Open claims: freeze the rule and return its hash."""
    allow(actor, Permission.FUND_RUN)
    fund = locked(session, slug)
    if fund.state != FundState.DRAFT:
        raise Closed(msg("This round was opened already."))
    if fund.claims_until <= now:
        raise Invalid(msg("The last moment to claim must lie ahead."), field="claims_until")
    fund.rule_hash = PayRule.thawed(fund.rule).hash
    fund.state, fund.opened_at = FundState.OPEN.value, now
    audit.record(
        session, actor=actor, now=now, act="ledger.open_fund", subject=f"fund/{slug}", hash=fund.rule_hash
    )
    return fund.rule_hash


def close_fund(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """End claims before their time."""
    allow(actor, Permission.FUND_RUN)
    fund = locked(session, slug)
    if fund.state != FundState.OPEN:
        raise Closed(msg("Only an open round can be closed."))
    fund.state, fund.closed_at = FundState.CLOSED.value, now
    audit.record(session, actor=actor, now=now, act="ledger.close_fund", subject=f"fund/{slug}")


def close_due(session: Session, *, actor: Actor, now: datetime) -> int:
    """Close the rounds whose last moment has passed, each once; return how many."""
    allow(actor, Permission.FUND_TICK)
    due = session.scalars(
        update(StrikeFund)
        .where(StrikeFund.state == FundState.OPEN.value, StrikeFund.claims_until <= now)
        .values(state=FundState.CLOSED.value, closed_at=now)
        .returning(StrikeFund.slug)
    )
    closed = list(due)
    for slug in closed:
        audit.record(session, actor=actor, now=now, act="ledger.close_fund", subject=f"fund/{slug}")
    return len(closed)

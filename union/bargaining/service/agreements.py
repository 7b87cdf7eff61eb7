"""An agreement from draft to its end: frozen by hash, ratified by members, in force, ended."""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots import queries as ballots
from union.bargaining.models import (
    Agreement,
    AgreementClause,
    BargainingTable,
    Obligation,
)
from union.bargaining.rules import agreements as rules
from union.bargaining.rules import wording
from union.bargaining.rules.agreements import Clause, Concession, Every, Side, State, Terms, Turn
from union.bargaining.service import common
from union.bargaining.service.common import drop_reminders, plan_reminders, record
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg, translate
from union.core.permissions import Permission, allow

BEFORE_END = (timedelta(days=90), timedelta(days=30), timedelta(days=7))
BEFORE_OBLIGATION = (timedelta(days=7), timedelta(days=1), timedelta(0))
NO_AGREEMENT = msg("There is no such agreement.")


def found(session: Session, slug: str) -> tuple[BargainingTable, Agreement]:
    """Return an agreement and its table, both locked until the transaction ends; raises NotFound."""
    row = session.scalar(
        select(Agreement)
        .where(Agreement.slug == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(NO_AGREEMENT)
    return common.locked_by_id(session, row.table_id), row


def terms_of(session: Session, row: Agreement) -> Terms:
    """Return what an agreement says as the rules know it."""
    clauses = session.scalars(
        select(AgreementClause).where(AgreementClause.agreement_id == row.id).order_by(AgreementClause.number)
    )
    duties = session.scalars(
        select(Obligation)
        .where(Obligation.agreement_id == row.id, Obligation.turn == 0)
        .order_by(Obligation.due_on, Obligation.clause, Obligation.title)
    )
    return Terms(
        title=row.title,
        union_party=row.union_party,
        platform_party=row.platform_party,
        preamble=row.preamble,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        clauses=tuple(
            Clause(c.number, c.heading, c.text, c.demand_id, Concession(c.concession), c.clause_id)
            for c in clauses
        ),
        obligations=tuple(
            rules.Obligation(o.clause, o.title, Side(o.who), o.due_on, Every(o.every)) for o in duties
        ),
    )


def move(
    session: Session,
    table: BargainingTable,
    row: Agreement,
    by: Turn,
    *,
    actor: Actor,
    now: datetime,
    **facts: str | int,
) -> None:
    """Take a turn of an agreement and record it; raises Closed where the rules refuse."""
    before = State(row.state)
    row.state = rules.after(before, by).value
    record(
        session,
        table,
        f"agreement_{by.value}",
        actor=actor,
        now=now,
        agreement=row.slug,
        before=before.value,
        **facts,
    )


def agree(session: Session, *, actor: Actor, now: datetime, slug: str) -> str:
    """Say that both sides agree on this text, subject to the members: freeze it and return its hash.

    Raises Invalid, naming what is missing.
    """
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    rules.after(State(row.state), Turn.AGREE)
    terms = terms_of(session, row)
    rules.check_terms(terms)
    if row.ends_at is not None and row.ends_at <= now:
        raise Invalid(msg("The last day of this agreement has passed already."), field="ends_on")
    row.text = wording.agreement_text(terms, partial(translate, row.language))
    row.hash = wording.digest(row.text)
    row.agreed_at = now
    move(session, table, row, Turn.AGREE, actor=actor, now=now, hash=row.hash)
    return row.hash


def reopen(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Take a tentative or rejected text back to a draft."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    if ballots.held_again(session, f"agreement/{slug}") is not None:
        raise Closed(msg("The vote on this text is being held again: call that vote off first."))
    move(session, table, row, Turn.REOPEN, actor=actor, now=now)
    row.text = row.hash = row.agreed_at = row.vote = row.ballot_slug = row.decided_at = None


def abandon(session: Session, *, actor: Actor, now: datetime, slug: str, why: str) -> None:
    """Give an agreement up that members have not ratified."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    _why(why)
    move(session, table, row, Turn.ABANDON, actor=actor, now=now)
    row.over_at, row.over_why = now, why.strip()


def _why(why: str) -> None:
    if not why.strip():
        raise Invalid(msg("Tell members why."), field="why")


def entering(session: Session, now: datetime) -> list[str]:
    """Return the slugs of ratified agreements whose first day has come."""
    return list(
        session.scalars(
            select(Agreement.slug).where(Agreement.state == State.RATIFIED.value, Agreement.starts_at <= now)
        )
    )


def enter(session: Session, *, actor: Actor, now: datetime, slug: str) -> bool:
    """Put a ratified agreement in force once its first day has come, set its demands, plan its reminders."""
    allow(actor, Permission.BARGAINING_TICK)
    table, row = found(session, slug)
    if row.state != State.RATIFIED or row.starts_at > now:
        return False
    move(session, table, row, Turn.ENTER, actor=actor, now=now)
    row.in_force_at = now
    for clause in terms_of(session, row).clauses:
        if clause.demand_id and clause.concession is not Concession.NONE:
            with suppress(Closed):  # the demand took this step before, or the campaign has ended
                campaigning.move_demand(
                    session,
                    demand_id=clause.demand_id,
                    actor=SYSTEM,
                    status=clause.concession.value,
                    now=now,
                    note=row.title,
                )
    for duty in session.scalars(select(Obligation).where(Obligation.agreement_id == row.id)):
        remind_of(session, table, row, duty, now)
    if row.ends_at is not None:
        plan_reminders(
            session,
            table,
            ref=f"agreement/{row.slug}"[:80],
            title=msg("An agreement ends: renew it in time"),
            path=f"/agreements/{row.slug}",
            about_at=row.ends_at,
            now=now,
            before=BEFORE_END,
        )
    return True


def remind_of(
    session: Session, table: BargainingTable, row: Agreement, duty: Obligation, now: datetime
) -> None:
    """Plan the reminders of one obligation."""
    plan_reminders(
        session,
        table,
        ref=f"obligation/{duty.id}",
        title=duty.title,
        path=f"/agreements/{row.slug}/obligations/{duty.id}",
        about_at=duty.due_at,
        now=now,
        before=BEFORE_OBLIGATION,
    )


def ending(session: Session, now: datetime) -> list[str]:
    """Return the slugs of agreements in force whose last day is over."""
    return list(
        session.scalars(
            select(Agreement.slug).where(Agreement.state == State.IN_FORCE.value, Agreement.ends_at <= now)
        )
    )


def end(session: Session, *, actor: Actor, now: datetime, slug: str) -> bool:
    """End an agreement whose last day is over."""
    allow(actor, Permission.BARGAINING_TICK)
    table, row = found(session, slug)
    if row.state != State.IN_FORCE or row.ends_at is None or row.ends_at > now:
        return False
    move(session, table, row, Turn.END, actor=actor, now=now)
    row.over_at = now
    return True


def terminate(session: Session, *, actor: Actor, now: datetime, slug: str, why: str) -> None:
    """End a ratified agreement before its time, and tell why."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    _why(why)
    move(session, table, row, Turn.TERMINATE, actor=actor, now=now)
    row.over_at, row.over_why = now, why.strip()
    drop_reminders(session, f"agreement/{row.slug}"[:80])
    for duty_id in session.scalars(select(Obligation.id).where(Obligation.agreement_id == row.id)).all():
        drop_reminders(session, f"obligation/{duty_id}")

"""Holding them to it: what is due, whether it was kept, and who is told."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from union.bargaining.models import Agreement, BargainingTable, Obligation, ObligationCheck, TableReminder
from union.bargaining.rules import agreements as rules
from union.bargaining.rules.agreements import Every, Kept, Side, State
from union.bargaining.service import common
from union.bargaining.service.agreements import found, remind_of
from union.bargaining.service.common import SENT, WAITING, drop_reminders, record
from union.bargaining.service.drafting import make_obligation
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg, translate
from union.core.permissions import Permission, allow
from union.members import queries as members

LATE_REMINDERS = timedelta(days=3)
"""A reminder that comes later than this after what it is about helps nobody."""


def check_obligation(
    session: Session, *, actor: Actor, now: datetime, obligation_id: str, result: str, note: str
) -> None:
    """Write down whether an obligation was kept, late or breached, with the evidence."""
    allow(actor, Permission.BARGAINING_SIT)
    duty = session.get(Obligation, obligation_id)
    if duty is None:
        raise NotFound(msg("There is no such obligation."))
    row = session.get_one(Agreement, duty.agreement_id)
    table = common.locked_by_id(session, row.table_id)
    session.refresh(duty, with_for_update=True)
    common.must_help(session, table, actor, now)
    if State(row.state) not in {State.IN_FORCE, State.ENDED, State.TERMINATED}:
        raise Closed(msg("The agreement is not in force: nothing is owed yet."))
    if result not in set(Kept) - {Kept.OPEN}:
        raise Invalid(msg("Say whether it was kept."), field="result")
    rules.check_obligation(Kept(duty.state), Kept(result), due_passed=now >= duty.due_at, note=note)
    duty.state = result
    session.add(
        ObligationCheck(obligation_id=duty.id, at=now, by=actor.member_id, result=result, note=note.strip())
    )
    if result == Kept.KEPT:
        drop_reminders(session, f"obligation/{duty.id}")
    record(session, table, "check_obligation", actor=actor, now=now, obligation=duty.id, result=result)
    session.flush()


def roll_due(session: Session, now: datetime) -> list[str]:
    """Return the ids of recurring obligations whose day is over and whose next turn is not written down."""
    later = aliased(Obligation)
    return list(
        session.scalars(
            select(Obligation.id)
            .join(Agreement, Agreement.id == Obligation.agreement_id)
            .where(
                Agreement.state == State.IN_FORCE.value,
                Obligation.every != "",
                Obligation.due_at <= now,
                ~exists().where(later.root_id == Obligation.root_id, later.turn == Obligation.turn + 1),
            )
            .order_by(Obligation.due_at, Obligation.id)
        )
    )


def roll(session: Session, *, actor: Actor, now: datetime, obligation_id: str) -> bool:
    """Write down the next turn of a recurring obligation, once, unless the agreement ends before."""
    allow(actor, Permission.BARGAINING_TICK)
    duty = session.get_one(Obligation, obligation_id)
    agreement = session.get_one(Agreement, duty.agreement_id)
    table, row = found(session, agreement.slug)
    if row.state != State.IN_FORCE or not duty.every:
        return False
    turn = duty.turn + 1
    if session.scalar(
        select(Obligation.id).where(Obligation.root_id == duty.root_id, Obligation.turn == turn)
    ):
        return False
    first = session.scalar(select(Obligation).where(Obligation.root_id == duty.root_id, Obligation.turn == 0))
    assert first is not None  # noqa: S101 - the root is the first
    fact = rules.Obligation(first.clause, first.title, Side(first.who), first.due_on, Every(first.every))
    made = make_obligation(row, fact, duty.root_id, turn)
    if row.ends_on is not None and made.due_on > row.ends_on:
        return False
    session.add(made)
    session.flush()
    remind_of(session, table, row, made, now)
    record(session, table, "roll_obligation", actor=actor, now=now, obligation=made.id, turn=turn)
    return True


def send_reminders(session: Session, *, actor: Actor, now: datetime, public_url: str, limit: int = 50) -> int:
    """Send the reminders that are due, each once however many ask; return how many."""
    allow(actor, Permission.BARGAINING_TICK)
    due = list(
        session.scalars(
            select(TableReminder)
            .where(TableReminder.state == WAITING, TableReminder.due_at <= now)
            .order_by(TableReminder.due_at, TableReminder.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    sent = 0
    for reminder in due:
        taken = session.scalar(
            update(TableReminder)
            .where(TableReminder.id == reminder.id, TableReminder.state == WAITING)
            .values(state=SENT)
            .returning(TableReminder.id)
            .execution_options(synchronize_session=False)
        )
        if taken is None or now - reminder.about_at > LATE_REMINDERS:
            continue
        table = session.get_one(BargainingTable, reminder.table_id)
        people = {*common.team_ids(session, table.id, now), *members.organizers(session)}
        for person in members.contacts(session, people):
            common.write_to(
                session,
                [person.member_id],
                now=now,
                ref=f"reminder:{reminder.id}",
                kind="reminder",
                template="bargaining/reminder",
                fields={
                    "what": translate(person.language, reminder.title),
                    "link": f"{public_url}{reminder.path}",
                },
                moment=common.said(reminder.about_at, table.zone),
                zone=table.zone,
            )
        sent += 1
    session.expire_all()
    return sent

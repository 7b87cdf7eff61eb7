"""What every verb of this room starts and ends with: the locked row, who may, reminders, the log."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.bargaining.models import BargainingTable, TableReminder, TeamSeat
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotAllowed, NotFound
from union.core.i18n import msg, place, when
from union.core.permissions import Permission, permits
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane

NO_TABLE = msg("There is no such bargaining table.")
NOT_SEATED = msg("You do not sit at this table: ask an organizer to seat you with a mandate.")
USEFUL = timedelta(days=3)
WAITING, SENT, DROPPED = "waiting", "sent", "dropped"


def locked(session: Session, slug: str) -> BargainingTable:
    """Return the table with its row locked until the transaction ends; raises NotFound."""
    found = session.scalar(
        select(BargainingTable)
        .where(BargainingTable.slug == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(NO_TABLE)
    return found


def locked_by_id(session: Session, table_id: str) -> BargainingTable:
    """Return the same by id."""
    found = session.get(BargainingTable, table_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(NO_TABLE)
    return found


def must_be_open(table: BargainingTable) -> None:
    """Raise Closed once the table is closed."""
    if table.closed_at is not None:
        raise Closed(msg("This table is closed."))


def seat_of(session: Session, table: BargainingTable, actor: Actor) -> TeamSeat | None:
    """Return the actor's seat, whether or not its mandate still runs; None for who has none or left."""
    if actor.member_id is None:
        return None
    return session.scalar(
        select(TeamSeat).where(
            TeamSeat.table_id == table.id, TeamSeat.member_id == actor.member_id, TeamSeat.left_at.is_(None)
        )
    )


def sits(session: Session, table: BargainingTable, actor: Actor, now: datetime) -> bool:
    """Tell whether the actor bargains here now, by a mandate in force."""
    seat = seat_of(session, table, actor)
    return actor.active and seat is not None and (seat.until is None or now < seat.until)


def must_sit(session: Session, table: BargainingTable, actor: Actor, now: datetime) -> None:
    """Let pass who sits by a mandate in force; raises NotAllowed, or Closed naming the day it ended."""
    seat = seat_of(session, table, actor)
    if seat is None:
        raise NotAllowed(NOT_SEATED)
    if seat.until is not None and now >= seat.until:
        raise Closed(
            msg("Your mandate for this table ended on %(day)s. Ask an organizer to renew it."),
            day=when(seat.until, table.zone, actor.language),
        )


def helps(session: Session, table: BargainingTable, actor: Actor, now: datetime) -> bool:
    """Tell whether the actor does the paperwork here: an organizer, or somebody who sits."""
    return permits(actor, Permission.BARGAINING_RUN) or sits(session, table, actor, now)


def must_help(session: Session, table: BargainingTable, actor: Actor, now: datetime) -> None:
    """Let organizers and those who sit pass; raises NotAllowed, or Closed for an expired mandate."""
    if not permits(actor, Permission.BARGAINING_RUN):
        must_sit(session, table, actor, now)


def ahead(moment: datetime, now: datetime, field: str) -> None:
    """Raise Invalid at `field` for a moment that has passed."""
    if moment <= now:
        raise Invalid(msg("This moment has passed already."), field=field)


def knows_holidays(country: str) -> bool:
    """Tell whether we know the public holidays of a country."""
    return country.upper() in holidays.list_supported_countries()


def holidays_of(country: str, *years: int) -> frozenset[date]:
    """Return the public holidays of a country as dates; none, which its pages say, for one we do not know."""
    if not knows_holidays(country):
        return frozenset()
    return frozenset(holidays.country_holidays(country.upper(), years=sorted(set(years))))


def record(
    session: Session,
    table: BargainingTable,
    act: str,
    *,
    actor: Actor,
    now: datetime,
    **facts: str | int | bool | None,
) -> None:
    """Write one act at the table to the audit log."""
    audit.record(
        session, actor=actor, now=now, act=f"bargaining.{act}", subject=f"bargaining/{table.slug}", **facts
    )


def plan_reminders(
    session: Session,
    table: BargainingTable,
    *,
    ref: str,
    title: str,
    path: str,
    about_at: datetime,
    now: datetime,
    before: Sequence[timedelta],
) -> None:
    """Write down when the team is reminded, replacing what was planned; past moments are left out."""
    drop_reminders(session, ref)
    there = {
        row.due_at: row for row in session.scalars(select(TableReminder).where(TableReminder.ref == ref))
    }
    for span in before:
        due_at = about_at - span
        if due_at <= now:
            continue
        row = there.get(due_at)
        if row is None:
            row = TableReminder(table_id=table.id, ref=ref, due_at=due_at, state=WAITING)
            session.add(row)
        elif row.state == SENT:
            continue
        row.title, row.path, row.about_at, row.state = title[:240], path, about_at, WAITING
    session.flush()


def drop_reminders(session: Session, ref: str) -> None:
    """Take back what is not sent yet about something."""
    session.execute(
        update(TableReminder)
        .where(TableReminder.ref == ref, TableReminder.state == WAITING)
        .values(state=DROPPED)
        .execution_options(synchronize_session="fetch")
    )


def team_ids(session: Session, table_id: str, now: datetime) -> list[str]:
    """Return the members who sit at the table by a mandate in force, in order of id."""
    return list(
        session.scalars(
            select(TeamSeat.member_id)
            .where(
                TeamSeat.table_id == table_id,
                TeamSeat.left_at.is_(None),
                (TeamSeat.until.is_(None)) | (TeamSeat.until > now),
            )
            .order_by(TeamSeat.member_id)
        )
    )


def write_to(
    session: Session,
    member_ids: Iterable[str],
    *,
    now: datetime,
    ref: str,
    kind: str,
    template: str,
    fields: dict[str, str],
    moment: datetime | None = None,
    zone: str = "UTC",
) -> int:
    """Email members, each in their own language and zone; return how many were written to.

    moment: shown as the field "when", in the member's zone and, where it differs, in `zone` too.
    """
    written = 0
    for person in members.contacts(session, list(member_ids)):
        if person.email is None:
            continue
        shown = dict(fields)
        if moment is not None:
            shown["when"] = when(moment, person.zone, person.language)
            if place(zone, "en") != place(person.zone, "en"):
                shown["when"] += f" ({when(moment, zone, person.language)})"
        sent = notify.enqueue(
            session,
            now=now,
            ref=ref,
            kind=kind,
            member_id=person.member_id,
            channel=Channel.EMAIL,
            to=person.email,
            language=person.language,
            zone=person.zone,
            template=template,
            fields=shown,
            lane=Lane.NEWS,
            expires_at=now + USEFUL,
        )
        written += sent is not None
    return written


def said(moment: datetime, zone: str) -> datetime:
    """Return `moment` as people say it: the end of a day is a minute to midnight of that day."""
    local = moment.astimezone(ZoneInfo(zone))
    return moment - timedelta(minutes=1) if local.time() == time() else moment


def midnight(moment: datetime) -> datetime:
    """Return the last instant before `moment`: the end of a day belongs to the day that ends."""
    return moment.astimezone(UTC) - timedelta(microseconds=1)

"""The table itself: open it, seat the team, plan meetings, keep minutes, name points and deadlines."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.bargaining.models import BargainingTable, Meeting, TableClause, TableDeadline, TeamSeat
from union.bargaining.service import common
from union.bargaining.service.common import drop_reminders, locked, must_be_open, plan_reminders, record
from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.core.zones import is_zone
from union.members import queries as members
from union.platforms import queries as platforms

PLANNED, HELD, CALLED_OFF = "planned", "held", "called_off"
OPEN, MET, LIFTED = "open", "met", "lifted"
BEFORE_MEETING = (timedelta(days=7), timedelta(days=1))
BEFORE_DEADLINE = (timedelta(days=3), timedelta(days=1), timedelta(0))


def open_table(session: Session, *, actor: Actor, now: datetime, campaign_slug: str) -> str:
    """Set up the table of a published campaign, once, and return its slug, which is the campaign's.

    The campaign moves on to bargaining where its stage allows. Raises Conflict for a second table.
    """
    allow(actor, Permission.BARGAINING_RUN)
    card = campaigns.card(session, campaign_slug)
    if card.published_at is None or card.ended_at is not None:
        raise Closed(msg("Only a campaign that is public and not over has a table."))
    if session.scalar(select(BargainingTable.id).where(BargainingTable.campaign_id == card.id)):
        raise Conflict(msg("This campaign has a table already."))
    platform = platforms.platform_page(session, card.platform_slug)
    table = BargainingTable(
        slug=card.slug,
        campaign_id=card.id,
        platform_slug=card.platform_slug,
        zone=card.zone,
        country=platform.country,
        contact_name=platform.legal_name or platform.name,
        contact_email=platform.email,
        contact_postal=platform.postal,
        opened_at=now,
    )
    session.add(table)
    session.flush()
    for position, demand in enumerate(campaigns.demands(session, card.id, actor), 1):
        session.add(
            TableClause(table_id=table.id, position=position, heading=demand.title, demand_id=demand.id)
        )
    session.flush()
    record(session, table, "open", actor=actor, now=now)
    with suppress(Closed):  # talks may begin earlier than the campaign's own stage says so
        campaigning.bargain(session, campaign_id=card.id, actor=actor, now=now)
    return table.slug


def close_table(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Close the table; agreements go on."""
    allow(actor, Permission.BARGAINING_RUN)
    table = locked(session, slug)
    must_be_open(table)
    table.closed_at = now
    record(session, table, "close", actor=actor, now=now)


def set_contact(
    session: Session, *, actor: Actor, now: datetime, slug: str, name: str, email: str, postal: str
) -> None:
    """Say who over there is written to."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    common.must_help(session, table, actor, now)
    if not name.strip():
        raise Invalid(msg("Name the company."), field="name")
    table.contact_name, table.contact_email, table.contact_postal = (
        name.strip(),
        email.strip(),
        postal.strip(),
    )
    record(session, table, "set_contact", actor=actor, now=now)


def seat(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    member_id: str,
    mandate: str,
    until: datetime | None,
) -> None:
    """Seat a member with a mandate, or renew it. until: when it ends, aware UTC; None for no end."""
    allow(actor, Permission.BARGAINING_RUN)
    table = locked(session, slug)
    must_be_open(table)
    if not mandate.strip():
        raise Invalid(msg("Write down what this member may agree to."), field="mandate")
    if until is not None:
        common.ahead(until, now, "until")
    if not members.actor_of(session, member_id).active:
        raise Invalid(msg("Only an active member can bargain for us."), field="member")
    row = session.scalar(
        select(TeamSeat).where(TeamSeat.table_id == table.id, TeamSeat.member_id == member_id)
    )
    if row is None:
        row = TeamSeat(table_id=table.id, member_id=member_id, seated_at=now)
        session.add(row)
    row.mandate, row.until, row.left_at = mandate.strip(), until, None
    session.flush()
    ref = f"seat/{row.id}"
    if until is None:
        drop_reminders(session, ref)
    else:
        plan_reminders(
            session,
            table,
            ref=ref,
            title=msg("A mandate at the table ends"),
            path=f"/bargaining/{slug}/team",
            about_at=until,
            now=now,
            before=(timedelta(days=7),),
        )
    record(session, table, "seat", actor=actor, now=now, member=member_id)


def unseat(session: Session, *, actor: Actor, now: datetime, slug: str, member_id: str) -> None:
    """End a member's seat; who sits may leave of their own accord."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    if member_id != actor.member_id:
        allow(actor, Permission.BARGAINING_RUN)
    row = session.scalar(
        select(TeamSeat).where(
            TeamSeat.table_id == table.id, TeamSeat.member_id == member_id, TeamSeat.left_at.is_(None)
        )
    )
    if row is None:
        raise NotFound(msg("That member does not sit at this table."))
    row.left_at = now
    drop_reminders(session, f"seat/{row.id}")
    record(session, table, "unseat", actor=actor, now=now, member=member_id)


def plan_meeting(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    starts_at: datetime,
    zone: str,
    place: str,
    agenda: str,
) -> str:
    """Plan a meeting at the table and return its id. starts_at: aware UTC; zone: where it was meant."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    must_be_open(table)
    common.must_help(session, table, actor, now)
    _check_zone(zone)
    common.ahead(starts_at, now, "starts")
    row = Meeting(
        table_id=table.id,
        state=PLANNED,
        starts_at=starts_at,
        zone=zone,
        place=place.strip(),
        agenda=agenda.strip(),
    )
    session.add(row)
    session.flush()
    _remind_of_meeting(session, table, row, now)
    record(session, table, "plan_meeting", actor=actor, now=now, meeting=row.id)
    return row.id


def change_meeting(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    meeting_id: str,
    starts_at: datetime,
    zone: str,
    place: str,
    agenda: str,
) -> None:
    """Move a planned meeting or change its agenda."""
    table, row = _meeting(session, meeting_id, actor, now)
    if row.state != PLANNED:
        raise Closed(msg("This meeting was held or called off: plan another."))
    _check_zone(zone)
    common.ahead(starts_at, now, "starts")
    row.starts_at, row.zone, row.place, row.agenda = starts_at, zone, place.strip(), agenda.strip()
    _remind_of_meeting(session, table, row, now)
    record(session, table, "change_meeting", actor=actor, now=now, meeting=row.id)


def call_off_meeting(session: Session, *, actor: Actor, now: datetime, meeting_id: str) -> None:
    """Call a planned meeting off."""
    table, row = _meeting(session, meeting_id, actor, now)
    if row.state != PLANNED:
        raise Closed(msg("This meeting was held or called off already."))
    row.state = CALLED_OFF
    drop_reminders(session, f"meeting/{row.id}")
    record(session, table, "call_off_meeting", actor=actor, now=now, meeting=row.id)


def write_minutes(
    session: Session, *, actor: Actor, now: datetime, meeting_id: str, minutes: str, team_notes: str
) -> None:
    """Keep what was said: minutes for members, notes sealed for the team. Not before the meeting began."""
    table, row = _meeting(session, meeting_id, actor, now)
    if row.state == CALLED_OFF:
        raise Closed(msg("This meeting was called off."))
    if now < row.starts_at:
        raise Closed(msg("The meeting has not begun: minutes come after."))
    if not minutes.strip():
        raise Invalid(msg("Write at least a line that members may read."), field="minutes")
    row.state, row.minutes = HELD, minutes.strip()
    # Who only organizes does not see the notes, so the form of such a person leaves them as they are.
    if common.sits(session, table, actor, now):
        row.team_notes = team_notes.strip() or None
    record(session, table, "minutes", actor=actor, now=now, meeting=row.id)


def _meeting(
    session: Session, meeting_id: str, actor: Actor, now: datetime
) -> tuple[BargainingTable, Meeting]:
    allow(actor, Permission.BARGAINING_SIT)
    row = session.get(Meeting, meeting_id)
    if row is None:
        raise NotFound(msg("There is no such meeting."))
    table = common.locked_by_id(session, row.table_id)
    common.must_help(session, table, actor, now)
    return table, row


def _remind_of_meeting(session: Session, table: BargainingTable, row: Meeting, now: datetime) -> None:
    plan_reminders(
        session,
        table,
        ref=f"meeting/{row.id}",
        title=msg("A meeting at the table"),
        path=f"/bargaining/{table.slug}/meetings/{row.id}",
        about_at=row.starts_at,
        now=now,
        before=BEFORE_MEETING,
    )


def _check_zone(zone: str) -> None:
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=zone)


def add_clause(
    session: Session, *, actor: Actor, now: datetime, slug: str, heading: str, demand_id: str | None
) -> str:
    """Put a point on the table, beside a demand or of its own, and return its id."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    must_be_open(table)
    common.must_help(session, table, actor, now)
    if not heading.strip():
        raise Invalid(msg("Give the point a name."), field="heading")
    if demand_id and demand_id not in {d.id for d in campaigns.demands(session, table.campaign_id, actor)}:
        raise Invalid(msg("That is no demand of this campaign."), field="demand")
    last = session.scalar(select(func.max(TableClause.position)).where(TableClause.table_id == table.id)) or 0
    row = TableClause(
        table_id=table.id, position=last + 1, heading=heading.strip(), demand_id=demand_id or None
    )
    session.add(row)
    session.flush()
    record(session, table, "add_clause", actor=actor, now=now, clause=row.id)
    return row.id


def add_deadline(
    session: Session, *, actor: Actor, now: datetime, slug: str, title: str, due_at: datetime, zone: str
) -> str:
    """Write down when something is due at the table and return its id."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    must_be_open(table)
    common.must_help(session, table, actor, now)
    _check_zone(zone)
    common.ahead(due_at, now, "due")
    if not title.strip():
        raise Invalid(msg("Say what is due."), field="title")
    row = TableDeadline(table_id=table.id, title=title.strip(), due_at=due_at, zone=zone, state=OPEN)
    session.add(row)
    session.flush()
    plan_reminders(
        session,
        table,
        ref=f"deadline/{row.id}",
        title=row.title,
        path=f"/bargaining/{slug}",
        about_at=due_at,
        now=now,
        before=BEFORE_DEADLINE,
    )
    record(session, table, "add_deadline", actor=actor, now=now, deadline=row.id)
    return row.id


def close_deadline(session: Session, *, actor: Actor, now: datetime, deadline_id: str, met: bool) -> None:
    """Say that a deadline was met, or lift it; reminders stop."""
    allow(actor, Permission.BARGAINING_SIT)
    row = session.get(TableDeadline, deadline_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(msg("There is no such deadline."))
    table = common.locked_by_id(session, row.table_id)
    common.must_help(session, table, actor, now)
    if row.state != OPEN:
        raise Conflict(msg("This deadline was closed before."))
    row.state, row.closed_at = (MET if met else LIFTED), now
    drop_reminders(session, f"deadline/{row.id}")
    record(session, table, "close_deadline", actor=actor, now=now, deadline=row.id, met=met)

"""The table as its pages read it: who sits, points beside demands, offers and how they differ, meetings."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.bargaining.models import (
    Agreement,
    BargainingTable,
    Meeting,
    Offer,
    OfferClause,
    TableDeadline,
    TableLetter,
    TeamSeat,
    TermsPage,
)
from union.bargaining.queries.cards import TableCard, card_of, found, rows_of
from union.bargaining.queries.points import Point, points_at
from union.bargaining.rules.agreements import Side, State
from union.bargaining.rules.watching import Seen
from union.bargaining.service import common
from union.bargaining.service.table import OPEN
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members


@dataclass(frozen=True)
class Seat:
    """Who sits. expired: the mandate has ended."""

    member_id: str
    name: str
    mandate: str
    until: datetime | None
    expired: bool
    own: bool


@dataclass(frozen=True)
class OfferCard:
    """An offer in a list."""

    number: int
    side: Side
    state: str
    made_at: datetime
    answer_by: datetime | None
    points: int


@dataclass(frozen=True)
class MeetingView:
    """A meeting. team_notes: only for who sits, else None."""

    id: str
    state: str
    starts_at: datetime
    zone: str
    place: str
    agenda: str
    minutes: str
    team_notes: str | None


@dataclass(frozen=True)
class DeadlineView:
    """Something due at the table."""

    id: str
    title: str
    due_at: datetime
    zone: str
    state: str
    overdue: bool


@dataclass(frozen=True)
class LetterCard:
    """A letter in a list. template: its id."""

    id: str
    template: str
    kind: str
    subject: str
    state: str
    sent_at: datetime | None
    due_at: datetime | None
    overdue: bool


@dataclass(frozen=True)
class AgreementCard:
    """An agreement in a list."""

    slug: str
    title: str
    state: State


@dataclass(frozen=True)
class WatchCard:
    """A page of terms in a list."""

    id: str
    label: str
    url: str
    state: Seen
    trouble: str
    visited_at: datetime | None
    changed_at: datetime | None


@dataclass(frozen=True)
class TablePage:
    """All that the table's page shows."""

    card: TableCard
    seats: tuple[Seat, ...]
    points: tuple[Point, ...]
    offers: tuple[OfferCard, ...]
    coming: tuple[MeetingView, ...]
    held: tuple[MeetingView, ...]
    deadlines: tuple[DeadlineView, ...]
    letters: tuple[LetterCard, ...]
    agreements: tuple[AgreementCard, ...]
    pages: tuple[WatchCard, ...]
    contact: tuple[str, str, str]


def table_page(session: Session, slug: str, actor: Actor, now: datetime) -> TablePage:
    """Return the table as the actor sees it; raises NotFound."""
    row = found(session, slug, actor)
    made = card_of(session, row, actor, now)
    meetings = [_meeting(m, made) for m in rows_of(session, Meeting, row, Meeting.starts_at)]
    return TablePage(
        card=made,
        seats=seats(session, row, actor, now),
        points=points_at(session, row, actor),
        offers=tuple(offer_card(session, o) for o in rows_of(session, Offer, row, Offer.number.desc())),
        coming=tuple(m for m in meetings if m.state == "planned"),
        held=tuple(m for m in reversed(meetings) if m.state == "held"),
        deadlines=tuple(
            DeadlineView(d.id, d.title, d.due_at, d.zone, d.state, d.state == OPEN and d.due_at <= now)
            for d in rows_of(session, TableDeadline, row, TableDeadline.due_at)
        ),
        letters=tuple(
            _letter_card(letter, row.zone, now)
            for letter in rows_of(session, TableLetter, row, TableLetter.created_at.desc())
            if made.helps or letter.state != "draft"
        ),
        agreements=tuple(
            AgreementCard(a.slug, a.title, State(a.state))
            for a in rows_of(session, Agreement, row, Agreement.created_at.desc())
            if made.helps or a.state not in {State.DRAFT, State.ABANDONED}
        ),
        pages=tuple(
            watch_card(p) for p in rows_of(session, TermsPage, row, TermsPage.label) if not p.stopped_at
        ),
        contact=(row.contact_name, row.contact_email, row.contact_postal),
    )


def seats(session: Session, row: BargainingTable, actor: Actor, now: datetime) -> tuple[Seat, ...]:
    """Return who sits at a table, by name."""
    rows = session.scalars(
        select(TeamSeat).where(TeamSeat.table_id == row.id, TeamSeat.left_at.is_(None))
    ).all()
    names = members.display_names(session, [s.member_id for s in rows])
    made = [
        Seat(
            s.member_id,
            names.get(s.member_id, ""),
            s.mandate,
            s.until,
            s.until is not None and s.until <= now,
            s.member_id == actor.member_id,
        )
        for s in rows
    ]
    return tuple(sorted(made, key=lambda s: (s.name.casefold(), s.member_id)))


def team(session: Session, slug: str, actor: Actor, now: datetime) -> tuple[TableCard, tuple[Seat, ...]]:
    """Return a table's card and who sits there."""
    row = found(session, slug, actor)
    return card_of(session, row, actor, now), seats(session, row, actor, now)


def contact(session: Session, slug: str, actor: Actor) -> tuple[str, str, str]:
    """Return (name, email, postal address) of the other side."""
    row = found(session, slug, actor)
    return row.contact_name, row.contact_email, row.contact_postal


def offer_card(session: Session, offer: Offer) -> OfferCard:
    """Return an offer as a list shows it."""
    said = session.scalar(
        select(func.count()).select_from(OfferClause).where(OfferClause.offer_id == offer.id)
    )
    return OfferCard(offer.number, Side(offer.side), offer.state, offer.made_at, offer.answer_by, said or 0)


def _meeting(row: Meeting, made: TableCard) -> MeetingView:
    return MeetingView(
        row.id,
        row.state,
        row.starts_at,
        row.zone,
        row.place,
        row.agenda,
        row.minutes,
        row.team_notes if made.sits else None,
    )


def meeting_page(
    session: Session, meeting_id: str, actor: Actor, now: datetime
) -> tuple[TableCard, MeetingView]:
    """Return a meeting; the team's notes only to who sits. Raises NotFound."""
    allow(actor, Permission.BARGAINING_READ)
    row = session.get(Meeting, meeting_id)
    if row is None:
        raise NotFound(msg("There is no such meeting."))
    made = card_of(session, session.get_one(BargainingTable, row.table_id), actor, now)
    return made, _meeting(row, made)


def _letter_card(row: TableLetter, zone: str, now: datetime) -> LetterCard:
    overdue = row.state == "sent" and row.due_at is not None and row.due_at <= now
    due_at = common.said(row.due_at, zone) if row.due_at else None
    return LetterCard(row.id, row.template, row.kind, row.subject, row.state, row.sent_at, due_at, overdue)


def watch_card(row: TermsPage) -> WatchCard:
    """Return a page of terms as a list shows it."""
    return WatchCard(row.id, row.label, row.url, Seen(row.state), row.trouble, row.visited_at, row.changed_at)

"""The table as its pages read it: who sits, points beside demands, offers and how they differ, meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.bargaining.models import (
    Agreement,
    BargainingTable,
    Meeting,
    Offer,
    OfferClause,
    TableClause,
    TableDeadline,
    TableLetter,
    TeamSeat,
    TermsPage,
)
from union.bargaining.rules import comparing
from union.bargaining.rules.agreements import Side, State
from union.bargaining.rules.comparing import Piece
from union.bargaining.rules.watching import Seen
from union.bargaining.service import common
from union.bargaining.service.table import OPEN
from union.campaigns import queries as campaigns
from union.campaigns.queries import CampaignCard, DemandCard
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits
from union.members import queries as members

_Row = TypeVar("_Row", Agreement, Meeting, Offer, TableClause, TableDeadline, TableLetter, TermsPage)


@dataclass(frozen=True)
class TableCard:
    """A table in a list, and what the reader may do there. mandate_ended: the reader's own, if it ran out."""

    slug: str
    campaign: CampaignCard
    zone: str
    closed: bool
    helps: bool
    sits: bool
    runs: bool
    mandate_ended: datetime | None


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
class Point:
    """A point on the table: the demand it answers, each side's last words, and theirs against ours."""

    id: str
    heading: str
    demand: DemandCard | None
    ours: str | None
    theirs: str | None
    difference: tuple[Piece, ...]


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


def found(session: Session, slug: str, actor: Actor) -> BargainingTable:
    """Return the row of a table the actor may see; raises NotFound."""
    allow(actor, Permission.BARGAINING_READ)
    row = session.scalar(select(BargainingTable).where(BargainingTable.slug == slug))
    if row is None:
        raise NotFound(common.NO_TABLE)
    return row


def card_of(session: Session, row: BargainingTable, actor: Actor, now: datetime) -> TableCard:
    """Return a table's card as the actor sees it."""
    seat = common.seat_of(session, row, actor)
    ended = seat.until if seat and seat.until and seat.until <= now else None
    return TableCard(
        slug=row.slug,
        campaign=campaigns.card_by_id(session, row.campaign_id),
        zone=row.zone,
        closed=row.closed_at is not None,
        helps=common.helps(session, row, actor, now),
        sits=common.sits(session, row, actor, now),
        runs=permits(actor, Permission.BARGAINING_RUN),
        mandate_ended=ended,
    )


def card(session: Session, slug: str, actor: Actor, now: datetime) -> TableCard:
    """Return one table's card; raises NotFound."""
    return card_of(session, found(session, slug, actor), actor, now)


def listing(session: Session, actor: Actor, now: datetime) -> list[TableCard]:
    """Return the tables, the newest first."""
    allow(actor, Permission.BARGAINING_READ)
    rows = session.scalars(select(BargainingTable).order_by(BargainingTable.opened_at.desc()).limit(100))
    return [card_of(session, row, actor, now) for row in rows]


def without_table(session: Session, actor: Actor) -> list[CampaignCard]:
    """Return the public campaigns that have no table yet."""
    taken = set(session.scalars(select(BargainingTable.campaign_id)))
    return [
        c
        for c in campaigns.listing(session, actor=actor)
        if c.id not in taken and c.published_at is not None and c.ended_at is None
    ]


def table_page(session: Session, slug: str, actor: Actor, now: datetime) -> TablePage:
    """Return the table as the actor sees it; raises NotFound."""
    row = found(session, slug, actor)
    made = card_of(session, row, actor, now)
    meetings = [_meeting(m, made) for m in rows_of(session, Meeting, row, Meeting.starts_at)]
    return TablePage(
        card=made,
        seats=seats(session, row, actor, now),
        points=_points(session, row, actor),
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


def rows_of(session: Session, model: type[_Row], row: BargainingTable, order: Any) -> Sequence[_Row]:  # noqa: ANN401
    """Return all rows of `model` at a table. order: a column."""
    return session.scalars(select(model).where(model.table_id == row.id).order_by(order)).all()


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


def last_words(session: Session, table_id: str, side: Side, before: int | None = None) -> dict[str, str]:
    """Return what a side last said at each point, by offers below number `before`."""
    query = (
        select(OfferClause.clause_id, OfferClause.text)
        .join(Offer, Offer.id == OfferClause.offer_id)
        .where(Offer.table_id == table_id, Offer.side == side.value)
        .order_by(Offer.number)
    )
    if before is not None:
        query = query.where(Offer.number < before)
    return {clause: text for clause, text in session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def _points(session: Session, row: BargainingTable, actor: Actor) -> tuple[Point, ...]:
    ours, theirs = (last_words(session, row.id, side) for side in (Side.UNION, Side.PLATFORM))
    demands = {d.id: d for d in campaigns.demands(session, row.campaign_id, actor)}
    return tuple(
        Point(
            clause.id,
            clause.heading,
            demands.get(clause.demand_id or ""),
            ours.get(clause.id),
            theirs.get(clause.id),
            comparing.words(ours[clause.id], theirs[clause.id])
            if clause.id in ours and clause.id in theirs
            else (),
        )
        for clause in rows_of(session, TableClause, row, TableClause.position)
    )


def points(session: Session, slug: str, actor: Actor) -> tuple[Point, ...]:
    """Return the points of a table with each side's last words."""
    return _points(session, found(session, slug, actor), actor)


def demands_of(session: Session, slug: str, actor: Actor) -> list[DemandCard]:
    """Return the demands of the table's campaign."""
    return campaigns.demands(session, found(session, slug, actor).campaign_id, actor)


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

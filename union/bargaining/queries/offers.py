"""Offers and the history of points, each against the words before it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.bargaining.models import BargainingTable, Offer, OfferClause, TableClause
from union.bargaining.queries.cards import TableCard, card_of, found
from union.bargaining.queries.points import last_words
from union.bargaining.queries.table import OfferCard, offer_card
from union.bargaining.rules import comparing
from union.bargaining.rules.agreements import Side
from union.bargaining.rules.comparing import Piece
from union.bargaining.service.offers import STANDING
from union.campaigns import queries as campaigns
from union.campaigns.queries import DemandCard
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class OfferPoint:
    """What an offer says at a point, against that side's words before."""

    id: str
    heading: str
    text: str
    pieces: tuple[Piece, ...]
    first: bool


@dataclass(frozen=True)
class OfferPage:
    """One offer. may_answer: the reader sits and it stands."""

    table: TableCard
    offer: OfferCard
    note: str
    points: tuple[OfferPoint, ...]
    may_answer: bool


@dataclass(frozen=True)
class Step:
    """What one offer made of a point. against_other: compared with the other side's last words, if any."""

    number: int
    side: Side
    made_at: datetime
    pieces: tuple[Piece, ...]
    compared_with: int | None


@dataclass(frozen=True)
class PointPage:
    """The whole history of a point, newest first."""

    table: TableCard
    heading: str
    demand: DemandCard | None
    steps: tuple[Step, ...]


def offer_page(session: Session, slug: str, number: int, actor: Actor, now: datetime) -> OfferPage:
    """Return one offer against what that side said before; raises NotFound."""
    row = found(session, slug, actor)
    offer = session.scalar(select(Offer).where(Offer.table_id == row.id, Offer.number == number))
    if offer is None:
        raise NotFound(msg("There is no such offer."))
    before = last_words(session, row.id, Side(offer.side), offer.number)
    said = session.execute(
        select(TableClause, OfferClause.text)
        .join(OfferClause, OfferClause.clause_id == TableClause.id)
        .where(OfferClause.offer_id == offer.id)
        .order_by(TableClause.position)
    )
    made = card_of(session, row, actor, now)
    return OfferPage(
        table=made,
        offer=offer_card(session, offer),
        note=offer.note,
        points=tuple(
            OfferPoint(
                clause.id,
                clause.heading,
                text,
                comparing.words(before.get(clause.id, ""), text),
                clause.id not in before,
            )
            for clause, text in said
        ),
        may_answer=made.sits and offer.state == STANDING,
    )


def point_page(session: Session, clause_id: str, actor: Actor, now: datetime) -> PointPage:
    """Return a point's history, each step against the words before it; raises NotFound."""
    clause = session.get(TableClause, clause_id)
    if clause is None:
        raise NotFound(msg("There is no such point."))
    row = session.get_one(BargainingTable, clause.table_id)
    allow(actor, Permission.BARGAINING_READ)
    rows = session.execute(
        select(Offer, OfferClause.text)
        .join(OfferClause, OfferClause.offer_id == Offer.id)
        .where(OfferClause.clause_id == clause_id)
        .order_by(Offer.number)
    )
    steps: list[Step] = []
    before, number = "", None
    for offer, text in rows:
        steps.append(
            Step(offer.number, Side(offer.side), offer.made_at, comparing.words(before, text), number)
        )
        before, number = text, offer.number
    demands = {d.id: d for d in campaigns.demands(session, row.campaign_id, actor)}
    return PointPage(
        card_of(session, row, actor, now),
        clause.heading,
        demands.get(clause.demand_id or ""),
        tuple(reversed(steps)),
    )

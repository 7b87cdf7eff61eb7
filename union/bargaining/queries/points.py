"""Points on a table: the demand each answers and both sides' last words."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.bargaining.models import (
    BargainingTable,
    Offer,
    OfferClause,
    TableClause,
)
from union.bargaining.queries.cards import found, rows_of
from union.bargaining.rules import comparing
from union.bargaining.rules.agreements import Side
from union.bargaining.rules.comparing import Piece
from union.campaigns import queries as campaigns
from union.campaigns.queries import DemandCard
from union.core.actor import Actor


@dataclass(frozen=True)
class Point:
    """A point on the table: the demand it answers, each side's last words, and theirs against ours."""

    id: str
    heading: str
    demand: DemandCard | None
    ours: str | None
    theirs: str | None
    difference: tuple[Piece, ...]


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


def points_at(session: Session, row: BargainingTable, actor: Actor) -> tuple[Point, ...]:
    """Return the points of this table, in their order, with each side's last words."""
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
    return points_at(session, found(session, slug, actor), actor)


def demands_of(session: Session, slug: str, actor: Actor) -> list[DemandCard]:
    """Return the demands of the table's campaign."""
    return campaigns.demands(session, found(session, slug, actor).campaign_id, actor)

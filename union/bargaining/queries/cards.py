"""Tables in lists: their cards, as each reader may use them, and the rows that stand at one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.bargaining.models import (
    Agreement,
    BargainingTable,
    Meeting,
    Offer,
    TableClause,
    TableDeadline,
    TableLetter,
    TermsPage,
)
from union.bargaining.service import common
from union.campaigns import queries as campaigns
from union.campaigns.queries import CampaignCard
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.permissions import Permission, allow, permits

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


def rows_of(session: Session, model: type[_Row], row: BargainingTable, order: Any) -> Sequence[_Row]:  # noqa: ANN401
    """Return all rows of `model` at a table. order: a column."""
    return session.scalars(select(model).where(model.table_id == row.id).order_by(order)).all()

"""How far bargaining is, for a campaign's page, and which promises are overdue, for who looks after them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.bargaining.models import Agreement, BargainingTable, Meeting, Obligation, Offer
from union.bargaining.queries.cards import rows_of
from union.bargaining.queries.table import AgreementCard
from union.bargaining.rules.agreements import PUBLIC, Kept, State
from union.bargaining.service import common
from union.campaigns import queries as campaigns
from union.core.actor import Actor


@dataclass(frozen=True)
class Overdue:
    """A promise of which nobody has said whether it was kept. due_at: the last moment of its day."""

    id: str
    agreement: str
    title: str
    due_at: datetime


def overdue(session: Session, actor: Actor, now: datetime) -> tuple[Overdue, ...]:
    """Return what is overdue in agreements in force, the oldest first, for who does the paperwork there."""
    rows = session.execute(
        select(Obligation, Agreement.slug, BargainingTable)
        .join(Agreement, Agreement.id == Obligation.agreement_id)
        .join(BargainingTable, BargainingTable.id == Agreement.table_id)
        .where(
            Agreement.state == State.IN_FORCE.value,
            Obligation.state == Kept.OPEN.value,
            Obligation.due_at <= now,
        )
        .order_by(Obligation.due_at, Obligation.id)
        .limit(20)
    ).all()
    return tuple(
        Overdue(duty.id, slug, duty.title, common.said(duty.due_at, table.zone))
        for duty, slug, table in rows
        if common.helps(session, table, actor, now)
    )


@dataclass(frozen=True)
class Standing:
    """What a campaign's page tells of the table. link: the reader may go there."""

    slug: str
    link: bool
    closed: bool
    offers: int
    conceded: int
    points: int
    next_at: datetime | None
    agreements: tuple[AgreementCard, ...]


def standing(session: Session, campaign_id: str, actor: Actor, now: datetime) -> Standing | None:
    """Return how far bargaining is for a campaign's page, None without a table.

    Visitors see ratified agreements and how many demands were conceded; the rest is members'.
    """
    row = session.scalar(select(BargainingTable).where(BargainingTable.campaign_id == campaign_id))
    if row is None:
        return None
    demands = campaigns.demands(session, campaign_id, actor)
    shown = PUBLIC if not actor.active else PUBLIC | {State.TENTATIVE, State.RATIFYING}
    meeting = session.scalar(
        select(func.min(Meeting.starts_at)).where(
            Meeting.table_id == row.id, Meeting.state == "planned", Meeting.starts_at > now
        )
    )
    return Standing(
        slug=row.slug,
        link=actor.active,
        closed=row.closed_at is not None,
        offers=session.scalar(select(func.count()).select_from(Offer).where(Offer.table_id == row.id)) or 0,
        conceded=sum(1 for d in demands if d.status == "conceded"),
        points=len(demands),
        next_at=meeting if actor.active else None,
        agreements=tuple(
            AgreementCard(a.slug, a.title, State(a.state))
            for a in rows_of(session, Agreement, row, Agreement.created_at.desc())
            if State(a.state) in shown
        ),
    )

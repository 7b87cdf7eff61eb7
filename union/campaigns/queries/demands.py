"""Demands as members and the public read them; nobody's name stands beside one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from union.campaigns import rules, wording
from union.campaigns.models import Amendment, Campaign, Demand, DemandEvent, DemandRank, Endorsement
from union.campaigns.queries.cards import CampaignCard, card_of, may_see
from union.campaigns.rules import DemandStatus, Stage
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, permits

_LIMIT = 60


@dataclass(frozen=True)
class DemandCard:
    """One demand in a list. mine: the actor wrote it; endorsed: the actor stands behind it."""

    id: str
    title: str
    text: str
    status: DemandStatus
    endorsed_count: int
    frozen: bool
    mine: bool = False
    endorsed: bool = False


def demands(session: Session, campaign_id: str, actor: Actor) -> list[DemandCard]:
    """Return the demands `actor` may read: the public ones, proposals for members, own drafts; at most 60."""
    visible = [status.value for status in (rules.OPEN_DEMANDS if actor.active else rules.PUBLIC_DEMANDS)]
    query = (
        select(Demand)
        .where(
            Demand.campaign_id == campaign_id,
            Demand.status.in_(visible) | ((Demand.status == DemandStatus.DRAFT.value) & _own(actor)),
        )
        .order_by(Demand.created_at, Demand.id)
        .limit(_LIMIT)
    )
    rows = list(session.scalars(query))
    mine = set()
    if actor.known:
        mine = set(
            session.scalars(
                select(Endorsement.demand_id).where(
                    Endorsement.member_id == actor.member_id,
                    Endorsement.demand_id.in_([row.id for row in rows]),
                )
            )
        )
    return [_card(row, actor, endorsed=row.id in mine) for row in rows]


def _own(actor: Actor) -> ColumnElement[bool]:
    return Demand.author_id == (actor.member_id or "")


def _card(row: Demand, actor: Actor, *, endorsed: bool) -> DemandCard:
    return DemandCard(
        id=row.id,
        title=row.title,
        text=row.text,
        status=DemandStatus(row.status),
        endorsed_count=row.endorsed_count,
        frozen=row.frozen_hash is not None,
        mine=actor.known and row.author_id == actor.member_id,
        endorsed=endorsed,
    )


@dataclass(frozen=True)
class AmendmentView:
    """Another wording against the one it was written on. current: the demand has not changed since."""

    id: str
    at: datetime
    title: list[wording.Piece]
    text: list[wording.Piece]
    reason: str
    state: str
    current: bool
    mine: bool


@dataclass(frozen=True)
class HistoryLine:
    """One line of a demand's public history."""

    at: datetime
    kind: str
    note: str


@dataclass(frozen=True)
class DemandPage:
    """All that a demand's page shows. may_*: what the actor may do with it now."""

    campaign: CampaignCard
    demand: DemandCard
    version: int
    frozen_hash: str | None
    merged_into: DemandCard | None
    amendments: list[AmendmentView]
    history: list[HistoryLine]
    moves: list[DemandStatus]
    may_amend: bool
    may_endorse: bool
    may_decide: bool
    others: list[DemandCard]


def debate_open(row: Campaign, now: datetime) -> bool:
    """Tell whether demands may be proposed and amended now."""
    in_time = row.debate_until is None or now < row.debate_until
    return Stage(row.stage) not in rules.ENDED and in_time


def demand_page(session: Session, demand_id: str, actor: Actor, now: datetime) -> DemandPage:
    """Return one demand with its amendments and history; raises NotFound where it is not to be known."""
    row = session.get(Demand, demand_id)
    campaign = session.get(Campaign, row.campaign_id) if row else None
    if row is None or campaign is None or not may_see(campaign, actor) or not _may_read(row, actor):
        raise NotFound(msg("There is no such demand."))
    status = DemandStatus(row.status)
    endorsed = actor.known and session.get(Endorsement, (row.id, actor.member_id)) is not None
    organizer = permits(actor, Permission.DEMAND_DECIDE)
    own = actor.active and row.author_id == actor.member_id
    debating = debate_open(campaign, now)
    merged = session.get(Demand, row.merged_into) if row.merged_into else None
    others = [
        d for d in demands(session, campaign.id, actor) if d.id != row.id and d.status in rules.OPEN_DEMANDS
    ]
    return DemandPage(
        campaign=card_of(session, campaign),
        demand=_card(row, actor, endorsed=endorsed),
        version=row.version,
        frozen_hash=row.frozen_hash,
        merged_into=_card(merged, actor, endorsed=False) if merged else None,
        amendments=_amendments(session, row, actor) if actor.active else [],
        history=_history(session, row.id),
        moves=_moves(
            row, organizer=organizer, own=own and debating, ended=Stage(campaign.stage) in rules.ENDED
        ),
        may_amend=actor.active
        and debating
        and row.frozen_hash is None
        and status in {DemandStatus.PROPOSED, DemandStatus.ADOPTED},
        may_endorse=actor.active
        and Stage(campaign.stage) not in rules.ENDED
        and status in rules.OPEN_DEMANDS,
        may_decide=organizer or own,
        others=others if organizer else [],
    )


def _may_read(row: Demand, actor: Actor) -> bool:
    status = DemandStatus(row.status)
    if actor.known and row.author_id == actor.member_id:
        return True
    if status in {DemandStatus.DRAFT, DemandStatus.WITHDRAWN}:
        return False
    return actor.active or status in rules.PUBLIC_DEMANDS


def _moves(row: Demand, *, organizer: bool, own: bool, ended: bool) -> list[DemandStatus]:
    before = DemandStatus(row.status)
    if ended:
        return []
    return [
        then
        for then in DemandStatus
        if then in rules.DEMAND_MOVES[before]
        and ((organizer and then is not DemandStatus.DRAFT) or (own and (before, then) in rules.AUTHOR_MOVES))
        and not (row.frozen_hash and then not in rules.PUBLIC_DEMANDS)
    ]


def _amendments(session: Session, demand: Demand, actor: Actor) -> list[AmendmentView]:
    rows = session.scalars(
        select(Amendment)
        .where(Amendment.demand_id == demand.id)
        .order_by(Amendment.created_at.desc(), Amendment.id)
        .limit(_LIMIT)
    )
    return [
        AmendmentView(
            id=row.id,
            at=row.created_at,
            title=wording.compare(row.base_title, row.title),
            text=wording.compare(row.base_text, row.text),
            reason=row.reason,
            state=row.state,
            current=row.base_version == demand.version,
            mine=actor.known and row.author_id == actor.member_id,
        )
        for row in rows
    ]


def _history(session: Session, demand_id: str) -> list[HistoryLine]:
    rows = session.scalars(
        select(DemandEvent)
        .where(DemandEvent.demand_id == demand_id)
        .order_by(DemandEvent.at.desc(), DemandEvent.id.desc())
    )
    return [HistoryLine(row.at, row.kind, row.note) for row in rows]


@dataclass(frozen=True)
class Ranking:
    """The members' order. lists: how many members ranked; groups: most wanted first, equals together."""

    lists: int
    groups: list[list[DemandCard]]
    mine: list[DemandCard]
    unranked: list[DemandCard]


def ranking(session: Session, campaign_id: str, actor: Actor) -> Ranking:
    """Return the order as last counted, the actor's own, and what they have not ranked."""
    row = session.get_one(Campaign, campaign_id)
    known = {d.id: d for d in demands(session, campaign_id, actor) if d.status in rules.OPEN_DEMANDS}
    counted = row.ranking or {"lists": 0, "groups": []}
    groups = [[known[d] for d in group if d in known] for group in counted["groups"]]
    own = session.scalars(
        select(DemandRank.demand_id)
        .where(DemandRank.campaign_id == campaign_id, DemandRank.member_id == (actor.member_id or ""))
        .order_by(DemandRank.position)
    )
    mine = [known[d] for d in own if d in known]
    return Ranking(
        lists=counted["lists"],
        groups=[group for group in groups if group],
        mine=mine,
        unranked=[d for d in known.values() if d not in mine],
    )


def count_amendments(session: Session, campaign_id: str) -> int:
    """Return how many amendments wait for a decision."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Amendment)
            .join(Demand, Demand.id == Amendment.demand_id)
            .where(Demand.campaign_id == campaign_id, Amendment.state == "open")
        )
        or 0
    )

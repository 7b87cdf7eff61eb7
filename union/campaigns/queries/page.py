"""One campaign as its own page and its organizers' page show it. Every number stands on its own row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.campaigns import rules, tipping
from union.campaigns.models import (
    Campaign,
    CampaignUpdate,
    Demand,
    Pledge,
    StructureTest,
    StructureTestYes,
)
from union.campaigns.queries.cards import CampaignCard, Mandate, card_of, mandates_of, seen
from union.campaigns.queries.demands import DemandCard, count_amendments, debate_open, demands
from union.campaigns.queries.signing import NAMES_ON_PAGE, Names, names
from union.campaigns.rules import DemandStatus, Kind, Stage
from union.campaigns.service.following import count_followers
from union.campaigns.service.lifecycle import Draft
from union.campaigns.service.structure import areas_of
from union.core.actor import Actor
from union.core.permissions import Permission, allow

_UPDATES = 50


@dataclass(frozen=True)
class UpdateView:
    """One line of the timeline. kind "news": own words; else a turn of events, worded from `facts`.

    version, edited_at, taken_back: for news, which may be edited, taken back and restored.
    """

    id: int
    at: datetime
    kind: str
    title: str
    text: str
    facts: dict[str, Any]
    version: int = 1
    edited_at: datetime | None = None
    taken_back: bool = False
    mailed: bool = False


@dataclass(frozen=True)
class MyPledge:
    """The actor's own pledge. at_least: "12" or "1/3", None once settled and wiped."""

    at_least: str | None
    verified: bool
    called: bool | None


@dataclass(frozen=True)
class TestView:
    """A structure test. yes, unit: None while not to be known. areas: for organizers, None under ten."""

    id: str
    ask: str
    closes_at: datetime
    open: bool
    majority: tuple[int, int]
    yes: int | None
    unit: int | None
    mine: bool
    reached: bool
    areas: dict[str, int | None]


@dataclass(frozen=True)
class CampaignPage:
    """All that the campaign's pages show to one actor."""

    card: CampaignCard
    summary: str
    reasons: str
    pledge_text: str
    pledge_hash: str | None
    debate_until: datetime | None
    debate_open: bool
    demands: list[DemandCard]
    updates: list[UpdateView]
    mine: MyPledge | None
    mandate: Mandate | None
    tests: list[TestView]
    gathering: bool
    names: Names | None = None


def campaign_page(session: Session, slug: str, actor: Actor, now: datetime) -> CampaignPage:
    """Return the campaign as `actor` sees it; raises NotFound for a draft that is not theirs to see."""
    row = seen(session, slug, actor)
    mandates = mandates_of(session, row.id)
    stage = Stage(row.stage)
    return CampaignPage(
        card=card_of(session, row),
        summary=row.summary,
        reasons=row.reasons,
        pledge_text=row.pledge_text,
        pledge_hash=row.pledge_hash,
        debate_until=row.debate_until,
        debate_open=debate_open(row, now),
        demands=demands(session, row.id, actor),
        updates=updates(session, row.id),
        mine=my_pledge(session, row.id, actor),
        mandate=mandates[0] if mandates else None,
        tests=[
            test
            for test in _tests(session, row, actor, now, organizer=False)
            if actor.active or (test.reached and row.published_at is not None)
        ],
        gathering=stage is Stage.GATHERING and now < row.pledge_deadline,
        names=names(session, row, limit=NAMES_ON_PAGE) if Kind(row.kind) in rules.SIGNED else None,
    )


def updates(session: Session, campaign_id: str, *, taken_back: bool = False) -> list[UpdateView]:
    """Return the newest lines of the timeline, newest first. taken_back: news that was taken back, too."""
    query = select(CampaignUpdate).where(CampaignUpdate.campaign_id == campaign_id)
    if not taken_back:
        query = query.where(CampaignUpdate.taken_back_at.is_(None))
    rows = session.scalars(query.order_by(CampaignUpdate.at.desc(), CampaignUpdate.id.desc()).limit(_UPDATES))
    return [update_view(row) for row in rows]


def update_view(row: CampaignUpdate) -> UpdateView:
    """Return one line as pages show it."""
    return UpdateView(
        id=row.id,
        at=row.at,
        kind=row.kind,
        title=row.title,
        text=row.text,
        facts=dict(row.facts),
        version=row.version,
        edited_at=row.edited_at,
        taken_back=row.taken_back_at is not None,
        mailed=row.mailed,
    )


def my_pledge(session: Session, campaign_id: str, actor: Actor) -> MyPledge | None:
    """Return the actor's own pledge, with its minimum while the round runs."""
    if not actor.known:
        return None
    row = session.get(Pledge, (campaign_id, actor.member_id))
    return None if row is None else MyPledge(row.at_least, row.verified, row.called)


def _tests(
    session: Session, row: Campaign, actor: Actor, now: datetime, *, organizer: bool
) -> list[TestView]:
    found = session.scalars(
        select(StructureTest)
        .where(StructureTest.campaign_id == row.id)
        .order_by(StructureTest.closes_at.desc())
        .limit(20)
    )
    return [_test(session, test, actor, now, organizer=organizer) for test in found]


def _test(session: Session, test: StructureTest, actor: Actor, now: datetime, *, organizer: bool) -> TestView:
    shown = organizer or test.revealed_at is not None
    return TestView(
        id=test.id,
        ask=test.ask,
        closes_at=test.closes_at,
        open=now < test.closes_at,
        majority=(test.majority_num, test.majority_den),
        yes=None if not shown else test.yes_count if test.revealed_at else tipping.told(test.yes_count),
        unit=test.unit if shown else None,
        mine=actor.known and session.get(StructureTestYes, (test.id, actor.member_id)) is not None,
        reached=test.revealed_at is not None,
        areas=areas_of(session, test) if organizer else {},
    )


@dataclass(frozen=True)
class OrganizePage:
    """What organizers see besides the public page."""

    page: CampaignPage
    draft: Draft
    tests: list[TestView]
    adopted: int
    proposed: int
    amendments: int
    news: list[UpdateView]
    followers: int


def organize_page(session: Session, slug: str, actor: Actor, now: datetime) -> OrganizePage:
    """Return the organizers' view; raises NotAllowed or NotFound."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    page = campaign_page(session, slug, actor, now)
    row = seen(session, slug, actor)
    statuses = [
        DemandStatus(s) for s in session.scalars(select(Demand.status).where(Demand.campaign_id == row.id))
    ]
    return OrganizePage(
        page=page,
        draft=Draft(**{name: getattr(row, name) for name in Draft.__dataclass_fields__}),
        tests=_tests(session, row, actor, now, organizer=True),
        adopted=sum(status in rules.PUBLIC_DEMANDS for status in statuses),
        proposed=statuses.count(DemandStatus.PROPOSED),
        amendments=count_amendments(session, row.id),
        news=[one for one in updates(session, row.id, taken_back=True) if one.kind == "news"],
        followers=count_followers(session, row.id),
    )


def frozen_wording(session: Session, slug: str, actor: Actor) -> bytes | None:
    """Return the exact bytes whose SHA-256 was frozen at publication; None for a draft."""
    row = seen(session, slug, actor)
    if row.pledge_hash is None:
        return None
    return row.wording

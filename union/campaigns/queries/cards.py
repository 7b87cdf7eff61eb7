"""What other rooms ask about campaigns: their cards, who is called, which mandate is in force."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from union.campaigns import models, rules
from union.campaigns.models import Campaign, Pledge
from union.campaigns.rules import Kind, Stage
from union.campaigns.service.common import NO_CAMPAIGN
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.permissions import Permission, permits
from union.platforms import queries as platforms


@dataclass(frozen=True)
class CampaignCard:
    """A campaign in a list. pledged: all pledges; verified: those of active members of the platform.

    Where people sign instead, pledged: all signatures of the words as they stand; verified: those whose
    address is confirmed; checked_in: who said that they stopped, in a boycott.
    called: how many act, once settled. band_more: about how many more would tip it, None while not shown.
    """

    id: str
    slug: str
    platform_slug: str
    platform_name: str
    kind: Kind
    title: str
    demand: str
    stage: Stage
    zone: str
    unit: int
    goal: int
    threshold: int
    pledge_deadline: datetime
    pledged: int
    verified: int
    checked_in: int
    text_version: int
    called: int | None
    band_more: int | None
    band_at: datetime | None
    ballot_slug: str | None
    published_at: datetime | None
    settled_at: datetime | None
    ended_at: datetime | None

    @property
    def counted(self) -> int:
        """Return the number that the meter shows: those called once settled, all verified pledges before."""
        return self.verified if self.called is None else self.called

    @property
    def signed(self) -> bool:
        """Tell whether people sign here, rather than pledge."""
        return self.kind in rules.SIGNED

    @property
    def to_threshold(self) -> int:
        """Return how many are missing to the threshold."""
        return max(0, self.threshold - self.counted)


def card_of(session: Session, row: Campaign, names: dict[str, str] | None = None) -> CampaignCard:
    """Return the card of a row. names: platform names known already."""
    known = {} if names is None else names
    if row.platform_slug not in known:
        known[row.platform_slug] = platforms.platform_card(session, row.platform_slug).name
    return CampaignCard(
        id=row.id,
        slug=row.slug,
        platform_slug=row.platform_slug,
        platform_name=known[row.platform_slug],
        kind=Kind(row.kind),
        title=row.title,
        demand=row.demand,
        stage=Stage(row.stage),
        zone=row.zone,
        unit=row.unit,
        goal=row.goal,
        threshold=row.threshold,
        pledge_deadline=row.pledge_deadline,
        pledged=row.pledged_count,
        verified=row.verified_count,
        checked_in=row.checked_in_count,
        text_version=row.text_version,
        called=row.called_count,
        band_more=row.band_more,
        band_at=row.band_at,
        ballot_slug=row.ballot_slug,
        published_at=row.published_at,
        settled_at=row.settled_at,
        ended_at=row.ended_at,
    )


def may_see(row: Campaign, actor: Actor) -> bool:
    """Tell whether `actor` may know of it: a draft is the organizers', and members' while debated."""
    if row.stage != Stage.DRAFT:
        return row.published_at is not None or permits(actor, Permission.CAMPAIGN_PLAN)
    return permits(actor, Permission.CAMPAIGN_PLAN) or (actor.active and row.debate_until is not None)


def seen(session: Session, slug: str, actor: Actor) -> Campaign:
    """Return the row of a campaign `actor` may see; raises NotFound."""
    row = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if row is None or not may_see(row, actor):
        raise NotFound(NO_CAMPAIGN)
    return row


def card(session: Session, slug: str) -> CampaignCard:
    """Return one campaign by slug, whatever its stage; raises NotFound."""
    row = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if row is None:
        raise NotFound(NO_CAMPAIGN)
    return card_of(session, row)


def card_by_id(session: Session, campaign_id: str) -> CampaignCard:
    """Return one campaign by id, whatever its stage; raises NotFound."""
    row = session.get(Campaign, campaign_id)
    if row is None:
        raise NotFound(NO_CAMPAIGN)
    return card_of(session, row)


def listing(
    session: Session, *, actor: Actor | None = None, platform_slug: str | None = None
) -> list[CampaignCard]:
    """Return the public campaigns, newest first, and with an actor the drafts they may see; at most 200."""
    query = select(Campaign).order_by(Campaign.published_at.desc(), Campaign.created_at.desc()).limit(200)
    if platform_slug is not None:
        query = query.where(Campaign.platform_slug == platform_slug)
    if actor is None or not actor.active:
        query = query.where(Campaign.published_at.is_not(None))
    names: dict[str, str] = {}
    return [
        card_of(session, row, names)
        for row in session.scalars(query)
        if row.published_at is not None or (actor is not None and may_see(row, actor))
    ]


def called(session: Session, campaign_id: str) -> list[str]:
    """Return the ids of the members who are called, in order of id; empty before the round settled."""
    return list(
        session.scalars(
            select(Pledge.member_id)
            .where(Pledge.campaign_id == campaign_id, Pledge.called.is_(True))
            .order_by(Pledge.member_id)
        )
    )


def titles(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Return id → title of those campaigns that there are."""
    rows = session.execute(select(Campaign.id, Campaign.title).where(Campaign.id.in_(ids)))
    return {row.id: row.title for row in rows}


@dataclass(frozen=True)
class Numbers:
    """The campaign's own numbers with their denominators. called: None before the round settled."""

    pledged: int
    verified: int
    called: int | None
    unit: int
    threshold: int
    goal: int
    expected: int


def numbers(session: Session, campaign_id: str) -> Numbers:
    """Return pledged, verified and called, of how many, and how many to count on."""
    found = card_by_id(session, campaign_id)
    return Numbers(
        found.pledged,
        found.verified,
        found.called,
        found.unit,
        found.threshold,
        found.goal,
        rules.expected(found.counted),
    )


@dataclass(frozen=True)
class Mandate:
    """What a passed strike vote allows. rule: the frozen preset. counts: (answer, votes). Aware UTC times."""

    campaign_id: str
    ballot_slug: str
    granted_at: datetime
    expires_at: datetime
    must_start_by: datetime | None
    used_at: datetime | None
    rule: dict[str, Any]
    counts: tuple[tuple[str, int], ...]
    cast: int
    eligible: int

    def in_force(self, now: datetime) -> bool:
        """Tell whether an action may rest on it: not expired, and begun in time where a term is set."""
        in_time = self.must_start_by is None or self.used_at is not None or now < self.must_start_by
        return self.granted_at <= now < self.expires_at and in_time


def mandates_of(session: Session, campaign_id: str) -> list[Mandate]:
    """Return all mandates the campaign ever had, newest first."""
    rows = session.scalars(
        select(models.Mandate)
        .where(models.Mandate.campaign_id == campaign_id)
        .order_by(models.Mandate.granted_at.desc())
    )
    return [
        Mandate(
            campaign_id=row.campaign_id,
            ballot_slug=row.ballot_slug,
            granted_at=row.granted_at,
            expires_at=row.expires_at,
            must_start_by=row.must_start_by,
            used_at=row.used_at,
            rule=dict(row.rule),
            counts=tuple((str(label), int(n)) for label, n in row.counts),
            cast=row.cast,
            eligible=row.eligible,
        )
        for row in rows
    ]


def mandate_in_force(session: Session, campaign_id: str, now: datetime) -> Mandate | None:
    """Return the newest mandate an action may rest on; None without one or once the campaign ended."""
    row = session.get(Campaign, campaign_id)
    if row is None or Stage(row.stage) in rules.ENDED:
        return None
    return next((found for found in mandates_of(session, campaign_id) if found.in_force(now)), None)


def waiting_for(session: Session, member_id: str, now: datetime) -> list[CampaignCard]:
    """Return the campaigns that gather and that the member has not pledged to, the nearest deadline first."""
    pledged = exists().where(Pledge.campaign_id == Campaign.id, Pledge.member_id == member_id)
    query = (
        select(Campaign)
        .where(
            Campaign.stage == Stage.GATHERING.value,
            Campaign.kind == Kind.ACTION.value,
            Campaign.pledge_deadline > now,
            ~pledged,
        )
        .order_by(Campaign.pledge_deadline)
        .limit(20)
    )
    names: dict[str, str] = {}
    return [card_of(session, row, names) for row in session.scalars(query)]

"""A campaign from draft to its end, and the news on the way.

Drafts may be changed freely; publication freezes what members pledge on, by hash.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from union.campaigns import rules, wording
from union.campaigns.models import Campaign, Demand, Mandate, Pledge
from union.campaigns.rules import DemandStatus, Kind, Stage, Turn
from union.campaigns.service.common import kind, locked, locked_by_id, record, stage, tell, turn
from union.campaigns.service.handing import freeze_text
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import msg
from union.core.ids import new_id, slugify
from union.core.permissions import Permission, allow
from union.core.zones import is_zone
from union.platforms import queries as platforms


@dataclass(frozen=True)
class Draft:
    """What an organizer writes. unit: people it is about; goal: the full meter; threshold: from when it tips.

    pledge_text: what members pledge, or what people sign. For signatures unit is the goal, and the threshold
    is the number from which they are handed over.
    demand: one sentence. pledge_deadline, debate_until: aware UTC instants; zone: where they were meant.
    """

    platform_slug: str
    title: str
    demand: str
    summary: str
    reasons: str
    pledge_text: str
    unit: int
    goal: int
    threshold: int
    pledge_deadline: datetime
    zone: str
    debate_until: datetime | None = None
    kind: str = Kind.ACTION.value


def create(session: Session, *, actor: Actor, now: datetime, draft: Draft) -> str:
    """Write a draft only organizers see, and return its slug; raises Invalid naming the field."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    platforms.platform_card(session, draft.platform_slug)
    _check(draft, now)
    campaign = Campaign(slug=_free_slug(session, draft.title), stage=Stage.DRAFT.value, created_at=now)
    campaign.created_by = actor.member_id
    _fill(campaign, draft)
    session.add(campaign)
    session.flush()
    record(session, campaign, "create", actor=actor, now=now)
    return campaign.slug


def edit(session: Session, *, slug: str, actor: Actor, now: datetime, draft: Draft) -> None:
    """Change a draft; raises Closed once members may have pledged on it."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    if stage(campaign) is not Stage.DRAFT:
        raise Closed(msg("The campaign is published: its words are fixed. Post an update instead."))
    platforms.platform_card(session, draft.platform_slug)
    _check(draft, now)
    _fill(campaign, draft)
    record(session, campaign, "edit", actor=actor, now=now)


def _fill(campaign: Campaign, draft: Draft) -> None:
    for name in Draft.__dataclass_fields__:
        setattr(campaign, name, getattr(draft, name))


def _check(draft: Draft, now: datetime) -> None:
    if draft.kind not in set(Kind):
        raise Invalid(msg("Choose what people are asked for."), field="kind")
    if not is_zone(draft.zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=draft.zone)
    if draft.pledge_deadline <= now:
        raise Invalid(msg("The pledge deadline must lie ahead."), field="deadline")
    if draft.debate_until and draft.debate_until > draft.pledge_deadline:
        raise Invalid(msg("The debate must end before the pledge deadline."), field="debate_until")
    if not 1 <= draft.threshold <= draft.goal:
        raise Invalid(msg("The threshold lies between 1 and the goal."), field="threshold")
    if draft.goal > draft.unit:
        raise Invalid(msg("The goal cannot be more than everybody it is about."), field="goal")


def _free_slug(session: Session, title: str) -> str:
    slug = slugify(title)
    taken = session.scalar(select(exists().where(Campaign.slug == slug)))
    return f"{slug}-{new_id()[:5]}" if taken else slug


def publish(session: Session, *, slug: str, actor: Actor, now: datetime) -> str:
    """Open the round: freeze the words, return their hash. Raises Closed; Invalid past the deadline."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    turn(session, campaign, Turn.PUBLISH, actor=actor, now=now)
    if campaign.pledge_deadline <= now:
        raise Invalid(msg("The pledge deadline must lie ahead."), field="deadline")
    _freeze(session, campaign)
    campaign.published_at = now
    if kind(campaign) in rules.SIGNED:
        freeze_text(session, campaign, reason="", now=now)
        tell(session, campaign, "opened", now=now)
    else:
        tell(session, campaign, "published", now=now)
    return str(campaign.pledge_hash)


def _freeze(session: Session, campaign: Campaign) -> None:
    frozen = []
    for demand in session.scalars(select(Demand).where(Demand.campaign_id == campaign.id)):
        if DemandStatus(demand.status) in rules.PUBLIC_DEMANDS:
            demand.frozen_hash = wording.demand_hash(demand.title, demand.text)
            frozen.append(demand.frozen_hash)
    campaign.wording = wording.canonical(
        pledge=campaign.pledge_text,
        demand=campaign.demand,
        demands=frozen,
        unit=campaign.unit,
        threshold=campaign.threshold,
    )
    campaign.pledge_hash = wording.digest(campaign.wording)


def gather_again(session: Session, *, slug: str, actor: Actor, deadline: datetime, now: datetime) -> None:
    """Open another round after one that fell short, and everybody pledges afresh; or open signing again."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    turn(session, campaign, Turn.GATHER_AGAIN, actor=actor, now=now)
    if deadline <= now:
        raise Invalid(msg("The pledge deadline must lie ahead."), field="deadline")
    campaign.pledge_deadline = deadline
    if kind(campaign) in rules.SIGNED:
        tell(session, campaign, "signing_again", now=now)
        return
    session.execute(delete(Pledge).where(Pledge.campaign_id == campaign.id))
    campaign.pledged_count = campaign.verified_count = campaign.band_changes = 0
    campaign.called_count = campaign.settled_at = campaign.band_more = campaign.band_at = None
    campaign.announced_to = None
    tell(session, campaign, "gather_again", now=now)


def win(session: Session, *, slug: str, actor: Actor, text: str, now: datetime) -> None:
    """End the campaign as won."""
    _end(session, slug, Turn.WIN, actor, text, now)


def close(session: Session, *, slug: str, actor: Actor, text: str, now: datetime) -> None:
    """End the campaign without a win. Private minimums that nobody settled are wiped."""
    _end(session, slug, Turn.CLOSE, actor, text, now)


def _end(session: Session, slug: str, by: Turn, actor: Actor, text: str, now: datetime) -> None:
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    turn(session, campaign, by, actor=actor, now=now)
    if campaign.settled_at is None:
        session.execute(delete(Pledge).where(Pledge.campaign_id == campaign.id))
    campaign.ended_at = now
    campaign.band_more = None
    if campaign.published_at:
        tell(session, campaign, campaign.stage, now=now, text=text)


def start_acting(session: Session, *, campaign_id: str, actor: Actor, now: datetime) -> None:
    """Say that an action has started; safe to repeat. Raises Conflict without a mandate in force."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked_by_id(session, campaign_id)
    mandate = session.scalar(
        select(Mandate)
        .where(Mandate.campaign_id == campaign_id, Mandate.expires_at > now)
        .order_by(Mandate.granted_at.desc())
        .limit(1)
        .with_for_update()
    )
    if mandate is None:
        raise Conflict(msg("The campaign has no mandate in force."))
    mandate.used_at = mandate.used_at or now
    if stage(campaign) is not Stage.ACTING:
        turn(session, campaign, Turn.ACT, actor=actor, now=now)
        tell(session, campaign, "acting", now=now)


def bargain(session: Session, *, campaign_id: str, actor: Actor, now: datetime) -> None:
    """Say that the campaign is at the table (again), as after an action ended; safe to repeat."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked_by_id(session, campaign_id)
    if stage(campaign) is not Stage.BARGAINING:
        turn(session, campaign, Turn.BARGAIN, actor=actor, now=now)
        tell(session, campaign, "bargaining", now=now)

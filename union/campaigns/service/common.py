"""What every verb of this room starts and ends with: the locked row, the stage, a line on the timeline."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.campaigns import rules
from union.campaigns.models import Campaign, CampaignUpdate
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg

NO_CAMPAIGN = msg("There is no such campaign.")


def locked(session: Session, slug: str) -> Campaign:
    """Return the campaign with its row locked until the transaction ends; raises NotFound."""
    query = (
        select(Campaign)
        .where(Campaign.slug == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    campaign = session.scalar(query)
    if campaign is None:
        raise NotFound(NO_CAMPAIGN)
    return campaign


def locked_by_id(session: Session, campaign_id: str) -> Campaign:
    """Return the same by id."""
    campaign = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if campaign is None:
        raise NotFound(NO_CAMPAIGN)
    return campaign


def stage(campaign: Campaign) -> rules.Stage:
    """Return the campaign's stage as the rules know it."""
    return rules.Stage(campaign.stage)


def kind(campaign: Campaign) -> rules.Kind:
    """Return what the campaign asks for, as the rules know it."""
    return rules.Kind(campaign.kind)


def turn(
    session: Session, campaign: Campaign, by: rules.Turn, *, actor: Actor, now: datetime, **facts: int | str
) -> None:
    """Move the campaign on and record it; raises Closed where the rules refuse."""
    before = stage(campaign)
    campaign.stage = rules.after(before, by, kind(campaign)).value
    record(session, campaign, by.value, actor=actor, now=now, before=before.value, **facts)


def record(
    session: Session, campaign: Campaign, act: str, *, actor: Actor, now: datetime, **facts: int | str | None
) -> None:
    """Write one act about the campaign to the audit log."""
    audit.record(
        session, actor=actor, now=now, act=f"campaign.{act}", subject=f"campaign/{campaign.slug}", **facts
    )


def tell(
    session: Session,
    campaign: Campaign,
    kind: str,
    *,
    now: datetime,
    title: str = "",
    text: str = "",
    facts: Mapping[str, int | str] | None = None,
) -> CampaignUpdate:
    """Add a line to the timeline. kind: a turn of events, worded for each reader, or "news" in own words."""
    line = CampaignUpdate(
        campaign_id=campaign.id, at=now, kind=kind, title=title, text=text, facts=dict(facts or {})
    )
    session.add(line)
    return line

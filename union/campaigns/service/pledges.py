"""The tipping pledge: give, change, withdraw.

A private minimum is sealed at rest; neither the audit log nor any message names it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.campaigns import tipping
from union.campaigns.models import Campaign, Pledge
from union.campaigns.rules import SIGNED, Stage
from union.campaigns.service.common import kind, locked, stage
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members

OVER = msg("The pledge round is over: it settled, or its deadline has passed.")


@dataclass(frozen=True)
class Standing:
    """Where the campaign stands after a member's pledge; nothing of anybody's minimum."""

    pledged: int
    new: bool


def pledge(session: Session, *, slug: str, actor: Actor, at_least: int | str, now: datetime) -> Standing:
    """Count the member in, once, while the campaign gathers; a second pledge replaces the first.

    at_least: how many must act, this member counted, before this member does: a number, or a share of the
    unit such as "1/3". An applicant's pledge is kept as unverified and counts from the day they are admitted.
    Raises Closed once the round is over: decided inside the lock, so the settling second is in or out.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    campaign = _gathering(session, slug, now)
    minimum = check_minimum(at_least, campaign.unit)
    mine = session.get(Pledge, (campaign.id, actor.member_id))
    new = mine is None
    if mine is None:
        in_unit = actor.active and campaign.platform_slug in members.account(session, actor=actor).platforms
        mine = Pledge(campaign_id=campaign.id, member_id=str(actor.member_id), verified=in_unit)
        session.add(mine)
        campaign.pledged_count += 1
        campaign.verified_count += in_unit
        campaign.band_changes += in_unit
    mine.at_least = str(minimum)
    campaign.moves += 1
    session.flush()
    return Standing(campaign.pledged_count, new)


def check_minimum(at_least: int | str, unit: int) -> tipping.Minimum:
    """Return the minimum as the solver knows it; raises Invalid for one that the unit could never meet."""
    minimum = tipping.Minimum.parse(str(at_least))
    if minimum.resolve(unit) > unit:
        raise Invalid(
            msg("Everybody together is %(unit)s people: with more than that you would never act."),
            field="number",
            unit=unit,
        )
    return minimum


def withdraw(session: Session, *, slug: str, actor: Actor, now: datetime) -> None:
    """Take the pledge back while the round runs; raises Closed after it, NotFound without one."""
    allow(actor, Permission.ACCOUNT_OWN)
    campaign = _gathering(session, slug, now)
    mine = session.get(Pledge, (campaign.id, actor.member_id))
    if mine is None:
        raise NotFound(msg("You have not pledged here."))
    campaign.pledged_count -= 1
    campaign.verified_count -= mine.verified
    campaign.band_changes -= mine.verified
    campaign.moves += 1
    session.delete(mine)
    session.flush()


def _gathering(session: Session, slug: str, now: datetime) -> Campaign:
    campaign = locked(session, slug)
    if stage(campaign) is Stage.DRAFT or kind(campaign) in SIGNED:
        raise NotFound(msg("There is no such campaign."))
    if stage(campaign) is not Stage.GATHERING or now >= campaign.pledge_deadline:
        raise Closed(OVER)
    return campaign

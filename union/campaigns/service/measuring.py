"""Keep the numbers of a running round in line with the register, and the band when enough has changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.campaigns import tipping
from union.campaigns.models import Campaign
from union.campaigns.rules import Kind, Stage
from union.campaigns.service.common import kind, locked, stage
from union.campaigns.service.minimums import differences, forget, mark, opened, recount
from union.campaigns.service.settling import rounds
from union.core.actor import Actor
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class Measure:
    """What a look found. came, went: whose pledge counts from now, or no longer. band: None to keep it.

    changes: how many more, or fewer, count than when the band was last shown.
    """

    came: list[str]
    went: list[str]
    band: int | None
    changes: int


def measure(session: Session, *, slug: str, actor: Actor) -> Measure | None:
    """Look at a round without locking anything, however large it is; None when it does not run."""
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None or stage(campaign) is not Stage.GATHERING or kind(campaign) is not Kind.ACTION:
        return None
    came, went, verified = differences(session, campaign)
    band, changes = None, campaign.band_changes + len(came) - len(went)
    if tipping.may_show(changes, verified, shown_before=campaign.band_at is not None):
        left, joined = set(went), set(came)
        minimums = [
            minimum
            for member, minimum, counted in opened(session, campaign)
            if (counted and member not in left) or member in joined
        ]
        band = tipping.band(tipping.more_needed(minimums, campaign.threshold))
    return Measure(came, went, band, changes)


def refresh(
    session: Session, *, slug: str, actor: Actor, now: datetime, measured: Measure | None = None
) -> bool:
    """Bring the counts in line with the register, and the band when enough changed; tell whether it moved.

    measured: what `measure` found just before in a session of its own, so that nobody waits for the lock;
    else it is worked out here. A job's work, so that no page pays for it.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    found = measured or measure(session, slug=slug, actor=actor)
    if found is None or stage(campaign) is not Stage.GATHERING:
        return False
    mark(session, campaign, found.came, verified=True)
    mark(session, campaign, found.went, verified=False)
    forget(session, campaign, found.went)
    recount(session, campaign)
    campaign.band_changes += len(found.came) - len(found.went)
    if found.band is None:
        return False
    campaign.band_more, campaign.band_at = found.band, now
    campaign.band_changes -= found.changes
    return True


def gathering(session: Session) -> list[str]:
    """Return the slugs of campaigns whose round runs."""
    return list(session.scalars(rounds()))

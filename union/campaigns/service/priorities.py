"""Members rank the adopted demands in a secret ballot; their words are frozen, the order is public."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots import queries as ballots
from union.ballots import service as voting
from union.ballots.service import Call
from union.campaigns import rules, wording
from union.campaigns.models import Campaign, Demand
from union.campaigns.rules import DemandStatus
from union.campaigns.service.common import locked, record, stage
from union.core.actor import Actor
from union.core.errors import Closed, Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow

KIND = "demands"
FEWEST, MOST = 2, 30
_OPEN = (DemandStatus.ADOPTED.value, DemandStatus.NEGOTIATION.value)
_OVER = frozenset({"concluded", "cancelled"})


class How(StrEnum):
    """How members say what matters most: by an order, or by all they can stand behind."""

    RANKING = "ranking"
    APPROVAL = "approval"


def subject_of(slug: str) -> str:
    """Return what the ballots on a campaign's demands are filed under."""
    return f"demands/{slug}"


def rankable(session: Session, campaign_id: str) -> list[Demand]:
    """Return the demands members may put in order: adopted, or on the table, oldest first."""
    query = select(Demand).where(Demand.campaign_id == campaign_id, Demand.status.in_(_OPEN))
    return list(session.scalars(query.order_by(Demand.created_at, Demand.id).limit(MOST)))


def launch_priorities(
    session: Session, *, slug: str, actor: Actor, now: datetime, vote: Call, how: How
) -> str:
    """Draft a ballot in which members put the adopted demands in order, and return its slug.

    Raises Closed when the campaign has ended, Conflict with fewer than two demands or while such a ballot is
    under way.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    if stage(campaign) in rules.ENDED:
        raise Closed(rules.OVER)
    demands = rankable(session, campaign.id)
    if len(demands) < FEWEST:
        raise Conflict(msg("Members can put demands in order once at least two are adopted."))
    if any(card.state not in _OVER for card in ballots.for_subject(session, subject_of(slug))):
        raise Conflict(msg("A ballot on the order of the demands is under way already."))
    for demand in demands:
        demand.frozen_hash = demand.frozen_hash or wording.demand_hash(demand.title, demand.text)
    titles = [demand.title for demand in demands]
    asked = (
        voting.approval(vote.question, titles)
        if how is How.APPROVAL
        else voting.ranking(vote.question, titles)
    )
    ballot = voting.call(
        session,
        actor=actor,
        now=now,
        vote=vote,
        kind=KIND,
        subject=subject_of(slug),
        asked=asked,
        platform_slug=campaign.platform_slug,
    )
    campaign.priorities = {"ballot": ballot, "demands": [[demand.id, demand.title] for demand in demands]}
    record(session, campaign, "priorities_launch", actor=actor, now=now, ballot=ballot)
    return ballot


def ballot_of(session: Session, campaign: Campaign) -> str | None:
    """Return the ballot on the order of the demands: the one that holds it again, where there is one."""
    if not campaign.priorities:
        return None
    cards = ballots.for_subject(session, subject_of(campaign.slug))
    alive = [card.slug for card in cards if not card.without_result]
    return alive[0] if alive else str(campaign.priorities["ballot"])

"""How long signatures are gathered and kept: closing at the deadline, then forgetting.

Jobs' work. What was never confirmed goes after its week, what was withdrawn after a day; addresses and the
names of those who did not want to be named a month after the campaign ended, with who wrote, endorsed and
ranked its demands. So do pledges, when whoever holds its actions says that none is left. The counts stay.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from union.campaigns import rules
from union.campaigns.models import (
    Amendment,
    Campaign,
    Demand,
    DemandRank,
    Endorsement,
    Follower,
    Pledge,
    Signature,
)
from union.campaigns.rules import Stage, Turn
from union.campaigns.service.common import kind, locked, locked_by_id, stage, tell, turn
from union.campaigns.service.structure import fold_tests, old_tests
from union.core.actor import Actor
from union.core.permissions import Permission, allow


def due_to_close(session: Session, now: datetime) -> list[str]:
    """Return the slugs of campaigns whose signing must close."""
    return list(
        session.scalars(
            select(Campaign.slug).where(
                Campaign.stage == Stage.GATHERING.value,
                Campaign.kind.in_([one.value for one in rules.SIGNED]),
                Campaign.pledge_deadline <= now,
            )
        )
    )


def close_signing(session: Session, *, slug: str, actor: Actor, now: datetime) -> bool:
    """Close signing at its deadline, once; tell whether there was something to close."""
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    over = stage(campaign) is Stage.GATHERING and now >= campaign.pledge_deadline
    if kind(campaign) not in rules.SIGNED or not over:
        return False
    facts = {"confirmed": campaign.verified_count, "given": campaign.pledged_count}
    turn(session, campaign, Turn.CLOSE_SIGNING, actor=actor, now=now, **facts)
    tell(session, campaign, campaign.stage, now=now, facts=facts)
    return True


def to_forget(session: Session, now: datetime) -> list[str]:
    """Return the slugs of campaigns in which something has been kept for long enough."""
    late = select(Signature.campaign_id).where(_unconfirmed(now))
    followers = select(Follower.campaign_id).where(_unheard(now))
    tested = old_tests(now).with_only_columns(Campaign.id)
    ended = select(Campaign.id).where(Campaign.ended_at < now - rules.KEPT_AFTER_END)
    demanded = select(Demand.campaign_id).where(Demand.campaign_id.in_(ended), _of_somebody())
    ranked = select(DemandRank.campaign_id).where(DemandRank.campaign_id.in_(ended))
    kept = select(Signature.campaign_id).where(
        Signature.campaign_id.in_(ended), Signature.address_key.is_not(None)
    )
    heard = select(Follower.campaign_id).where(Follower.campaign_id.in_(ended))
    due = late.union(followers, tested, demanded, ranked, kept, heard)
    return list(session.scalars(select(Campaign.slug).where(Campaign.id.in_(due))))


def forget(session: Session, *, slug: str, actor: Actor, now: datetime) -> bool:
    """Delete what has been kept for long enough, and bring the count of those given in line."""
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    fold_tests(session, campaign, now)
    here, followers = Signature.campaign_id == campaign.id, Follower.campaign_id == campaign.id
    if _kept_long(campaign, now):
        session.execute(delete(Follower).where(followers))
        session.execute(delete(Signature).where(here, Signature.public.is_(False)))
        session.execute(delete(Signature).where(here, Signature.confirmed_at.is_(None)))
        session.execute(
            update(Signature)
            .where(here)
            .values(address_key=None, email=None)
            .execution_options(synchronize_session=False)
        )
        _forget_whose_demands(session, campaign)
        return True
    session.execute(delete(Follower).where(followers, _unheard(now)))
    session.execute(delete(Signature).where(here, _unconfirmed(now)))
    if kind(campaign) in rules.SIGNED:
        waiting = select(func.count()).where(
            here,
            Signature.confirmed_at.is_(None),
            Signature.withdrawn_at.is_(None),
            Signature.version == campaign.text_version,
        )
        campaign.pledged_count = campaign.verified_count + (session.scalar(waiting) or 0)
    return True


def _of_somebody() -> ColumnElement[bool]:
    """Demands of which it is known who wrote them, would write them otherwise, or stands behind them."""
    amended = exists().where(Amendment.demand_id == Demand.id, Amendment.author_id.is_not(None))
    endorsed = exists().where(Endorsement.demand_id == Demand.id)
    return Demand.author_id.is_not(None) | amended | endorsed


def _forget_whose_demands(session: Session, campaign: Campaign) -> None:
    """Cut the demands of a campaign loose from members: words, counts and the order of all stay."""
    demands = select(Demand.id).where(Demand.campaign_id == campaign.id)
    for statement in (
        update(Demand).where(Demand.campaign_id == campaign.id).values(author_id=None),
        update(Amendment).where(Amendment.demand_id.in_(demands)).values(author_id=None),
        delete(Endorsement).where(Endorsement.demand_id.in_(demands)),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})
    if not campaign.ranking_stale:  # else the order is still to be worked out
        session.execute(delete(DemandRank).where(DemandRank.campaign_id == campaign.id))


def _kept_long(campaign: Campaign, now: datetime) -> bool:
    return campaign.ended_at is not None and campaign.ended_at < now - rules.KEPT_AFTER_END


def with_old_pledges(session: Session, now: datetime) -> list[str]:
    """Return the ids of campaigns over for a month whose pledges are still there."""
    query = select(Campaign.id).where(
        Campaign.ended_at < now - rules.KEPT_AFTER_END,
        # everybody must have been told how the round came out
        Campaign.announced_to.is_(None),
        Campaign.outcome_to.is_(None),
        exists().where(Pledge.campaign_id == Campaign.id),
    )
    return list(session.scalars(query.order_by(Campaign.id)))


def forget_pledges(session: Session, *, campaign_id: str, actor: Actor, now: datetime) -> bool:
    """Delete the pledges of a campaign over for a month; the counts stay. Tell whether it is.

    Only the caller knows whether an action still needs them.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked_by_id(session, campaign_id)
    if not _kept_long(campaign, now):
        return False
    session.execute(delete(Pledge).where(Pledge.campaign_id == campaign.id))
    return True


def _unconfirmed(now: datetime) -> ColumnElement[bool]:
    web = Signature.paper.is_(False) & (Signature.asked_at < now - rules.CONFIRM_WITHIN)
    paper = Signature.paper.is_(True) & (Signature.asked_at < now - rules.CONFIRM_PAPER_WITHIN)
    withdrawn = Signature.withdrawn_at <= now - rules.UNDO_WITHIN
    return Signature.confirmed_at.is_(None) & (web | paper | withdrawn)


def _unheard(now: datetime) -> ColumnElement[bool]:
    return Follower.confirmed.is_(False) & (Follower.asked_at < now - rules.CONFIRM_WITHIN)

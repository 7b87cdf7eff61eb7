"""From a tipped campaign to a mandate: launch the strike vote, take its outcome, let it expire."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from union.ballots import queries as ballots
from union.ballots import service as voting
from union.ballots.queries import Outcome
from union.ballots.service import Call
from union.campaigns import mandates
from union.campaigns.models import Campaign, Mandate
from union.campaigns.rules import ENDED, Stage, Turn
from union.campaigns.service.common import locked, locked_by_id, record, stage, tell, turn
from union.core.actor import Actor
from union.core.errors import Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow

KIND = "strike_vote"


def launch_strike_vote(session: Session, *, slug: str, actor: Actor, now: datetime, vote: Call) -> str:
    """Draft a tipped campaign's strike vote, return the ballot's slug. Raises Closed before, or twice."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    turn(session, campaign, Turn.LAUNCH_VOTE, actor=actor, now=now)
    campaign.ballot_slug = voting.call(
        session,
        actor=actor,
        now=now,
        vote=vote,
        kind=KIND,
        subject=f"campaign/{campaign.slug}",
        asked=voting.decision(vote.question, actor.language),
        platform_slug=campaign.platform_slug,
    )
    tell(session, campaign, "vote_launched", now=now, facts={"ballot": campaign.ballot_slug})
    return campaign.ballot_slug


def voting_campaigns(session: Session) -> list[str]:
    """Return the slugs of campaigns whose vote has no outcome yet."""
    return list(session.scalars(select(Campaign.slug).where(Campaign.stage == Stage.BALLOT.value)))


def refused_campaigns(session: Session) -> list[str]:
    """Return the slugs of tipped campaigns that had a vote: it may be held again."""
    tipped = (Campaign.stage == Stage.TIPPED.value) & Campaign.ballot_slug.is_not(None)
    return list(session.scalars(select(Campaign.slug).where(tipped)))


def follow_repeated_vote(session: Session, *, slug: str, actor: Actor, now: datetime) -> bool:
    """Let a vote that is held again be the campaign's vote, so that its outcome counts; tell whether."""
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    again = ballots.held_again(session, f"campaign/{campaign.slug}")
    if campaign.stage != Stage.TIPPED or campaign.ballot_slug is None or again is None or again.kind != KIND:
        return False
    turn(session, campaign, Turn.LAUNCH_VOTE, actor=actor, now=now, ballot=again.slug)
    campaign.ballot_slug = again.slug
    tell(session, campaign, "vote_launched", now=now, facts={"ballot": again.slug})
    return True


def grant_mandates(session: Session, *, slug: str, actor: Actor, now: datetime) -> str | None:
    """Take the outcome of the campaign's vote, once: a mandate, or a refusal on the timeline.

    Returns "granted", "refused" or "cancelled"; None while there is nothing to take.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if campaign.stage != Stage.BALLOT or campaign.ballot_slug is None:
        return None
    outcome = ballots.outcome(session, campaign.ballot_slug)
    if outcome is None:
        return _cancelled(session, campaign, actor, now)
    facts: dict[str, int | str] = {"ballot": outcome.slug, "cast": outcome.cast, "eligible": outcome.eligible}
    if not outcome.passed:
        turn(session, campaign, Turn.REFUSE, actor=actor, now=now, **facts)
        tell(session, campaign, "vote_refused", now=now, facts=facts)
        return "refused"
    session.add(_mandate(campaign, outcome))
    turn(session, campaign, Turn.GRANT, actor=actor, now=now, **facts)
    tell(session, campaign, "mandate", now=now, facts=facts)
    return "granted"


def _mandate(campaign: Campaign, outcome: Outcome) -> Mandate:
    return Mandate(
        campaign_id=campaign.id,
        ballot_slug=outcome.slug,
        granted_at=outcome.decided_at,
        expires_at=mandates.expires(outcome.decided_at, outcome.rule, campaign.zone),
        must_start_by=mandates.must_start_by(outcome.decided_at, outcome.rule, campaign.zone),
        rule=dict(outcome.rule),
        counts=[list(pair) for pair in outcome.counts],
        cast=outcome.cast,
        eligible=outcome.eligible,
    )


def extend_mandate(
    session: Session,
    *,
    campaign_id: str,
    actor: Actor,
    now: datetime,
    outcome: Outcome,
    in_use: bool,
    everywhere: bool = True,
) -> datetime | None:
    """Let a vote held while members act give a mandate of its own; the campaign's stage stays as it is.

    in_use: an action runs on it already. everywhere: False for a vote among one chapter, which cannot decide
    for the others: it carries the action it was held beside, and nothing is written here. Returns when it
    ends; None when the campaign is over, for then there is nothing left to act for. Raises Conflict for a
    vote that did not pass.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked_by_id(session, campaign_id)
    if not outcome.passed:
        raise Conflict(msg("A vote that did not pass gives no mandate."))
    if stage(campaign) in ENDED:
        return None
    made = _mandate(campaign, outcome)
    if not everywhere:
        return made.expires_at
    made.used_at = now if in_use else None
    session.add(made)
    facts: dict[str, int | str] = {"ballot": outcome.slug, "cast": outcome.cast, "eligible": outcome.eligible}
    record(session, campaign, "extend", actor=actor, now=now, **facts)
    tell(session, campaign, "mandate_extended", now=now, facts=facts)
    session.flush()
    return made.expires_at


def _cancelled(session: Session, campaign: Campaign, actor: Actor, now: datetime) -> str | None:
    cards = ballots.for_subject(session, f"campaign/{campaign.slug}")
    if not any(card.slug == campaign.ballot_slug and card.without_result for card in cards):
        return None
    turn(session, campaign, Turn.REFUSE, actor=actor, now=now, ballot=str(campaign.ballot_slug))
    tell(session, campaign, "vote_cancelled", now=now, facts={"ballot": str(campaign.ballot_slug)})
    return "cancelled"


def expiring(session: Session, now: datetime) -> list[str]:
    """Return the slugs of mandated campaigns whose mandate may have lapsed."""
    lapsed = or_(Mandate.expires_at <= now, (Mandate.must_start_by <= now) & Mandate.used_at.is_(None))
    return list(
        session.scalars(
            select(Campaign.slug)
            .join(Mandate, Mandate.ballot_slug == Campaign.ballot_slug)
            .where(Campaign.stage == Stage.MANDATED.value, lapsed)
        )
    )


def expire_mandates(session: Session, *, slug: str, actor: Actor, now: datetime) -> bool:
    """Put a campaign whose mandate lapsed back to tipped: it may vote again. Tell whether it was due."""
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if campaign.slug not in expiring(session, now):
        return False
    turn(session, campaign, Turn.EXPIRE, actor=actor, now=now)
    tell(session, campaign, "mandate_expired", now=now)
    return True

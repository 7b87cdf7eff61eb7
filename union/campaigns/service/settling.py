"""The round settles: the largest group is called, once.

Private minimums are gone in the transaction that settles; in a round of more than
`AT_ONCE` pledges they go right after it, part by part, so that nobody waits long for the write lock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from union.campaigns import tipping
from union.campaigns.models import Campaign, Pledge
from union.campaigns.rules import Kind, Stage, Turn
from union.campaigns.service.announcing import tell_next
from union.campaigns.service.common import kind, locked, stage, tell, turn
from union.campaigns.service.minimums import differences, forget, mark, opened, recount
from union.core.actor import Actor
from union.core.permissions import Permission, allow

AT_ONCE = 20_000


@dataclass(frozen=True)
class Settlement:
    """How a round came out. pledged, verified: who was counted; called: how many act (0: nobody)."""

    pledged: int
    verified: int
    called: int


def due(session: Session, now: datetime) -> list[str]:
    """Return the slugs of campaigns whose round must settle."""
    return list(session.scalars(rounds().where(Campaign.pledge_deadline <= now)))


def rounds() -> Select[str]:
    """Select the slugs of campaigns whose round runs, the next to end first."""
    return (
        select(Campaign.slug)
        .where(Campaign.stage == Stage.GATHERING.value, Campaign.kind == Kind.ACTION.value)
        .order_by(Campaign.pledge_deadline)
    )


@dataclass(frozen=True)
class Weighed:
    """A round worked out without a lock. size: how many are called, by the minimums that count.

    came, went: whose pledge counts from now, or no longer. moves: how often pledges had moved by then.
    left_out: those that count and ask for more than `size`. called: those who act; only one of the two is
    needed to write the outcome, the shorter one.
    """

    moves: int
    came: list[str]
    went: list[str]
    size: int
    called: list[str]
    left_out: list[str]


def weigh(session: Session, *, slug: str, actor: Actor, now: datetime) -> Weighed | None:
    """Work the outcome of a round that is due out, without locking anything; None when it is not due.

    All opening of minimums happens here: seconds at a million, during which everybody else goes on.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None or not _due(campaign, now):
        return None
    came, went, _verified = differences(session, campaign)
    left, joined = set(went), set(came)
    asked = [
        (member, minimum)
        for member, minimum, counted in opened(session, campaign)
        if (counted and member not in left) or member in joined
    ]
    size = tipping.settle((minimum for _member, minimum in asked), floor=campaign.threshold)
    called = [member for member, minimum in asked if minimum <= size]
    left_out = [member for member, minimum in asked if minimum > size]
    return Weighed(campaign.moves, came, went, size, called, left_out)


def _due(campaign: Campaign, now: datetime) -> bool:
    gathering = stage(campaign) is Stage.GATHERING and kind(campaign) is Kind.ACTION
    return gathering and now >= campaign.pledge_deadline


def settle(
    session: Session,
    *,
    slug: str,
    actor: Actor,
    now: datetime,
    public_url: str,
    weighed: Weighed | None = None,
) -> Settlement | None:
    """Settle the round after its deadline: call the largest group, wipe every minimum, tell the first.

    public_url: where members reach us, for the link in the message. weighed: what `weigh` found just before
    in a session of its own; it holds unless a pledge moved since, else the round is weighed again in here.
    Of a large round only the outcome is decided here, and `outcome_part` and `write_part` put it on the
    pledges. Whoever is not told in this transaction is told by `announce`. None when there is nothing (any
    more) to settle, as when another process was first.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if not _due(campaign, now):
        return None
    found = weighed if weighed is not None and weighed.moves == campaign.moves else None
    found = found or weigh(session, slug=slug, actor=actor, now=now)
    if found is None:
        return None
    mark(session, campaign, found.came, verified=True)
    mark(session, campaign, found.went, verified=False)
    forget(session, campaign, found.went)
    recount(session, campaign)
    if campaign.pledged_count > AT_ONCE:
        campaign.outcome_to = ""
    else:
        _write_outcome(session, campaign, found)
    campaign.settled_at, campaign.called_count, campaign.announced_to = now, found.size, ""
    campaign.band_more = campaign.band_at = None
    turn(
        session,
        campaign,
        Turn.TIP if found.size else Turn.FALL_SHORT,
        actor=actor,
        now=now,
        pledged=campaign.pledged_count,
        verified=campaign.verified_count,
        called=found.size,
    )
    tell(
        session,
        campaign,
        campaign.stage,
        now=now,
        facts={"called": found.size, "pledged": campaign.pledged_count, "threshold": campaign.threshold},
    )
    tell_next(session, campaign, public_url, now)
    return Settlement(campaign.pledged_count, campaign.verified_count, found.size)


def _write_outcome(session: Session, campaign: Campaign, found: Weighed) -> None:
    """Wipe every minimum and say of every pledge whether it is called; each row is written once.

    The shorter list goes first, by id; one statement writes the rest.
    """
    few_left_out = len(found.left_out) <= len(found.called)
    exceptions = found.left_out if few_left_out else found.called
    mark(session, campaign, exceptions, at_least=None, called=not few_left_out)
    session.execute(
        update(Pledge)
        .where(Pledge.campaign_id == campaign.id, Pledge.called.is_(None))
        .values(at_least=None, called=Pledge.verified if few_left_out else False)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class Part:
    """The outcome for the next pledges in order of id. left_out: counted ones that ask for too many."""

    after: str
    upto: str
    left_out: list[str]


def unwritten(session: Session) -> list[str]:
    """Return the slugs of campaigns that settled and whose pledges do not all say so yet."""
    return list(session.scalars(select(Campaign.slug).where(Campaign.outcome_to.is_not(None))))


def outcome_part(session: Session, *, slug: str, actor: Actor) -> Part | None:
    """Work out, without a lock, who of the next pledges is called; None when all are written.

    Nothing can move any more: the round is over, and how many are called is decided.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None or campaign.outcome_to is None:
        return None
    size = campaign.called_count or 0
    found = list(opened(session, campaign, campaign.outcome_to, AT_ONCE))
    left_out = [member for member, minimum, counted in found if counted and minimum > size]
    # The last part takes in whatever is left, so that no minimum can stay.
    upto = found[-1][0] if len(found) == AT_ONCE else ""
    return Part(campaign.outcome_to, upto, left_out)


def write_part(session: Session, *, slug: str, actor: Actor, part: Part) -> bool:
    """Say of the pledges of a part whether they are called, and wipe their minimums.

    Tell whether more are to come; a part that another process wrote first changes nothing.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if campaign.outcome_to == part.after:
        mark(session, campaign, part.left_out, at_least=None, called=False)
        here = (Pledge.campaign_id == campaign.id) & (Pledge.member_id > part.after)
        if part.upto:
            here &= Pledge.member_id <= part.upto
        session.execute(
            update(Pledge)
            .where(here, Pledge.called.is_(None))
            .values(at_least=None, called=Pledge.verified)
            .execution_options(synchronize_session=False)
        )
        campaign.outcome_to = part.upto or None
        session.flush()
    return campaign.outcome_to is not None


def settled_lately(session: Session, now: datetime) -> bool:
    """Tell whether a round settled, or a campaign ended with one, within the last day."""
    since = now - timedelta(days=1)
    lately = select(Campaign.id).where((Campaign.settled_at >= since) | (Campaign.ended_at >= since)).limit(1)
    return session.scalar(lately) is not None

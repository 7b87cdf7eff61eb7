"""The tipping pledge: give, change, withdraw, settle once.

A private minimum is sealed while the round runs, opened in one place to settle, and gone in the same
transaction. Neither the audit log nor any message names it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from union.campaigns import tipping
from union.campaigns.models import Campaign, Pledge
from union.campaigns.rules import Stage, Turn
from union.campaigns.service.common import locked, stage, tell, turn
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient

_BATCH = 500
_USEFUL_FOR = timedelta(days=7)
OVER = msg("The pledge round is over: it settled, or its deadline has passed.")


@dataclass(frozen=True)
class Standing:
    """Where the campaign stands after a member's pledge; nothing of anybody's minimum."""

    pledged: int
    new: bool


@dataclass(frozen=True)
class Settlement:
    """How a round came out. pledged, verified: who was counted; called: how many act (0: nobody)."""

    pledged: int
    verified: int
    called: int


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
    mine.at_least = str(minimum)
    campaign.band_changes += 1
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
    campaign.band_changes += 1
    session.delete(mine)
    session.flush()


def _gathering(session: Session, slug: str, now: datetime) -> Campaign:
    campaign = locked(session, slug)
    if stage(campaign) is Stage.DRAFT:
        raise NotFound(msg("There is no such campaign."))
    if stage(campaign) is not Stage.GATHERING or now >= campaign.pledge_deadline:
        raise Closed(OVER)
    return campaign


def refresh(session: Session, *, slug: str, actor: Actor, now: datetime) -> bool:
    """Bring the counts in line with the register, and the band when enough changed; tell whether it was due.

    A job's work, so that no page pays for it.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if stage(campaign) is not Stage.GATHERING:
        return False
    _reconcile(session, campaign)
    if not tipping.may_show(
        campaign.band_changes, campaign.verified_count, shown_before=campaign.band_at is not None
    ):
        return False
    minimums = [minimum for _member, minimum in _opened(session, campaign)]
    campaign.band_more = tipping.band(tipping.more_needed(minimums, campaign.threshold))
    campaign.band_at = now
    campaign.band_changes = 0
    return True


def _reconcile(session: Session, campaign: Campaign) -> set[str]:
    """Mark as verified exactly the active members of the platform; return them."""
    unit = set(members.eligible(session, platform_slug=campaign.platform_slug))
    rows = session.execute(
        select(Pledge.member_id, Pledge.verified).where(Pledge.campaign_id == campaign.id)
    ).all()
    _mark(session, campaign, [m for m, verified in rows if m in unit and not verified], verified=True)
    _mark(session, campaign, [m for m, verified in rows if m not in unit and verified], verified=False)
    campaign.pledged_count = len(rows)
    campaign.verified_count = sum(m in unit for m, _verified in rows)
    return unit


def _mark(session: Session, campaign: Campaign, ids: Iterable[str], **values: bool) -> None:
    for batch in _batches(ids):
        session.execute(
            update(Pledge)
            .where(Pledge.campaign_id == campaign.id, Pledge.member_id.in_(batch))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _opened(session: Session, campaign: Campaign) -> list[tuple[str, int]]:
    """Open the verified minimums, as whole numbers of people; never leaves this module."""
    rows = session.execute(
        select(Pledge.member_id, Pledge.at_least).where(
            Pledge.campaign_id == campaign.id, Pledge.verified.is_(True), Pledge.at_least.is_not(None)
        )
    )
    return [(member, tipping.Minimum.parse(str(text)).resolve(campaign.unit)) for member, text in rows]


def due(session: Session, now: datetime) -> list[str]:
    """Return the slugs of campaigns whose round must settle."""
    return list(
        session.scalars(
            select(Campaign.slug)
            .where(Campaign.stage == Stage.GATHERING.value, Campaign.pledge_deadline <= now)
            .order_by(Campaign.pledge_deadline)
        )
    )


def settle(session: Session, *, slug: str, actor: Actor, now: datetime, public_url: str) -> Settlement | None:
    """Settle the round after its deadline: call the largest group, wipe every minimum, tell everybody.

    public_url: where members reach us, for the link in the message. None when there is nothing (any more) to
    settle, as when another process was first.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = locked(session, slug)
    if stage(campaign) is not Stage.GATHERING or now < campaign.pledge_deadline:
        return None
    _reconcile(session, campaign)
    session.flush()
    asked = _opened(session, campaign)
    size = tipping.settle((minimum for _member, minimum in asked), floor=campaign.threshold)
    called = {member for member, minimum in asked if minimum <= size}
    session.execute(
        update(Pledge)
        .where(Pledge.campaign_id == campaign.id)
        .values(at_least=None, called=False)
        .execution_options(synchronize_session=False)
    )
    _mark(session, campaign, sorted(called), called=True)
    campaign.settled_at, campaign.called_count = now, size
    campaign.band_more = campaign.band_at = None
    turn(
        session,
        campaign,
        Turn.TIP if size else Turn.FALL_SHORT,
        actor=actor,
        now=now,
        pledged=campaign.pledged_count,
        verified=campaign.verified_count,
        called=size,
    )
    tell(
        session,
        campaign,
        campaign.stage,
        now=now,
        facts={"called": size, "pledged": campaign.pledged_count, "threshold": campaign.threshold},
    )
    _announce(session, campaign, called, public_url, now)
    return Settlement(campaign.pledged_count, campaign.verified_count, size)


def _announce(
    session: Session, campaign: Campaign, called: Collection[str], public_url: str, now: datetime
) -> None:
    everybody = set(session.scalars(select(Pledge.member_id).where(Pledge.campaign_id == campaign.id)))
    words: dict[str, str | int] = {"link": f"{public_url}/campaigns/at/{campaign.id}"}
    for kind, ids in (("called", called), ("released", everybody.difference(called))):
        notify.enqueue_many(
            session,
            now=now,
            ref=f"campaign:{campaign.id}:{campaign.settled_at:%Y%m%d%H%M%S}",
            kind=kind,
            template=f"campaigns/{kind}",
            lane=Lane.NEWS,
            expires_at=now + _USEFUL_FOR,
            recipients=recipients(session, ids, words),
        )


def recipients(session: Session, ids: Collection[str], words: dict[str, str | int]) -> Iterator[Recipient]:
    """Yield how each member is reached: by email where there is one, else by SMS where they asked for it."""
    for contact in members.contacts(session, ids):
        channel = Channel.EMAIL if contact.email else Channel.SMS
        to = contact.email or (contact.phone if contact.sms_ok else None)
        if to:
            yield Recipient(contact.member_id, channel, to, contact.language, contact.zone, words)


def gathering(session: Session) -> list[str]:
    """Return the slugs of campaigns whose round runs."""
    return list(session.scalars(select(Campaign.slug).where(Campaign.stage == Stage.GATHERING.value)))


def settled_lately(session: Session, now: datetime) -> bool:
    """Tell whether a round settled, or a campaign ended with one, within the last day."""
    since = now - timedelta(days=1)
    lately = select(Campaign.id).where((Campaign.settled_at >= since) | (Campaign.ended_at >= since)).limit(1)
    return session.scalar(lately) is not None

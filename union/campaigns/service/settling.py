"""The round settles: counts kept in line while it runs, then the largest group called, once.

Private minimums are opened here alone, and gone in the transaction that settles.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from union.campaigns import tipping
from union.campaigns.models import Campaign, Pledge
from union.campaigns.rules import Stage, Turn
from union.campaigns.service.common import locked, stage, tell, turn
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient

_BATCH = 5_000
_USEFUL_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Settlement:
    """How a round came out. pledged, verified: who was counted; called: how many act (0: nobody)."""

    pledged: int
    verified: int
    called: int


@dataclass(frozen=True)
class Measure:
    """What a look found. came, went: whose pledge counts from now, or no longer. band: None to keep it.

    changes: how many pledges had moved when the band was worked out.
    """

    came: list[str]
    went: list[str]
    band: int | None
    changes: int


def measure(session: Session, *, slug: str, actor: Actor) -> Measure | None:
    """Look at a round without locking anything, however large it is; None when it does not run."""
    allow(actor, Permission.CAMPAIGN_SETTLE)
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None or stage(campaign) is not Stage.GATHERING:
        return None
    came, went, verified = _differences(session, campaign)
    band = None
    if tipping.may_show(campaign.band_changes, verified, shown_before=campaign.band_at is not None):
        left, joined = set(went), set(came)
        minimums = [
            minimum
            for member, minimum, counted in _opened(session, campaign)
            if (counted and member not in left) or member in joined
        ]
        band = tipping.band(tipping.more_needed(minimums, campaign.threshold))
    return Measure(came, went, band, campaign.band_changes)


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
    _mark(session, campaign, found.came, verified=True)
    _mark(session, campaign, found.went, verified=False)
    _forget(session, campaign, found.went)
    _recount(session, campaign)
    if found.band is None:
        return False
    campaign.band_more, campaign.band_at = found.band, now
    campaign.band_changes -= found.changes
    return True


def _differences(session: Session, campaign: Campaign) -> tuple[list[str], list[str], int]:
    """Return whose pledge counts from now, whose no longer does, and how many count then."""
    unit = set(members.eligible(session, platform_slug=campaign.platform_slug))
    rows = session.execute(
        select(Pledge.member_id, Pledge.verified).where(Pledge.campaign_id == campaign.id)
    ).all()
    came = [member for member, verified in rows if member in unit and not verified]
    went = [member for member, verified in rows if member not in unit and verified]
    return came, went, sum(member in unit for member, _verified in rows)


def _forget(session: Session, campaign: Campaign, ids: Iterable[str]) -> None:
    """Delete the pledges of those among `ids` who left the union, minimum and all."""
    for member in ids:
        try:
            members.actor_of(session, member)
        except NotFound:
            session.execute(
                delete(Pledge).where(Pledge.campaign_id == campaign.id, Pledge.member_id == member)
            )


def _recount(session: Session, campaign: Campaign) -> None:
    """Set the kept numbers to what an index scan counts."""
    here = select(func.count()).select_from(Pledge).where(Pledge.campaign_id == campaign.id)
    campaign.pledged_count = session.scalar(here) or 0
    campaign.verified_count = session.scalar(here.where(Pledge.verified.is_(True))) or 0


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


def _opened(session: Session, campaign: Campaign) -> list[tuple[str, int, bool]]:
    """Open the minimums, as whole numbers of people, with whether each counts; never leaves this module."""
    rows = session.execute(
        select(Pledge.member_id, Pledge.at_least, Pledge.verified).where(
            Pledge.campaign_id == campaign.id, Pledge.at_least.is_not(None)
        )
    )
    return [
        (member, tipping.Minimum.parse(str(text)).resolve(campaign.unit), verified)
        for member, text, verified in rows
    ]


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
    came, went, _verified = _differences(session, campaign)
    _mark(session, campaign, came, verified=True)
    _mark(session, campaign, went, verified=False)
    _forget(session, campaign, went)
    _recount(session, campaign)
    asked = [(member, minimum) for member, minimum, counted in _opened(session, campaign) if counted]
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

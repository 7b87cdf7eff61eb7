"""Telling members how their pledge round came out, a batch a transaction, in order of id.

The settlement is the promise, and the campaign's `announced_to` says how far it is kept.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.campaigns.models import Campaign, Pledge
from union.campaigns.service.common import locked
from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient

_BATCH = 5_000
_USEFUL_FOR = timedelta(days=7)


def unannounced(session: Session) -> list[str]:
    """Return the slugs of campaigns whose round settled and some of whose members are not told yet."""
    query = select(Campaign.slug).where(Campaign.announced_to.is_not(None), Campaign.outcome_to.is_(None))
    return list(session.scalars(query))


def announce(session: Session, *, slug: str, actor: Actor, public_url: str, now: datetime) -> int:
    """Tell the next members how the round came out, in order of id; return how many, 0 when all are told.

    The settlement is the promise and `announced_to` says how far it is kept: a process that dies goes on
    where it stood, and a message that was written before is not written again.
    """
    allow(actor, Permission.CAMPAIGN_SETTLE)
    return tell_next(session, locked(session, slug), public_url, now)


def tell_next(session: Session, campaign: Campaign, public_url: str, now: datetime) -> int:
    """Tell the next batch of members and say how far we are; return how many."""
    if campaign.announced_to is None or campaign.outcome_to is not None or campaign.settled_at is None:
        return 0
    rows = session.execute(
        select(Pledge.member_id, Pledge.called)
        .where(Pledge.campaign_id == campaign.id, Pledge.member_id > campaign.announced_to)
        .order_by(Pledge.member_id)
        .limit(_BATCH)
    ).all()
    words: dict[str, str | int] = {"link": f"{public_url}/campaigns/at/{campaign.id}"}
    for named, ids in (
        ("called", [member for member, is_called in rows if is_called]),
        ("released", [member for member, is_called in rows if not is_called]),
    ):
        notify.enqueue_many(
            session,
            now=now,
            ref=f"campaign:{campaign.id}:{campaign.settled_at:%Y%m%d%H%M%S}",
            kind=named,
            template=f"campaigns/{named}",
            lane=Lane.NEWS,
            expires_at=campaign.settled_at + _USEFUL_FOR,
            recipients=recipients(session, ids, words),
        )
    campaign.announced_to = rows[-1].member_id if len(rows) == _BATCH else None
    session.flush()
    return len(rows)


def recipients(session: Session, ids: Collection[str], words: dict[str, str | int]) -> Iterator[Recipient]:
    """Yield how each member is reached: by email where there is one, else by SMS where they asked for it."""
    for contact in members.contacts(session, ids):
        channel = Channel.EMAIL if contact.email else Channel.SMS
        to = contact.email or (contact.phone if contact.sms_ok else None)
        if to:
            yield Recipient(contact.member_id, channel, to, contact.language, contact.zone, words)

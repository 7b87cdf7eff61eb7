"""Following a campaign by email: asked for, confirmed by the address, stopped by one link."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from union.campaigns import rules
from union.campaigns.models import Campaign, Follower
from union.campaigns.rules import Stage
from union.campaigns.service import asking
from union.campaigns.service.asking import Thing, Visitor
from union.campaigns.service.common import locked, locked_by_id, stage
from union.core.errors import Closed, NotFound
from union.core.i18n import msg
from union.members.rules import contact
from union.notify.rules.kinds import Channel, Mailing
from union.notify.service import Recipient
from union.notify.service.consent import address_hash, resubscribe, unsubscribe_token

GONE = msg("This was stopped before, or its time to be confirmed is over. You can follow the campaign again.")


def follow(
    session: Session, *, slug: str, visitor: Visitor, email: str, now: datetime, paper: bool = False
) -> str:
    """Ask an address whether it wants the campaign's news; return the id under which the code is asked for.

    Raises NotFound for a draft, Closed once it has ended, Invalid (field email), TooMany.
    """
    campaign = locked(session, slug)
    if stage(campaign) is Stage.DRAFT:
        raise NotFound(msg("There is no such campaign."))
    if stage(campaign) in rules.ENDED:
        raise Closed(rules.OVER)
    address = contact.email(email)
    asking.limit(session, visitor, address, now, paper=paper)
    lasts = rules.CONFIRM_PAPER_WITHIN if paper else rules.CONFIRM_WITHIN
    found = _find(session, campaign, address)
    if found is None:
        found = Follower(
            campaign_id=campaign.id,
            address_key=asking.address_key(campaign.id, address),
            email=address,
            language=visitor.language,
            asked_at=now,
        )
        session.add(found)
    elif not found.confirmed:
        found.asked_at, found.language = now, visitor.language
    session.flush()
    send = asking.remind if found.confirmed else asking.ask
    return send(
        session, campaign, thing=Thing.FOLLOWER, thing_id=found.id, email=address, visitor=visitor,
        lasts=lasts, now=now,
    )  # fmt: skip


def _find(session: Session, campaign: Campaign, email: str) -> Follower | None:
    return session.scalar(
        select(Follower).where(
            Follower.campaign_id == campaign.id,
            Follower.address_key == asking.address_key(campaign.id, email),
        )
    )


def confirm_follower(session: Session, *, follower_id: str) -> str:
    """Send news to an address from now on; return the campaign's slug. Raises Closed where it is gone."""
    found = session.get(Follower, follower_id)
    if found is None:
        raise Closed(GONE)
    campaign = locked_by_id(session, found.campaign_id)
    _start(session, found)
    return campaign.slug


def follow_confirmed(
    session: Session, campaign: Campaign, *, email: str, language: str, now: datetime
) -> None:
    """Let an address follow that has just been confirmed for something else."""
    found = _find(session, campaign, email)
    if found is None:
        found = Follower(
            campaign_id=campaign.id,
            address_key=asking.address_key(campaign.id, email),
            email=email,
            language=language,
            asked_at=now,
        )
        session.add(found)
    _start(session, found)


def _start(session: Session, follower: Follower) -> None:
    """Whoever asks for news again has changed their mind about an earlier "no campaign messages"."""
    follower.confirmed = True
    hashed = address_hash(Channel.EMAIL, follower.email)
    resubscribe(session, token=unsubscribe_token(hashed, Mailing.CAMPAIGNS))
    session.flush()


def unfollow(session: Session, *, token: str) -> str:
    """Forget the address whose link this is; return the campaign's slug."""
    found = session.get(Follower, asking.own_id(Thing.FOLLOWER, token))
    if found is None:
        raise Closed(GONE)
    slug = locked_by_id(session, found.campaign_id).slug
    session.execute(delete(Follower).where(Follower.id == found.id))
    return slug


def count_followers(session: Session, campaign_id: str) -> int:
    """Return how many addresses get the campaign's news."""
    query = select(func.count()).select_from(Follower)
    return session.scalar(query.where(Follower.campaign_id == campaign_id, Follower.confirmed)) or 0


def recipients(
    session: Session, campaign: Campaign, *, site: str, words: dict[str, str | int]
) -> Iterator[Recipient]:
    """Yield everybody who follows, each with a link of their own to stop."""
    query = select(Follower).where(Follower.campaign_id == campaign.id, Follower.confirmed)
    for follower in session.scalars(query.order_by(Follower.id)):
        link = f"{site}{asking.own_path(Thing.FOLLOWER, follower.id)}"
        yield Recipient(
            f"follower:{follower.id}",
            Channel.EMAIL,
            follower.email,
            follower.language,
            campaign.zone,
            {**words, "unfollow": link},
        )

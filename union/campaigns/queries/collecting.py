"""What organizers see of signatures: counts, the list that may be taken, and what was handed over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.campaigns import rules
from union.campaigns.models import (
    Campaign,
    HandOver,
    Signature,
)
from union.campaigns.queries.cards import CampaignCard, card_of
from union.campaigns.queries.signing import NAMES_ON_PAGE, Names, names, public_campaign
from union.campaigns.rules import Kind
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class HandOverView:
    """A record that signatures were handed over."""

    id: str
    at: datetime
    to_whom: str
    note: str
    confirmed: int
    version: int
    digest: str


@dataclass(frozen=True)
class SignaturesPage:
    """What organizers see of signatures: counts, and what was handed over."""

    card: CampaignCard
    text: str
    digest: str
    confirmed: int
    waiting: int
    public: int
    paper: int
    earlier: int
    hand_overs: list[HandOverView]
    names: Names


def signatures_page(session: Session, slug: str, actor: Actor, *, every_name: bool = False) -> SignaturesPage:
    """Return the organizers' page of signatures; every_name: all public names, for the printed document."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    row = public_campaign(session, slug)
    if Kind(row.kind) not in rules.SIGNED:
        raise NotFound(msg("Nothing is signed in this campaign."))
    here = select(func.count()).select_from(Signature).where(Signature.campaign_id == row.id)
    confirmed = here.where(Signature.confirmed_at.is_not(None))
    listed = names(session, row, limit=100_000 if every_name else NAMES_ON_PAGE)
    overs = session.scalars(
        select(HandOver).where(HandOver.campaign_id == row.id).order_by(HandOver.at.desc())
    )
    return SignaturesPage(
        card=card_of(session, row),
        text=row.pledge_text,
        digest=str(row.pledge_hash),
        confirmed=row.verified_count,
        waiting=row.pledged_count - row.verified_count,
        public=listed.public,
        paper=session.scalar(confirmed.where(Signature.paper.is_(True))) or 0,
        earlier=session.scalar(confirmed.where(Signature.version < row.text_version)) or 0,
        hand_overs=[_over(one) for one in overs],
        names=listed,
    )


def _over(row: HandOver) -> HandOverView:
    return HandOverView(row.id, row.at, row.to_whom, row.note, row.confirmed, row.version, row.digest)


def hand_over(session: Session, slug: str, hand_over_id: str, actor: Actor) -> HandOverView:
    """Return one record; raises NotFound."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    row = session.get(HandOver, hand_over_id)
    if row is None or session.get_one(Campaign, row.campaign_id).slug != slug:
        raise NotFound(msg("There is no such record."))
    return _over(row)


@dataclass(frozen=True)
class SignatureRow:
    """One confirmed signature in the organizers' list. Its address stays sealed: nobody needs it there."""

    name: str
    place: str
    public: bool
    paper: bool
    version: int
    confirmed_on: str
    checked_in: bool


def signature_rows(session: Session, slug: str, actor: Actor) -> Iterator[SignatureRow]:
    """Yield every confirmed signature; the caller writes down that the list was taken."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    row = public_campaign(session, slug)
    rows = session.scalars(
        select(Signature)
        .where(Signature.campaign_id == row.id, Signature.confirmed_at.is_not(None))
        .order_by(Signature.id)
        .execution_options(yield_per=1000)
    )
    for one in rows:
        yield SignatureRow(
            one.name,
            one.place,
            one.public,
            one.paper,
            one.version,
            f"{one.confirmed_at:%Y-%m-%d}",
            one.checked_in,
        )

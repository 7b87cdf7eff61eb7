"""Signatures as pages read them. A name leaves this module for the public only where its owner chose so."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.campaigns import rules, wording
from union.campaigns.models import (
    Campaign,
    Follower,
    Signature,
    SignedText,
)
from union.campaigns.queries.cards import CampaignCard, card_of
from union.campaigns.rules import Kind, Named
from union.campaigns.service import asking
from union.campaigns.service.asking import Thing
from union.campaigns.service.common import NO_CAMPAIGN
from union.core.errors import NotFound
from union.core.i18n import msg
from union.members import queries as members

NAMES_ON_PAGE = 12
_NAMES_A_PAGE = 200


@dataclass(frozen=True)
class Names:
    """Signers who chose to be named, in an order that tells nothing. public: how many did, of `confirmed`."""

    shown: list[Named]
    public: int
    confirmed: int
    page: int
    pages: int


def public_campaign(session: Session, slug: str) -> Campaign:
    """Return the row of a published campaign; raises NotFound."""
    row = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if row is None or row.published_at is None:
        raise NotFound(NO_CAMPAIGN)
    return row


def names(session: Session, row: Campaign, *, page: int = 1, limit: int = _NAMES_A_PAGE) -> Names:
    """Return the names everybody may see, of those who signed the words as they stand."""
    here = (
        Signature.campaign_id == row.id,
        Signature.public.is_(True),
        Signature.confirmed_at.is_not(None),
        Signature.version == row.text_version,
    )
    public = session.scalar(select(func.count()).select_from(Signature).where(*here)) or 0
    pages = max(1, -(-public // limit))
    page = min(max(page, 1), pages)
    # Ids are random: their order says nothing of who came first.
    rows = session.scalars(
        select(Signature).where(*here).order_by(Signature.id).limit(limit).offset((page - 1) * limit)
    )
    shown = [rules.shown(one.name, one.place, public=one.public) for one in rows]
    return Names([one for one in shown if one], public, row.verified_count, page, pages)


def names_page(session: Session, slug: str, page: int) -> tuple[CampaignCard, Names]:
    """Return a page of the public list and the campaign's card; raises NotFound where nothing is signed."""
    row = public_campaign(session, slug)
    if Kind(row.kind) not in rules.SIGNED:
        raise NotFound(msg("Nothing is signed in this campaign."))
    return card_of(session, row), names(session, row, page=page)


@dataclass(frozen=True)
class Asked:
    """What a link in an email would confirm. open: it still can. named: as the signer filled it in."""

    thing: Thing
    card: CampaignCard
    text: str
    open: bool
    address: str
    named: Named | None
    public: bool
    news: bool


def asked(session: Session, token: str, now: datetime) -> Asked | None:
    """Return what the link would do, changing nothing: programs that look into mail open links too."""
    found = members.asked_by_link(session, purpose="yes", token=token, now=now)
    draft = members.draft_by_link(session, purpose="yes", token=token)
    if found is None or not draft:
        return None
    name, _, thing_id = draft.partition(":")
    thing = Thing(name)
    signed = session.get(Signature, thing_id) if thing is Thing.SIGNATURE else None
    follows = session.get(Follower, thing_id) if thing is Thing.FOLLOWER else None
    row = signed or follows
    if row is None:
        return None
    campaign = session.get_one(Campaign, row.campaign_id)
    return Asked(
        thing=thing,
        card=card_of(session, campaign),
        text=campaign.pledge_text,
        open=found.usable,
        address=found.address,
        named=Named(signed.name, signed.place) if signed else None,
        public=bool(signed and signed.public),
        news=bool(signed and signed.news),
    )


@dataclass(frozen=True)
class OwnSignature:
    """A confirmed signature as its owner's page shows it. current: of the words as they stand.

    undo_until: it was withdrawn, and until then that can be undone.
    """

    card: CampaignCard
    text: str
    name: str
    place: str
    email: str
    public: bool
    checked_in: bool
    current: bool
    confirmed_at: datetime
    undo_until: datetime | None


def own_signature(session: Session, token: str) -> OwnSignature:
    """Return the signature whose link this is; raises NotFound."""
    row = session.get(Signature, asking.own_id(Thing.SIGNATURE, token))
    at = None if row is None else row.confirmed_at or row.withdrawn_at
    if row is None or at is None:
        raise NotFound(msg("This signature was withdrawn. Nothing of it is kept."))
    campaign = session.get_one(Campaign, row.campaign_id)
    return OwnSignature(
        card=card_of(session, campaign),
        text=campaign.pledge_text,
        name=row.name,
        place=row.place,
        email=row.email or "",
        public=row.public,
        checked_in=row.checked_in,
        current=row.version == campaign.text_version,
        confirmed_at=at,
        undo_until=row.withdrawn_at + rules.UNDO_WITHIN if row.withdrawn_at else None,
    )


def follower(session: Session, token: str) -> CampaignCard:
    """Return the campaign that the owner of this link follows; raises NotFound."""
    row = session.get(Follower, asking.own_id(Thing.FOLLOWER, token))
    if row is None:
        raise NotFound(msg("You do not follow this campaign any more. Your address is deleted."))
    return card_of(session, session.get_one(Campaign, row.campaign_id))


@dataclass(frozen=True)
class TextVersion:
    """One version of the words, how many confirmed signatures it has, and how it differs from the last."""

    version: int
    text: str
    digest: str
    reason: str
    frozen_at: datetime
    confirmed: int
    difference: list[wording.Piece]


def text_versions(session: Session, slug: str) -> tuple[CampaignCard, list[TextVersion]]:
    """Return every version of the words people signed, newest first, with the campaign's card."""
    row = public_campaign(session, slug)
    rows = list(
        session.scalars(
            select(SignedText).where(SignedText.campaign_id == row.id).order_by(SignedText.version)
        )
    )
    counts = {row.text_version: row.verified_count}
    if row.text_version > 1:
        found = session.execute(
            select(Signature.version, func.count())
            .where(Signature.campaign_id == row.id, Signature.confirmed_at.is_not(None))
            .group_by(Signature.version)
        )
        counts |= {version: n for version, n in found}  # noqa: C416 - rows are no pairs to mypy
    before = ["", *(one.text for one in rows)]
    made = [
        TextVersion(
            version=one.version,
            text=one.text,
            digest=one.digest,
            reason=one.reason,
            frozen_at=one.frozen_at,
            confirmed=counts.get(one.version, 0),
            difference=wording.compare(earlier, one.text) if earlier else [],
        )
        for one, earlier in zip(rows, before, strict=False)
    ]
    return card_of(session, row), made[::-1]

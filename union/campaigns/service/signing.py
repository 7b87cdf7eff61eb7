"""Signatures under a petition, an open letter or a boycott: given, confirmed by email, changed, withdrawn.

Verbs of visitors take no actor: anybody may sign, and limits count who asks how often. An address counts
once, found by a keyed hash; it is sealed, and nobody is named who did not choose it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.campaigns import rules
from union.campaigns.models import Campaign, Signature
from union.campaigns.rules import Stage
from union.campaigns.service import asking
from union.campaigns.service.asking import Thing, Visitor
from union.campaigns.service.common import kind, locked, locked_by_id, stage
from union.campaigns.service.following import follow_confirmed
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import msg
from union.members.rules import contact
from union.members.rules.membership import tidy_name

OVER = msg("Signing is over: its deadline has passed, or the campaign has ended.")
CHANGED = msg("The words have changed since you signed. Read them and sign again.")
GONE = msg("This signature was withdrawn, or its time to be confirmed is over. You can sign again.")
_PLACE = 60


@dataclass(frozen=True)
class Signer:
    """What somebody fills in. public: be named for everybody; news: get the campaign's news by email."""

    name: str
    email: str
    place: str = ""
    public: bool = False
    news: bool = False


def sign(
    session: Session, *, slug: str, visitor: Visitor, signer: Signer, now: datetime, paper: bool = False
) -> str:
    """Keep the signature as waiting and ask its address; return the id under which the code is asked for.

    An address that confirmed before is sent its own link instead, and the answer is the same. paper: copied
    from a sheet by an organizer, who is not limited as a device is.
    Raises Closed once signing is over, Invalid at a field, TooMany for one who asks too often.
    """
    campaign = signing(session, slug, now)
    email, name, place = contact.email(signer.email), tidy_name(signer.name), tidy_place(signer.place)
    asking.limit(session, visitor, email, now, paper=paper)
    lasts = rules.CONFIRM_PAPER_WITHIN if paper else rules.CONFIRM_WITHIN
    hashed = asking.address_key(campaign.id, email)
    found = session.scalar(
        select(Signature).where(Signature.campaign_id == campaign.id, Signature.address_key == hashed)
    )
    if found is not None and found.confirmed_at is not None:
        return asking.remind(
            session, campaign, thing=Thing.SIGNATURE, thing_id=found.id, email=email, visitor=visitor,
            lasts=lasts, now=now,
        )  # fmt: skip
    if found is not None:
        # Under a new id, so that an older link cannot confirm what somebody else has typed since.
        _uncount(campaign, found)
        session.delete(found)
        session.flush()
    signature = Signature(
        campaign_id=campaign.id,
        address_key=hashed,
        email=email,
        name=name,
        place=place,
        public=signer.public,
        news=signer.news,
        paper=paper,
        language=visitor.language,
        version=campaign.text_version,
        asked_at=now,
    )
    session.add(signature)
    campaign.pledged_count += 1
    session.flush()
    return asking.ask(
        session, campaign, thing=Thing.SIGNATURE, thing_id=signature.id, email=email, visitor=visitor,
        lasts=lasts, now=now,
    )  # fmt: skip


def tidy_place(text: str) -> str:
    """Return the place without surplus space; raises Invalid (field place) for one we cannot show."""
    place = " ".join(text.split())
    if len(place) > _PLACE or not place.isprintable():
        raise Invalid(msg("Give a town or a region in at most 60 characters."), field="place")
    return place


def signing(session: Session, slug: str, now: datetime) -> Campaign:
    """Return the campaign, locked, while it gathers signatures; raises NotFound or Closed."""
    campaign = locked(session, slug)
    if kind(campaign) not in rules.SIGNED or stage(campaign) is Stage.DRAFT:
        raise NotFound(msg("There is nothing to sign here."))
    if stage(campaign) is not Stage.GATHERING or now >= campaign.pledge_deadline:
        raise Closed(OVER)
    return campaign


def confirm(session: Session, *, signature_id: str, now: datetime) -> str:
    """Count a signature whose address said yes; return the campaign's slug. Twice counts once.

    A signature given in time may be confirmed after the deadline, while the campaign has not ended.
    """
    campaign, signature = _both(session, signature_id)
    if stage(campaign) in rules.ENDED:
        raise Closed(OVER)
    if signature.version != campaign.text_version:
        raise Closed(CHANGED)
    if signature.withdrawn_at is not None:
        raise Closed(GONE)
    if signature.confirmed_at is None:
        signature.confirmed_at = now
        campaign.verified_count += 1
        if signature.news and signature.email:
            follow_confirmed(session, campaign, email=signature.email, language=signature.language, now=now)
    session.flush()
    return campaign.slug


def _both(session: Session, signature_id: str) -> tuple[Campaign, Signature]:
    """Return the signature and its campaign, the campaign locked first; raises Closed where it is gone."""
    campaign_id = session.scalar(select(Signature.campaign_id).where(Signature.id == signature_id))
    if campaign_id is None:
        raise Closed(GONE)
    campaign = locked_by_id(session, campaign_id)
    signature = session.get(Signature, signature_id, populate_existing=True)
    if signature is None:
        raise Closed(GONE)
    return campaign, signature


def _own(session: Session, token: str) -> tuple[Campaign, Signature]:
    campaign, signature = _both(session, asking.own_id(Thing.SIGNATURE, token))
    if signature.confirmed_at is None:
        raise Closed(GONE)
    return campaign, signature


def _uncount(campaign: Campaign, signature: Signature) -> None:
    if signature.withdrawn_at is not None:
        return  # it was when it was taken back
    campaign.checked_in_count -= signature.checked_in
    if signature.version == campaign.text_version:
        campaign.pledged_count -= 1
        campaign.verified_count -= signature.confirmed_at is not None


def withdraw_signature(session: Session, *, token: str, now: datetime) -> None:
    """Take the signature its owner's link names back: counted and shown no more, deleted after a day."""
    campaign, signature = _own(session, token)
    _uncount(campaign, signature)
    signature.confirmed_at, signature.withdrawn_at, signature.checked_in = None, now, False
    session.flush()


def restore_signature(session: Session, *, token: str, now: datetime) -> None:
    """Undo that within the day, under the words that were signed, while the campaign has not ended."""
    campaign, signature = _both(session, asking.own_id(Thing.SIGNATURE, token))
    if signature.withdrawn_at is None or now >= signature.withdrawn_at + rules.UNDO_WITHIN:
        raise Closed(GONE)
    if stage(campaign) in rules.ENDED:
        raise Closed(OVER)
    signature.confirmed_at, signature.withdrawn_at = now, None
    if signature.version == campaign.text_version:
        campaign.pledged_count += 1
        campaign.verified_count += 1
    session.flush()


def show_name(session: Session, *, token: str, public: bool) -> None:
    """Put the owner's name on the public list, or take it off."""
    _campaign, signature = _own(session, token)
    signature.public = public
    session.flush()


def sign_again(session: Session, *, token: str, now: datetime) -> None:
    """Stand under the words as they are now; the owner's link proves enough. Raises Closed when over."""
    campaign, signature = _own(session, token)
    if stage(campaign) is not Stage.GATHERING or now >= campaign.pledge_deadline:
        raise Closed(OVER)
    if signature.version != campaign.text_version:
        signature.version = campaign.text_version
        campaign.pledged_count += 1
        campaign.verified_count += 1
        session.flush()


def check_in(session: Session, *, token: str, stopped: bool) -> None:
    """Say that one has stopped using the platform, or take it back; for boycotts, and nobody has to."""
    campaign, signature = _own(session, token)
    if kind(campaign) is not rules.Kind.BOYCOTT or stage(campaign) in rules.ENDED:
        raise Closed(msg("Nothing is counted here now."))
    campaign.checked_in_count += stopped - signature.checked_in
    signature.checked_in = stopped
    session.flush()

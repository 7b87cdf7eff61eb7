"""What organizers do with signatures: new words, paper sheets, lists, handing over to the company."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit.service import Words
from union.campaigns import rules, wording
from union.campaigns.models import Campaign, CampaignUpdate, HandOver, Signature, SignedText
from union.campaigns.rules import Stage
from union.campaigns.service import asking, following, signing
from union.campaigns.service.asking import Thing, Visitor
from union.campaigns.service.common import kind, locked, record, stage, tell
from union.campaigns.service.signing import Signer
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members.rules import contact
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient

MOST_LINES = 200


def freeze_text(session: Session, campaign: Campaign, *, reason: str, now: datetime) -> None:
    """Keep the campaign's words as the version people sign from now on."""
    session.add(
        SignedText(
            campaign_id=campaign.id,
            version=campaign.text_version,
            text=campaign.pledge_text,
            wording=campaign.wording,
            digest=str(campaign.pledge_hash),
            reason=reason,
            frozen_at=now,
        )
    )
    session.flush()


def revise(
    session: Session, *, slug: str, actor: Actor, text: str, reason: str, public_url: str, now: datetime
) -> int:
    """Put new words to be signed in place of the old; return their version.

    Who signed the old words is counted for those alone, and asked by email to sign the new.
    Raises Closed unless signing runs, Invalid (field text) when nothing changed.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = signing.signing(session, slug, now)
    if text == campaign.pledge_text:
        raise Invalid(msg("These are the words as they stand: change something."), field="text")
    before = campaign.text_version
    campaign.pledge_text = text
    campaign.text_version += 1
    campaign.wording = wording.canonical(
        pledge=text, demand=campaign.demand, demands=(), unit=campaign.unit, threshold=campaign.threshold
    )
    campaign.pledge_hash = wording.digest(campaign.wording)
    campaign.pledged_count = campaign.verified_count = 0
    freeze_text(session, campaign, reason=reason, now=now)
    notify.enqueue_many(
        session,
        now=now,
        ref=f"text:{campaign.id}:{campaign.text_version}",
        kind="text_changed",
        template="campaigns/text-changed",
        lane=Lane.NEWS,
        expires_at=campaign.pledge_deadline,
        recipients=_signers(session, campaign, before, public_url),
    )
    tell(session, campaign, "text_changed", now=now, text=reason, facts={"version": campaign.text_version})
    record(session, campaign, "text_change", actor=actor, now=now, version=campaign.text_version)
    return campaign.text_version


def _signers(session: Session, campaign: Campaign, version: int, site: str) -> Iterator[Recipient]:
    """Yield those who signed `version`, each with the link to their own signature."""
    query = select(Signature).where(
        Signature.campaign_id == campaign.id,
        Signature.version == version,
        Signature.confirmed_at.is_not(None),
    )
    for row in session.scalars(query.order_by(Signature.id)):
        if row.email:
            words = {
                "campaign": campaign.title,
                "link": f"{site}{asking.own_path(Thing.SIGNATURE, row.id)}",
            }
            yield Recipient(
                f"signature:{row.id}", Channel.EMAIL, row.email, row.language, campaign.zone, words
            )


@dataclass(frozen=True)
class PaperLine:
    """One line of a sheet as it was typed in."""

    number: int
    text: str


@dataclass(frozen=True)
class Refused:
    """A line that could not be taken in, and why; facts fill the reason's fields."""

    line: PaperLine
    why: UnionError


def enter_paper(
    session: Session, *, slug: str, actor: Actor, lines: Sequence[PaperLine], visitor: Visitor, now: datetime
) -> tuple[int, list[Refused]]:
    """Take in lines "name; email; place; yes" of a sheet: each address is asked, and counts once it says yes.

    The last part says whether the name may be shown. In a campaign of pledges the addresses are asked
    whether they want to follow it. Return how many were asked and which lines were refused.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    if len(lines) > MOST_LINES:
        raise Invalid(msg("Take at most %(n)s lines at once."), field="lines", n=MOST_LINES)
    campaign = locked(session, slug)
    refused: list[Refused] = []
    seen: set[str] = set()
    for line in lines:
        try:
            with session.begin_nested():
                signer = _signer(line.text, seen)
                _ask_one(session, campaign, signer, visitor, now)
        except Invalid as why:
            refused.append(Refused(line, why))
        else:
            seen.add(contact.key(signer.email))
    asked = len(lines) - len(refused)
    record(session, campaign, "paper", actor=actor, now=now, asked=asked, refused=len(refused))
    return asked, refused


def _ask_one(session: Session, campaign: Campaign, signer: Signer, visitor: Visitor, now: datetime) -> None:
    if kind(campaign) in rules.SIGNED:
        signing.sign(session, slug=campaign.slug, visitor=visitor, signer=signer, now=now, paper=True)
    else:
        following.follow(
            session, slug=campaign.slug, visitor=visitor, email=signer.email, now=now, paper=True
        )


_YES = frozenset({"yes", "y", "ja", "j", "x", "1"})
_NO = frozenset({"", "no", "n", "nee", "0", "-"})


def _signer(text: str, seen: Collection[str]) -> Signer:
    """Read one line; raises Invalid with what is wrong. seen: the addresses of the lines before."""
    parts = [part.strip() for part in text.replace("\t", ";").split(";")]
    if len(parts) not in {2, 3, 4}:
        raise Invalid(msg("Write name; email; place; yes or no."))
    name, email, place, shown = (*parts, "", "")[:4]
    if shown.casefold() not in _YES | _NO:
        raise Invalid(msg("The last part says yes or no: may the name be shown?"))
    address = contact.email(email)
    if contact.key(address) in seen:
        raise Invalid(msg("This address stands on an earlier line."))
    return Signer(name=name, email=address, place=place, public=shown.casefold() in _YES)


def note_export(session: Session, *, slug: str, actor: Actor, reason: str, rows: int, now: datetime) -> None:
    """Write down that the list was taken and why; raises Invalid (field reason) without a reason."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    why = " ".join(reason.split())
    if not why:
        raise Invalid(msg("Say what the list is for; it is written down."), field="reason")
    record(session, campaign, "signatures_export", actor=actor, now=now, rows=rows, reason=Words(why[:200]))


def hand_over(
    session: Session, *, slug: str, actor: Actor, at: datetime, to_whom: str, note: str, now: datetime
) -> str:
    """Record that the signatures were handed over, with as many as count now; return its id.

    Raises Invalid for a moment ahead or before signing began, Closed for a draft or an ended campaign.
    """
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    if kind(campaign) not in rules.SIGNED or stage(campaign) is Stage.DRAFT:
        raise NotFound(msg("There is nothing to hand over here."))
    if stage(campaign) in rules.ENDED:
        raise Closed(rules.OVER)
    zone = ZoneInfo(campaign.zone)
    began = (campaign.published_at or now).astimezone(zone).date()
    if at > now or at.astimezone(zone).date() < began:
        raise Invalid(msg("Give the day it happened: after signing began, and not ahead."), field="at")
    facts: dict[str, int | str] = {"n": campaign.verified_count, "to": to_whom}
    line = tell(session, campaign, "handed_over", now=at, text=note, facts=facts)
    session.flush()
    row = HandOver(
        campaign_id=campaign.id,
        at=at,
        to_whom=to_whom,
        note=note,
        confirmed=campaign.verified_count,
        version=campaign.text_version,
        digest=str(campaign.pledge_hash),
        update_id=line.id,
    )
    session.add(row)
    session.flush()
    record(session, campaign, "hand_over", actor=actor, now=now, confirmed=row.confirmed)
    return row.id


def undo_hand_over(session: Session, *, slug: str, hand_over_id: str, actor: Actor, now: datetime) -> None:
    """Take a record back that was a mistake, its line on the timeline with it; the log keeps both."""
    allow(actor, Permission.CAMPAIGN_PLAN)
    campaign = locked(session, slug)
    row = session.get(HandOver, hand_over_id)
    if row is None or row.campaign_id != campaign.id:
        raise NotFound(msg("There is no such record."))
    if row.update_id is not None and (line := session.get(CampaignUpdate, row.update_id)):
        session.delete(line)
    session.delete(row)
    session.flush()
    record(session, campaign, "hand_over_undo", actor=actor, now=now, confirmed=row.confirmed)

"""Yes from an address, before anything counts: a link and a code go out, and bring it back once.

What was asked for waits in its own row; the challenge keeps only which. Nothing here tells an asker
whether an address is known.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from union.campaigns.models import Campaign
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.sealing import vault
from union.members.rules.contact import Reach, key
from union.members.rules.limits import Limit
from union.members.service import challenges
from union.members.service.challenges import Purpose
from union.members.service.limits import count
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane

PER_DEVICE = Limit("campaign/device", 20, timedelta(hours=1))
PER_ADDRESS = Limit("campaign/address", 6, timedelta(days=1))
_MAC = 12


class Thing(StrEnum):
    """What an address is asked to confirm."""

    SIGNATURE = "signature"
    FOLLOWER = "follower"


@dataclass(frozen=True)
class Visitor:
    """Who asks, as far as we know. device: counted by keyed hash, never stored. site: our public address."""

    device: str
    language: str
    site: str


def address_key(campaign_id: str, email: str) -> bytes:
    """Return the keyed hash that finds an address within one campaign, and in no other."""
    return vault().lookup(f"{campaign_id}:{key(email)}", "campaign.address")


def limit(session: Session, visitor: Visitor, email: str, now: datetime, *, paper: bool) -> None:
    """Count one asking; raises TooMany alike for known and unknown addresses.

    paper: an organizer copies a sheet, whose device asks for many.
    """
    if not paper:
        count(session, PER_DEVICE, visitor.device, now)
    count(session, PER_ADDRESS, key(email), now)


def ask(
    session: Session,
    campaign: Campaign,
    *,
    thing: Thing,
    thing_id: str,
    email: str,
    visitor: Visitor,
    lasts: timedelta,
    now: datetime,
) -> str:
    """Send the link and the code; return the id under which the page asks for the code."""
    return challenges.issue(
        session,
        purpose=Purpose.YES,
        reach=Reach.EMAIL,
        address=email,
        now=now,
        lasts=lasts,
        site=visitor.site,
        language=visitor.language,
        zone=campaign.zone,
        draft=f"{thing.value}:{thing_id}",
        template=f"campaigns/confirm-{thing.value}",
    )


def remind(
    session: Session,
    campaign: Campaign,
    *,
    thing: Thing,
    thing_id: str,
    email: str,
    visitor: Visitor,
    lasts: timedelta,
    now: datetime,
) -> str:
    """Tell an address that confirmed before how to look at it or take it back; pages answer as for `ask`."""
    challenge_id = challenges.decoy(
        session, purpose=Purpose.YES, reach=Reach.EMAIL, address=email, now=now, lasts=lasts
    )
    notify.enqueue(
        session,
        now=now,
        ref=f"challenge:{challenge_id}",
        kind="yes",
        member_id="",
        channel=Channel.EMAIL,
        to=email,
        language=visitor.language,
        zone=campaign.zone,
        template=f"campaigns/known-{thing.value}",
        fields={"link": f"{visitor.site}{own_path(thing, thing_id)}"},
        lane=Lane.LOGIN,
        expires_at=now + lasts,
        secret=True,
    )
    return challenge_id


def own_path(thing: Thing, thing_id: str) -> str:
    """Return the address of the owner's own page: it proves that we sent it, and needs no account."""
    mac = vault().lookup(thing_id, f"campaign.{thing.value}")[:_MAC]
    return f"/{thing.value}/{thing_id}-{base64.urlsafe_b64encode(mac).decode()}"


def own_id(thing: Thing, token: str) -> str:
    """Return the id in a token of `own_path`; raises NotFound for one that we did not make."""
    thing_id, _, given = token.partition("-")
    try:
        mac = base64.urlsafe_b64decode(given)
    except (binascii.Error, ValueError):
        mac = b""
    if not hmac.compare_digest(mac, vault().lookup(thing_id, f"campaign.{thing.value}")[:_MAC]):
        raise NotFound(msg("This link is not complete. Copy it from the email again."))
    return thing_id

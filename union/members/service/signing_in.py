"""Signing in without a password: a link or code to the member's own channel, which proves the channel too."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed
from union.core.permissions import Permission, allow
from union.members.models import Challenge, Member
from union.members.rules.contact import DEFAULT_COUNTRY, Reach, address_of
from union.members.rules.limits import SIGN_IN_LASTS
from union.members.rules.membership import State
from union.members.service import challenges
from union.members.service.challenges import OVER, Purpose
from union.members.service.people import find
from union.members.service.sessions import start_session
from union.notify import service as notify
from union.notify.rules.kinds import Channel


@dataclass(frozen=True)
class SignedIn:
    """A device signed in: its cookie's token, who it is, and where they wanted to go ("" for nowhere)."""

    token: str
    member_id: str
    onward: str


def request_sign_in(
    session: Session,
    *,
    contact: str,
    device: str,
    now: datetime,
    site: str,
    onward: str = "",
    country: str = DEFAULT_COUNTRY,
) -> str:
    """Send link and code to `contact` if it is a member's; return the challenge's id, alike if it is not.

    device: what tries are counted by, such as the network address. Raises Invalid (field contact) for what is
    no address, TooMany, both without telling whether we know it.
    """
    reach, address = address_of(contact, country)
    challenges.limit_asking(session, address=address, device=device, now=now)
    member = find(session, reach, address)
    if member is None:
        challenges.rehearse(session, reach=reach, address=address, now=now, lasts=SIGN_IN_LASTS, site=site)
        return challenges.decoy(
            session, purpose=Purpose.SIGN_IN, reach=reach, address=address, now=now, lasts=SIGN_IN_LASTS
        )
    # Two spellings can be one key, and what was typed another's mailbox: it goes where the register says.
    ours = member.email if reach == Reach.EMAIL else member.phone
    return challenges.issue(
        session,
        purpose=Purpose.SIGN_IN,
        reach=reach,
        address=str(ours),
        now=now,
        lasts=SIGN_IN_LASTS,
        site=site,
        language=member.language,
        zone=member.zone,
        member_id=member.id,
        onward=onward,
    )


def sign_in_by_link(session: Session, *, token: str, now: datetime, label: str) -> SignedIn:
    """Sign in with the link's token, once; raises Closed when it was used or is over. label: the device's."""
    return _signed_in(
        session, challenges.by_link(session, purpose=Purpose.SIGN_IN, token=token, now=now), now, label
    )


def sign_in_by_code(
    session: Session, *, challenge_id: str, code: str, device: str, now: datetime, label: str
) -> SignedIn | None:
    """Sign in with the six-digit code; None when it does not open. Raises TooMany."""
    found = challenges.by_code(
        session, purpose=Purpose.SIGN_IN, challenge_id=challenge_id, code=code, device=device, now=now
    )
    return None if found is None else _signed_in(session, found, now, label)


def _signed_in(session: Session, challenge: Challenge, now: datetime, label: str) -> SignedIn:
    member = session.get(Member, challenge.member_id, with_for_update=True)
    if member is None or member.state == State.LEFT:
        raise Closed(OVER)
    if challenge.channel == Reach.EMAIL and member.email == challenge.address:
        member.email_confirmed_at = member.email_confirmed_at or now
        notify.works_again(session, channel=Channel.EMAIL, to=challenge.address)
    if challenge.channel == Reach.SMS and member.phone == challenge.address:
        member.phone_confirmed_at = member.phone_confirmed_at or now
    token = start_session(session, member_id=member.id, now=now, device=label)
    return SignedIn(token, member.id, challenge.onward)


def issue_link(
    session: Session,
    *,
    actor: Actor,
    member_id: str,
    now: datetime,
    site: str,
    lasts: timedelta = SIGN_IN_LASTS,
    onward: str = "",
) -> str:
    """Return a one-use sign-in address for a member, for the union's own command line; it is sent nowhere.

    Raises NotFound. Whoever holds it signs in as the member while it lasts.
    """
    allow(actor, Permission.ROLE_GRANT)
    link = challenges.unsent_link(
        session, member_id=member_id, now=now, lasts=lasts, site=site, onward=onward
    )
    audit.record(session, actor=actor, now=now, act="members.issue_link", subject=f"member/{member_id}")
    return link

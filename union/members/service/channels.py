"""A member's addresses, each shown to be the member's own, and the consent to alerts by SMS."""

from datetime import datetime

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotAllowed
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.members.models import Challenge, Member
from union.members.rules.contact import Reach, country_of, email, mobile
from union.members.rules.limits import CHANNEL_LASTS
from union.members.service import challenges
from union.members.service.challenges import Purpose
from union.members.service.people import CHANNEL, NOTICE_LASTS, find, hash_of, locked, tell_known
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane, Mailing


def request_channel(
    session: Session, *, actor: Actor, reach: Reach, address: str, device: str, now: datetime, site: str
) -> str:
    """Send link and code to a member's new address.

    Return the challenge's id, alike for one somebody else has.

    Raises Invalid (field address), TooMany.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    try:
        checked = email(address) if reach == Reach.EMAIL else mobile(address, country_of(member.zone))
    except Invalid as refusal:
        raise Invalid(refusal.text, field="address", **refusal.facts) from refusal
    return ask_channel(session, member, reach=reach, address=checked, device=device, now=now, site=site)


def ask_channel(
    session: Session,
    member: Member,
    *,
    reach: Reach,
    address: str,
    device: str,
    now: datetime,
    site: str,
    consent: str = "",
) -> str:
    """As request_channel, with an address that was checked. consent: words under which SMS was asked for."""
    challenges.limit_asking(session, address=address, device=device, now=now)
    challenges.limit_texting(session, reach=reach, address=address, now=now)
    other = find(session, reach, address)
    if other is not None and other.id != member.id:
        tell_known(session, other, reach=reach, now=now, site=site)
        return challenges.decoy(
            session, purpose=Purpose.CHANNEL, reach=reach, address=address, now=now, lasts=CHANNEL_LASTS
        )
    return challenges.issue(
        session,
        purpose=Purpose.CHANNEL,
        reach=reach,
        address=address,
        now=now,
        lasts=CHANNEL_LASTS,
        site=site,
        language=member.language,
        zone=member.zone,
        member_id=member.id,
        draft=consent or None,
    )


def channel_by_link(session: Session, *, actor: Actor, token: str, device: str, now: datetime) -> Reach:
    """Make the address whose link came back the member's.

    Raises Closed, NotAllowed for another's link, Conflict.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    found = challenges.by_link(session, purpose=Purpose.CHANNEL, token=token, now=now)
    return _confirm(session, actor, found, device, now)


def channel_by_code(
    session: Session, *, actor: Actor, challenge_id: str, code: str, device: str, now: datetime
) -> Reach | None:
    """Make the address whose code came back the member's.

    None for a code that does not open. Raises Conflict.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    found = challenges.by_code(
        session, purpose=Purpose.CHANNEL, challenge_id=challenge_id, code=code, device=device, now=now
    )
    return None if found is None else _confirm(session, actor, found, device, now)


def _confirm(session: Session, actor: Actor, found: Challenge, device: str, now: datetime) -> Reach:
    if found.member_id != actor.member_id:
        raise NotAllowed(msg("This link is for another member. Sign in as that member to use it."))
    member = locked(session, actor.member_id)
    reach = Reach(found.channel)
    taken = find(session, reach, found.address)
    if taken is not None and taken.id != member.id:
        raise Conflict(msg("That address cannot be used."))
    _tell_old_address(session, member, reach, found.address, now)
    hashed = hash_of(reach, found.address)
    if reach == Reach.EMAIL:
        member.email, member.email_hash, member.email_confirmed_at = found.address, hashed, now
        notify.works_again(session, channel=Channel.EMAIL, to=found.address)
    else:
        if member.phone != found.address:
            withdraw_consent(session, member, now=now)
        member.phone, member.phone_hash, member.phone_confirmed_at = found.address, hashed, now
        if found.draft:
            give_consent(session, member, text=found.draft, device=device, now=now)
    found.draft = None
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="members.channel",
        subject=f"member/{member.id}",
        channel=reach.value,
    )
    return reach


def _tell_old_address(session: Session, member: Member, reach: Reach, new: str, now: datetime) -> None:
    """Whoever took over an account cannot change its address unnoticed."""
    old = member.email if reach == Reach.EMAIL else member.phone
    sure = member.email_confirmed_at if reach == Reach.EMAIL else member.phone_confirmed_at
    if not old or not sure or old == new:
        return
    notify.enqueue(
        session,
        now=now,
        ref=f"member:{member.id}:{new_id()[:8]}",
        kind="changed",
        member_id=member.id,
        channel=CHANNEL[reach],
        to=old,
        language=member.language,
        zone=member.zone,
        template="members/changed",
        fields={},
        lane=Lane.LOGIN,
        expires_at=now + NOTICE_LASTS,
    )


def remove_channel(session: Session, *, actor: Actor, reach: Reach, now: datetime) -> None:
    """Take an address off the account; raises Conflict for the last confirmed one."""
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    other = member.phone_confirmed_at if reach == Reach.EMAIL else member.email_confirmed_at
    if other is None:
        raise Conflict(msg("This is the only way we can reach you. Add another one first."))
    if reach == Reach.EMAIL:
        member.email = member.email_hash = member.email_confirmed_at = None
    else:
        withdraw_consent(session, member, now=now)
        member.phone = member.phone_hash = member.phone_confirmed_at = None
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="members.remove_channel",
        subject=f"member/{member.id}",
        channel=reach.value,
    )


def opt_in_sms(session: Session, *, actor: Actor, text: str, device: str, now: datetime) -> None:
    """Note that the member asked for alerts by SMS under the words `text`.

    Raises Conflict without a number.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    if not member.phone or not member.phone_confirmed_at:
        raise Conflict(msg("Add a mobile number first."))
    give_consent(session, member, text=text, device=device, now=now)
    audit.record(session, actor=actor, now=now, act="members.sms_opt_in", subject=f"member/{member.id}")


def opt_out_sms(session: Session, *, actor: Actor, now: datetime) -> None:
    """Send the member no more alerts by SMS; codes they ask for themselves still come."""
    allow(actor, Permission.ACCOUNT_OWN)
    member = locked(session, actor.member_id)
    if member.phone:
        notify.opt_out(
            session, now=now, channel=Channel.SMS, to=member.phone, lists=tuple(Mailing), reason="account"
        )
    withdraw_consent(session, member, now=now)
    audit.record(session, actor=actor, now=now, act="members.sms_opt_out", subject=f"member/{member.id}")


def give_consent(session: Session, member: Member, *, text: str, device: str, now: datetime) -> None:
    """Keep the proof (words shown, when, keyed hash of the device's address) and lift an earlier opt-out."""
    member.sms_opt_in_at, member.sms_opt_in_text, member.sms_opt_out_at = now, text, None
    member.sms_opt_in_device = vault().lookup(device, "member.sms_opt_in_device")
    if member.phone:
        notify.opt_in(session, now=now, channel=Channel.SMS, to=member.phone)
    session.flush()


def withdraw_consent(session: Session, member: Member, *, now: datetime) -> None:
    """End the consent; the words of the earlier one stay beside the moment it ended."""
    if member.sms_opt_in_at is not None:
        member.sms_opt_in_at, member.sms_opt_out_at = None, now
    session.flush()

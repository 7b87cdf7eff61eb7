"""Joining: the answers wait, sealed, until their sender has shown that the address is theirs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid
from union.core.i18n import LANGUAGES, msg
from union.core.ids import new_id
from union.core.zones import is_zone
from union.members.models import Challenge, Member
from union.members.rules.contact import Reach, country_of, email, mobile
from union.members.rules.joining import Draft, chosen_platforms
from union.members.rules.limits import JOIN_LASTS
from union.members.rules.membership import State, tidy_name
from union.members.service import challenges
from union.members.service.challenges import Purpose
from union.members.service.channels import ask_channel, give_consent
from union.members.service.erasing import wipe
from union.members.service.people import (
    affiliate,
    find,
    give_vouch_code,
    hash_of,
    known_chapter,
    tell_known,
)
from union.members.service.sessions import start_session


@dataclass(frozen=True)
class Joined:
    """A new applicant. token: the device's. second: challenge of the other address. campaign: where from."""

    member_id: str
    token: str
    second: str | None
    campaign: str


def checked(session: Session, draft: Draft) -> Draft:
    """Return the draft as we would keep it.

    Raises Invalid or NotFound naming the field that cannot be right.
    """
    if not draft.email and not draft.phone:
        raise Invalid(msg("Give an email address or a mobile number; one is enough."), field="email")
    if draft.language not in LANGUAGES:
        raise Invalid(msg("Choose a language from the list."), field="language")
    if not is_zone(draft.zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=draft.zone)
    chosen_platforms(draft.platforms or {})
    return draft.with_(
        name=tidy_name(draft.name),
        email=email(draft.email) if draft.email else "",
        phone=mobile(draft.phone, country_of(draft.zone)) if draft.phone else "",
        chapter=known_chapter(session, draft.chapter),
        sms=bool(draft.sms and draft.phone),
    )


def apply(session: Session, *, draft: Draft, device: str, now: datetime, site: str, sms_text: str) -> str:
    """Send link and code to the address of somebody who wants to join; return the challenge's id.

    An address that is a member's gets a note instead, and the answer here is the same. sms_text: the words
    under which SMS was asked for, kept as proof. Raises Invalid, NotFound, TooMany.
    """
    draft = checked(session, draft)
    reach, address = (Reach.EMAIL, draft.email) if draft.email else (Reach.SMS, draft.phone)
    challenges.limit_asking(session, address=address, device=device, now=now)
    challenges.limit_texting(session, reach=reach, address=address, now=now)
    member = find(session, reach, address)
    if member is not None:
        tell_known(session, member, reach=reach, now=now, site=site)
        return challenges.decoy(
            session, purpose=Purpose.JOIN, reach=reach, address=address, now=now, lasts=JOIN_LASTS
        )
    return challenges.issue(
        session,
        purpose=Purpose.JOIN,
        reach=reach,
        address=address,
        now=now,
        lasts=JOIN_LASTS,
        site=site,
        language=draft.language,
        zone=draft.zone,
        draft=draft.with_(consent=sms_text if draft.sms else "").to_json(),
    )


def join_by_link(
    session: Session, *, token: str, device: str, now: datetime, site: str, label: str
) -> Joined:
    """Make the applicant whose link came back.

    Raises Closed when it was used or is over, Conflict when taken.
    """
    found = challenges.by_link(session, purpose=Purpose.JOIN, token=token, now=now)
    return _join(session, found, device=device, now=now, site=site, label=label)


def join_by_code(
    session: Session, *, challenge_id: str, code: str, device: str, now: datetime, site: str, label: str
) -> Joined | None:
    """Make the applicant whose code came back.

    None for a code that does not open. Raises TooMany, Conflict.
    """
    found = challenges.by_code(
        session, purpose=Purpose.JOIN, challenge_id=challenge_id, code=code, device=device, now=now
    )
    return None if found is None else _join(session, found, device=device, now=now, site=site, label=label)


def _join(session: Session, found: Challenge, *, device: str, now: datetime, site: str, label: str) -> Joined:
    draft = Draft.from_json(found.draft or "{}")
    reach = Reach(found.channel)
    _make_room(session, reach, found.address, now)
    member = Member(
        id=new_id(),
        state=State.APPLICANT.value,
        name=draft.name,
        language=draft.language,
        zone=draft.zone,
        chapter_slug=known_chapter(session, draft.chapter),
        applied_at=now,
    )
    if reach == Reach.EMAIL:
        member.email, member.email_hash, member.email_confirmed_at = (
            found.address,
            hash_of(reach, found.address),
            now,
        )
    else:
        member.phone, member.phone_hash, member.phone_confirmed_at = (
            found.address,
            hash_of(reach, found.address),
            now,
        )
    give_vouch_code(member)
    session.add(member)
    session.flush()
    affiliate(session, member.id, chosen_platforms(draft.platforms or {}))
    consent = draft.consent
    second = None
    if reach == Reach.EMAIL and draft.phone:
        second = ask_channel(
            session,
            member,
            reach=Reach.SMS,
            address=draft.phone,
            device=device,
            now=now,
            site=site,
            consent=consent,
        )
    elif consent:
        give_consent(session, member, text=consent, device=device, now=now)
    actor = Actor(member.id, draft.name, language=draft.language, zone=draft.zone)
    audit.record(session, actor=actor, now=now, act="members.apply", subject=f"member/{member.id}")
    found.draft = None
    token = start_session(session, member_id=member.id, now=now, device=label)
    return Joined(member.id, token, second, draft.campaign)


def _make_room(session: Session, reach: Reach, address: str, now: datetime) -> None:
    """Refuse an address that became a member's meanwhile.

    Take it from one who left, for the owner is back.
    """
    if find(session, reach, address) is not None:
        raise Conflict(msg("You are a member already. Sign in instead."))
    column = Member.email_hash if reach == Reach.EMAIL else Member.phone_hash
    gone = session.scalar(select(Member).where(column == hash_of(reach, address)).with_for_update())
    if gone is not None:
        wipe(session, gone, now=now)

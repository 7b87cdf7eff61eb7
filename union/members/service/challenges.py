"""A link and a six-digit code to the owner of an address: sent, brought back once, soon, with few tries.

Codes are kept as keyed hashes, tokens as SHA-256. For an address that may not go on there is a decoy: the
same row and the same pages, but nothing is sent that could open it.
"""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from union.core.errors import Closed
from union.core.i18n import DEFAULT_LANGUAGE, msg
from union.core.ids import new_code, new_id, new_token
from union.core.sealing import vault
from union.members.models import Challenge, Chapter, Member
from union.members.rules.contact import DEFAULT_COUNTRY, Reach, country_of, country_of_number
from union.members.rules.limits import (
    ASK_PER_ADDRESS,
    ASK_PER_ADDRESS_DAILY,
    ASK_PER_DEVICE,
    CODE_TRIES,
    CODES_PER_DEVICE,
    RANGE_DIGITS,
    TEXTS_PER_COUNTRY_ABROAD,
    TEXTS_PER_RANGE_ABROAD,
    WRONG_CODES,
    texts_at_home,
)
from union.members.rules.membership import State
from union.members.rules.tokens import hashed
from union.members.service.limits import check, count, note
from union.members.service.people import CHANNEL, locked
from union.notify import service as notify
from union.notify.rules.kinds import Lane

OVER = msg("This link was used before, or its time is over. Ask for a new one.")
_KEPT = timedelta(hours=1)


class Purpose(StrEnum):
    """What bringing it back does."""

    SIGN_IN = "sign_in"
    JOIN = "join"
    CHANNEL = "channel"
    YES = "yes"  # what a visitor asked of a campaign; its room keeps what that was


_PATHS = {
    Purpose.SIGN_IN: "/sign-in/",
    Purpose.JOIN: "/join/confirm/",
    Purpose.CHANNEL: "/account/confirm/",
    Purpose.YES: "/yes/",
}


def limit_asking(session: Session, *, address: str, device: str, now: datetime) -> None:
    """Count one asking for a link; raises TooMany alike for known and unknown addresses."""
    count(session, ASK_PER_DEVICE, device, now)
    count(session, ASK_PER_ADDRESS, address, now)
    count(session, ASK_PER_ADDRESS_DAILY, address, now)


def limit_texting(session: Session, *, reach: Reach, address: str, now: datetime) -> None:
    """Count one text to a number that need not be a member's; raises TooMany alike for known and unknown.

    Somebody who shares in what texts to a country or a range of numbers cost has no use for us. At home only
    the whole is counted: colleagues whose company gave them numbers in a row sign in on the same day.
    """
    if reach is not Reach.SMS:
        return
    country = country_of_number(address)
    home = {DEFAULT_COUNTRY, *map(country_of, session.scalars(select(Chapter.zone)))}
    if country in home:
        count(session, texts_at_home(_active(session)), country, now)
        return
    count(session, TEXTS_PER_RANGE_ABROAD, address[:-RANGE_DIGITS], now)
    count(session, TEXTS_PER_COUNTRY_ABROAD, country, now)


def _active(session: Session) -> int:
    return session.scalar(select(func.count()).where(Member.state == State.ACTIVE)) or 0


def issue(  # noqa: PLR0913 - each fact stands in a column
    session: Session,
    *,
    purpose: Purpose,
    reach: Reach,
    address: str,
    now: datetime,
    lasts: timedelta,
    site: str,
    language: str,
    zone: str,
    member_id: str | None = None,
    draft: str | None = None,
    onward: str = "",
    template: str = "",
) -> str:
    """Send link and code to `address` and return the id under which its page asks for the code.

    site: our public address without a slash at the end. lasts: how long link and code hold.
    template: the message, where it is not the registry's own for this purpose.
    """
    challenge_id, token, code = new_id(), new_token(), new_code()
    session.add(
        Challenge(
            id=challenge_id,
            purpose=purpose.value,
            token_hash=hashed(token),
            code_hash=_code(challenge_id, code),
            member_id=member_id,
            channel=reach.value,
            address=address,
            draft=draft,
            onward=onward,
            decoy=False,
            created_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    notify.enqueue(
        session,
        now=now,
        ref=f"challenge:{challenge_id}",
        kind=purpose.value,
        member_id=member_id or "",
        channel=CHANNEL[reach],
        to=address,
        language=language,
        zone=zone,
        template=template or f"members/{purpose.value.replace('_', '-')}",
        fields={"code": code, "link": f"{site}{_PATHS[purpose]}{token}"},
        lane=Lane.LOGIN,
        expires_at=now + lasts,
        secret=True,
    )
    return challenge_id


def rehearse(
    session: Session, *, reach: Reach, address: str, now: datetime, lasts: timedelta, site: str
) -> None:
    """Do the work of sending a link, and undo it: how long an answer takes tells nobody who is a member."""
    rehearsal = session.begin_nested()
    issue(
        session, purpose=Purpose.SIGN_IN, reach=reach, address=address, now=now, lasts=lasts, site=site,
        language=DEFAULT_LANGUAGE, zone="UTC",
    )  # fmt: skip
    rehearsal.rollback()


def decoy(
    session: Session, *, purpose: Purpose, reach: Reach, address: str, now: datetime, lasts: timedelta
) -> str:
    """Return the id of a challenge that nothing opens, for an address that may not go on."""
    challenge_id = new_id()
    session.add(
        Challenge(
            id=challenge_id,
            purpose=purpose.value,
            token_hash=hashed(new_token()),
            member_id=None,
            code_hash=_code(challenge_id, new_token()),
            channel=reach.value,
            address=address,
            draft=None,
            onward="",
            decoy=True,
            created_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return challenge_id


def unsent_link(
    session: Session, *, member_id: str, now: datetime, lasts: timedelta, site: str, onward: str = ""
) -> str:
    """Return a sign-in address for a member without sending it; raises NotFound."""
    member, token, challenge_id = locked(session, member_id), new_token(), new_id()
    session.add(
        Challenge(
            id=challenge_id,
            purpose=Purpose.SIGN_IN.value,
            token_hash=hashed(token),
            member_id=member.id,
            code_hash=_code(challenge_id, new_token()),
            channel="none",
            address="",
            draft=None,
            onward=onward,
            decoy=False,
            created_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return f"{site}{_PATHS[Purpose.SIGN_IN]}{token}"


def _code(challenge_id: str, code: str) -> bytes:
    return vault().lookup(f"{challenge_id}:{code}", "challenge.code")


def by_link(session: Session, *, purpose: Purpose, token: str, now: datetime) -> Challenge:
    """Take the challenge whose link was brought back; raises Closed when it was used or is over."""
    found = session.scalar(
        select(Challenge)
        .where(Challenge.token_hash == hashed(token), Challenge.purpose == purpose.value)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None or not _open(found, now):
        raise Closed(OVER)
    return _taken(session, found, now)


def by_code(
    session: Session, *, purpose: Purpose, challenge_id: str, code: str, device: str, now: datetime
) -> Challenge | None:
    """Take the challenge whose code was typed; None for a wrong code, one used or over, and after five tries.

    The try counts when the caller's transaction commits, so a wrong code is an answer and not an error.
    Raises TooMany for a device that tries often, and for an address that too many wrong codes were typed for
    today, by whomever: its links still open.
    """
    count(session, CODES_PER_DEVICE, device, now)
    found = session.get(Challenge, challenge_id, with_for_update=True, populate_existing=True)
    if found is None or found.purpose != purpose or not _open(found, now) or found.tries >= CODE_TRIES:
        return None
    check(session, WRONG_CODES, found.address, now)
    found.tries += 1
    typed = "".join(c for c in code if c.isdigit())
    if found.decoy or not hmac.compare_digest(_code(challenge_id, typed), found.code_hash):
        note(session, WRONG_CODES, found.address, now)
        return None
    return _taken(session, found, now)


def _open(challenge: Challenge, now: datetime) -> bool:
    return challenge.used_at is None and now < challenge.expires_at


def _taken(session: Session, challenge: Challenge, now: datetime) -> Challenge:
    """Use it up, and with it what else waits for the same member and purpose."""
    challenge.used_at = now
    if challenge.member_id is not None:
        session.execute(
            update(Challenge)
            .where(
                Challenge.member_id == challenge.member_id,
                Challenge.purpose == challenge.purpose,
                Challenge.used_at.is_(None),
            )
            .values(used_at=now)
        )
    session.flush()
    return challenge


def wipe_challenges(session: Session, *, now: datetime) -> int:
    """Forget challenges an hour after they are over or used, addresses and drafts with them."""
    over = (Challenge.expires_at < now - _KEPT) | (Challenge.used_at < now - _KEPT)
    gone = session.scalars(delete(Challenge).where(over).returning(Challenge.id))
    return len(list(gone))

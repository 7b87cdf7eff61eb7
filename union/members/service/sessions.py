"""Devices on which a member is signed in: begun, seen, revoked, each to the hour.

The cookie has the token, we its hash.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.ids import new_token
from union.core.permissions import Permission, allow
from union.members.models import Member, MemberSession
from union.members.rules.limits import SESSION_ABSOLUTE, SESSION_SEEN_EVERY, whole_hour
from union.members.rules.tokens import hashed

_KEPT_AFTER_END = timedelta(days=7)
_DEVICE_LENGTH = 80


def start_session(session: Session, *, member_id: str, now: datetime, device: str) -> str:
    """Sign the member in on one device and return the token for its cookie; raises NotFound.

    device: a label the member recognizes, such as "Firefox on Android".
    """
    if session.get(Member, member_id) is None:
        raise NotFound(msg("There is no such member."))
    token = new_token()
    session.add(
        MemberSession(
            token_hash=hashed(token),
            member_id=member_id,
            device=device[:_DEVICE_LENGTH],
            created_at=whole_hour(now),
            seen_at=whole_hour(now),
            expires_at=whole_hour(now) + SESSION_ABSOLUTE,
            revoked_at=None,
        )
    )
    session.flush()
    return token


def see_session(session: Session, *, token: str, now: datetime) -> None:
    """Note that the device was used, at most once an hour."""
    session.execute(
        update(MemberSession)
        .where(MemberSession.token_hash == hashed(token), MemberSession.seen_at < now - SESSION_SEEN_EVERY)
        .values(seen_at=whole_hour(now))
    )


def end_session(session: Session, *, token: str, now: datetime) -> None:
    """Sign out the device that holds `token`."""
    session.execute(
        update(MemberSession)
        .where(MemberSession.token_hash == hashed(token), MemberSession.revoked_at.is_(None))
        .values(revoked_at=whole_hour(now))
    )


def revoke_session(session: Session, *, actor: Actor, now: datetime, token_hash: str) -> None:
    """Sign out one of the actor's own devices; raises NotFound."""
    allow(actor, Permission.ACCOUNT_OWN)
    row = session.get(MemberSession, token_hash, with_for_update=True)
    if row is None or row.member_id != actor.member_id:
        raise NotFound(msg("That device is signed out already."))
    row.revoked_at = row.revoked_at or whole_hour(now)
    audit.record(
        session, actor=actor, now=now, act="members.revoke_session", subject=f"member/{actor.member_id}"
    )


def revoke_all_sessions(session: Session, *, actor: Actor, now: datetime) -> int:
    """Sign the actor out everywhere; returns how many devices."""
    allow(actor, Permission.ACCOUNT_OWN)
    ended = end_all(session, member_id=str(actor.member_id), now=now)
    audit.record(
        session, actor=actor, now=now, act="members.revoke_all_sessions", subject=f"member/{actor.member_id}"
    )
    return ended


def end_all(session: Session, *, member_id: str, now: datetime) -> int:
    """Sign a member out everywhere, when the membership ends."""
    ended = session.scalars(
        update(MemberSession)
        .where(MemberSession.member_id == member_id, MemberSession.revoked_at.is_(None))
        .values(revoked_at=whole_hour(now))
        .returning(MemberSession.token_hash)
    )
    return len(list(ended))


def wipe_sessions(session: Session, *, now: datetime) -> int:
    """Forget devices a week after their session ended."""
    gone = session.scalars(
        delete(MemberSession)
        .where(
            (MemberSession.expires_at < now - _KEPT_AFTER_END)
            | (MemberSession.revoked_at < now - _KEPT_AFTER_END)
        )
        .returning(MemberSession.token_hash)
    )
    return len(list(gone))

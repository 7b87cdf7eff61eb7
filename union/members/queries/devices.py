"""Where a member is signed in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.members.models import Member, MemberSession
from union.members.rules.limits import session_holds
from union.members.rules.membership import State
from union.members.rules.tokens import hashed


@dataclass(frozen=True, slots=True)
class Device:
    """One signed-in device. key: names it to its owner; knowing it signs nobody in."""

    key: str
    member_id: str
    label: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    current: bool = False

    def holds(self, now: datetime, *, with_role: bool) -> bool:
        """Tell whether the device is still signed in at `now`."""
        return session_holds(
            now=now,
            seen_at=self.seen_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            with_role=with_role,
        )


def device_of(session: Session, token: str) -> Device | None:
    """Return the device that holds `token`, None for none and for a member who left."""
    row = session.get(MemberSession, hashed(token))
    if row is None:
        return None
    member = session.get(Member, row.member_id)
    return None if member is None or member.state == State.LEFT else _device(row)


def devices(session: Session, member_id: str, *, now: datetime, current: str | None) -> list[Device]:
    """Return the member's signed-in devices, newest use first. current: the token of the device that asks."""
    rows = session.scalars(
        select(MemberSession)
        .where(
            MemberSession.member_id == member_id,
            MemberSession.revoked_at.is_(None),
            MemberSession.expires_at > now,
        )
        .order_by(MemberSession.seen_at.desc())
    )
    mine = hashed(current) if current else ""
    return [_device(row, current=row.token_hash == mine) for row in rows]


def _device(row: MemberSession, *, current: bool = False) -> Device:
    return Device(
        row.token_hash,
        row.member_id,
        row.device,
        row.created_at,
        row.seen_at,
        row.expires_at,
        row.revoked_at,
        current,
    )

"""Where a member is signed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.db import table_of
from union.members.models import LocalRole, Member, MemberRole, MemberSession
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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A device and who is signed in on it, with the roles in force at that moment."""

    device: Device
    actor: Actor


_device_row, _member, _role, _local = map(table_of, (MemberSession, Member, MemberRole, LocalRole))
_SIGNED_IN = (
    select(
        _device_row,
        _member.c.state,
        _member.c.name,
        _member.c.language,
        _member.c.zone,
        _role.c.role,
        _local.c.role.label("local_role"),
        _local.c.place_kind,
        _local.c.place_key,
    )
    .join_from(_device_row, _member)
    .outerjoin(_role, _role.c.member_id == _member.c.id)
    .outerjoin(
        _local,
        and_(
            _local.c.member_id == _member.c.id,
            _local.c.ended_at.is_(None),
            _local.c.granted_at <= bindparam("now"),
            _local.c.until > bindparam("now"),
        ),
    )
    .where(_device_row.c.token_hash == bindparam("token_hash"), _member.c.state != State.LEFT)
)


def signed_in(reader: Connection | Session, token: str, *, now: datetime) -> SignedIn | None:
    """Return the device that holds `token` and its member, None for none and for a member who left.

    One statement of columns, no objects: every page of a signed-in member begins with it.
    """
    rows = reader.execute(_SIGNED_IN, {"token_hash": hashed(token), "now": now}).all()
    if not rows:
        return None
    first = rows[0]
    active = first.state == State.ACTIVE
    held = {Role.MEMBER, *(Role(row.role) for row in rows if row.role)} if active else ()
    duties = {
        (Role(row.local_role), Place(PlaceKind(row.place_kind), row.place_key))
        for row in rows
        if active and row.local_role
    }
    return SignedIn(
        _device(first),
        Actor(
            first.member_id,
            first.name or "",
            frozenset(held),
            active,
            first.language,
            first.zone,
            duties=frozenset(duties),
        ),
    )


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


def _device(row: MemberSession | Row[Any], *, current: bool = False) -> Device:
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

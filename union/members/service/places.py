"""Roles that hold at one place and end by themselves: granted, prolonged and ended, each time in the log."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.members.models import LocalRole
from union.members.rules.membership import LOCAL_LASTS, LOCAL_ROLES, State
from union.members.service.people import known_chapter, locked


def grant_local_role(
    session: Session,
    *,
    actor: Actor,
    member_id: str,
    role: Role,
    place: Place,
    until: datetime,
    now: datetime,
    within: tuple[Place, ...] = (),
) -> str:
    """Give an active member a role at one place until a moment; one held there already gets the new end.

    within: where a call list belongs, whose organizers name its helpers; other roles are an officer's to
    give. Raises NotFound, Conflict for who is not active, Invalid (field role, until or chapter).
    """
    _allow(actor, role, place, within)
    member = locked(session, member_id)
    if role not in LOCAL_ROLES:
        raise Invalid(msg("That role cannot be granted."), field="role")
    if member.state != State.ACTIVE:
        raise Conflict(msg("Only an active member can have a role."))
    if not now < until <= now + LOCAL_LASTS:
        raise Invalid(msg("Let it end within a year from now; it can be prolonged."), field="until")
    if place.kind is PlaceKind.CHAPTER:
        known_chapter(session, place.key)
    held = session.scalar(
        select(LocalRole).where(
            LocalRole.member_id == member.id,
            LocalRole.role == role.value,
            LocalRole.place_kind == place.kind.value,
            LocalRole.place_key == place.key,
            LocalRole.ended_at.is_(None),
            LocalRole.until > now,
        )
    )
    if held is None:
        held = LocalRole(
            id=new_id(),
            member_id=member.id,
            role=role.value,
            place_kind=place.kind.value,
            place_key=place.key,
            granted_at=now,
            until=until,
        )
        session.add(held)
    held.until = until
    session.flush()
    _record(session, actor, held, "members.grant_here", now)
    return held.id


def end_local_role(
    session: Session, *, actor: Actor, grant_id: str, now: datetime, within: tuple[Place, ...] = ()
) -> None:
    """End such a role at once; raises NotFound for none in force."""
    held = session.get(LocalRole, grant_id, with_for_update=True, populate_existing=True)
    if held is None:
        allow(actor, Permission.ROLE_GRANT)
        raise NotFound(msg("This member does not have that role."))
    _allow(actor, Role(held.role), Place(PlaceKind(held.place_kind), held.place_key), within)
    if held.ended_at is not None or held.until <= now:
        raise NotFound(msg("This member does not have that role."))
    held.ended_at = now
    session.flush()
    _record(session, actor, held, "members.revoke_here", now)


def wipe_local_roles(session: Session, *, now: datetime) -> int:
    """Forget roles that are over; who gave them is in the log. Return how many."""
    over = (LocalRole.until <= now) | (LocalRole.ended_at <= now)
    return len(session.scalars(delete(LocalRole).where(over).returning(LocalRole.id)).all())


def _allow(actor: Actor, role: Role, place: Place, within: tuple[Place, ...]) -> None:
    if role is Role.HELPER and place.kind is PlaceKind.LIST:
        allow(actor, Permission.ORGANIZING_LISTS, *within)
    else:
        allow(actor, Permission.ROLE_GRANT)


def _record(session: Session, actor: Actor, held: LocalRole, act: str, now: datetime) -> None:
    audit.record(
        session,
        actor=actor,
        now=now,
        act=act,
        subject=f"member/{held.member_id}",
        role=held.role,
        place=f"{held.place_kind}/{held.place_key}",
        until=f"{held.until:%Y-%m-%d %H:%M} UTC",
    )

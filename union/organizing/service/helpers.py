"""Helpers of one list: an active member sees nothing but the next person to call, until a moment."""

from datetime import datetime

from sqlalchemy.orm import Session

from union.core.actor import Actor, Role
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members import service as registry
from union.members.rules.limits import LOOK_UPS
from union.members.service.limits import count
from union.organizing import scope
from union.organizing.service.lists import check_open, list_place, place_of, run_here


def look_up(session: Session, *, actor: Actor, who: str, now: datetime) -> str | None:
    """Return the id of the member who has this exact address, None for nobody.

    The answer tells that somebody is a member, so nobody may ask for a whole list of numbers: each try counts
    when the caller's transaction commits, a failed one too. Raises TooMany.
    """
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    count(session, LOOK_UPS, str(actor.member_id), now)
    return members.find_member(session, who.strip())


def add_helper(
    session: Session, *, actor: Actor, list_id: str, member_id: str, until: datetime, now: datetime
) -> None:
    """Let a member call from this list until a moment, at most until the list closes.

    Raises Invalid (field until), Closed for a list that ended, Conflict for who is not active.
    """
    row = run_here(session, actor, list_id)
    check_open(row, now)
    registry.grant_local_role(
        session,
        actor=actor,
        member_id=member_id,
        role=Role.HELPER,
        place=list_place(row.id),
        until=min(until, row.closes_at),
        now=now,
        within=scope.at(place_of(row)),
    )


def end_helper(session: Session, *, actor: Actor, list_id: str, grant_id: str, now: datetime) -> None:
    """End a helper's access at once; raises NotFound."""
    row = run_here(session, actor, list_id)
    held = members.local_roles(session, now=now, place=list_place(row.id))
    if grant_id not in {one.id for one in held}:
        raise NotFound(msg("This member does not have that role."))
    registry.end_local_role(session, actor=actor, grant_id=grant_id, now=now, within=scope.at(place_of(row)))

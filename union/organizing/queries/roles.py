"""Who organizes or helps where, for the officers who say so."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.campaigns import queries as campaigns
from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.organizing import scope


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role at one place in force."""

    id: str
    name: str
    role: Role
    place: Place
    place_name: str
    until: datetime


def local_roles(session: Session, *, actor: Actor, now: datetime) -> list[RoleRow]:
    """Return the roles at chapters and campaigns in force, the first to end first.

    Lists name their own helpers.
    """
    allow(actor, Permission.ROLE_GRANT)
    held = [one for one in members.local_roles(session, now=now) if one.place.kind is not PlaceKind.LIST]
    named = scope.names(session, {one.place for one in held})
    who = members.display_names(session, {one.member_id for one in held})
    return [
        RoleRow(one.id, who.get(one.member_id, ""), one.role, one.place, named[one.place], one.until)
        for one in held
    ]


def campaign_places(session: Session, *, actor: Actor) -> list[tuple[Place, str]]:
    """Return the chapters and running campaigns to which a role can be limited, with names."""
    allow(actor, Permission.ROLE_GRANT)
    found = [(scope.chapter(one.slug), one.name) for one in members.chapters(session)]
    return found + [
        (Place(PlaceKind.CAMPAIGN, card.id), card.title)
        for card in campaigns.listing(session, actor=actor)
        if card.ended_at is None
    ]

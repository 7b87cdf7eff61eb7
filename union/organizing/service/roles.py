"""Who organizes where: an officer limits a role to a chapter or a campaign, with an end."""

from datetime import datetime

from sqlalchemy.orm import Session

from union.campaigns import queries as campaigns
from union.core.actor import Actor, Place, PlaceKind, Role
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members import service as registry


def grant_role(
    session: Session, *, actor: Actor, who: str, role: Role, place: Place, until: datetime, now: datetime
) -> str:
    """Give `who` (an id, or an exact address) a role at a chapter or in a campaign, and return its id.

    Raises Invalid (field who, place or until), NotFound for no such campaign, Conflict.
    """
    allow(actor, Permission.ROLE_GRANT)
    if place.kind is PlaceKind.LIST:
        raise Invalid(msg("Choose a chapter or a campaign."), field="place")
    if place.kind is PlaceKind.CAMPAIGN:
        campaigns.card_by_id(session, place.key)
    return registry.grant_local_role(
        session, actor=actor, member_id=find(session, who), role=role, place=place, until=until, now=now
    )


def find(session: Session, who: str) -> str:
    """Return the id of who has this exact address; raises Invalid (field who) for nobody."""
    found = members.find_member(session, who.strip())
    if found is None:
        raise Invalid(msg("No member has that address. It has to be the exact one."), field="who")
    return found


def end_role(session: Session, *, actor: Actor, grant_id: str, now: datetime) -> None:
    """End such a role at once; raises NotFound."""
    allow(actor, Permission.ROLE_GRANT)
    registry.end_local_role(session, actor=actor, grant_id=grant_id, now=now)

"""Who acts: a member with roles, nobody yet, or the union's own clock."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a member may be asked to do for the union."""

    MEMBER = "member"
    ORGANIZER = "organizer"
    TRUSTEE = "trustee"
    OFFICER = "officer"


@dataclass(frozen=True)
class Actor:
    """The one on whose behalf a service verb runs.

    member_id: None for a visitor and for the system. active: an active membership.
    """

    member_id: str | None = None
    name: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    active: bool = False
    language: str = "en"
    zone: str = "Europe/Amsterdam"
    system: bool = False

    @property
    def known(self) -> bool:
        """Whether somebody is signed in."""
        return self.member_id is not None

    def can(self, permission: str) -> bool:
        """Tell whether the actor holds `permission` (or its value), for showing or hiding a link."""
        from union.core.permissions import Permission, permits  # noqa: PLC0415

        return permits(self, Permission(permission))


VISITOR = Actor()
SYSTEM = Actor(name="system", system=True)

"""Who acts: a member with roles, nobody yet, or the union's own clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Role(StrEnum):
    """What a member may be asked to do for the union."""

    MEMBER = "member"
    ORGANIZER = "organizer"
    TRUSTEE = "trustee"
    OFFICER = "officer"
    HELPER = "helper"


class PlaceKind(StrEnum):
    """To what a role can be limited."""

    CHAPTER = "chapter"
    CAMPAIGN = "campaign"
    LIST = "list"


@dataclass(frozen=True, order=True)
class Place:
    """One part of the union's work. key: a chapter's slug, the id of a campaign or of a call list."""

    kind: PlaceKind
    key: str


@dataclass(frozen=True)
class Actor:
    """The one on whose behalf a service verb runs.

    member_id: None for a visitor and for the system. active: an active membership. roles hold in the whole
    union; duties are roles that hold at one place only.
    """

    member_id: str | None = None
    name: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    active: bool = False
    language: str = "en"
    zone: str = "Europe/Amsterdam"
    system: bool = False
    duties: frozenset[tuple[Role, Place]] = field(default_factory=frozenset)

    @property
    def known(self) -> bool:
        """Whether somebody is signed in."""
        return self.member_id is not None

    @property
    def places(self) -> frozenset[Place]:
        """Where the actor has a role that holds there only."""
        return frozenset(place for _, place in self.duties)

    def at(self, places: Iterable[Place]) -> "Actor":
        """Return the actor with the roles held at any of `places` beside those held everywhere."""
        here = set(places)
        return replace(self, roles=self.roles | {role for role, place in self.duties if place in here})

    def can(self, permission: str) -> bool:
        """Tell whether the actor holds `permission` (or its value) somewhere, to show or hide a link."""
        from union.core.permissions import Permission, reaches  # noqa: PLC0415

        return reaches(self, Permission(permission))


VISITOR = Actor()
SYSTEM = Actor(name="system", system=True)

"""Who counts as a member: states and their moves, vouching, roles, affiliations. Pure."""

from datetime import timedelta
from enum import StrEnum

from union.core.actor import Role
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg

VOUCHES_NEEDED = 2
NAME_LENGTH = 80


class State(StrEnum):
    """Where a membership stands."""

    APPLICANT = "applicant"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


STATE_WORDS = {
    State.APPLICANT: msg("Applicant"),
    State.ACTIVE: msg("Active"),
    State.SUSPENDED: msg("Suspended"),
    State.LEFT: msg("Left"),
}

_MOVES = {
    State.APPLICANT: {State.ACTIVE, State.LEFT},
    State.ACTIVE: {State.SUSPENDED, State.LEFT},
    State.SUSPENDED: {State.ACTIVE, State.LEFT},
    State.LEFT: set(),
}


class Work(StrEnum):
    """As what somebody is with a platform."""

    USER = "user"
    DRIVER = "driver"
    COURIER = "courier"
    CREATOR = "creator"
    SELLER = "seller"


WORK_WORDS = {
    Work.USER: msg("User"),
    Work.DRIVER: msg("Driver"),
    Work.COURIER: msg("Courier"),
    Work.CREATOR: msg("Creator"),
    Work.SELLER: msg("Seller"),
}

ROLE_WORDS = {
    Role.MEMBER: msg("Member"),
    Role.ORGANIZER: msg("Organizer"),
    Role.TRUSTEE: msg("Trustee"),
    Role.OFFICER: msg("Officer"),
    Role.HELPER: msg("Helper"),
}
GRANTABLE = (Role.ORGANIZER, Role.TRUSTEE, Role.OFFICER)
LOCAL_ROLES = (Role.ORGANIZER, Role.HELPER)
LOCAL_LASTS = timedelta(days=366)


class Proof(StrEnum):
    """How a member was found to belong."""

    ADMITTED = "admitted"
    VOUCHED = "vouched"
    IMPORTED = "imported"


def move(now: State, then: State) -> State:
    """Return `then` where a membership that is `now` may become it; raises Conflict where not."""
    if then not in _MOVES[now]:
        raise Conflict(msg("This membership has changed meanwhile. Look again."))
    return then


def tidy_name(text: str) -> str:
    """Return the name without surplus space; raises Invalid (field name) for none, or one we cannot show."""
    name = " ".join(text.split())
    if not name:
        raise Invalid(msg("Tell us what to call you. It need not be your legal name."), field="name")
    if len(name) > NAME_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="name", n=NAME_LENGTH)
    if not name.isprintable():
        raise Invalid(msg("That name has characters we cannot show."), field="name")
    return name

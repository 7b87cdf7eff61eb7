"""The life of an action: which state may follow which, and which kinds of action and clock there are.

Pure names and one table. Postponing and cancelling are possible from anywhere before the end.
"""

from enum import StrEnum

from union.core.errors import Conflict
from union.core.i18n import msg


class State(StrEnum):
    """Where an action is.

    AUTHORIZED: tied to a mandate. ARMED: two organizers agreed, the clock will start it.
    """

    DRAFT = "draft"
    AUTHORIZED = "authorized"
    SCHEDULED = "scheduled"
    ARMED = "armed"
    LIVE = "live"
    ENDED = "ended"
    DEBRIEFED = "debriefed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What members do together."""

    DATA_STRIKE = "data_strike"
    LOG_OFF = "log_off"
    SWITCH = "switch"
    CALL_IN = "call_in"
    REVIEW_BLACKOUT = "review_blackout"
    CUSTOM = "custom"


class Mode(StrEnum):
    """INSTANT: one moment for all. WALL_CLOCK: the same local time everywhere, zone after zone."""

    INSTANT = "instant"
    WALL_CLOCK = "wall_clock"


class FiringState(StrEnum):
    """Where one zone's start is.

    MISSED: it came due when its end had passed already; nothing was sent late.
    """

    WAITING = "waiting"
    LIVE = "live"
    ENDED = "ended"
    MISSED = "missed"


class Choice(StrEnum):
    """What a member said about one version of an action."""

    IN = "in"
    OUT = "out"


class VoteState(StrEnum):
    """Where a vote planned with an action is. DROPPED: it was never held."""

    PLANNED = "planned"
    LAUNCHED = "launched"
    PASSED = "passed"
    REFUSED = "refused"
    DROPPED = "dropped"


class Mark(StrEnum):
    """What is counted once per member while an action is live."""

    OUT = "out"
    DONE = "done"


NEXT: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.AUTHORIZED, State.POSTPONED, State.CANCELLED}),
    State.AUTHORIZED: frozenset({State.SCHEDULED, State.DRAFT, State.POSTPONED, State.CANCELLED}),
    State.SCHEDULED: frozenset({State.ARMED, State.AUTHORIZED, State.POSTPONED, State.CANCELLED}),
    State.ARMED: frozenset({State.LIVE, State.SCHEDULED, State.POSTPONED, State.CANCELLED}),
    State.LIVE: frozenset({State.ENDED, State.POSTPONED, State.CANCELLED}),
    State.ENDED: frozenset({State.DEBRIEFED}),
    State.DEBRIEFED: frozenset(),
    State.POSTPONED: frozenset({State.AUTHORIZED, State.CANCELLED}),
    State.CANCELLED: frozenset(),
}
"""From each state, the states that may follow.

A disarmed action is scheduled again; a postponed one gets a new date.
"""

PLANNING = frozenset({State.DRAFT, State.AUTHORIZED, State.SCHEDULED, State.ARMED, State.POSTPONED})
"""States in which an organizer may change what the action is."""

TOLD = frozenset({State.SCHEDULED, State.ARMED, State.LIVE})
"""States in which members know of the action, so that calling it off is news to all of them."""

SHOWN = TOLD | {State.ENDED, State.DEBRIEFED, State.POSTPONED, State.CANCELLED}
"""States in which a member may see the action's page."""

STATE_NAMES: dict[State, str] = {
    State.DRAFT: msg("draft"),
    State.AUTHORIZED: msg("authorized"),
    State.SCHEDULED: msg("scheduled"),
    State.ARMED: msg("armed"),
    State.LIVE: msg("live now"),
    State.ENDED: msg("ended"),
    State.DEBRIEFED: msg("debriefed"),
    State.POSTPONED: msg("postponed"),
    State.CANCELLED: msg("called off"),
}

STATE_TAGS: dict[State, str] = {
    State.DRAFT: "neutral",
    State.AUTHORIZED: "neutral",
    State.SCHEDULED: "waiting",
    State.ARMED: "agreed",
    State.LIVE: "live",
    State.ENDED: "neutral",
    State.DEBRIEFED: "neutral",
    State.POSTPONED: "waiting",
    State.CANCELLED: "refused",
}


def may_become(now: State, then: State) -> bool:
    """Tell whether an action that is `now` may become `then`."""
    return then in NEXT[now]


REFUSED_IN: dict[State, str] = {
    State.DRAFT: msg("The action is still a draft: tie it to a mandate first."),
    State.AUTHORIZED: msg("The action is not on the calendar yet: schedule it first."),
    State.SCHEDULED: msg("The action is on the calendar, but not armed."),
    State.ARMED: msg("The action is armed already."),
    State.LIVE: msg("The action is live."),
    State.ENDED: msg("The action has ended."),
    State.DEBRIEFED: msg("The action has ended and its debrief is written."),
    State.POSTPONED: msg("The action is put off: give it a new time first."),
    State.CANCELLED: msg("The action was called off for good."),
}
"""Why a step is refused, by the state it was tried in."""


def require_next(now: State, then: State) -> None:
    """Let pass, or raise Conflict that says which state the action is in."""
    if not may_become(now, then):
        raise Conflict(REFUSED_IN[now])

"""How a member's grievance moves on, and what of many grievances may be shown to all. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from union.core.errors import Closed
from union.core.i18n import msg

SMALLEST = 10
"""Counts below this are not shown."""


class State(StrEnum):
    """Where a grievance is."""

    FILED = "filed"
    TAKEN_UP = "taken_up"
    RAISED = "raised"
    SETTLED = "settled"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class Turn(StrEnum):
    """What moves a grievance."""

    TAKE_UP = "take_up"
    RAISE = "raise"
    SETTLE = "settle"
    DISMISS = "dismiss"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"


S, T = State, Turn

TRANSITIONS: dict[tuple[State, Turn], State] = {
    (S.FILED, T.TAKE_UP): S.TAKEN_UP,
    (S.FILED, T.DISMISS): S.DISMISSED,
    (S.FILED, T.WITHDRAW): S.WITHDRAWN,
    (S.TAKEN_UP, T.RAISE): S.RAISED,
    (S.TAKEN_UP, T.SETTLE): S.SETTLED,
    (S.TAKEN_UP, T.DISMISS): S.DISMISSED,
    (S.TAKEN_UP, T.WITHDRAW): S.WITHDRAWN,
    (S.RAISED, T.SETTLE): S.SETTLED,
    (S.RAISED, T.DISMISS): S.DISMISSED,
    (S.RAISED, T.WITHDRAW): S.WITHDRAWN,
    (S.SETTLED, T.REOPEN): S.TAKEN_UP,
    (S.DISMISSED, T.REOPEN): S.TAKEN_UP,
}
OPEN = frozenset({S.FILED, S.TAKEN_UP, S.RAISED})
TEAM_TURNS = frozenset({T.TAKE_UP, T.RAISE, T.SETTLE, T.DISMISS, T.REOPEN})
REFUSED: dict[Turn, str] = {
    T.TAKE_UP: msg("Only a grievance that was just filed can be taken up."),
    T.RAISE: msg("Take the grievance up before you raise it with the platform."),
    T.SETTLE: msg("Take the grievance up before you settle it."),
    T.DISMISS: msg("This grievance is closed."),
    T.WITHDRAW: msg("This grievance is closed."),
    T.REOPEN: msg("Only a settled or dismissed grievance can be opened again."),
}


def after(state: State, turn: Turn) -> State:
    """Return the state `turn` leads to; raises Closed with the reason."""
    if (state, turn) not in TRANSITIONS:
        raise Closed(REFUSED[turn])
    return TRANSITIONS[state, turn]


def possible(state: State) -> tuple[Turn, ...]:
    """Return the turns that lead somewhere from `state`."""
    return tuple(turn for turn in Turn if (state, turn) in TRANSITIONS)


@dataclass(frozen=True)
class Counts:
    """What all may see. None where a number is too small, or would give a small one away."""

    cells: dict[str, int | None]
    total: int | None


def shown(counts: Mapping[str, int]) -> Counts:
    """Return counts with those under ten left out, and the total where it would give a single one away."""
    cells = {name: n if n >= SMALLEST else None for name, n in counts.items()}
    hidden = [n for n in counts.values() if 0 < n < SMALLEST]
    total = sum(counts.values())
    # One hidden cell could be worked out from the total and the others.
    tells = len(hidden) == 1 and len(counts) > 1 and any(n is not None for n in cells.values())
    return Counts(cells, None if total < SMALLEST or tells else total)

"""The life of an agreement as a table of turns, and what its clauses and obligations may say. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from union.core.errors import Closed, Invalid
from union.core.i18n import msg


class State(StrEnum):
    """Where an agreement is."""

    DRAFT = "draft"
    TENTATIVE = "tentative"
    RATIFYING = "ratifying"
    RATIFIED = "ratified"
    REJECTED = "rejected"
    IN_FORCE = "in_force"
    ENDED = "ended"
    TERMINATED = "terminated"
    ABANDONED = "abandoned"


class Turn(StrEnum):
    """What moves an agreement."""

    AGREE = "agree"
    REOPEN = "reopen"
    LAUNCH = "launch"
    RATIFY = "ratify"
    REJECT = "reject"
    ASK_AGAIN = "ask_again"
    VOTE_CANCELLED = "vote_cancelled"
    ENTER = "enter"
    END = "end"
    TERMINATE = "terminate"
    ABANDON = "abandon"


S, T = State, Turn

TRANSITIONS: dict[tuple[State, Turn], State] = {
    (S.DRAFT, T.AGREE): S.TENTATIVE,
    (S.DRAFT, T.ABANDON): S.ABANDONED,
    (S.TENTATIVE, T.REOPEN): S.DRAFT,
    (S.TENTATIVE, T.LAUNCH): S.RATIFYING,
    (S.TENTATIVE, T.ABANDON): S.ABANDONED,
    (S.RATIFYING, T.RATIFY): S.RATIFIED,
    (S.RATIFYING, T.REJECT): S.REJECTED,
    (S.RATIFYING, T.VOTE_CANCELLED): S.TENTATIVE,
    (S.REJECTED, T.ASK_AGAIN): S.RATIFYING,
    (S.REJECTED, T.REOPEN): S.DRAFT,
    (S.REJECTED, T.ABANDON): S.ABANDONED,
    (S.RATIFIED, T.ENTER): S.IN_FORCE,
    (S.RATIFIED, T.TERMINATE): S.TERMINATED,
    (S.IN_FORCE, T.END): S.ENDED,
    (S.IN_FORCE, T.TERMINATE): S.TERMINATED,
}

# Why a turn is refused, by the state it was tried in; else by the turn itself.
REFUSED_IN: dict[tuple[State, Turn], str] = {
    (S.DRAFT, T.LAUNCH): msg("There is no tentative agreement yet: freeze the text first."),
    (S.RATIFYING, T.LAUNCH): msg("Members are voting on this agreement already."),
    (S.RATIFYING, T.REOPEN): msg("Members are voting on this very text: it cannot change now."),
    (S.RATIFYING, T.ABANDON): msg(
        "Members are voting on this agreement: let them decide, or cancel the vote."
    ),
    (S.RATIFIED, T.REOPEN): msg("Members have ratified this very text: it cannot change."),
    (S.IN_FORCE, T.REOPEN): msg("The agreement is in force: its text cannot change. Draft a new one."),
    (S.RATIFIED, T.LAUNCH): msg("Members have ratified this agreement."),
    (S.REJECTED, T.LAUNCH): msg("Members rejected this text. Change it before you ask again."),
    (S.RATIFIED, T.END): msg("The agreement has not come into force yet."),
}
REFUSED: dict[Turn, str] = {
    T.AGREE: msg("Only a draft can become a tentative agreement."),
    T.REOPEN: msg("The text of this agreement cannot change any more."),
    T.LAUNCH: msg("This agreement cannot be put to a vote."),
    T.RATIFY: msg("No vote on this agreement is waiting for a result."),
    T.REJECT: msg("No vote on this agreement is waiting for a result."),
    T.ASK_AGAIN: msg("Only a text that members rejected can be voted on again as it is."),
    T.VOTE_CANCELLED: msg("No vote on this agreement is waiting for a result."),
    T.ENTER: msg("Only a ratified agreement comes into force."),
    T.END: msg("Only an agreement in force ends."),
    T.TERMINATE: msg("Only a ratified agreement can be terminated."),
    T.ABANDON: msg("This agreement cannot be abandoned any more."),
}
EDITABLE = frozenset({S.DRAFT})
PUBLIC = frozenset({S.RATIFIED, S.IN_FORCE, S.ENDED, S.TERMINATED})
BINDING = frozenset({S.IN_FORCE})
OVER = frozenset({S.ENDED, S.TERMINATED, S.ABANDONED})


def after(state: State, turn: Turn) -> State:
    """Return the state `turn` leads to; raises Closed with the reason where it leads nowhere."""
    if (state, turn) in TRANSITIONS:
        return TRANSITIONS[state, turn]
    raise Closed(REFUSED_IN.get((state, turn), REFUSED[turn]))


def possible(state: State, turn: Turn) -> bool:
    """Tell whether `turn` leads somewhere from `state`: for showing or hiding a button."""
    return (state, turn) in TRANSITIONS


class Concession(StrEnum):
    """What a clause does with the demand it answers."""

    NONE = ""
    CONCEDED = "conceded"
    REFUSED = "refused"
    NEGOTIATION = "negotiation"


class Side(StrEnum):
    """Who makes an offer or owes something."""

    UNION = "union"
    PLATFORM = "platform"


class Every(StrEnum):
    """How often an obligation comes back."""

    ONCE = ""
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


class Kept(StrEnum):
    """How an obligation stands. OPEN until somebody checks."""

    OPEN = "open"
    KEPT = "kept"
    LATE = "late"
    BREACHED = "breached"


KEPT_MOVES: dict[Kept, frozenset[Kept]] = {
    Kept.OPEN: frozenset({Kept.KEPT, Kept.LATE, Kept.BREACHED}),
    Kept.LATE: frozenset({Kept.KEPT, Kept.BREACHED}),
    Kept.BREACHED: frozenset({Kept.KEPT, Kept.LATE}),
    Kept.KEPT: frozenset(),
}


def check_obligation(before: Kept, then: Kept, *, due_passed: bool, note: str) -> None:
    """Let an obligation be found kept, late or breached, or raise with the reason.

    Late and breached need the due date to have passed, and every finding a note of the evidence.
    """
    if then not in KEPT_MOVES[before]:
        raise Closed(msg("This obligation was found kept: nothing is left to check."))
    if then is not Kept.KEPT and not due_passed:
        raise Invalid(msg("It is not due yet: nobody is late or in breach."), field="result")
    if not note.strip():
        raise Invalid(msg("Note what you saw, and where."), field="note")


@dataclass(frozen=True)
class Clause:
    """One clause of an agreement as written."""

    number: int
    heading: str
    text: str
    demand_id: str | None = None
    concession: Concession = Concession.NONE
    clause_id: str | None = None


@dataclass(frozen=True)
class Obligation:
    """What one side must do by a day, as written into the agreement."""

    clause: int
    title: str
    who: Side
    due_on: date
    every: Every = Every.ONCE


@dataclass(frozen=True)
class Terms:
    """What is agreed, by whom, from when until when. ends_on: last day, None without an end."""

    title: str
    union_party: str
    platform_party: str
    preamble: str
    starts_on: date
    ends_on: date | None
    clauses: tuple[Clause, ...]
    obligations: tuple[Obligation, ...]


def check_terms(terms: Terms) -> None:
    """Raise Invalid, naming what is missing, unless the text can be agreed on."""
    if not terms.union_party.strip() or not terms.platform_party.strip():
        raise Invalid(msg("Name both parties in full."), field="platform_party")
    if not terms.clauses:
        raise Invalid(msg("An agreement needs at least one clause."), field="clauses")
    for clause in terms.clauses:
        if not clause.heading.strip() or not clause.text.strip():
            raise Invalid(
                msg("Clause %(number)s has no heading or no text."), field="clauses", number=clause.number
            )
    if terms.ends_on is not None and terms.ends_on < terms.starts_on:
        raise Invalid(msg("It ends before it starts."), field="ends_on")
    numbers = {clause.number for clause in terms.clauses}
    for obligation in terms.obligations:
        if obligation.clause not in numbers:
            raise Invalid(
                msg("There is no clause %(number)s for the obligation “%(title)s”."),
                field="obligations",
                number=obligation.clause,
                title=obligation.title,
            )
        if obligation.due_on < terms.starts_on:
            raise Invalid(
                msg("The obligation “%(title)s” is due before the agreement starts."),
                field="obligations",
                title=obligation.title,
            )

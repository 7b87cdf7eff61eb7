"""When a ballot may move on, and what its counts mean. Pure: values in, values out; whole numbers only.

No percentage is ever computed to decide: `den * yes > num * of` is exact for every electorate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from union.core.i18n import msg

WINDOW_AT_LEAST = timedelta(minutes=1)
SMALL_GROUP = 5
"""Groups of voters smaller than this are not shown on their own."""


class State(StrEnum):
    """Where a ballot is."""

    DRAFT = "draft"
    KEYS = "keys"
    CREDENTIALS = "credentials"
    OPEN = "open"
    CLOSED = "closed"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"
    UNCOUNTABLE = "uncountable"


class Kind(StrEnum):
    """What a ballot decides."""

    STRIKE_VOTE = "strike_vote"
    DEMANDS = "demands"
    RATIFICATION = "ratification"
    GENERAL = "general"


MOVES: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.KEYS, State.CANCELLED}),
    State.KEYS: frozenset({State.CREDENTIALS, State.CANCELLED}),
    State.CREDENTIALS: frozenset({State.OPEN, State.CANCELLED}),
    State.OPEN: frozenset({State.CLOSED, State.CANCELLED}),
    State.CLOSED: frozenset({State.CONCLUDED, State.UNCOUNTABLE}),
    State.CONCLUDED: frozenset(),
    State.CANCELLED: frozenset(),
    State.UNCOUNTABLE: frozenset(),
}
BEFORE_OPENING = frozenset({State.DRAFT, State.KEYS, State.CREDENTIALS})
SHOWN_TO_ALL = tuple(state for state in State if state not in {State.DRAFT, State.KEYS})
WITHOUT_RESULT = frozenset({State.CANCELLED, State.UNCOUNTABLE})
"""Over, and nothing is decided."""
OVER = WITHOUT_RESULT | {State.CONCLUDED}
GIVE_UP_AFTER = timedelta(days=1)
"""How long trustees have, from the first officer's word, to come with their share after all."""


def may_move(old: State, new: State) -> bool:
    """Tell whether a ballot may go from `old` to `new`; a closed one is concluded, or cannot be counted."""
    return new in MOVES[old]


class Of(StrEnum):
    """What a threshold is a share of.

    ELIGIBLE: everybody on the frozen roll. CAST: everybody who voted, abstentions included. VALID: yes and
    no together. NONE: the rule asks for no vote.
    """

    ELIGIBLE = "eligible"
    CAST = "cast"
    VALID = "valid"
    NONE = "none"


@dataclass(frozen=True)
class Share:
    """An exact fraction; strict: more than it, else at least it."""

    num: int
    den: int
    strict: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.num <= self.den or self.den == 0:
            text = f"{self.num}/{self.den} is no share"
            raise ValueError(text)

    def reached(self, part: int, whole: int) -> bool:
        """Tell whether `part` of `whole` reaches the share."""
        left, right = self.den * part, self.num * whole
        return left > right if self.strict else left >= right

    def needed(self, whole: int) -> int:
        """Return the smallest part of `whole` that reaches the share."""
        exact, rest = divmod(self.num * whole, self.den)
        return exact + 1 if self.strict or rest else exact


@dataclass(frozen=True)
class Rule:
    """What counts decide a ballot: a preset's numbers without its sources.

    threshold: the share of `denominator` that must say yes. turnout: the share of the roll that must vote.
    second: a further share of the roll that must say yes.
    """

    denominator: Of
    threshold: Share
    turnout: Share | None = None
    second: Share | None = None

    @classmethod
    def frozen(cls, rule: Mapping[str, Any]) -> Self:
        """Read the rule back from the copy frozen in a ballot."""
        return cls(
            denominator=Of(rule["denominator"]),
            threshold=Share(**rule["threshold"]),
            turnout=Share(**rule["turnout"]) if rule.get("turnout") else None,
            second=Share(**rule["second"]) if rule.get("second") else None,
        )


@dataclass(frozen=True)
class Counts:
    """How many said what to the question that decides."""

    yes: int
    no: int
    abstain: int = 0

    @property
    def cast(self) -> int:
        """Everybody who voted."""
        return self.yes + self.no + self.abstain

    def of(self, denominator: Of, eligible: int) -> int:
        """Return the whole that a threshold is a share of."""
        return {Of.ELIGIBLE: eligible, Of.CAST: self.cast, Of.VALID: self.yes + self.no, Of.NONE: 0}[
            denominator
        ]


@dataclass(frozen=True)
class Reason:
    """One sentence of why: a message id and its facts."""

    text: str
    facts: dict[str, int]

    def __str__(self) -> str:
        return self.text % self.facts


@dataclass(frozen=True)
class Verdict:
    """What the counts mean under a rule.

    turnout: ballots cast. needed: yes votes the threshold asks for, given how many voted. missing: how many
    of those were not there. turnout_needed: ballots the turnout rule asks for, 0 without one.
    """

    passed: bool
    turnout: int
    eligible: int
    needed: int
    missing: int
    turnout_needed: int
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values to store."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave."""
        reasons = tuple(Reason(r["text"], dict(r["facts"])) for r in stored["reasons"])
        return cls(**{**stored, "reasons": reasons})


TURNOUT_REACHED = msg("%(cast)s of %(eligible)s voted; at least %(needed)s had to.")
TURNOUT_SHORT = msg("Only %(cast)s of %(eligible)s voted; at least %(needed)s had to.")
NOBODY_VOTED = msg("Nobody voted.")
YES_REACHED = msg("%(yes)s said yes; %(needed)s were needed.")
YES_SHORT = msg("%(yes)s said yes; %(needed)s were needed, so %(missing)s were missing.")
SECOND_REACHED = msg("%(yes)s said yes; %(needed)s of everybody on the roll were needed.")
SECOND_SHORT = msg(
    "%(yes)s said yes; %(needed)s of everybody on the roll were needed, so %(missing)s were missing."
)
WEIGHED: dict[str, str] = {
    TURNOUT_REACHED: msg("%(cast)s of %(eligible)s votes were cast; at least %(needed)s had to be."),
    TURNOUT_SHORT: msg("Only %(cast)s of %(eligible)s votes were cast; at least %(needed)s had to be."),
    YES_REACHED: msg("%(yes)s votes said yes; %(needed)s were needed."),
    YES_SHORT: msg("%(yes)s votes said yes; %(needed)s were needed, so %(missing)s were missing."),
    SECOND_REACHED: msg("%(yes)s votes said yes; %(needed)s of all votes on the roll were needed."),
    SECOND_SHORT: msg(
        "%(yes)s votes said yes; %(needed)s of all votes on the roll were needed, so %(missing)s are missing."
    ),
}
"""The same sentences where votes weigh differently: they count votes, not members."""
MARKS = (
    TURNOUT_REACHED,
    TURNOUT_SHORT,
    NOBODY_VOTED,
    YES_REACHED,
    YES_SHORT,
    SECOND_REACHED,
    SECOND_SHORT,
    *WEIGHED.values(),
)


def in_votes(verdict: Verdict) -> Verdict:
    """Return the verdict of a weighted ballot with sentences that speak of votes."""
    said = tuple(Reason(WEIGHED.get(r.text, r.text), r.facts) for r in verdict.reasons)
    return replace(verdict, reasons=said)


def decide(rule: Rule, counts: Counts, eligible: int) -> Verdict:
    """Decide a yes/no ballot.

    eligible: members on the frozen roll, or what their votes weigh together, as `counts` is. A ballot in
    which nobody voted never passes. Raises ValueError on counts that cannot be, such as more ballots than
    members.
    """
    if min(counts.yes, counts.no, counts.abstain, eligible) < 0 or counts.cast > eligible:
        text = f"{counts} of {eligible} cannot be"
        raise ValueError(text)
    reasons, turnout_needed, enough = _turnout(rule, counts.cast, eligible)
    whole = counts.of(rule.denominator, eligible)
    needed = max(rule.threshold.needed(whole), 1)
    missing = max(needed - counts.yes, 0)
    facts = {"yes": counts.yes, "needed": needed, "missing": missing}
    reasons.append(Reason(YES_SHORT if missing else YES_REACHED, facts))
    passed = enough and not missing
    if rule.second is not None:
        wanted = rule.second.needed(eligible)
        short = max(wanted - counts.yes, 0)
        second = {"yes": counts.yes, "needed": wanted, "missing": short}
        reasons.append(Reason(SECOND_SHORT if short else SECOND_REACHED, second))
        passed, missing = passed and not short, max(missing, short)
    return Verdict(passed, counts.cast, eligible, needed, missing, turnout_needed, tuple(reasons))


def decide_choice(rule: Rule, cast: int, eligible: int) -> Verdict:
    """Decide a ballot that only chooses between things: it stands when enough people voted."""
    if not 0 <= cast <= eligible:
        text = f"{cast} of {eligible} cannot be"
        raise ValueError(text)
    reasons, turnout_needed, enough = _turnout(rule, cast, eligible)
    return Verdict(enough, cast, eligible, 0, 0, turnout_needed, tuple(reasons))


def _turnout(rule: Rule, cast: int, eligible: int) -> tuple[list[Reason], int, bool]:
    """Return the reasons about turnout, how many had to vote, and whether they did."""
    if cast == 0:
        return [Reason(NOBODY_VOTED, {})], rule.turnout.needed(eligible) if rule.turnout else 0, False
    if rule.turnout is None:
        return [], 0, True
    needed = rule.turnout.needed(eligible)
    facts = {"cast": cast, "eligible": eligible, "needed": needed}
    enough = cast >= needed
    return [Reason(TURNOUT_REACHED if enough else TURNOUT_SHORT, facts)], needed, enough


@dataclass(frozen=True)
class Chosen:
    """Which answers of a pick-k question were chosen; tied: those between which the votes cannot choose."""

    chosen: tuple[int, ...]
    tied: tuple[int, ...]


def choose(counts: Sequence[int], seats: int) -> Chosen:
    """Return the `seats` answers with most votes by index, in the order of the question.

    An answer without a vote is never chosen. Where a tie crosses the last seat, all of the tied are named
    and none of them is chosen: people decide, not the order of the paper.
    """
    ranked = sorted((i for i, n in enumerate(counts) if n), key=lambda i: -counts[i])
    if len(ranked) <= seats:
        return Chosen(tuple(sorted(ranked)), ())
    edge = counts[ranked[seats - 1]]
    if counts[ranked[seats]] != edge:
        return Chosen(tuple(sorted(ranked[:seats])), ())
    tied = tuple(i for i in sorted(ranked) if counts[i] == edge)
    return Chosen(tuple(sorted(i for i in ranked if counts[i] > edge)), tied)


def may_be_held_again(state: State, *, decides: bool, passed: bool, tied: bool) -> bool:
    """Tell whether a ballot may be held again: it is over and settled nothing, or cannot be counted.

    decides: it has a yes/no question. Without one it settled nothing when a last place is tied; with one
    that passed, a tie beside it is for the meeting, because what was adopted is not voted on twice.
    """
    if state is State.UNCOUNTABLE:
        return True
    return state is State.CONCLUDED and (not passed or (tied and not decides))


def marks_kept_until(concluded_at: datetime, contest_days: int) -> datetime:
    """Return when the participation marks of a concluded ballot are wiped."""
    return concluded_at + timedelta(days=contest_days)


def remind_from(opened_at: datetime, closes_at: datetime) -> datetime:
    """Return when reminders begin by themselves: a day before the close, or in its last quarter."""
    return closes_at - min(timedelta(days=1), (closes_at - opened_at) / 4)


def reminder_kinds(opened_at: datetime, closes_at: datetime) -> list[str]:
    """Return the kinds of all reminders there can have been: whoever got none had voted."""
    days = (closes_at - opened_at).days + 2
    return [
        "reminder",
        "extended",
        *(f"reminder-{opened_at + timedelta(days=n):%Y%m%d}" for n in range(days)),
    ]


@dataclass(frozen=True)
class Turnout:
    """Turnout of one chapter, or of the chapters too small to be shown on their own (slug "")."""

    chapter: str
    voted: int
    eligible: int


def by_chapter(rows: Mapping[str, tuple[int, int]], smallest: int = SMALL_GROUP) -> tuple[Turnout, ...]:
    """Return turnout per chapter from {chapter: (voted, eligible)}, in the order of their names.

    A chapter is shown on its own when at least `smallest` are on its roll and neither fewer than `smallest`
    nor all but fewer than that voted by exactly 0 or all (which would name everybody in it). The rest is
    one row together, and that row takes a further chapter with it when it would be too small itself.
    """
    shown: list[Turnout] = []
    folded: list[Turnout] = []
    for chapter in sorted(rows):
        voted, eligible = rows[chapter]
        tells = eligible < smallest or voted in {0, eligible}
        (folded if tells else shown).append(Turnout(chapter, voted, eligible))
    while folded and shown and sum(t.eligible for t in folded) < smallest:
        folded.append(shown.pop(min(range(len(shown)), key=lambda i: shown[i].eligible)))
    if folded:
        shown.append(Turnout("", sum(t.voted for t in folded), sum(t.eligible for t in folded)))
    return tuple(shown)

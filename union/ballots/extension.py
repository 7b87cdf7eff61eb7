"""Whether the close of a vote may move: a clause of the rule, chosen before the opening. Pure; whole numbers.

Without a clause nothing moves a close. With one it moves once, at the planned close, by facts that nobody
judges: how many had voted, and for how long our own watch found the service out of reach.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any, Self

from union.ballots.rules import Reason, Share
from union.core.errors import Invalid
from union.core.i18n import msg

LONGEST = timedelta(days=14)
LONGEST_OUTAGE = timedelta(days=1)
WATCH_EVERY = timedelta(seconds=15)
SILENT = timedelta(seconds=60)
"""How long the watch may find nothing before it counts: a single missed look is no outage."""
ON_TIME = timedelta(minutes=1)
"""A clause applied later than this after the planned close counts from then: nobody could vote since."""

FEW_VOTED = msg(
    "%(cast)s of %(eligible)s had been cast at the planned close; %(needed)s would have been enough."
)
OUT_OF_REACH = msg("Our own watch found the service out of reach for %(minutes)s minutes.")
MARKS = (FEW_VOTED, OUT_OF_REACH)


@dataclass(frozen=True)
class Clause:
    """When the close moves. turnout: if less than it was cast, by `hours`; None: never for turnout.

    outage_minutes: if the service was out of reach for longer, by as long as it was; None: never for that.
    """

    turnout: Share | None = None
    hours: int = 0
    outage_minutes: int | None = None

    def __post_init__(self) -> None:
        if self.turnout is None and self.outage_minutes is None:
            raise Invalid(msg("Say when the close may move."), field="extend_turnout")
        if self.turnout is not None and not 0 < self.turnout.num <= self.turnout.den:
            raise Invalid(FRACTION, field="extend_turnout")
        if self.turnout is not None and not 1 <= self.hours <= LONGEST // timedelta(hours=1):
            raise Invalid(
                msg("Say by how many whole hours, at most %(most)s."),
                field="extend_hours",
                most=LONGEST // timedelta(hours=1),
            )
        longest = LONGEST_OUTAGE // timedelta(minutes=1)
        if self.outage_minutes is not None and not 1 <= self.outage_minutes <= longest:
            raise Invalid(msg("Give between 1 and %(most)s minutes."), field="extend_outage", most=longest)

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Self | None:
        """Read the clause back from a frozen rule; None without one."""
        kept = rule.get("extension")
        if not kept:
            return None
        turnout = Share(**kept["turnout"]) if kept.get("turnout") else None
        return cls(turnout, kept["hours"], kept.get("outage_minutes"))

    def as_json(self) -> dict[str, Any]:
        """Return plain values to freeze."""
        return asdict(self)


# Not what Fraction reads: for it "1e999999999" is a number to be worked out.
_WRITTEN = re.compile(r"([0-9]{1,6})/(0*[1-9][0-9]{0,5})")
FRACTION = msg("Write a fraction of whole numbers above 0 and at most 1, such as 1/2.")


def typed(turnout: str, hours: int | None, outage_minutes: int | None) -> Clause | None:
    """Return the clause that a form gives, None when all is left empty. Raises Invalid at the field."""
    share = None
    if turnout.strip():
        written = _WRITTEN.fullmatch(turnout.replace(" ", ""))
        if written is None:
            raise Invalid(FRACTION, field="extend_turnout")
        exact = Fraction(int(written[1]), int(written[2]))
        try:
            share = Share(exact.numerator, exact.denominator)
        except ValueError as problem:
            raise Invalid(FRACTION, field="extend_turnout") from problem
    elif hours is not None:
        raise Invalid(msg("Below which turnout? Or leave the hours empty."), field="extend_turnout")
    if share is None and outage_minutes is None:
        return None
    return Clause(share, hours or 0, outage_minutes)


def frozen(rule: Mapping[str, Any], clause: Clause | None) -> dict[str, Any]:
    """Return the copy of a rule that a ballot keeps, with its clause."""
    return {**rule, "extension": clause.as_json() if clause else None}


def fingerprint(rule: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a frozen rule in hex: of its JSON with sorted keys and no spaces."""
    text = json.dumps(rule, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def silence(reached: datetime, at: datetime) -> timedelta:
    """Return how much of the time since the service was last `reached` counts as out of reach."""
    gap = at - reached
    return gap if gap > SILENT else timedelta(0)


@dataclass(frozen=True)
class Facts:
    """What decides at the planned close. cast, eligible: votes, or what they weigh. away: out of reach."""

    cast: int
    eligible: int
    away: timedelta


@dataclass(frozen=True)
class Move:
    """The close moves. planned, closes: old and new close. moved_at: when that was found out."""

    planned: datetime
    closes: datetime
    moved_at: datetime
    reasons: tuple[Reason, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values to store."""
        moments = {name: getattr(self, name).isoformat() for name in ("planned", "closes", "moved_at")}
        return {**moments, "reasons": [asdict(reason) for reason in self.reasons]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave."""
        reasons = tuple(Reason(r["text"], dict(r["facts"])) for r in kept["reasons"])
        moments = {n: datetime.fromisoformat(kept[n]) for n in ("planned", "closes", "moved_at")}
        return cls(**moments, reasons=reasons)


def decide(clause: Clause, facts: Facts, planned: datetime, at: datetime) -> Move | None:
    """Apply the clause at `at`, the planned close or later; None when the vote just closes.

    Where both conditions hold the longer time is given. Lengths are of elapsed time: a clock change in
    between makes them neither longer nor shorter. Raises ValueError before the planned close.
    """
    if at < planned:
        text = "a clause is applied at the planned close, not before"
        raise ValueError(text)
    reasons, longest = [], timedelta(0)
    if clause.turnout is not None and not clause.turnout.reached(facts.cast, facts.eligible):
        needed = clause.turnout.needed(facts.eligible)
        reasons.append(Reason(FEW_VOTED, {"cast": facts.cast, "eligible": facts.eligible, "needed": needed}))
        longest = timedelta(hours=clause.hours)
    if clause.outage_minutes is not None and facts.away > timedelta(minutes=clause.outage_minutes):
        minutes = -(-facts.away // timedelta(minutes=1))
        reasons.append(Reason(OUT_OF_REACH, {"minutes": minutes}))
        longest = max(longest, timedelta(minutes=minutes))
    if not reasons:
        return None
    start = planned if at - planned <= ON_TIME else at
    return Move(planned, start + min(longest, LONGEST), at, tuple(reasons))

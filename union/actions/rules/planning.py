"""How many of those who pledge show up, and how many of those finish: learned from past actions.

Pure and exact: whole numbers and fractions, rounded down. Small numbers teach nothing, and what is taught can
be read back from numbers that were published anyway.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from union.actions.rules.states import Kind
from union.actions.rules.tally import SMALL

USUAL = Fraction(3, 4)
"""What PledgeBank found among its users: about three quarters typical."""

ENOUGH = 2
"""From how many past actions on they are trusted more than the usual share."""


class Basis(StrEnum):
    """What a share rests on: nothing of our own yet, all past actions, or those of the same kind."""

    USUAL = "usual"
    ALL = "all"
    KIND = "kind"


@dataclass(frozen=True)
class Past:
    """What one action came to. chapters: of each that may be shown, (took part, were out)."""

    kind: Kind
    pledged: int
    taking_part: int
    checked_in: int
    completed: int
    chapters: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Factor:
    """A share with its basis: `part` of `whole` people in `actions` past actions."""

    part: int
    whole: int
    actions: int
    basis: Basis

    @property
    def share(self) -> Fraction:
        """Return it as a fraction; more than everybody is planned with as everybody."""
        return min(Fraction(1), Fraction(self.part, self.whole))

    @property
    def percent(self) -> int:
        """Return it in whole percent, rounded down."""
        return int(self.share * 100)

    def expect(self, number: int) -> int:
        """Return how many of `number` to count on, rounded down."""
        return int(number * self.share)


UNTAUGHT = Factor(USUAL.numerator, USUAL.denominator, 0, Basis.USUAL)


@dataclass(frozen=True)
class Lesson:
    """What past actions teach.

    kept: out, of those called by their pledge. shows_up: out, of those who take part. finishes: all steps
    done, of those out; None while nothing is known. chapters: shows_up of each with enough history.
    """

    kept: Factor
    shows_up: Factor
    finishes: Factor | None
    chapters: Mapping[str, Factor]


def learn(past: Iterable[Past], kind: Kind | None = None) -> Lesson:
    """Return what past actions teach about the next one, of its own kind where there are enough of those."""
    told = list(past)
    return Lesson(
        kept=_factor(told, kind, "pledged", "checked_in") or UNTAUGHT,
        shows_up=_factor(told, kind, "taking_part", "checked_in") or UNTAUGHT,
        finishes=_factor(told, kind, "checked_in", "completed"),
        chapters=_chapters(told),
    )


def _factor(past: list[Past], kind: Kind | None, whole: str, part: str) -> Factor | None:
    usable = [(one.kind, getattr(one, part), getattr(one, whole)) for one in past]
    usable = [one for one in usable if one[2] >= SMALL]
    same = [one for one in usable if one[0] is kind]
    for basis, rows in ((Basis.KIND, same), (Basis.ALL, usable)):
        if len(rows) >= ENOUGH:
            return Factor(sum(row[1] for row in rows), sum(row[2] for row in rows), len(rows), basis)
    return None


def _chapters(past: list[Past]) -> dict[str, Factor]:
    sums: dict[str, list[tuple[int, int]]] = {}
    for one in past:
        for chapter, (part, out) in one.chapters.items():
            if part >= SMALL and out >= SMALL:
                sums.setdefault(chapter, []).append((part, out))
    return {
        chapter: Factor(sum(out for _, out in rows), sum(part for part, _ in rows), len(rows), Basis.ALL)
        for chapter, rows in sorted(sums.items())
        if len(rows) >= ENOUGH
    }

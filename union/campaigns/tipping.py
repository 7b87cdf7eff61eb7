"""The tipping pledge: who acts when each says "I act if at least k do".

Pure: values in, values out. Invariant: everybody in the group that is called has a minimum no larger than the
group, and no larger group has that property. Bartlett, "Moving on from simple pledges" (2019), calls it T3.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from union.core.errors import Invalid
from union.core.i18n import msg

# Below this many people nothing about a distribution is shown.
CELL = 10

_NUMBER = re.compile(r"[0-9]{1,9}")
_SHARE = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True)
class Minimum:
    """How many must act, this member counted: a number, or a share of the unit."""

    number: int | None = None
    share: Fraction | None = None

    @classmethod
    def parse(cls, text: str) -> "Minimum":
        """Read "12" or "1/3"; raises Invalid for anything else, for zero and for more than the whole."""
        if _NUMBER.fullmatch(text) and int(text) >= 1:
            return cls(number=int(text))
        if (found := _SHARE.fullmatch(text)) and int(found[2]):
            share = Fraction(int(found[1]), int(found[2]))
            if 0 < share <= 1:
                return cls(share=share)
        raise Invalid(msg("Give a whole number from 1, or a share of everybody."), field="number")

    def __str__(self) -> str:
        return str(self.number) if self.share is None else f"{self.share.numerator}/{self.share.denominator}"

    def resolve(self, unit: int) -> int:
        """Return the smallest whole number of people that meets it in a unit of `unit` people."""
        if self.share is None:
            return max(1, self.number or 1)
        return max(1, -(-self.share.numerator * unit // self.share.denominator))


def settle(minimums: Iterable[int], floor: int = 1) -> int:
    """Return how many act: the largest n such that at least n members have a minimum of n or less.

    The members called are exactly those whose minimum is at most n. floor: below it nobody is called.
    Counting sort: one pass over the minimums and one over the sizes.
    """
    asked = list(minimums)
    at = [0] * (len(asked) + 1)
    for minimum in asked:
        if minimum <= len(asked):
            at[max(minimum, 0)] += 1
    willing = best = 0
    for size, more in enumerate(at):
        willing += more
        if willing >= size:
            best = size
    return best if best >= floor else 0


def more_needed(minimums: Iterable[int], floor: int) -> int:
    """Return how many more must join, ready to act in any number, until at least `floor` are called.

    0 when they are called as it stands. For a group of n the missing are n less those willing at n; only
    the floor itself and the sizes at which somebody becomes willing can be the cheapest.
    """
    asked = sorted(minimums)
    sizes = {floor, *asked[bisect_right(asked, floor) :]}
    return max(0, min(size - bisect_right(asked, size) for size in sizes))


def band(missing: int) -> int:
    """Round up, coarser as it grows, so that one pledge's minimum cannot be read from a change."""
    if missing <= 0:
        return 0
    step = 10 if missing <= 100 else 50 if missing <= 500 else 100  # noqa: PLR2004 - the bands are defined here
    return -(-missing // step) * step


def may_show(changes: int, verified: int, *, shown_before: bool) -> bool:
    """Tell whether a new band may be shown: enough people, and enough came or went since the last one.

    changes: those who came less those who went. Whoever changes their minimum, or comes and goes, and watches
    must see nothing move: ten others have to come in between.
    """
    return verified >= CELL and (abs(changes) >= CELL or not shown_before)


def suppressed(cells: dict[str, int]) -> dict[str, int | None]:
    """Return counts by area, cells under ten hidden, and as many more as it takes to hide what is subtracted.

    Whoever knows the total learns how many the hidden areas come to together: ten at least, or all of them.
    """
    hidden = {area for area, n in cells.items() if n < CELL}
    left = sorted(cells.keys() - hidden, key=lambda area: (-cells[area], area))
    while hidden and left and sum(cells[area] for area in hidden) < CELL:
        hidden.add(left.pop())
    return {area: None if area in hidden else n for area, n in cells.items()}


def told(count: int) -> int | None:
    """Return a total as organizers may know it while it is private: None for a few, from one to nine."""
    return count if count == 0 or count >= CELL else None

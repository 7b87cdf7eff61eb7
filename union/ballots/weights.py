"""What each vote weighs where statutes say that votes weigh differently. Pure: whole numbers in and out.

A weight stands in public beside a voting code. One that few share names them: whoever knows the roll sees
whether they voted, and sums may tell what. So weights that fewer than a set number of members share are
joined to the next ones.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from union.ballots.rules import SMALL_GROUP
from union.core.i18n import msg

MOST = 1_000_000
LARGEST_FILE = 20_000_000
_COLUMNS = ("member", "weight")


class By(StrEnum):
    """Where weights come from. CHAPTER: the size of the member's chapter. FILE: a list an officer brings."""

    CHAPTER = "chapter"
    FILE = "file"


@dataclass(frozen=True)
class Weighting:
    """How a ballot's votes weigh.

    per: by chapter, one vote for every `per` members of it, begun ones counted. smallest: how many members
    must share a weight; 1 leaves the weights as they are.
    """

    by: By
    per: int = 1
    smallest: int = SMALL_GROUP

    def as_json(self) -> dict[str, Any]:
        """Return plain values to store."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave."""
        return cls(**{**stored, "by": By(stored["by"])})


def of_chapters(chapters: Mapping[str, str], per: int) -> dict[str, int]:
    """Return the weight of each member from {member: chapter}, by the chapter's size; 1 without a chapter."""
    sizes = Counter(chapters.values())
    return {m: -(-sizes[chapter] // per) if chapter else 1 for m, chapter in chapters.items()}


def grouped(weights: Mapping[str, int], smallest: int) -> dict[str, int]:
    """Return the weights with those that fewer than `smallest` members share joined to others.

    From the heaviest down, a weight that too few share becomes the next lower one; the lowest, if too few
    are left with it, becomes the next higher. One vote never weighs nothing.
    """
    many = Counter(weights.values())
    groups: list[list[int]] = [[]]
    for weight in sorted(many, reverse=True):
        groups[-1].append(weight)
        if sum(many[w] for w in groups[-1]) >= smallest:
            groups.append([])
    few = groups.pop()
    becomes = {weight: group[-1] for group in groups for weight in group}
    becomes |= dict.fromkeys(few, groups[-1][-1] if groups else min(many, default=1))
    return {member: becomes[weight] for member, weight in weights.items()}


@dataclass(frozen=True)
class Class:
    """How many members share a weight."""

    weight: int
    members: int


def classes(weights: Collection[int]) -> tuple[Class, ...]:
    """Return how many members have which weight, the heaviest first."""
    return tuple(Class(w, n) for w, n in sorted(Counter(weights).items(), reverse=True))


def exposed(shared: Collection[Class]) -> int:
    """Return how many members have a weight that too few share for it to hide them."""
    return sum(c.members for c in shared if c.members < SMALL_GROUP)


@dataclass(frozen=True)
class BadRow:
    """A line of the file that cannot be taken, from 1, with what is wrong: a message id and its facts."""

    line: int
    text: str
    facts: dict[str, str]


@dataclass(frozen=True)
class Reading:
    """What a file says. weights: by member id. missing: who may vote and is not in the file."""

    weights: dict[str, int]
    bad: tuple[BadRow, ...]
    missing: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the file can be taken as it is."""
        return not self.bad and not self.missing and bool(self.weights)


def read(text: str, entitled: Collection[str], find: Mapping[str, str]) -> Reading:
    """Read a CSV with the columns member and weight.

    entitled: the ids of those who may vote. find: {what stands in the file: member id} for rows that name
    a member by an address. Lines of members who may not vote are bad rows: nothing is dropped in silence.
    """
    weights: dict[str, int] = {}
    bad: list[BadRow] = []
    lines = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    for number, row in enumerate(lines, start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and [c.casefold() for c in cells[:2]] == list(_COLUMNS)):
            continue
        problem = _problem(cells, entitled, find, weights)
        if problem is None:
            weights[_member(cells[0], find)] = int(cells[1])
        else:
            bad.append(BadRow(number, problem, {"cell": (cells[0] if cells else "")[:80]}))
    return Reading(weights, tuple(bad), tuple(sorted(set(entitled) - set(weights))))


def named(text: str) -> list[str]:
    """Return what stands in the first column, to look members up by."""
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    return [row[0].strip() for row in rows if row]


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return ";" if ";" in first and "," not in first else ","


def _member(cell: str, find: Mapping[str, str]) -> str:
    return find.get(cell, cell)


def _problem(
    cells: list[str], entitled: Collection[str], find: Mapping[str, str], taken: Mapping[str, int]
) -> str | None:
    if len(cells) != len(_COLUMNS):
        return msg("two columns are needed: member and weight")
    if not cells[1].isascii() or not cells[1].isdecimal():
        return msg("the weight is no whole number")
    if not 1 <= int(cells[1][:9]) <= MOST or len(cells[1]) > len(str(MOST)):
        return msg("a weight lies between 1 and a million")
    member = _member(cells[0], find)
    if member not in entitled:
        return msg("nobody called %(cell)s may vote in this ballot")
    return msg("%(cell)s stands in the file twice") if member in taken else None

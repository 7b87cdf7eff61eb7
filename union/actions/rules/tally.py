"""What of the counts may be shown, and what they teach.

Pure. No number between one and nine of a chapter is ever shown, nor one that a total lets a reader work out:
small cells are merged, and when what is merged is still small the smallest shown cell joins it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from union.actions.rules.states import Mark

SMALL = 10
OTHER = ""
SPAN_MINUTES = 5
IN_TIME_SPANS = 3
LAST_SPAN = 288


@dataclass(frozen=True)
class Cell:
    """One row of a published table.

    A chapter, or OTHER for the merged ones; count None: too small to tell.
    """

    chapter: str
    count: int | None


def cells(counts: Mapping[str, int]) -> tuple[Cell, ...]:
    """Return what may be shown of counts per chapter, largest first, the merged rest last.

    Every number shown is at least SMALL, and so is the difference between their sum and the total.
    """
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [(chapter, count) for chapter, count in ranked if count >= SMALL]
    rest = [item for item in ranked if item[1] < SMALL]
    while rest and shown and sum(count for _, count in rest) < SMALL:
        rest.append(shown.pop())
    found = [Cell(chapter, count) for chapter, count in shown]
    if rest:
        merged = sum(count for _, count in rest)
        found.append(Cell(OTHER, merged if merged >= SMALL else None))
    return tuple(found)


def public_total(count: int) -> int | None:
    """Return a total for the public: None for one too small to tell; nought is told."""
    return count if count == 0 or count >= SMALL else None


def mark_of(key: bytes, mark: Mark, member_id: str) -> bytes:
    """Return the keyed hash (HMAC-SHA-256) by which somebody is counted once.

    Meaningless once the key is gone.
    """
    return hmac.digest(key, f"{mark}\0{member_id}".encode(), hashlib.sha256)


def span_of(seconds: float) -> int:
    """Return the span in which a check-in `seconds` after the start falls; early ones count in the first."""
    return min(LAST_SPAN, max(0, int(seconds // (SPAN_MINUTES * 60))))


def in_time(pulse: Mapping[int, int]) -> int:
    """Return how many check-ins came within the first quarter of an hour, from counts per span."""
    return sum(count for span, count in pulse.items() if span < IN_TIME_SPANS)


def percent(part: int, whole: int) -> int | None:
    """Return `part` of `whole` in whole percent, rounded down so that nothing is claimed too early.

    None of none.
    """
    return part * 100 // whole if whole else None

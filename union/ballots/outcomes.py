"""What a question's stored counts mean: who is chosen, who is tied, how many left it blank. Pure."""

from collections.abc import Sequence
from typing import Any

from union.ballots import orders, rules
from union.ballots.papers import Asked, Part
from union.ballots.rules import Chosen


def split(asked: Asked, counts: Sequence[Any]) -> tuple[tuple[int, ...], int | None]:
    """Return the count of each answer, and of the blank votes where they have a place of their own."""
    whole = tuple(int(n) for n in counts)
    return (whole[1:], whole[0]) if asked.blank else (whole, None)


def chosen(asked: Asked, counts: Sequence[Any]) -> Chosen | None:
    """Return which answers a question chose and which are tied; None for a question that decides."""
    if asked.part is Part.DECISION:
        return None
    if asked.ranked:
        found = orders.count(asked, counts)
        return Chosen(tuple(sorted(found.chosen)), tuple(sorted(found.tied)))
    return rules.choose(split(asked, counts)[0], asked.seats)


def places(asked: Asked, counts: Sequence[Any]) -> tuple[tuple[int, ...], ...]:
    """Return the answers of a question that chooses, best first, equals together; none without a vote."""
    if asked.part is Part.DECISION:
        return ()
    if asked.ranked:
        return orders.count(asked, counts).places
    each = split(asked, counts)[0]
    levels = sorted({n for n in each if n}, reverse=True)
    return tuple(tuple(i for i, n in enumerate(each) if n == level) for level in levels)


def tied(asked: Asked, counts: Sequence[Any]) -> bool:
    """Tell whether the last place of a question could not be given."""
    found = chosen(asked, counts)
    return found is not None and bool(found.tied)

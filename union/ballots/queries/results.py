"""The counted questions of one ballot as its pages show them."""

from dataclasses import dataclass

from union.ballots import orders, outcomes
from union.ballots.models import Ballot
from union.ballots.orders import Counted
from union.ballots.papers import Asked
from union.ballots.queries.cards import threshold_place
from union.ballots.rules import Chosen


@dataclass(frozen=True)
class Result:
    """A counted question. needed and width: yes votes the rule asks for, and the votes it is a share of.

    blank: votes for none of the answers, where those have a place. counted: of orders and grades; given:
    each of those with how many gave it.
    """

    asked: Asked
    counts: tuple[int, ...]
    needed: int | None
    width: int
    chosen: Chosen | None
    blank: int | None = None
    counted: Counted | None = None
    given: tuple[tuple[tuple[int, ...], int], ...] = ()


def results_of(ballot: Ballot, questions: tuple[Asked, ...]) -> tuple[Result, ...]:
    """Return the results of the questions; nothing before the count."""
    if ballot.counts is None:
        return ()
    found = []
    whole = ballot.total_weight or ballot.eligible
    for asked, stored in zip(questions, ballot.counts, strict=True):
        chosen = outcomes.chosen(asked, stored)
        if asked.ranked:
            given = tuple((tuple(answer), int(n)) for answer, n in stored)
            counted = orders.count(asked, stored)
            found.append(Result(asked, (), None, 0, chosen, counted=counted, given=given))
            continue
        counts, blank = outcomes.split(asked, stored)
        mark = threshold_place(ballot.rule, counts, whole, asked.part)
        needed, width = mark or (None, sum(counts))
        found.append(Result(asked, counts, needed, width, chosen, blank))
    return tuple(found)

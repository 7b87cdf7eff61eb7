"""Orders and grades, counted, with how the count went told step by step. Pure: values in, values out.

A step is a sentence with its facts; it is translated where it is shown. Numbers stay exact.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

from union.ballots.crypto.counting import (
    Judgement,
    Round,
    Schulze,
    TransferableVote,
    majority_judgement,
    schulze,
    transferable_vote,
)
from union.ballots.papers import Asked, Method
from union.core.i18n import msg

Fact = str | int | Fraction
Places = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Said:
    """One step of a count: a message id and its facts; names are the answers' own words."""

    text: str
    facts: dict[str, Fact]


@dataclass(frozen=True)
class Counted:
    """A ranked or graded question, counted.

    valid, blank, invalid: how many answers were counted, gave nothing, or were not allowed. places: answers
    by number, best first, equals together; of a transferable vote those elected, in the order of election.
    chosen: who won. tied: those between whom the votes cannot choose.
    """

    asked: Asked
    outcome: Schulze | TransferableVote | Judgement
    valid: int
    blank: int
    invalid: int
    places: Places
    chosen: tuple[int, ...]
    tied: tuple[int, ...]
    steps: tuple[Said, ...]


def distinct(answers: Sequence[Sequence[int]]) -> list[list[Any]]:
    """Return each different answer with how often it was given, the most frequent first."""
    many = Counter(map(tuple, answers))
    return [[list(answer), n] for answer, n in sorted(many.items(), key=lambda pair: (-pair[1], pair[0]))]


def count(asked: Asked, kept: Sequence[Sequence[Any]]) -> Counted:
    """Count a question's answers by its frozen method. kept: as `distinct` gives them."""
    return _count(asked, tuple((tuple(answer), int(n)) for answer, n in kept))


@lru_cache(maxsize=64)
def _count(asked: Asked, kept: tuple[tuple[tuple[int, ...], int], ...]) -> Counted:
    given = [list(answer) for answer, n in kept for _ in range(n) if any(answer)]
    blank = sum(n for answer, n in kept if not any(answer))
    if asked.method is Method.STV:
        return _by_transfer(asked, given, blank)
    if asked.method is Method.JUDGEMENT:
        return _by_grades(asked, given, blank)
    return _by_duels(asked, given, blank)


def _winners(places: Places, seats: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return who won `seats` places, and those that stand equal across the last one: none of them wins."""
    won: list[int] = []
    for group in places:
        if len(won) + len(group) > seats:
            return tuple(won), group if len(won) < seats else ()
        won += group
    return tuple(won), ()


def _names(asked: Asked, choices: Sequence[int]) -> str:
    return ", ".join(asked.answers[choice] for choice in choices)


# Schulze


def _by_duels(asked: Asked, given: list[list[int]], blank: int) -> Counted:
    outcome = schulze(given, len(asked.answers), blank_allowed=True)
    places = tuple(tuple(group) for group in outcome.ranking) if given else ()
    chosen, tied = _winners(places, asked.seats)
    steps = tuple(_duels_told(asked, outcome, places, blank))
    return Counted(asked, outcome, outcome.valid, blank, 0, places, chosen, tied, steps)


def _duels_told(asked: Asked, outcome: Schulze, places: Places, blank: int) -> Iterator[Said]:
    yield _start(outcome.valid, blank, 0)
    if not places:
        return
    yield Said(msg("Every two answers are compared: how many put the one above the other?"), {})
    best, others = places[0][0], set(range(len(asked.answers))) - set(places[0])
    if len(places[0]) == 1 and all(outcome.wins[best][b] > outcome.wins[b][best] for b in others):
        yield Said(msg("%(name)s wins against each of the others."), {"name": asked.answers[best]})
    for group in places:
        if len(group) > 1:
            yield Said(
                msg("%(names)s stand equal: no chain between them is stronger than the way back."),
                {"names": _names(asked, group)},
            )
    for above, below in pairwise(places):
        yield _duel(asked, outcome, above[0], below[0])
    yield from _against_the_duel(asked, outcome, places)


def _against_the_duel(asked: Asked, outcome: Schulze, places: Places) -> Iterator[Said]:
    """Explain every pair whose order is not that of its own duel: a chain of wins was stronger."""
    for place, above in enumerate(places):
        for a, b in product(above, (choice for group in places[place + 1 :] for choice in group)):
            if outcome.wins[b][a] > outcome.wins[a][b]:
                facts: dict[str, Fact] = {"a": asked.answers[a], "b": asked.answers[b]}
                facts |= {"won": outcome.wins[b][a], "lost": outcome.wins[a][b]}
                yield Said(msg("%(b)s beats %(a)s one to one, %(won)s to %(lost)s, yet stands below:"), facts)
                yield _duel(asked, outcome, a, b)


def _duel(asked: Asked, outcome: Schulze, a: int, b: int) -> Said:
    """Say why a stands above b: by the votes themselves, or by a chain of stronger wins."""
    won, lost = outcome.strengths[a][b]
    names: dict[str, Fact] = {"a": asked.answers[a], "b": asked.answers[b]}
    path = outcome.paths[a][b]
    if not won:
        return Said(msg("%(a)s stands above %(b)s: others beat the one and not the other."), names)
    if len(path) == 2:  # noqa: PLR2004 - from one to the other
        return Said(
            msg("%(a)s stands above %(b)s: %(won)s put it higher, %(lost)s lower."),
            {**names, "won": won, "lost": lost},
        )
    chain = " > ".join(asked.answers[c] for c in path)
    back = outcome.strengths[b][a][0]
    return Said(
        msg(
            "%(a)s stands above %(b)s by the chain %(chain)s: its weakest step has %(won)s votes to %(lost)s;"
            " the strongest way back has %(back)s."
        ),
        {**names, "chain": chain, "won": won, "lost": lost, "back": back},
    )


def _start(valid: int, blank: int, invalid: int) -> Said:
    facts: dict[str, Fact] = {"valid": valid, "blank": blank, "invalid": invalid}
    if invalid:
        return Said(msg("%(valid)s votes count, %(blank)s are blank, %(invalid)s are not valid."), facts)
    return Said(msg("%(valid)s votes count, %(blank)s are blank."), facts)


# Single transferable vote


def _by_transfer(asked: Asked, given: list[list[int]], blank: int) -> Counted:
    outcome = transferable_vote(given, len(asked.answers), asked.seats)
    winners = tuple(outcome.winners) if outcome.valid else ()
    steps = tuple(_rounds_told(asked, outcome, blank))
    places = tuple((winner,) for winner in winners)
    return Counted(asked, outcome, outcome.valid, blank, len(outcome.invalid), places, winners, (), steps)


def _rounds_told(asked: Asked, outcome: TransferableVote, blank: int) -> Iterator[Said]:
    yield _start(outcome.valid, blank, len(outcome.invalid))
    if not outcome.valid:
        return
    yield Said(
        msg("Whoever reaches %(quota)s votes is elected; %(seats)s are to be elected."),
        {"quota": outcome.quota, "seats": outcome.seats},
    )
    left = outcome.seats
    for number, one in enumerate(outcome.rounds, start=1):
        yield _round(asked, outcome, one, number, left)
        left -= len(one.choices) if one.event == "win" else 0


def _round(asked: Asked, outcome: TransferableVote, one: Round, number: int, left: int) -> Said:
    votes = [one.counts.get(choice, Fraction(0)) for choice in one.choices]
    facts: dict[str, Fact] = {
        "round": number,
        "names": _names(asked, one.choices),
        "votes": votes[0],
        "over": max(votes[0] - outcome.quota, Fraction(0)),
        "name": asked.answers[one.choices[0]],
    }
    if one.event == "win" and len(one.counts) <= left:
        return Said(LAST_SEATS, facts)
    if one.event == "win":
        return Said(WITH_SURPLUS if facts["over"] else ELECTED, facts)
    return Said(ROUNDS[one.event], facts)


ELECTED = msg("Round %(round)s: %(names)s elected with %(votes)s votes.")
WITH_SURPLUS = msg(
    "Round %(round)s: %(names)s elected with %(votes)s votes; the %(over)s above the quota move on."
)
LAST_SEATS = msg("Round %(round)s: %(names)s elected, because as many are left as seats.")
ROUNDS = {
    "tie-win": msg("Round %(round)s: %(names)s are tied at the top; those first on the paper are taken."),
    "tie-lose": msg(
        "Round %(round)s: %(names)s are tied with the fewest votes; the last on the paper drops out."
    ),
    "lose": msg(
        "Round %(round)s: %(name)s has the fewest votes, %(votes)s, and drops out; the votes move on."
    ),
}


# Majority judgement


def _by_grades(asked: Asked, given: list[list[int]], blank: int) -> Counted:
    outcome = majority_judgement(given, len(asked.answers), len(asked.grades), blank_allowed=True)
    places = tuple(tuple(group) for group in outcome.ranking) if outcome.valid else ()
    chosen, tied = _winners(places, asked.seats)
    steps = tuple(_grades_told(asked, outcome, places, blank))
    invalid = len(outcome.invalid)
    return Counted(asked, outcome, outcome.valid, blank, invalid, places, chosen, tied, steps)


def _grades_told(asked: Asked, outcome: Judgement, places: Places, blank: int) -> Iterator[Said]:
    yield _start(outcome.valid, blank, len(outcome.invalid))
    if not places:
        return
    yield Said(msg("Each answer's grades are put in a row; the one in the middle is its majority grade."), {})
    for choice in (choice for group in places for choice in group):
        grade = asked.grades[outcome.medians[choice][0] - 1]
        yield Said(msg("%(name)s: %(grade)s."), {"name": asked.answers[choice], "grade": grade})
    for group in places:
        if len(group) > 1:
            yield Said(
                msg("%(names)s have exactly the same grades and stand equal."),
                {"names": _names(asked, group)},
            )
    for above, below in pairwise(places):
        a, b = outcome.medians[above[0]], outcome.medians[below[0]]
        if a[0] == b[0]:
            yield _apart(asked, above[0], below[0], a, b)


def _apart(asked: Asked, above: int, below: int, a: Sequence[int], b: Sequence[int]) -> Said:
    """Say after how many middle grades taken away two answers with the same one differ."""
    taken = next(i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return Said(
        msg(
            "%(a)s and %(b)s have the same majority grade. One of these grades is taken from each, again and"
            " again; after %(taken)s the middle ones are %(first)s and %(second)s."
        ),
        {
            "a": asked.answers[above],
            "b": asked.answers[below],
            "taken": taken,
            "first": asked.grades[a[taken] - 1],
            "second": asked.grades[b[taken] - 1],
        },
    )

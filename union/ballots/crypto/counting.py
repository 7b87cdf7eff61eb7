"""Counting decrypted rankings and grades, with every step told.

Pure, exact integers and fractions. Schulze (beat paths by winning votes), single transferable vote (Droop
quota, exact fractional transfer of surpluses), majority judgement (Balinski and Laraki). Choices are numbered
from 0 in the order of the question's answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from union.ballots.crypto.failures import Check, Refused

Ballots = Sequence[Sequence[int]]


def _check(ballots: Ballots, choices: int) -> None:
    if choices < 1:
        raise Refused(Check.COUNTING_INPUT, "there is nothing to choose from")
    if any(len(ballot) != choices or min(ballot) < 0 for ballot in ballots):
        raise Refused(Check.COUNTING_INPUT, f"every ballot has {choices} numbers of at least 0")


@dataclass(frozen=True)
class Schulze:
    """Outcome of the Schulze method.

    wins[a][b]: ballots that rank a above b. strengths[a][b]: (votes for, votes against) of the weakest duel
    on the strongest path from a to b, (0, 0) without one. paths[a][b]: the choices along that path.
    ranking: groups of equals, best first.
    """

    valid: int
    blank: int
    wins: list[list[int]]
    strengths: list[list[tuple[int, int]]]
    paths: list[list[list[int]]]
    ranking: list[list[int]]


def _strength(pair: tuple[int, int]) -> tuple[int, int]:
    """More votes for is stronger, then fewer against."""
    return pair[0], -pair[1]


def schulze(ballots: Ballots, choices: int, *, blank_allowed: bool) -> Schulze:
    """Count by Schulze's beat paths.

    ballots: a rank from 1 (best) for each choice; 0 is unranked, below all ranks; equal ranks are allowed.
    blank_allowed: an all-zero ballot is blank and not counted. Raises Refused(COUNTING_INPUT).
    """
    _check(ballots, choices)
    kept = [ballot for ballot in ballots if not blank_allowed or any(ballot)]
    everyone = range(choices)
    last = max((max(ballot) for ballot in kept), default=0) + 1
    wins = [[0] * choices for _ in everyone]
    for ballot in kept:
        ranks = [rank or last for rank in ballot]
        for a in everyone:
            for b in everyone:
                wins[a][b] += ranks[a] < ranks[b]
    strengths, paths = _beat_paths(wins)
    return Schulze(len(kept), len(ballots) - len(kept), wins, strengths, paths, _schulze_ranking(strengths))


def _beat_paths(
    wins: list[list[int]],
) -> tuple[list[list[tuple[int, int]]], list[list[list[int]]]]:
    everyone = range(len(wins))
    strengths = [
        [(wins[a][b], wins[b][a]) if wins[a][b] > wins[b][a] else (0, 0) for b in everyone] for a in everyone
    ]
    paths = [[[a, b] if strengths[a][b][0] else [] for b in everyone] for a in everyone]
    for via in everyone:
        for a in everyone:
            for b in everyone:
                if len({a, b, via}) < 3:  # noqa: PLR2004 - a path leads through a third choice
                    continue
                detour = min(strengths[a][via], strengths[via][b], key=_strength)
                if detour[0] and _strength(detour) > _strength(strengths[a][b]):
                    strengths[a][b] = detour
                    paths[a][b] = paths[a][via] + paths[via][b][1:]
    return strengths, paths


def _schulze_ranking(strengths: list[list[tuple[int, int]]]) -> list[list[int]]:
    left = list(range(len(strengths)))
    ranking = []
    while left:
        best = [
            a
            for a in left
            if not any(_strength(strengths[b][a]) > _strength(strengths[a][b]) for b in left if b != a)
        ]
        ranking.append(best)
        left = [a for a in left if a not in best]
    return ranking


@dataclass(frozen=True)
class Round:
    """One round of a transferable vote.

    event: win, lose, tie-win or tie-lose. choices: whom it concerns; after a tie the next round says who was
    taken. counts: votes of each choice still in the race. exhausted: votes that name none of them.
    """

    event: str
    choices: list[int]
    counts: dict[int, Fraction]
    exhausted: Fraction


@dataclass(frozen=True)
class TransferableVote:
    """Outcome of a single transferable vote. invalid: ballots with two equal ranks."""

    seats: int
    quota: int
    valid: int
    invalid: list[list[int]]
    rounds: list[Round]
    winners: list[int]


@dataclass
class _Race:
    preferences: list[list[int]]
    weights: list[Fraction]
    left: list[int]
    quota: int
    winners: list[int] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)

    def top(self, preference: list[int]) -> int | None:
        return next((choice for choice in preference if choice in self.left), None)

    def counts(self) -> tuple[dict[int, Fraction], Fraction]:
        counts = {choice: Fraction(0) for choice in self.left}
        exhausted = Fraction(0)
        for preference, weight in zip(self.preferences, self.weights, strict=True):
            top = self.top(preference)
            if top is None:
                exhausted += weight
            else:
                counts[top] += weight
        return counts, exhausted

    def note(self, event: str, choices: list[int]) -> None:
        self.rounds.append(Round(event, choices, *self.counts()))

    def elect(self, choices: list[int], counts: dict[int, Fraction]) -> None:
        self.note("win", choices)
        for choice in choices:
            surplus = max(counts[choice] - self.quota, Fraction(0))
            share = surplus / counts[choice] if counts[choice] else Fraction(0)
            self.weights = [
                weight * share if self.top(preference) == choice else weight
                for preference, weight in zip(self.preferences, self.weights, strict=True)
            ]
        self.left = [choice for choice in self.left if choice not in choices]
        self.winners += choices


def transferable_vote(ballots: Ballots, choices: int, seats: int) -> TransferableVote:
    """Count a single transferable vote.

    ballots: a rank from 1 (first preference) for each choice, 0 for none; a ballot with two equal ranks is
    invalid. Whoever reaches the Droop quota with most votes is elected and the surplus handed on in equal
    fractions; if nobody does, the one with fewest votes drops out, of several the last in the list (which is
    said). Raises Refused(COUNTING_INPUT).
    """
    _check(ballots, choices)
    if not 1 <= seats <= choices:
        raise Refused(Check.COUNTING_INPUT, "there are more seats than choices")
    preferences: list[list[int]] = []
    invalid: list[list[int]] = []
    for ballot in ballots:
        ranked = sorted((rank, choice) for choice, rank in enumerate(ballot) if rank)
        if len({rank for rank, _ in ranked}) == len(ranked):
            preferences.append([choice for _, choice in ranked])
        else:
            invalid.append(list(ballot))
    quota = len(preferences) // (seats + 1) + 1
    race = _Race(preferences, [Fraction(1)] * len(preferences), list(range(choices)), quota)
    while len(race.winners) < seats:
        _next_round(race, seats - len(race.winners))
    return TransferableVote(seats, quota, len(preferences), invalid, race.rounds, race.winners)


def _next_round(race: _Race, seats: int) -> None:
    counts, _ = race.counts()
    if len(race.left) <= seats:
        race.elect(sorted(race.left, key=lambda choice: (-counts[choice], choice)), counts)
        return
    most = max(counts.values())
    if most >= race.quota:
        best = [choice for choice in race.left if counts[choice] == most]
        if len(best) > seats:
            race.note("tie-win", best)
            best = best[:seats]
        race.elect(best, counts)
        return
    fewest = min(counts.values())
    worst = [choice for choice in reversed(race.left) if counts[choice] == fewest]
    if len(worst) > 1:
        race.note("tie-lose", worst)
    race.note("lose", worst[:1])
    race.left.remove(worst[0])


@dataclass(frozen=True)
class Judgement:
    """Outcome of a majority judgement.

    counts[choice][grade - 1]: how many gave the grade. medians[choice]: the majority grades in the order in
    which they decide: the median, then the median of the rest, as far as it was needed. ranking: groups of
    equals, best first.
    """

    valid: int
    blank: int
    invalid: list[list[int]]
    counts: list[list[int]]
    medians: list[list[int]]
    ranking: list[list[int]]


def majority_judgement(ballots: Ballots, choices: int, grades: int, *, blank_allowed: bool) -> Judgement:
    """Count by majority judgement.

    ballots: a grade from 1 (best) to `grades` for each choice; one that misses a grade is invalid.
    blank_allowed: an all-zero ballot is blank and not counted. Raises Refused(COUNTING_INPUT).
    """
    _check(ballots, choices)
    blank = [ballot for ballot in ballots if blank_allowed and not any(ballot)]
    rest = [ballot for ballot in ballots if not (blank_allowed and not any(ballot))]
    kept = [ballot for ballot in rest if all(1 <= grade <= grades for grade in ballot)]
    invalid = [list(ballot) for ballot in rest if not all(1 <= grade <= grades for grade in ballot)]
    counts = [[0] * grades for _ in range(choices)]
    for ballot in kept:
        for choice, grade in enumerate(ballot):
            counts[choice][grade - 1] += 1
    values = [_majority_value(row) for row in counts]
    order = sorted(range(choices), key=lambda choice: values[choice])
    ranking: list[list[int]] = []
    for choice in order:
        if ranking and values[ranking[-1][0]] == values[choice]:
            ranking[-1].append(choice)
        else:
            ranking.append([choice])
    return Judgement(
        len(kept), len(blank), invalid, counts, [_deciding(values, c) for c in range(choices)], ranking
    )


def _majority_value(counts: Sequence[int]) -> list[int]:
    """The medians of all grades, of the rest without that one, and so on; lower (worse) of two middles."""
    grades = [grade for grade, count in enumerate(counts, start=1) for _ in range(count)]
    high = len(grades) // 2
    low = high - 1
    value = []
    for left in range(len(grades), 0, -1):
        if left % 2 == 0 or left == len(grades):
            value.append(grades[high])
            high += 1
        else:
            value.append(grades[low])
            low -= 1
    return value


def _deciding(values: Sequence[list[int]], choice: int) -> list[int]:
    """So much of a majority value as tells the choice from all others."""
    own = values[choice]
    needed = 1
    for other, value in enumerate(values):
        if other != choice:
            same = next((i for i, (a, b) in enumerate(zip(own, value, strict=True)) if a != b), len(own))
            needed = max(needed, same + 1)
    return own[:needed]

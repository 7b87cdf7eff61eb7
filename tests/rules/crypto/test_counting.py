"""Counting methods against known answers, and what must hold of any count."""

import itertools
import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.crypto.elections import VECTORS
from union.ballots.crypto import Refused
from union.ballots.crypto.counting import _majority_value, majority_judgement, schulze, transferable_vote

CASES = json.loads((VECTORS / "kat/counting-methods.json").read_text())
EVENTS = {"win": "Win", "lose": "Lose", "tie-win": "TieWin", "tie-lose": "TieLose"}


def cases(method):
    return [pytest.param(case, id=str(len(case["ballots"]))) for case in CASES if case["args"][0] == method]


def option(case, name):
    arguments = case["args"]
    return arguments[arguments.index(f"--{name}") + 1] if f"--{name}" in arguments else None


@pytest.mark.parametrize("case", cases("schulze"))
def test_schulze(case):
    known = case["output"]
    made = schulze(
        case["ballots"], int(option(case, "nchoices")), blank_allowed=option(case, "blank-allowed") == "true"
    )
    assert (made.valid, made.blank) == (known["valid"], known["blank"])
    assert made.wins == known["raw"]
    assert [[list(pair) for pair in row] for row in made.strengths] == known["beatpaths"]
    assert made.ranking == known["winners"]


@pytest.mark.parametrize("case", cases("stv"))
def test_transferable_vote(case):
    known = case["output"]
    made = transferable_vote(case["ballots"], len(case["ballots"][0]), int(option(case, "nseats")))
    events = [[EVENTS[r.event], r.choices[0] if r.event == "lose" else r.choices] for r in made.rounds]
    assert events == known["events"]
    assert made.winners == known["winners"]
    assert made.invalid == known["invalid"]


@pytest.mark.parametrize("case", cases("majority-judgment"))
def test_majority_judgement(case):
    known = case["output"]
    made = majority_judgement(
        case["ballots"],
        int(option(case, "nchoices")),
        int(option(case, "ngrades")),
        blank_allowed=option(case, "blank-allowed") == "true",
    )
    assert made.counts == known["raw"]
    assert (made.valid, made.blank, made.invalid) == (known["valid"], known["blank"], known["invalid"])
    assert made.ranking == known["winners"]


ballots = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 5), min_size=n, max_size=n), min_size=1, max_size=12)
)
rankings = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.permutations(range(1, n + 1)), min_size=1, max_size=12)
)
few = settings(max_examples=60)


@few
@given(ballots)
def test_schulze_ranks_everyone_once_and_a_condorcet_winner_first(given_ballots):
    n = len(given_ballots[0])
    made = schulze(given_ballots, n, blank_allowed=True)
    assert sorted(choice for group in made.ranking for choice in group) == list(range(n))
    for a in range(n):
        if all(made.wins[a][b] > made.wins[b][a] for b in range(n) if b != a):
            assert made.ranking[0] == [a]
        for b in range(n):
            path = made.paths[a][b]
            duels = [(made.wins[x][y], made.wins[y][x]) for x, y in itertools.pairwise(path)]
            assert (made.strengths[a][b] == (0, 0)) is (not path)
            assert not path or made.strengths[a][b] in duels


@few
@given(rankings, st.integers(1, 5))
def test_transferable_votes_are_conserved_and_fill_the_seats(given_ballots, seats):
    n = len(given_ballots[0])
    seats = min(seats, n)
    made = transferable_vote(given_ballots, n, seats)
    assert len(made.winners) == len(set(made.winners)) == seats
    elected = 0
    for r in made.rounds:
        total = sum(r.counts.values(), Fraction(0)) + r.exhausted
        assert total <= made.valid
        assert total >= made.valid - elected * made.quota
        elected += len(r.choices) if r.event == "win" else 0


@few
@given(ballots)
def test_equal_choices_are_equal(given_ballots):
    twins = [[*ballot, ballot[-1]] for ballot in given_ballots]
    n = len(twins[0])
    for ranking in (
        schulze(twins, n, blank_allowed=False).ranking,
        majority_judgement(twins, n, 5, blank_allowed=True).ranking,
    ):
        assert any({n - 1, n - 2} <= set(group) for group in ranking)


@few
@given(st.lists(st.integers(1, 5), max_size=12))
def test_majority_grades_are_the_medians_of_what_is_left(grades):
    left, expected = sorted(grades), []
    while left:
        expected.append(left.pop(len(left) // 2))
    assert _majority_value([grades.count(grade) for grade in range(1, 6)]) == expected


def test_majority_judgement_breaks_ties_by_the_next_median():
    made = majority_judgement([[1, 2], [2, 2], [3, 2]], 2, 3, blank_allowed=False)
    assert made.medians == [[2, 3], [2, 2]]
    assert made.ranking == [[1], [0]]


@pytest.mark.parametrize("bad", [[[1]], [[1, -1]], [[1, 2, 3]]])
def test_malformed_ballots_are_refused(bad):
    for count in (
        lambda: schulze(bad, 2, blank_allowed=True),
        lambda: transferable_vote(bad, 2, 1),
        lambda: majority_judgement(bad, 2, 3, blank_allowed=True),
    ):
        with pytest.raises(Refused):
            count()


def test_equal_ranks_make_a_transferable_ballot_invalid():
    made = transferable_vote([[1, 1], [1, 2], [0, 0]], 2, 1)
    assert made.invalid == [[1, 1]]
    assert made.winners == [0]

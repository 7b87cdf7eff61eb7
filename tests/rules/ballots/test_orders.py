"""How orders and grades are counted and told: places, ties by the rule, every step a sentence with its numbers."""

import pytest

from union.ballots import orders, outcomes, papers
from union.ballots.orders import count, distinct
from union.ballots.papers import Method

ABC = ("Ada", "Bob", "Cleo")
FOUR = (*ABC, "Dan")


def told(counted):
    return [step.text % step.facts for step in counted.steps]


def ranking(answers=ABC, **facts):
    return papers.ranking("Who?", answers, **facts)


def test_who_wins_every_duel_stands_first():
    counted = count(ranking(), distinct([[1, 2, 3]] * 3 + [[2, 1, 3]] * 2 + [[0, 0, 0]]))
    assert counted.places == ((0,), (1,), (2,))
    assert (counted.valid, counted.blank, counted.chosen, counted.tied) == (5, 1, (0,), ())
    assert told(counted) == [
        "5 votes count, 1 are blank.",
        "Every two answers are compared: how many put the one above the other?",
        "Ada wins against each of the others.",
        "Ada stands above Bob: 3 put it higher, 2 lower.",
        "Bob stands above Cleo: 5 put it higher, 0 lower.",
    ]


def test_a_cycle_is_cut_at_its_weakest_step_and_the_odd_pair_explained():
    given = [[1, 2, 3]] * 4 + [[3, 1, 2]] * 3 + [[2, 3, 1]] * 2
    counted = count(ranking(), distinct(given))
    assert counted.places == ((0,), (1,), (2,))
    beaten, why = told(counted)[-2:]
    assert beaten == "Cleo beats Ada one to one, 5 to 4, yet stands below:"
    assert why.startswith("Ada stands above Cleo by the chain Ada > Bob > Cleo: its weakest step has 6 votes")
    assert why.endswith("to 3; the strongest way back has 5.")


def test_equal_answers_stand_together_and_nobody_is_preferred():
    counted = count(ranking(), distinct([[1, 2, 3], [2, 1, 3]]))
    assert counted.places == ((0, 1), (2,))
    assert (counted.chosen, counted.tied) == ((), (0, 1))
    assert "Ada, Bob stand equal" in " ".join(told(counted))
    assert outcomes.tied(ranking(), distinct([[1, 2, 3], [2, 1, 3]]))


def test_transfers_are_told_round_by_round_with_exact_parts():
    asked = ranking(FOUR, method=Method.STV, seats=2)
    given = [[1, 2, 0, 0]] * 7 + [[0, 0, 1, 2]] * 2 + [[0, 0, 2, 1]] * 2
    counted = count(asked, distinct(given))
    assert counted.chosen == (0, 2)
    assert told(counted)[:3] == [
        "11 votes count, 0 are blank.",
        "Whoever reaches 4 votes is elected; 2 are to be elected.",
        "Round 1: Ada elected with 7 votes; the 3 above the quota move on.",
    ]
    assert any(
        "tied with the fewest votes; the last on the paper drops out" in line for line in told(counted)
    )


def test_orders_with_two_equal_ranks_are_no_transferable_votes():
    counted = count(ranking(method=Method.STV), distinct([[1, 1, 0], [1, 2, 3]]))
    assert (counted.valid, counted.invalid) == (1, 1)
    assert told(counted)[0] == "1 votes count, 0 are blank, 1 are not valid."


def test_grades_by_their_middle_then_by_taking_middles_away():
    asked = papers.grading("How?", ABC, ("Good", "Fair", "Bad"))
    given = [[1, 1, 3], [1, 1, 3], [1, 1, 3], [2, 2, 3], [2, 3, 1]]
    counted = count(asked, distinct([*given, [0, 0, 0], [1, 0, 2]]))
    assert counted.places == ((0,), (1,), (2,))
    assert (counted.valid, counted.blank, counted.invalid) == (5, 1, 1)
    assert "Ada: Good." in told(counted)
    assert told(counted)[-1].startswith("Ada and Bob have the same majority grade.")


@pytest.mark.parametrize(
    "asked",
    [ranking(), ranking(method=Method.STV, seats=2), papers.grading("How?", ABC, ("Good", "Bad"))],
    ids=["Schulze", "STV", "grades"],
)
def test_without_a_vote_nobody_wins(asked):
    for given in ([], [[0, 0, 0]]):
        counted = count(asked, distinct(given))
        assert (counted.places, counted.chosen, counted.tied) == ((), (), ())
        assert told(counted) == [f"0 votes count, {len(given)} are blank."]


def test_different_orders_are_kept_once_with_how_many_gave_them():
    assert distinct([[2, 1], [1, 2], [2, 1]]) == [[[2, 1], 2], [[1, 2], 1]]
    assert orders.distinct([]) == []


def test_places_of_a_choice_are_its_counts():
    asked = papers.choice("Which?", ABC, 2, blank=True, least=1)
    assert outcomes.split(asked, [4, 1, 3, 3]) == ((1, 3, 3), 4)
    assert outcomes.places(asked, [4, 1, 3, 3]) == ((1, 2), (0,))
    assert outcomes.places(papers.decision("Yes?", "en"), [1, 2, 3]) == ()


def test_a_paper_kept_before_there_were_other_kinds_is_read():
    stored = {
        "part": "choice",
        "question": "Q",
        "answers": ["a", "b"],
        "min": 0,
        "max": 2,
        "blank": False,
        "seats": 2,
    }
    asked = papers.Asked.from_json(stored)
    assert (asked.method, asked.grades) == (None, ())
    assert papers.Asked.from_json(asked.as_json()) == asked


def test_warnings_and_the_group_that_suits():
    assert papers.tells_too_much([ranking()], 49)
    assert not papers.tells_too_much([ranking()], 50)
    assert papers.tells_too_much([papers.ranking("Q", [str(n) for n in range(7)])], 5000)
    assert not papers.tells_too_much([papers.approval("Q", [str(n) for n in range(7)])], 5)
    assert papers.group_for([ranking()]) == "Ed25519"
    assert papers.group_for([papers.approval("Q", ABC)]) == "BELENIOS-2048"

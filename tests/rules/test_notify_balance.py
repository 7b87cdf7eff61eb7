"""Shares of two providers: who loses points, when, and how they come back."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.notify.rules.balance import (
    ERRORS,
    STEP,
    WHOLE,
    Health,
    Move,
    Reason,
    Share,
    decide,
    draw,
    middle,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FAILING = Health(errors=ERRORS + 1)
SLOW = Health(slow=20, judged=100)
FINE = Health(judged=100)


def shares(one=50, *, ago=timedelta(minutes=10), held=False):
    return [Share("a", one, NOW - ago, held), Share("b", WHOLE - one, NOW - ago, held)]


def test_one_that_fails_loses_ten():
    assert decide(shares(), {"a": FAILING, "b": FINE}, NOW) == Move({"a": 40, "b": 60}, Reason.ERRORS)


def test_ten_errors_are_not_yet_failing():
    assert decide(shares(), {"a": Health(errors=ERRORS), "b": FINE}, NOW) is None


def test_at_most_once_a_minute():
    ago = timedelta(seconds=59)
    assert decide(shares(ago=ago), {"a": FAILING, "b": FINE}, NOW) is None
    assert decide(shares(ago=timedelta(seconds=60)), {"a": FAILING, "b": FINE}, NOW) is not None


def test_both_failing_favours_the_lesser_evil_and_equals_stay():
    worse = Health(errors=100)
    assert decide(shares(), {"a": worse, "b": FAILING}, NOW).weights == {"a": 40, "b": 60}
    assert decide(shares(), {"a": FAILING, "b": FAILING}, NOW) is None


def test_slow_on_one_but_not_on_both():
    assert decide(shares(), {"a": FINE, "b": SLOW}, NOW) == Move({"a": 60, "b": 40}, Reason.SLOW)
    assert decide(shares(), {"a": SLOW, "b": SLOW}, NOW) is None
    assert decide(shares(ago=timedelta(minutes=4)), {"a": FINE, "b": SLOW}, NOW) is None


@pytest.mark.parametrize(("slow", "moves"), [(14, False), (15, True)])
def test_fifteen_of_a_hundred_are_slow(slow, moves):
    found = decide(shares(), {"a": Health(slow=slow, judged=100), "b": FINE}, NOW)
    assert (found is not None) is moves


def test_back_to_the_middle_and_no_further():
    assert decide(shares(20), {}, NOW).weights == {"a": 30, "b": 70}
    assert decide(shares(47), {}, NOW).weights == {"a": 50, "b": 50}
    assert decide(shares(), {}, NOW) is None
    assert decide(shares(20, ago=timedelta(minutes=4)), {}, NOW) is None


def test_nothing_comes_back_while_one_still_fails():
    assert decide(shares(0), {"a": FAILING, "b": FINE}, NOW) is None


def test_what_a_person_set_stays():
    assert decide(shares(80, held=True), {"a": FAILING, "b": FINE}, NOW) is None


@given(
    st.integers(0, WHOLE),
    st.builds(Health, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)),
    st.builds(Health, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)),
)
def test_shares_always_add_up_to_a_hundred(weight, one, other):
    found = decide(shares(weight), {"a": one, "b": other}, NOW)
    if found is not None:
        assert sum(found.weights.values()) == WHOLE
        assert all(0 <= share <= WHOLE for share in found.weights.values())
        assert abs(found.weights["a"] - weight) <= STEP


def test_the_draw_is_as_often_as_the_share():
    drawn = Counter(draw({"a": 30, "b": 70}, ticket) for ticket in range(WHOLE))
    assert drawn == {"a": 30, "b": 70}
    assert draw({"a": 0, "b": 100}) == "b"
    assert set(middle(["a", "b", "c"]).values()) == {34, 33}
    assert sum(middle(["a", "b", "c"]).values()) == WHOLE

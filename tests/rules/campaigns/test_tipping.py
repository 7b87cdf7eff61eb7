"""The tipping solver: right against brute force, nobody called below their own minimum, fast at a million."""

from fractions import Fraction
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.campaigns import tipping
from union.campaigns.tipping import Minimum
from union.core.errors import Invalid

minimums = st.lists(st.integers(1, 40), max_size=30)


def brute(asked):
    """The largest n such that at least n have a minimum of n or less, by trying every size."""
    return max(n for n in range(len(asked) + 1) if sum(k <= n for k in asked) >= n)


@given(minimums)
def test_same_as_brute_force(asked):
    assert tipping.settle(asked) == brute(asked)


@given(minimums, st.integers(1, 30))
def test_nobody_is_called_unless_their_minimum_is(asked, floor):
    size = tipping.settle(asked, floor=floor)
    called = [k for k in asked if k <= size]
    assert len(called) == size
    assert all(k <= len(called) for k in called)
    assert size == 0 or size >= floor


@given(minimums)
def test_no_larger_group_would_hold(asked):
    size = tipping.settle(asked)
    assert not any(sum(k <= n for k in asked) >= n for n in range(size + 1, len(asked) + 1))


@given(minimums, st.randoms())
def test_order_does_not_matter(asked, chance):
    shuffled = list(asked)
    chance.shuffle(shuffled)
    assert tipping.settle(shuffled) == tipping.settle(asked)


@given(minimums, st.integers(1, 40))
def test_one_more_pledge_never_shrinks_the_group(asked, extra):
    assert tipping.settle([*asked, extra]) >= tipping.settle(asked)


@given(minimums, st.integers(1, 30))
def test_the_distance_is_exact(asked, floor):
    missing = tipping.more_needed(asked, floor)
    assert tipping.settle([*asked, *[1] * missing], floor=floor) >= floor
    if missing:
        assert tipping.settle([*asked, *[1] * (missing - 1)], floor=floor) == 0


def test_cases_to_read():
    assert tipping.settle([]) == 0
    assert tipping.settle([1]) == 1
    assert tipping.settle([2]) == 0
    assert tipping.settle([2, 2]) == 2
    assert tipping.settle([1, 5, 5, 5]) == 1  # the first acts alone; the others never see their five
    assert tipping.settle([1, 5, 5, 5, 5]) == 5
    assert tipping.settle([3, 3, 3], floor=4) == 0
    assert (
        tipping.more_needed([150] * 100, 140) == 50
    )  # cheaper than the floor itself: at 150 all hundred join
    assert tipping.more_needed([5, 5, 5], 5) == 2
    assert tipping.more_needed([], 7) == 7
    assert tipping.more_needed([1] * 9, 7) == 0


def test_a_million_pledges_in_seconds():
    asked = [(i * 7919) % 1_000_003 + 1 for i in range(1_000_000)]
    started = perf_counter()
    size = tipping.settle(asked)
    tipping.more_needed(asked, 900_000)
    assert perf_counter() - started < 10
    assert sum(k <= size for k in asked) == size


@pytest.mark.parametrize(
    ("text", "unit", "people"),
    [
        ("1", 50, 1),
        ("12", 50, 12),
        ("1/3", 100, 34),
        ("1/3", 99, 33),
        ("3/4", 600, 450),
        ("1/1", 7, 7),
        ("1/1000", 5, 1),
    ],
)
def test_a_minimum_in_whole_people(text, unit, people):
    minimum = Minimum.parse(text)
    assert minimum.resolve(unit) == people
    assert Minimum.parse(str(minimum)) == minimum


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1.5", "½", "0/3", "4/3", "1/0", "25%", "1e3", "9999999999", "٣"]
)
def test_what_is_no_minimum(text):
    with pytest.raises(Invalid):
        Minimum.parse(text)


@given(st.integers(1, 9999), st.integers(1, 9999), st.integers(1, 10**6))
def test_a_share_is_the_smallest_number_that_reaches_it(part, whole, unit):
    if part > whole:
        part, whole = whole, part
    people = Minimum.parse(f"{part}/{whole}").resolve(unit)
    assert Fraction(people, unit) >= Fraction(part, whole)
    assert people == 1 or Fraction(people - 1, unit) < Fraction(part, whole)


@given(st.integers(0, 5000))
def test_a_band_never_promises_too_little(missing):
    shown = tipping.band(missing)
    assert shown >= missing
    assert (shown == 0) == (missing == 0)
    assert shown % 10 == 0


def test_a_band_waits_until_enough_has_changed():
    assert not tipping.may_show(5, 9, shown_before=False)
    assert tipping.may_show(5, 10, shown_before=False)
    assert not tipping.may_show(9, 500, shown_before=True)
    assert tipping.may_show(10, 500, shown_before=True)
    assert tipping.may_show(-10, 500, shown_before=True)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40)))
def test_small_cells_are_hidden_and_cannot_be_subtracted(cells):
    shown = tipping.suppressed(cells)
    assert all(n is None or n >= tipping.CELL for n in shown.values())
    hidden = [area for area, n in shown.items() if n is None]
    assert len(hidden) != 1 or len(cells) == 1
    together = sum(cells.values()) - sum(n for n in shown.values() if n is not None)
    assert not hidden or together >= tipping.CELL or len(hidden) == len(cells), "what the total leaves over"


def test_two_areas_of_one_are_not_told_by_the_total():
    """Twelve and one and one: fourteen less twelve would be two, so each of the two would be one."""
    assert tipping.suppressed({"a": 12, "b": 1, "c": 1}) == {"a": None, "b": None, "c": None}
    assert tipping.suppressed({"a": 30, "b": 12, "c": 1}) == {"a": 30, "b": None, "c": None}
    assert tipping.suppressed({"a": 30, "b": 0, "c": 10}) == {"a": 30, "b": None, "c": None}
    assert tipping.suppressed({"a": 3}) == {"a": None}

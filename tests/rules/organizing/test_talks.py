"""What may be noted, what of the assessments may be shown, which filter may ask what."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from union.core.errors import Closed, Invalid
from union.organizing.rules import talks
from union.organizing.rules.wanted import Wanted


def test_a_note_is_tidied_and_has_an_end():
    assert (
        talks.tidy_note("  drives   nights \n\n wants  pay for waiting ")
        == "drives nights\n\nwants pay for waiting"
    )
    assert talks.tidy_note("  \n ") is None
    with pytest.raises(Invalid):
        talks.tidy_note("x" * 501)


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_only_the_scale_of_five(rating):
    with pytest.raises(Invalid):
        talks.check_rating(rating)
    talks.check_rating(None)
    talks.check_rating(5)


def test_a_talk_is_neither_in_the_future_nor_too_old():
    talks.check_when(NOW, NOW)
    for at in (NOW + timedelta(hours=1), NOW - timedelta(days=181)):
        with pytest.raises(Invalid) as refused:
            talks.check_when(at, NOW)
        assert refused.value.field == "at"


def test_a_talk_can_be_changed_for_a_day():
    talks.may_change(NOW, NOW + timedelta(hours=23, minutes=59))
    with pytest.raises(Closed):
        talks.may_change(NOW, NOW + timedelta(hours=24))


@given(st.lists(st.integers(0, 40), min_size=5, max_size=5))
def test_nothing_under_ten_is_shown_nor_can_be_worked_out(counts):
    cells = dict(zip(range(1, 6), counts, strict=True))
    found = talks.shown(cells)
    hidden = [cells[rating] for rating, n in found.items() if n is None]
    assert all(n is None or n == cells[rating] >= 10 for rating, n in found.items())
    assert not hidden or sum(hidden) >= 10 or len(hidden) == 5


def test_a_planted_fault_a_single_gap_would_be_subtracted():
    naive = {rating: n if n >= 10 else None for rating, n in {1: 30, 2: 12, 3: 4, 4: 20, 5: 11}.items()}
    assert sum(n is None for n in naive.values()) == 1
    assert sum(n is None for n in talks.shown({1: 30, 2: 12, 3: 4, 4: 20, 5: 11}).values()) == 2


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_every_period_shows_ten_of_each_and_none_is_lost(counts):
    months = [
        talks.Period(f"2026-{n + 1:02}", f"2026-{n + 1:02}", a + b, a) for n, (a, b) in enumerate(counts)
    ]
    found = talks.periods(months)
    assert all(one.shown for one in found)
    assert not found or sum(one.rated for one in found) == sum(one.rated for one in months)
    assert (
        found or not talks.Period("", "", sum(m.rated for m in months), sum(m.support for m in months)).shown
    )


def test_a_filter_keeps_what_it_knows_and_drops_the_rest():
    read = Wanted.read({"chapter": "utrecht", "rating": "9", "work": "king", "talked": "never", "evil": "x"})
    assert read.asked() == {"chapter": "utrecht", "talked": "never"}
    assert Wanted.read(read.asked()) == read


def test_who_is_called_is_never_asked_where_names_are_seen():
    Wanted(tag="nights").seen_by_name()
    with pytest.raises(Invalid):
        Wanted(called_in="abc", called="no").seen_by_name()

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.actions.rules.planning import ENOUGH, UNTAUGHT, Basis, Factor, Past, learn
from union.actions.rules.states import Kind
from union.actions.rules.tally import SMALL

PASTS = st.builds(
    Past,
    kind=st.sampled_from(list(Kind)),
    pledged=st.integers(0, 400),
    taking_part=st.integers(0, 400),
    checked_in=st.integers(0, 500),
    completed=st.integers(0, 500),
    chapters=st.dictionaries(
        st.sampled_from(["a", "b"]), st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=2
    ),
)


def past(pledged, came, kind=Kind.LOG_OFF, **facts):
    return Past(
        **{
            "kind": kind,
            "pledged": pledged,
            "taking_part": pledged,
            "checked_in": came,
            "completed": 0,
            **facts,
        }
    )


def test_three_quarters_until_there_is_enough():
    for few in ([], [past(100, 10)], [past(5, 5)] * 9):
        assert learn(few).shows_up == UNTAUGHT
        assert UNTAUGHT.share == Fraction(3, 4)


def test_learned_exactly():
    found = learn([past(100, 60), past(300, 180)])
    assert found.shows_up == Factor(240, 400, 2, Basis.ALL)
    assert found.shows_up.share == Fraction(3, 5)
    assert (found.shows_up.expect(99), found.shows_up.percent) == (59, 60), "rounded down"


def test_of_its_own_kind_where_there_are_enough():
    told = [past(100, 50), past(100, 50), past(100, 90, Kind.SWITCH), past(100, 90, Kind.SWITCH)]
    assert learn(told, Kind.SWITCH).shows_up == Factor(180, 200, 2, Basis.KIND)
    assert learn(told[:3], Kind.SWITCH).shows_up == Factor(190, 300, 3, Basis.ALL), "one switch is too few"


def test_each_number_has_its_own_denominator():
    told = [past(100, 40, taking_part=50, completed=20)] * 2
    found = learn(told)
    assert (found.kept.share, found.shows_up.share) == (Fraction(2, 5), Fraction(4, 5))
    assert found.finishes.share == Fraction(1, 2)
    assert learn([]).finishes is None, "nobody knows how many finish until some did"


def test_chapters_of_ten_and_more_only():
    told = [past(100, 60, chapters={"utrecht": (20, 10), "breda": (9, 9), "delft": (30, 9)})] * 2
    assert learn(told).chapters == {"utrecht": Factor(20, 40, 2, Basis.ALL)}
    assert learn(told[:1]).chapters == {}


@given(st.lists(PASTS, max_size=6), st.none() | st.sampled_from(list(Kind)), st.integers(0, 10_000))
def test_whatever_the_past(pasts, kind, number):
    found = learn(pasts, kind)
    for factor in (found.kept, found.shows_up, *filter(None, [found.finishes]), *found.chapters.values()):
        assert 0 <= factor.expect(number) <= number, "never more than there are"
        assert factor is UNTAUGHT or (factor.actions >= ENOUGH and factor.whole >= ENOUGH * SMALL)


@pytest.mark.parametrize("order", [1, -1])
def test_order_teaches_nothing(order):
    told = [past(100, 60), past(50, 10), past(30, 30, Kind.SWITCH)]
    assert learn(told[::order]) == learn(told)

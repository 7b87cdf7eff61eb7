"""Schulze's method: the published example, Condorcet winners, exactness."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from union.campaigns import ranking

lists = st.lists(
    st.permutations("abcd").flatmap(lambda p: st.integers(0, 4).map(lambda n: list(p)[:n])), max_size=12
)


def test_the_published_example():
    """45 voters, five alternatives; the published order is E > A > C > B > D."""
    votes = [
        (5, "ACBED"),
        (5, "ADECB"),
        (8, "BEDAC"),
        (3, "CABED"),
        (7, "CAEBD"),
        (2, "CBADE"),
        (7, "DCEBA"),
        (8, "EBADC"),
    ]
    ballots = [list(order) for n, order in votes for _ in range(n)]
    assert ranking.order("ABCDE", ranking.pairs(ballots, "ABCDE")) == [["E"], ["A"], ["C"], ["B"], ["D"]]


def test_the_unranked_stand_below_and_equal():
    assert ranking.pairs([["a"]], "abc") == {("a", "b"): 1, ("a", "c"): 1}
    assert ranking.order("abc", ranking.pairs([["a"]], "abc")) == [["a"], ["b", "c"]]
    assert ranking.order("abc", {}) == [["a", "b", "c"]]
    assert ranking.pairs([["gone", "a", "a"]], "ab") == {("a", "b"): 1}


@given(lists)
def test_who_beats_everybody_stands_first_alone(ballots):
    count = ranking.pairs(ballots, "abcd")
    beats = {(a, b): count.get((a, b), 0) > count.get((b, a), 0) for a, b in permutations("abcd", 2)}
    winners = [a for a in "abcd" if all(beats[a, b] for b in "abcd" if b != a)]
    if winners:
        assert ranking.order("abcd", count)[0] == winners


@given(lists)
def test_everybody_appears_once_and_order_of_lists_does_not_matter(ballots):
    groups = ranking.order("abcd", ranking.pairs(ballots, "abcd"))
    assert sorted(d for group in groups for d in group) == list("abcd")
    assert groups == ranking.order("abcd", ranking.pairs(list(reversed(ballots)), "abcd"))


@given(lists)
def test_one_more_list_with_the_winner_on_top_keeps_it_there(ballots):
    first = ranking.order("abcd", ranking.pairs(ballots, "abcd"))[0]
    if len(first) == 1:
        again = ranking.order("abcd", ranking.pairs([*ballots, first], "abcd"))
        assert again[0] == first

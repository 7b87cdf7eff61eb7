"""Thresholds are exact: the figures of real ballots, and properties that hold for all."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.ballots import rules
from union.ballots.presets import presets
from union.ballots.rules import Counts, Of, Rule, Share, State, choose, decide, decide_choice

THREE_QUARTERS = presets()["de-75-eligible"].rule
TWO_THIRDS = presets()["two-thirds-cast"].rule
STANDARD = presets()["union-default"].rule
SIMPLE = presets()["simple-majority"].rule
UK = presets()["gb-tulrca-2026-02"].rule
UK_IMPORTANT = presets()["gb-tulrca-important-2025-12"].rule


@pytest.mark.parametrize(
    ("rule", "counts", "eligible", "passed"),
    [
        (THREE_QUARTERS, Counts(4583, 0), 5255, True),  # Berlin-Brandenburg 2002
        (THREE_QUARTERS, Counts(3941, 1000), 5255, False),
        (THREE_QUARTERS, Counts(3942, 1000), 5255, True),
        (TWO_THIRDS, Counts(200, 100), 300, True),
        (TWO_THIRDS, Counts(199, 101), 300, False),
        (TWO_THIRDS, Counts(200, 99, 2), 301, False),  # who abstains has voted
        (UK, Counts(26, 24), 100, True),  # "at least" half
        (UK, Counts(26, 23), 100, False),
        (UK, Counts(25, 25), 100, False),
        (UK_IMPORTANT, Counts(40, 10), 100, True),
        (UK_IMPORTANT, Counts(39, 11), 100, False),
        (STANDARD, Counts(3, 1, 1), 10, True),
        (STANDARD, Counts(3, 1, 2), 10, False),  # three of six cast is not more than half
        (STANDARD, Counts(4, 0, 0), 10, False),
        (SIMPLE, Counts(1, 0), 1000, True),
        (SIMPLE, Counts(5, 5), 10, False),
        (SIMPLE, Counts(0, 0, 7), 10, False),
        (TWO_THIRDS, Counts(0, 0, 0), 10, False),
        (presets()["de-25-accept"].rule, Counts(25, 75), 100, True),
        (presets()["de-25-accept"].rule, Counts(24, 0), 100, False),
    ],
)
def test_figures(rule, counts, eligible, passed):
    assert decide(rule, counts, eligible).passed is passed


def test_a_verdict_says_how_many_were_missing():
    verdict = decide(THREE_QUARTERS, Counts(3941, 1000), 5255)
    assert (verdict.needed, verdict.missing, verdict.turnout) == (3942, 1, 4941)
    assert [str(r) for r in verdict.reasons] == ["3941 said yes; 3942 were needed, so 1 were missing."]
    short = decide(STANDARD, Counts(4, 0), 10)
    assert str(short.reasons[0]) == "Only 4 of 10 voted; at least 5 had to."
    assert short.turnout_needed == 5


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="cannot be"):
        decide(SIMPLE, Counts(6, 5), 10)
    with pytest.raises(ValueError, match="cannot be"):
        decide(SIMPLE, Counts(-1, 5), 10)
    with pytest.raises(ValueError, match="cannot be"):
        decide_choice(SIMPLE, 11, 10)


shares = st.tuples(st.integers(1, 40), st.integers(0, 40), st.booleans()).map(
    lambda t: Share(min(t[1], t[0]), t[0], t[2])
)
rule_strategy = st.builds(
    Rule,
    denominator=st.sampled_from([Of.ELIGIBLE, Of.CAST, Of.VALID]),
    threshold=shares,
    turnout=st.none() | shares,
    second=st.none() | shares,
)
ballots = st.tuples(
    st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 500), st.integers(0, 3000)
).map(lambda t: (Counts(t[0], t[1], t[2]), t[0] + t[1] + t[2] + t[3]))


@given(rule_strategy, ballots)
def test_exactly_what_fractions_say(rule, ballot):
    counts, eligible = ballot
    whole = counts.of(rule.denominator, eligible)

    def reached(share, part, of):
        left, right = Fraction(part), Fraction(share.num, share.den) * of
        return left > right if share.strict else left >= right

    expected = (
        counts.cast > 0
        and counts.yes > 0
        and reached(rule.threshold, counts.yes, whole)
        and (rule.turnout is None or reached(rule.turnout, counts.cast, eligible))
        and (rule.second is None or reached(rule.second, counts.yes, eligible))
    )
    assert decide(rule, counts, eligible).passed is expected


@given(rule_strategy, ballots)
def test_one_more_yes_instead_of_no_never_harms(rule, ballot):
    counts, eligible = ballot
    if counts.no:
        before = decide(rule, counts, eligible)
        after = decide(rule, Counts(counts.yes + 1, counts.no - 1, counts.abstain), eligible)
        assert after.passed or not before.passed


@given(shares, st.integers(0, 10_000))
def test_needed_is_the_smallest_that_reaches(share, whole):
    needed = share.needed(whole)
    assert share.reached(needed, whole)
    assert needed == 0 or not share.reached(needed - 1, whole)


@given(rule_strategy, ballots)
def test_a_verdict_survives_storage(rule, ballot):
    counts, eligible = ballot
    verdict = decide(rule, counts, eligible)
    assert rules.Verdict.from_json(verdict.as_json()) == verdict


def test_frozen_rules_read_back():
    for preset in presets().values():
        if preset.for_ballots:
            assert Rule.frozen(preset.frozen()) == preset.rule


def test_choosing():
    assert choose([5, 3, 9, 0], 2) == rules.Chosen((0, 2), ())
    assert choose([5, 5, 9, 1], 2) == rules.Chosen((2,), (0, 1))
    assert choose([0, 0, 0], 2) == rules.Chosen((), ())
    assert choose([1, 0, 0], 2) == rules.Chosen((0,), ())


@given(st.lists(st.integers(0, 6), min_size=2, max_size=12), st.integers(1, 12))
def test_nobody_chosen_has_fewer_votes_than_somebody_left_out(counts, seats):
    found = choose(counts, seats)
    left = [i for i in range(len(counts)) if i not in found.chosen and i not in found.tied]
    assert len(found.chosen) <= seats
    assert all(counts[a] > counts[b] for a in found.chosen for b in (*left, *found.tied))
    assert len(found.chosen) + len(found.tied) > seats or not found.tied


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1
    )
)
def test_no_chapter_shown_alone_tells_on_anybody(raw):
    rows = {name: (min(a, b), max(a, b)) for name, (a, b) in raw.items()}
    shown = rules.by_chapter(rows)
    assert sum(t.voted for t in shown) == sum(v for v, _ in rows.values())
    assert sum(t.eligible for t in shown) == sum(e for _, e in rows.values())
    for row in shown:
        if row.chapter:
            assert row.eligible >= rules.SMALL_GROUP
            assert 0 < row.voted < row.eligible


def test_moves():
    assert rules.may_move(State.OPEN, State.CLOSED)
    assert not rules.may_move(State.CLOSED, State.CANCELLED)
    assert not rules.may_move(State.CLOSED, State.OPEN)
    assert not any(rules.MOVES[State.CONCLUDED])

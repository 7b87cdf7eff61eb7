"""Who is needed, whose turn it is, who is reminded when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.ballots import holders

OPENS = datetime(2026, 6, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("threshold", "members", "problem"),
    [(1, 2, False), (2, 3, False), (14, 15, False), (0, 3, True), (3, 3, True), (4, 3, True), (1, 1, True), (0, 0, True)],
)  # fmt: skip
def test_a_threshold_is_fewer_than_all_and_at_least_one(threshold, members, problem):
    assert (holders.threshold_problem(threshold, members) is not None) is problem


@given(st.lists(st.integers(0, 3), min_size=1, max_size=15))
def test_the_ceremony_is_where_its_slowest_trustee_is(sent):
    step = holders.step_at(sent)
    assert 1 <= step <= 4
    assert any(n < step for n in sent)
    assert all(n >= step - 1 for n in sent)


@given(st.integers(1, 15), st.lists(st.tuples(st.booleans(), st.booleans()), max_size=16))
def test_shares_are_enough_with_the_threshold_and_every_server(threshold, given):
    missing = holders.shares_missing(threshold, given)
    members = sum(done for server, done in given if not server)
    servers = [done for server, done in given if server]
    assert (missing == 0) == (members >= threshold and all(servers))
    assert (holders.shares_missing(None, given) == 0) == all(done for _, done in given)


@pytest.mark.parametrize(
    ("asked_before", "now_before", "number"),
    [
        (timedelta(days=9), timedelta(days=3, seconds=1), None),
        (timedelta(days=9), timedelta(days=3), 1),
        (timedelta(days=9), timedelta(hours=30), 1),
        (timedelta(days=9), timedelta(days=1), 2),
        (timedelta(days=9), timedelta(hours=3), 3),
        (timedelta(days=9), timedelta(0), None),
        (timedelta(days=2), timedelta(hours=30), None),
        (timedelta(days=2), timedelta(hours=20), 2),
        (timedelta(hours=2), timedelta(hours=1), None),
    ],
)
def test_reminders_come_three_times_and_never_to_who_was_asked_after_them(asked_before, now_before, number):
    due = holders.reminder(OPENS - asked_before, OPENS, OPENS - now_before)
    assert (due and due[0]) == number

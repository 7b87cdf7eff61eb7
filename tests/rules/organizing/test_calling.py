"""How an entry goes on after a call, and when people may be called."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from union.core.errors import Invalid
from union.organizing.rules.calling import (
    LIST_LASTS,
    MOST_TRIES,
    Outcome,
    first_name,
    may_call,
    next_step,
    tidy_title,
)
from union.organizing.rules.tasks import check_due, reminder_due, tidy_task


@pytest.mark.parametrize("outcome", [Outcome.REACHED, Outcome.WRONG_NUMBER, Outcome.REFUSED])
def test_what_ends_an_entry(outcome):
    assert next_step(outcome, tries=1, now=NOW, again_at=None).done


def test_no_answer_rests_and_ends_at_the_last_try():
    first = next_step(Outcome.NO_ANSWER, tries=1, now=NOW, again_at=None)
    assert (first.done, first.after) == (False, NOW + timedelta(hours=4))
    assert next_step(Outcome.NO_ANSWER, tries=MOST_TRIES, now=NOW, again_at=None).done


def test_a_call_back_is_a_promise_with_a_moment():
    at = NOW + timedelta(hours=2)
    found = next_step(Outcome.CALL_BACK, tries=1, now=NOW, again_at=at)
    assert (found.done, found.after, found.promised) == (False, at, True)
    for bad in (None, NOW, NOW - timedelta(minutes=1), NOW + LIST_LASTS + timedelta(minutes=1)):
        with pytest.raises(Invalid) as refused:
            next_step(Outcome.CALL_BACK, tries=1, now=NOW, again_at=bad)
        assert refused.value.field == "again_at"


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata"]),
)
def test_nobody_is_called_at_night_in_any_zone_on_any_day(now, zone):
    from zoneinfo import ZoneInfo

    assert may_call(now, zone) == (9 <= now.astimezone(ZoneInfo(zone)).hour < 21)


def test_words():
    assert first_name("  Samira van Dijk ") == "Samira"
    assert first_name(" ") == ""
    for bad in ("", "   ", "x" * 81, "a\x00b"):
        with pytest.raises(Invalid):
            tidy_title(bad)
    for bad in ("", "x" * 121):
        with pytest.raises(Invalid):
            tidy_task(bad)


def test_a_task_is_due_in_the_future_and_reminded_once_a_moment():
    due = NOW + timedelta(hours=20)
    check_due(due, NOW)
    with pytest.raises(Invalid):
        check_due(NOW, NOW)
    assert reminder_due(due, NOW, None)
    assert not reminder_due(due, NOW, due)
    assert reminder_due(due, NOW, due + timedelta(hours=1))  # it was moved since
    assert not reminder_due(NOW + timedelta(hours=25), NOW, None)
    assert not reminder_due(NOW, NOW, None)  # never late

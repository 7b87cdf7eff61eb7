"""Terms of a mandate on the calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.ballots.presets import presets
from union.campaigns import mandates

AMS = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-08-31T10:00", 6, "2027-02-28T11:00"),  # a shorter month, and winter time
        ("2027-08-31T10:00", 6, "2028-02-29T11:00"),
        ("2026-02-17T12:00", 6, "2026-08-17T11:00"),
        ("2026-02-18T12:00", 12, "2027-02-18T12:00"),
        ("2026-09-29T00:30", 6, "2027-03-29T00:30"),
        ("2026-07-28T00:30", 8, "2027-03-28T01:30"),  # 02:30 is skipped that night: 03:30 summer time
    ],
)
def test_months_are_counted_on_the_local_calendar(start, months, end):
    found = mandates.months_later(datetime.fromisoformat(start).replace(tzinfo=UTC), months, AMS)
    assert found == datetime.fromisoformat(end).replace(tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(1, 24))
def test_more_months_never_end_sooner(at, months):
    start = at.replace(tzinfo=UTC)
    assert start < mandates.months_later(start, months, AMS) < mandates.months_later(start, months + 1, AMS)


@pytest.mark.parametrize("preset", [p for p in presets().values() if p.for_ballots], ids=lambda p: p.id)
def test_every_shipped_rule_gives_terms(preset):
    decided = datetime(2026, 12, 1, 9, tzinfo=UTC)
    rule = preset.frozen()
    assert mandates.expires(decided, rule, AMS) > decided
    start = mandates.must_start_by(decided, rule, AMS)
    assert (start is None) == (preset.must_start_within is None)
    assert start is None or start > decided


def test_a_rule_that_is_silent_gives_six_months_and_no_term_to_start():
    decided = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert mandates.expires(decided, {}, AMS) == datetime(2027, 6, 1, 8, tzinfo=UTC)
    assert mandates.must_start_by(decided, {"must_start_within": None}, AMS) is None
    thirty = {"must_start_within": {"n": 30, "unit": "days"}}
    assert mandates.must_start_by(decided, thirty, AMS) == datetime(2026, 12, 31, 9, tzinfo=UTC)

"""Quiet hours hold in every zone on every clock-change day; plans put the earliest deadline first."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from union.notify.rules.capacity import Route
from union.notify.rules.hours import NO_QUIET, QUIET, Quiet, Zone, is_quiet, next_allowed, plan, windows

ZONES = sorted(available_timezones())
CHANGES = [
    ("Europe/Amsterdam", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Europe/Amsterdam", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 9, 26, 14, tzinfo=UTC)),
]
QUIETS = [
    QUIET,
    Quiet(time(22, 30), time(7)),
    Quiet(time(2, 30), time(3)),
    Quiet(time(0), time(1, 30)),
    NO_QUIET,
]
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def sample(since, until, step=timedelta(minutes=7)):
    while since < until:
        yield since
        since += step


@given(st.sampled_from(ZONES), moments, st.sampled_from(QUIETS))
def test_windows_are_exactly_the_permitted_moments(zone, since, quiet):
    until = since + timedelta(days=2)
    spans = windows(since, until, zone, quiet)
    for moment in sample(since, until):
        assert any(a <= moment < b for a, b in spans) == (not is_quiet(moment, zone, quiet))


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@pytest.mark.parametrize("quiet", QUIETS)
def test_on_the_day_the_clocks_change(zone, change, quiet):
    since, until = change - timedelta(hours=30), change + timedelta(hours=30)
    spans = windows(since, until, zone, quiet)
    for moment in sample(since, until, timedelta(minutes=5)):
        assert any(a <= moment < b for a, b in spans) == (not is_quiet(moment, zone, quiet))


@given(st.sampled_from(ZONES), moments, st.sampled_from(QUIETS))
def test_the_next_permitted_moment(zone, instant, quiet):
    found = next_allowed(instant, zone, quiet)
    assert instant <= found <= instant + timedelta(hours=48)
    assert not is_quiet(found, zone, quiet)
    if found > instant:
        assert is_quiet(found - timedelta(seconds=1), zone, quiet)


def test_the_morning_after():
    late = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
    assert next_allowed(late, "Europe/Amsterdam") == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert next_allowed(late, "America/New_York") == late


groups = st.lists(
    st.tuples(st.sampled_from(ZONES), st.integers(0, 5000)), min_size=1, max_size=8, unique_by=lambda g: g[0]
)


@given(groups, moments, st.integers(1, 60), st.integers(1, 50))
def test_nobody_is_texted_at_night_or_after_the_deadline(groups, since, hours, rate):
    zones = [Zone(*group) for group in groups]
    deadline = since + timedelta(hours=hours)
    found = plan(zones, since=since, deadline=deadline, routes=[Route("r", rate)])
    clock = since
    for slot in found.slots:
        assert clock <= slot.starts < slot.ends <= deadline
        clock = slot.ends
        assert not is_quiet(slot.starts, slot.zone)
        assert not is_quiet(slot.ends - timedelta(microseconds=1), slot.zone)
        assert slot.segments <= (slot.ends - slot.starts).total_seconds() * rate + 0.01
    for zone in zones:
        sent = sum(slot.segments for slot in found.slots if slot.zone == zone.name)
        assert sent + found.left.get(zone.name, 0) == pytest.approx(zone.segments, abs=0.01)


def test_who_must_be_done_first_goes_first():
    # 17:00 UTC: Amsterdam (18:00) is quiet from 20:00 UTC on, New York (12:00) only at 02:00.
    since = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    both = [Zone("America/New_York", 36_000), Zone("Europe/Amsterdam", 3 * 3_600 * 10)]
    found = plan(both, since=since, deadline=since + timedelta(hours=8), routes=[Route("r", 10)])
    assert [slot.zone for slot in found.slots] == ["Europe/Amsterdam", "America/New_York"]
    assert found.left == {}
    assert found.ends == since + timedelta(hours=4)


def test_what_does_not_fit_is_named():
    since = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
    found = plan(
        [Zone("Europe/Amsterdam", 100_000)],
        since=since,
        deadline=since + timedelta(hours=9),
        routes=[Route("r", 10)],
    )
    assert found.left == {"Europe/Amsterdam": 100_000 - 3600 * 10}


@given(groups, moments, st.integers(1, 40))
@settings(max_examples=50)
def test_a_plan_is_found_whenever_every_zone_s_demand_fits(groups, since, hours):
    """Earliest deadline first is optimal: with room for all in every set of nested windows nothing is left."""
    deadline = since + timedelta(hours=hours)
    zones = [Zone(*group) for group in groups]
    spans = {zone.name: windows(since, deadline, zone.name) for zone in zones}
    shortest = min((sum((b - a).total_seconds() for a, b in found) for found in spans.values()), default=0)
    if shortest <= 0:
        return
    # If everybody together fits into what the tightest zone has, any order by deadline must do.
    rate = (sum(zone.segments for zone in zones) + 1) / shortest
    if len({spans[zone.name] for zone in zones}) == 1:
        assert plan(zones, since=since, deadline=deadline, routes=[Route("r", rate)]).left == {}


def test_local_times_are_local():
    assert is_quiet(datetime(2026, 11, 23, 20, 30, tzinfo=UTC), "Europe/Amsterdam")
    assert not is_quiet(datetime(2026, 11, 23, 20, 30, tzinfo=UTC), "Europe/London")
    assert datetime(2026, 11, 23, 20, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Kathmandu")).minute == 15

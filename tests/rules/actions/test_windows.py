from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.actions.rules import windows
from union.actions.rules.states import Mode
from union.core.errors import Invalid
from union.core.zones import NoSuchLocalTime

ZONES = ["Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Kolkata", "Pacific/Apia",
         "Pacific/Chatham", "America/New_York", "Africa/Casablanca", "UTC"]  # fmt: skip


def plan(start, end=None, zone="Europe/Amsterdam", mode=Mode.INSTANT, zones=()):
    return windows.plan(mode, start, end, zone, zones)


def test_one_instant_for_everybody():
    (window,) = plan("2026-12-01T18:00", "2026-12-01T20:00")
    assert (window.zone, window.starts_at) == ("*", datetime(2026, 12, 1, 17, tzinfo=UTC))


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_seven_in_the_morning_is_seven_everywhere_on_clock_change_days(day):
    found = plan(f"{day}T07:00", f"{day}T09:00", mode=Mode.WALL_CLOCK, zones=ZONES)
    assert {window.zone for window in found} == set(ZONES)
    for window in found:
        here = window.starts_at.astimezone(ZoneInfo(window.zone))
        assert (here.hour, here.minute, here.date().isoformat()) == (7, 0, day)
        assert (window.ends_at - window.starts_at).total_seconds() == 7200
    assert [w.starts_at for w in found] == sorted(w.starts_at for w in found)


def test_kathmandu_and_lord_howe_have_odd_offsets():
    found = {w.zone: w.starts_at for w in plan("2026-07-01T07:00", mode=Mode.WALL_CLOCK, zones=ZONES)}
    assert found["Asia/Kathmandu"] == datetime(2026, 7, 1, 1, 15, tzinfo=UTC)
    assert found["Australia/Lord_Howe"] == datetime(2026, 6, 30, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        ("2026-03-29T02:30", "Europe/Amsterdam"),
        ("2026-10-25T02:30", "Europe/Amsterdam"),
        ("2026-10-04T02:15", "Australia/Lord_Howe"),
        ("2026-04-05T01:45", "Australia/Lord_Howe"),
        ("2026-11-01T01:30", "America/New_York"),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_a_time_the_clocks_skip_or_repeat_is_refused_with_both_candidates(start, zone, mode):
    with pytest.raises(NoSuchLocalTime) as refused:
        plan(start, zone=zone, mode=mode)
    early, late = refused.value.candidates
    assert early < late
    assert zone in str(refused.value)


def test_one_members_zone_is_enough_to_refuse():
    with pytest.raises(NoSuchLocalTime, match="Australia/Lord_Howe"):
        plan("2026-10-04T02:15", mode=Mode.WALL_CLOCK, zones=ZONES)


def test_a_zone_that_turns_up_late_begins_at_the_later_candidate():
    found = windows.late_window("2026-10-04T02:15", "2026-10-04T05:00", "Australia/Lord_Howe")
    with pytest.raises(NoSuchLocalTime) as refused:
        plan("2026-10-04T02:15", zone="Australia/Lord_Howe")
    assert found.starts_at == refused.value.candidates[1]


@pytest.mark.parametrize("end", ["2026-12-01T18:00", "2026-12-01T17:59", "2025-01-01T00:00"])
def test_the_end_comes_after_the_start(end):
    with pytest.raises(Invalid, match="after the start"):
        plan("2026-12-01T18:00", end)


def test_no_end_at_all():
    found = plan("2026-12-01T18:00", None, mode=Mode.WALL_CLOCK, zones=ZONES)
    assert windows.last_end(found) is None


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01T10:00", "2026-02-30T10:00", "2026-12-01 18:00:00"]
)
def test_what_is_no_time(text):
    with pytest.raises(Invalid):
        windows.read_wall(text)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.sampled_from(ZONES), st.sampled_from(ZONES)
)
def test_every_member_has_exactly_one_window(wall, zone, home):
    try:
        found = plan(windows.write_wall(wall), zone=zone, mode=Mode.WALL_CLOCK, zones=[home])
    except NoSuchLocalTime:
        return
    window = windows.window_of(found, home)
    shown = window.starts_at.astimezone(ZoneInfo(home)).replace(tzinfo=None)
    assert shown == wall.replace(second=0, microsecond=0)

"""The arithmetic of being in time, with the figures of usual routes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from union.notify.rules.capacity import (
    ROUTES,
    Load,
    Route,
    coverage,
    forecast,
    hand_over_rate,
    last_safe_start,
    slowest,
    validity,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("route", "segments", "drain"),
    [
        ("toll-free", 1, timedelta(hours=9, minutes=15, seconds=33)),
        ("10dlc-low-volume", 1, timedelta(hours=7, minutes=24, seconds=27)),
        ("alphanumeric", 1, timedelta(hours=2, minutes=46, seconds=40)),
        ("short-code", 1, timedelta(minutes=16, seconds=40)),
        ("10dlc-225", 1, timedelta(minutes=7, seconds=24)),
        ("10dlc-225", 2, timedelta(minutes=14, seconds=49)),
    ],
)
def test_a_hundred_thousand_texts(route, segments, drain):
    found = forecast(Load(100_000, 100_000 * segments), ROUTES[route])
    assert timedelta(seconds=round(found.drain)) == drain
    assert found.feasible
    assert found.total > found.drain


def test_what_the_queue_cannot_hold():
    found = forecast(Load(100_000, 200_000), ROUTES["toll-free"])
    assert found.problems == ("queue",)
    assert found.over == 200_000 - 3 * 36_000


def test_the_daily_cap_counts_what_went_before():
    route = Route("t-mobile", 100, daily_cap=10_000, price=Decimal("0.08"))
    found = forecast(Load(9_000, 9_000, used_today=4_000), route)
    assert (found.problems, found.over, found.cost) == (("daily_cap",), 3_000, Decimal("720.00"))


def test_nobody_takes_no_time():
    assert forecast(Load(0, 0), ROUTES["toll-free"]).total == 0
    assert slowest([]) == 0


def test_hand_over():
    assert hand_over_rate(callers=100, latency=0.1) == pytest.approx(1000)
    assert hand_over_rate(callers=8, latency=0.1) == pytest.approx(80)
    assert hand_over_rate(callers=8, latency=0) == pytest.approx(1250)


def test_the_last_safe_start():
    start = last_safe_start(NOW, to_act=timedelta(minutes=15), margin=timedelta(minutes=5), total=600)
    assert start == NOW - timedelta(minutes=30)


def test_coverage_of_independent_channels():
    assert coverage(0.9, 0.8) == pytest.approx(0.98)
    assert coverage() == 0


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (timedelta(hours=24), 36_000),
        (timedelta(minutes=10), 570),
        (timedelta(seconds=31), 5),
        (-timedelta(hours=1), 5),
    ],
)
def test_validity(left, seconds):
    assert validity(NOW + left, NOW) == seconds

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.actions.rules.notice import NONE, Notice, Unit, check_place, earliest_start, notice_of
from union.core.errors import Invalid

AMS = "Europe/Amsterdam"
ANY = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_hours_are_hours():
    assert earliest_start(at("2026-03-28T12:00"), Notice(72, Unit.HOURS), AMS) == at("2026-03-31T12:00")


def test_days_keep_the_time_on_the_wall_over_a_clock_change():
    # Saturday 13:00 winter time; seven days later 13:00 summer time is an hour less.
    assert earliest_start(at("2026-03-28T12:00"), Notice(7, Unit.DAYS), AMS) == at("2026-04-04T11:00")
    assert earliest_start(at("2026-10-24T11:00"), Notice(7, Unit.DAYS), AMS) == at("2026-10-31T12:00")


def test_clear_days_count_neither_end():
    # Monday 12 October: Tuesday to Saturday are clear, so from Sunday 00:00.
    assert earliest_start(at("2026-10-12T08:00"), Notice(5, Unit.CLEAR_DAYS), "Europe/Paris") == at(
        "2026-10-17T22:00"
    )


def test_swedish_working_days_skip_weekends_and_holidays():
    # Notice on Thursday 30 April 2026. 1 May is a holiday, 14 May (Ascension) is one too.
    # Working days: 4, 5, 6, 7, 8, 11, 12 May; the action may start on the 13th at midnight.
    found = earliest_start(at("2026-04-30T09:00"), Notice(7, Unit.WORKING_DAYS, "SE"), "Europe/Stockholm")
    assert found == at("2026-05-12T22:00")


def test_a_region_has_its_own_holidays():
    # Reformation Day, Saturday 2026; in Brandenburg it is a holiday in any case: take 2025, a Friday.
    berlin = earliest_start(at("2025-10-30T09:00"), Notice(1, Unit.WORKING_DAYS, "DE-BE"), "Europe/Berlin")
    brandenburg = earliest_start(
        at("2025-10-30T09:00"), Notice(1, Unit.WORKING_DAYS, "DE-BB"), "Europe/Berlin"
    )
    assert brandenburg - berlin == timedelta(days=3)


@pytest.mark.parametrize("place", ["", "internal", "XX", "DE-XX", "ATLANTIS"])
def test_unknown_holidays_are_refused_never_guessed(place):
    with pytest.raises(Invalid, match="holidays"):
        earliest_start(at("2026-04-30T09:00"), Notice(7, Unit.WORKING_DAYS, place), AMS)


def test_the_frozen_rule_tells_the_period():
    rule = {"jurisdiction": "SE", "action_notice": {"n": 7, "unit": "working_days"}}
    assert notice_of(rule) == Notice(7, Unit.WORKING_DAYS, "SE")
    assert notice_of(rule, "NL") == Notice(7, Unit.WORKING_DAYS, "NL")
    assert notice_of({"jurisdiction": "internal", "action_notice": None}) == NONE
    assert notice_of({"jurisdiction": "internal", "action_notice": {"n": 7, "unit": "days"}}).place == ""
    with pytest.raises(Invalid, match="fortnights"):
        notice_of({"action_notice": {"n": 1, "unit": "fortnights"}})


def test_every_shipped_preset_is_understood():
    from union.ballots.presets import presets

    seen = set()
    for preset in presets().values():
        found = notice_of(preset.frozen())
        seen.add(found.unit)
        place = found.place or "NL"
        earliest_start(at("2026-04-30T09:00"), Notice(found.length, found.unit, place), AMS)
    assert seen == set(Unit)


def test_place():
    assert check_place("de-be") == "DE-BE"
    assert check_place("") == ""


@given(ANY, st.integers(1, 30), st.sampled_from(list(Unit)))
def test_a_longer_period_never_ends_sooner(given_at, n, unit):
    shorter = earliest_start(given_at, Notice(n, unit, "NL"), AMS)
    longer = earliest_start(given_at, Notice(n + 1, unit, "NL"), AMS)
    assert given_at < shorter < longer

"""How long before an action the other side must know, and from when on it may start.

Pure; the length and unit come from the rule frozen in the mandate. Working days follow the holidays of a
place (the `holidays` library); a place it does not know is refused, never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from union.core.errors import Invalid
from union.core.i18n import msg


class Unit(StrEnum):
    """What a notice period is counted in.

    DAYS end at the same local time. CLEAR_DAYS and WORKING_DAYS are whole days between the day of the notice
    and the day of the start, neither counted.
    """

    HOURS = "hours"
    DAYS = "days"
    CLEAR_DAYS = "clear_days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True)
class Notice:
    """A notice period. place: ISO country, or country and region (DE-BE), for working days."""

    length: int
    unit: Unit
    place: str = ""


NONE = Notice(0, Unit.HOURS)

UNIT_NAMES: dict[Unit, tuple[str, str]] = {
    Unit.HOURS: (msg("%(n)s hour"), msg("%(n)s hours")),
    Unit.DAYS: (msg("%(n)s day"), msg("%(n)s days")),
    Unit.CLEAR_DAYS: (msg("%(n)s clear day"), msg("%(n)s clear days")),
    Unit.WORKING_DAYS: (msg("%(n)s working day"), msg("%(n)s working days")),
}


def notice_of(rule: Mapping[str, Any], place: str = "") -> Notice:
    """Return the notice period of a frozen rule, its `action_notice` {n, unit}; none without one.

    place: where the action takes place; else the rule's own jurisdiction. Raises Invalid for an unknown unit.
    """
    found = rule.get("action_notice")
    if not found:
        return NONE
    if found["unit"] not in set(Unit):
        raise Invalid(
            msg("The mandate's notice period has a unit we do not know: %(unit)s."), unit=found["unit"]
        )
    own = str(rule.get("jurisdiction") or "")
    return Notice(int(found["n"]), Unit(found["unit"]), place or (own if own != "internal" else ""))


def earliest_start(given_at: datetime, notice: Notice, zone: str) -> datetime:
    """Return the first instant (UTC) at which the action may start when notice was given at `given_at`.

    zone: where days begin and end. Raises Invalid when working days are asked for a place of unknown
    holidays.
    """
    if notice.length <= 0:
        return given_at
    here = ZoneInfo(zone)
    local = given_at.astimezone(here)
    match notice.unit:
        case Unit.HOURS:
            return given_at + timedelta(hours=notice.length)
        case Unit.DAYS:
            # The same time on the wall: aware arithmetic within one zone moves the local time, not the
            # instant.
            return (local + timedelta(days=notice.length)).astimezone(UTC)
        case Unit.CLEAR_DAYS:
            return _midnight(local.date() + timedelta(days=notice.length + 1), here)
        case Unit.WORKING_DAYS:
            return _midnight(_after_working_days(local.date(), notice), here)


def _midnight(day: date, here: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=here).astimezone(UTC)


def _after_working_days(day: date, notice: Notice) -> date:
    """Return the day after `notice.length` whole working days that follow `day`."""
    calendar = _calendar(notice.place)
    left = notice.length
    while left:
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
    return day + timedelta(days=1)


def _calendar(place: str) -> holidays.HolidayBase:
    country, _, region = place.partition("-")
    try:
        return holidays.country_holidays(country.upper(), subdiv=region.upper() or None)
    except NotImplementedError as unknown:
        raise Invalid(
            msg(
                "We do not know the holidays of %(place)s, so we cannot count working days. "
                "An organizer must give the action a country, such as NL, or a region, such as DE-BE."
            ),
            field="place",
            place=place or "?",
        ) from unknown


def check_place(place: str) -> str:
    """Return `place` in capitals, or raise Invalid where its holidays are unknown; empty is allowed."""
    if place:
        _calendar(place)
    return place.upper()

"""When an answer is due: periods of days, working days and months, counted as European law counts them. Pure.

Regulation (EEC, Euratom) No 1182/71 art. 3: the day of the event does not count; a period in months ends
with the last hour of the same date; one that would end on a Saturday, Sunday or public holiday ends with
the next working day.
"""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SATURDAY = 5


class Unit(StrEnum):
    """What a period is counted in."""

    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"


@dataclass(frozen=True)
class Span:
    """A period."""

    n: int
    unit: Unit


def add_months(day: date, n: int) -> date:
    """Return the same date `n` months later, or that month's last day where there is none."""
    months = day.year * 12 + day.month - 1 + n
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def is_working(day: date, holidays: Collection[date] = ()) -> bool:
    """Tell whether offices work on `day`."""
    return day.weekday() < SATURDAY and day not in holidays


def last_day(start: date, span: Span, holidays: Collection[date] = ()) -> date:
    """Return the last day of a period that begins with an event on `start`."""
    if span.unit is Unit.WORKING_DAYS:
        day, left = start, span.n
        while left:
            day += timedelta(1)
            left -= is_working(day, holidays)
        return day
    day = add_months(start, span.n) if span.unit is Unit.MONTHS else start + timedelta(span.n)
    while not is_working(day, holidays):
        day += timedelta(1)
    return day


def end_of(day: date, zone: str) -> datetime:
    """Return the instant at which `day` is over in `zone`: the next midnight there, whatever clocks did.

    Where clocks skip midnight, the first instant of the next day.
    """
    here = datetime.combine(day + timedelta(1), time(), ZoneInfo(zone))
    return here.astimezone(UTC)


def due(
    sent: datetime, zone: str, span: Span, *, valid_from: date | None = None, holidays: Collection[date] = ()
) -> datetime:
    """Return the instant by which an answer to something received at `sent` is due.

    valid_from: the day from which the rule applies; what was sent earlier counts as received on that day.
    """
    start = sent.astimezone(ZoneInfo(zone)).date()
    if valid_from is not None:
        start = max(start, valid_from)
    return end_of(last_day(start, span, holidays), zone)


def overdue(due_at: datetime, now: datetime) -> bool:
    """Tell whether the time is over."""
    return now >= due_at

"""How long a mandate lasts: months on the calendar, days and working days as the rule says.

Pure: values in, values out.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DEFAULT_MONTHS = 6


def months_later(instant: datetime, months: int, zone: str) -> datetime:
    """Return the same local date and time `months` later in `zone`; the last day of a shorter month.

    A local time that a clock change skips moves past it; one shown twice is the first.
    """
    here = instant.astimezone(ZoneInfo(zone))
    years, month = divmod(here.month - 1 + months, 12)
    year, month = here.year + years, month + 1
    day = min(here.day, monthrange(year, month)[1])
    return here.replace(year=year, month=month, day=day, fold=0).astimezone(UTC)


def expires(decided_at: datetime, rule: Mapping[str, Any], zone: str) -> datetime:
    """Return when a mandate taken under `rule` at `decided_at` ends; six months where the rule is silent."""
    return months_later(decided_at, int(rule.get("mandate_months") or DEFAULT_MONTHS), zone)


def must_start_by(decided_at: datetime, rule: Mapping[str, Any], zone: str) -> datetime | None:
    """Return by when the first action must have started; None where the rule sets no such term.

    The rule's `must_start_within` is {"n": …, "unit": hours, days, working_days, clear_days or months}.
    Working days count as calendar days here: the term ends rather too early than too late.
    """
    term = rule.get("must_start_within")
    if not term:
        return None
    number, unit = int(term["n"]), str(term["unit"])
    if unit == "months":
        return months_later(decided_at, number, zone)
    if unit == "hours":
        return decided_at + timedelta(hours=number)
    wall = decided_at.astimezone(ZoneInfo(zone)) + timedelta(days=number)
    return wall.replace(fold=0).astimezone(UTC)

"""When an action starts and ends: once for everybody, or at the same local time in every zone.

Pure; local times become instants by `core.zones`, which refuses a time that the clocks skip or repeat and
shows both candidates.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from union.actions.rules.states import Mode
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.zones import NoSuchLocalTime, instant

EVERYBODY = "*"


@dataclass(frozen=True)
class Window:
    """From when to when (UTC) the members of `zone` act; no end when it goes on until it is called off."""

    zone: str
    starts_at: datetime
    ends_at: datetime | None


def read_wall(text: str) -> datetime:
    """Return the naive local time written YYYY-MM-DDTHH:MM, with seconds or without; raises Invalid."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Invalid(msg("Write the time as year-month-day and hour:minute.")) from problem
    if wall.tzinfo is not None or "T" not in text:
        raise Invalid(msg("Write the time as year-month-day and hour:minute."))
    return wall


def write_wall(wall: datetime) -> str:
    """Return a naive local time as it is stored; seconds are cut off."""
    return wall.isoformat(timespec="minutes")


def plan(
    mode: Mode, wall_start: str, wall_end: str | None, zone: str, zones: Collection[str] = ()
) -> tuple[Window, ...]:
    """Return the windows of an action, first start first.

    zone: of the action; zones: where its members live, for wall-clock mode. Raises NoSuchLocalTime where a
    clock change skips or repeats a time in any of them, and Invalid when the end is not after the start.
    """
    wanted = [EVERYBODY] if mode is Mode.INSTANT else sorted({zone, *zones})
    found = [_window(name, zone if name == EVERYBODY else name, wall_start, wall_end) for name in wanted]
    return tuple(sorted(found, key=lambda window: (window.starts_at, window.zone)))


def _window(name: str, zone: str, wall_start: str, wall_end: str | None) -> Window:
    starts_at = instant(read_wall(wall_start), zone)
    ends_at = instant(read_wall(wall_end), zone) if wall_end else None
    if ends_at is not None and ends_at <= starts_at:
        raise Invalid(msg("The end must come after the start."), field="wall_end")
    return Window(name, starts_at, ends_at)


def late_window(wall_start: str, wall_end: str | None, zone: str) -> Window:
    """Return the window of a zone that turned up after arming.

    A skipped or repeated time becomes the later instant.

    Nobody can be asked any more, and later is never before the others agreed to begin.
    """
    return Window(zone, _settled(wall_start, zone), _settled(wall_end, zone) if wall_end else None)


def _settled(wall: str, zone: str) -> datetime:
    try:
        return instant(read_wall(wall), zone)
    except NoSuchLocalTime as refused:
        return refused.candidates[1]


def first_start(windows: Collection[Window]) -> datetime:
    """Return when the first zone starts."""
    return min(window.starts_at for window in windows)


def last_end(windows: Collection[Window]) -> datetime | None:
    """Return when the last zone ends; None when it has no fixed end."""
    ends = [window.ends_at for window in windows]
    return None if None in ends else max(end for end in ends if end is not None)


def window_of(windows: Collection[Window], zone: str) -> Window:
    """Return the window for a member who lives in `zone`: everybody's, that zone's, or else the first."""
    by_zone = {window.zone: window for window in windows}
    return by_zone.get(EVERYBODY) or by_zone.get(zone) or min(windows, key=lambda window: window.starts_at)

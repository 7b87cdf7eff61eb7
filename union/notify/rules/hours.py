"""When a member may be texted: quiet hours in the member's own zone, and who comes first.

Pure: instants in and out are aware UTC; local time only decides what is quiet. Works on every clock-change
day because windows are found by asking the zone, never by adding 24 hours.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from union.notify.rules.capacity import Route


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local times between which nobody is texted; `starts` may be later than `ends` (over midnight)."""

    starts: time = time(21, 0)
    ends: time = time(8, 0)

    def covers(self, local: time) -> bool:
        """Tell whether `local` (a naive wall-clock time) is quiet."""
        if self.starts == self.ends:
            return False
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends


_NOTHING = 1e-6  # segments: what rounding leaves
MICROSECOND = timedelta(microseconds=1)

QUIET = Quiet()
NO_QUIET = Quiet(time(0), time(0))


def is_quiet(instant: datetime, zone: str, quiet: Quiet = QUIET) -> bool:
    """Tell whether `instant` falls in the quiet hours of `zone`."""
    return quiet.covers(instant.astimezone(ZoneInfo(zone)).time())


def next_allowed(instant: datetime, zone: str, quiet: Quiet = QUIET) -> datetime:
    """Return the first instant from `instant` on at which `zone` may be texted."""
    if not is_quiet(instant, zone, quiet):
        return instant
    return windows(instant, instant + timedelta(days=3), zone, quiet)[0][0]


def windows(
    since: datetime, until: datetime, zone: str, quiet: Quiet = QUIET
) -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans [start, end) between `since` and `until` in which `zone` may be texted, in order."""
    if until <= since:
        return ()
    edges = {since, until}
    here = ZoneInfo(zone)
    day = since.astimezone(here).date() - timedelta(days=1)
    last = until.astimezone(here).date() + timedelta(days=1)
    while day <= last:
        edges |= {edge for wall in (quiet.starts, quiet.ends) for edge in _edges(day, wall, here)}
        day += timedelta(days=1)
    marks = sorted(edge for edge in edges if since <= edge <= until)
    spans: list[tuple[datetime, datetime]] = []
    for start, end in pairwise(marks):
        if is_quiet(start, zone, quiet):
            continue
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def _edges(day: date, wall: time, here: ZoneInfo) -> set[datetime]:
    """Return the instants at which local time reaches `wall` on `day`, and the clock change beside it."""
    local = datetime.combine(day, wall, tzinfo=here)
    both = {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
    if len(both) == 1:
        return both
    # Around a clock change local time may jump over the edge, or pass it twice: cut at the change as well.
    early, late = min(both), max(both)
    before = early.astimezone(here).utcoffset()
    low, high = early - timedelta(hours=3), late + timedelta(hours=3)
    if low.astimezone(here).utcoffset() != before:
        before = low.astimezone(here).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(here).utcoffset() == before:
            low = middle
        else:
            high = middle
    change = high.replace(microsecond=0)
    return both | {change}


@dataclass(frozen=True, slots=True)
class Zone:
    """A group of recipients in one zone. segments: what all their texts come to."""

    name: str
    segments: int


@dataclass(frozen=True, slots=True)
class Slot:
    """Texts to one zone between two instants, over every route that still may carry some."""

    zone: str
    starts: datetime
    ends: datetime
    segments: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is texted when. left: zone → segments that fit no permitted time before the deadline.

    used: route → segments it carries.
    """

    slots: tuple[Slot, ...]
    left: dict[str, float]
    used: dict[str, float]

    @property
    def ends(self) -> datetime | None:
        """When the last text is handed to the carrier; None for no texts."""
        return max((slot.ends for slot in self.slots), default=None)


def plan(
    groups: Collection[Zone],
    *,
    since: datetime,
    deadline: datetime,
    routes: Collection[Route],
    quiet: Quiet = QUIET,
) -> Plan:
    """Divide the routes, used side by side, over zones so that whoever must be done first goes first.

    Earliest deadline first: a zone's deadline is the end of its last permitted span before `deadline`. With
    a constant rate and texts that may be interrupted this order finds a plan whenever there is one. A daily
    cap counts days of UTC.
    """
    spans = {group.name: windows(since, deadline, group.name, quiet) for group in groups}
    left = {group.name: float(group.segments) for group in groups}
    due = {name: found[-1][1] for name, found in spans.items() if found}
    edges = {mark for found in spans.values() for span in found for mark in span}
    marks = sorted(edges | set(_midnights(since, deadline)))
    slots: list[Slot] = []
    used = dict.fromkeys((route.name for route in routes), 0.0)
    today: dict[str, float] = {}
    day = None
    for start, end in pairwise(marks):
        if start.date() != day:
            day, today = start.date(), {route.name: _cap(route) for route in routes}
        open_now = [name for name in due if any(a <= start and end <= b for a, b in spans[name])]
        clock = start
        for name in sorted(open_now, key=lambda name: (due[name], name)):
            while left[name] > _NOTHING and clock < end:
                carrying = [route for route in routes if today[route.name] > _NOTHING]
                if not carrying:
                    break
                slot = _slot(name, left[name], clock, end, carrying, today)
                for route in carrying:
                    sent = min(
                        today[route.name], (slot.ends - slot.starts).total_seconds() * route.per_second
                    )
                    today[route.name] -= sent
                    used[route.name] += sent
                left[name] -= slot.segments
                clock = slot.ends
                _append(slots, slot)
    return Plan(tuple(slots), {name: rest for name, rest in left.items() if rest > _NOTHING}, used)


def _slot(
    zone: str,
    segments: float,
    clock: datetime,
    end: datetime,
    routes: Collection[Route],
    today: Mapping[str, float],
) -> Slot:
    """Return texts to `zone` from `clock` on: until all left, the span ends or a route's day is spent."""
    rate = sum(route.per_second for route in routes)
    spent = min(today[route.name] / route.per_second for route in routes)
    seconds = min(segments / rate, spent, (end - clock).total_seconds())
    # A microsecond is the finest step of time there is; less would go nowhere.
    ends = min(end, clock + max(MICROSECOND, timedelta(seconds=seconds)))
    return Slot(zone, clock, ends, min(segments, seconds * rate))


def _cap(route: Route) -> float:
    return float("inf") if route.daily_cap is None else float(route.daily_cap)


def _midnights(since: datetime, until: datetime) -> Iterator[datetime]:
    at = datetime.combine(since.date() + timedelta(days=1), time(0), tzinfo=UTC)
    while at < until:
        yield at
        at += timedelta(days=1)


def _append(slots: list[Slot], slot: Slot) -> None:
    """Add `slot`, joined to the one before where it continues it."""
    if slots and slots[-1].zone == slot.zone and slots[-1].ends == slot.starts:
        before = slots.pop()
        slot = Slot(slot.zone, before.starts, slot.ends, before.segments + slot.segments)
    slots.append(slot)

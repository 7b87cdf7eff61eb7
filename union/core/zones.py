"""Wall-clock times at the edges: IANA zones in, UTC instants out.

Pure: values in, values out. A local time that a clock change skips or repeats is never guessed.
"""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from union.core.errors import Invalid
from union.core.i18n import msg


class NoSuchLocalTime(Invalid):
    """The local time is skipped or repeated by a clock change; `candidates` are the nearby instants (UTC)."""

    def __init__(self, text: str, candidates: tuple[datetime, datetime], **facts: str) -> None:
        super().__init__(text, field=None, **facts)
        self.candidates = candidates


def is_zone(name: str) -> bool:
    """Tell whether `name` is an IANA zone, such as Europe/Amsterdam."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    """Read the list once: it is a walk through hundreds of files."""
    return frozenset(available_timezones())


def instant(wall: datetime, zone: str) -> datetime:
    """Turn a naive local time in `zone` into the UTC instant it names.

    Raises NoSuchLocalTime where the clocks jump over `wall` or show it twice, with both candidates,
    and Invalid for an unknown zone.
    """
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), zone=zone)
    here = ZoneInfo(zone)
    first = wall.replace(tzinfo=here, fold=0)
    second = wall.replace(tzinfo=here, fold=1)
    early, late = first.astimezone(UTC), second.astimezone(UTC)
    if early == late:
        return early
    skipped = early.astimezone(here).replace(tzinfo=None) != wall
    candidates = (min(early, late), max(early, late))
    shown = " / ".join(c.astimezone(here).strftime("%H:%M %Z") for c in candidates)
    text = (
        msg("%(wall)s does not exist in %(zone)s: the clocks go forward. Choose one of: %(choices)s.")
        if skipped
        else msg("%(wall)s happens twice in %(zone)s: the clocks go back. Choose one of: %(choices)s.")
    )
    raise NoSuchLocalTime(text, candidates, wall=wall.strftime("%Y-%m-%d %H:%M"), zone=zone, choices=shown)

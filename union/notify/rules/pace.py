"""Texts that leave one after the other, and what is foreseen of messages that are not written yet.

Pure: the outbox's rows and the forecast of them are made by the same line, so what is foretold leaves so.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from union.notify.rules.hours import MICROSECOND
from union.notify.rules.kinds import Channel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Line:
    """A sender's line. per_second: segments that it takes; whoever comes next waits until it is free."""

    def __init__(self, per_second: float) -> None:
        self._gap = timedelta(seconds=1 / per_second)
        self._free: datetime | None = None

    def next(self, wanted: datetime) -> datetime:
        """Return when a text that may leave from `wanted` on would leave."""
        return wanted if self._free is None else max(wanted, self._free)

    def take(self, at: datetime, segments: int) -> None:
        """Let a text of so many segments leave at `at`."""
        self._free = at + self._gap * segments


class Foreseen(NamedTuple):
    """One message that would be written. at: microseconds since 1970 (UTC) before which it does not leave.

    cause: why it would not be sent (`rules.causes`); None when it would.
    """

    member_id: str
    channel: Channel
    zone: str
    segments: int
    at: int
    cause: str | None


def microseconds(at: datetime) -> int:
    """Return whole microseconds since 1970 (UTC): tens of thousands of instants are quicker as numbers."""
    return (at - _EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    """Return the instant of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)

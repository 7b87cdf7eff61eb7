"""The one place that reads the clock.

Edges (views, commands, jobs) ask once and pass the answer down as `now`; nothing below reads time itself.
"""

from datetime import UTC, datetime
from time import perf_counter


def utcnow() -> datetime:
    """Return the current instant as an aware UTC datetime."""
    return datetime.now(UTC)


def stopwatch() -> float:
    """Return monotonic seconds, for measuring how long something took, never for dates."""
    return perf_counter()

"""Whether an error is the database's trouble - away, full, read-only, busy - or a fault of ours.

Trouble passes: whoever meets it says so, keeps what people typed, and tries again.
"""

import sqlite3
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from union.core.clock import stopwatch

REPEAT_EVERY: Final = 60.0
"""Seconds between two lines about the same outage: a full disk must not be filled with them."""


class Outage(StrEnum):
    """What is the matter, as it completes "the database …" in a log or a command's answer."""

    AWAY = "does not answer"
    FULL = "has no room on its disk"
    READ_ONLY = "can only be read"
    BUSY = "is held by somebody else"


_SQLITE = {
    sqlite3.SQLITE_FULL: Outage.FULL,
    sqlite3.SQLITE_READONLY: Outage.READ_ONLY,
    sqlite3.SQLITE_BUSY: Outage.BUSY,
    sqlite3.SQLITE_LOCKED: Outage.BUSY,
    sqlite3.SQLITE_IOERR: Outage.AWAY,
    sqlite3.SQLITE_CANTOPEN: Outage.AWAY,
}
# SQLSTATE (PostgreSQL, appendix A): whole classes by their first two characters, single states before them.
_POSTGRESQL = {
    "53100": Outage.FULL,
    "25006": Outage.READ_ONLY,
    "55P03": Outage.BUSY,
    "25P03": Outage.AWAY,
    "08": Outage.AWAY,
    "53": Outage.BUSY,
    "57": Outage.AWAY,
    "58": Outage.AWAY,
}


def outage(error: BaseException | None) -> Outage | None:
    """Return what is the matter with the database, None where `error` says nothing of the kind."""
    if isinstance(error, NoneFree):
        return Outage.BUSY
    if not isinstance(error, DBAPIError):
        return None
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        # the low byte names the kind, the rest says where it happened
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    if not isinstance(cause, psycopg.Error):
        return None
    state = cause.sqlstate
    if state is None:
        # the server said nothing: there is no connection, or it broke
        return Outage.AWAY if isinstance(cause, psycopg.OperationalError) else None
    return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])


class Unanswered(OperationalError):
    """A COMMIT that was sent and got no answer: what it was to keep is kept whole, or not at all."""

    def __init__(self, error: DBAPIError) -> None:
        broken = error.connection_invalidated
        super().__init__("COMMIT", None, error.orig, hide_parameters=True, connection_invalidated=broken)  # type: ignore[arg-type]


@contextmanager
def committing() -> Iterator[None]:
    """Tell a COMMIT without an answer from one that was refused; raises Unanswered."""
    try:
        yield
    except DBAPIError as error:
        if outage(error) is Outage.AWAY:
            raise Unanswered(error) from error
        raise


class Seldom:
    """Tells whether a trouble is worth a line in the log: once a minute, whoever met it."""

    def __init__(self) -> None:
        self._last: dict[Hashable, float] = {}

    def __call__(self, trouble: Hashable) -> bool:
        """Return True for the first in a minute."""
        if stopwatch() - self._last.get(trouble, -REPEAT_EVERY) < REPEAT_EVERY:
            return False
        self._last[trouble] = stopwatch()
        return True

"""How long a line to PostgreSQL is believed in: dead, half a minute; silent, as long as somebody can wait.

A server that is frozen keeps its lines alive and says nothing, and no setting of it or of TCP ends that: so
the web, where somebody waits, gives each answer so much time and then hangs up. Nothing else does: a
migration, a count or a settlement takes as long as it takes, and goes on when the server does.
"""

import select
import threading
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

from union.core.clock import stopwatch

__all__ = ["WEB", "Patience", "watch"]

WEB: Final = 15.0
"""Seconds the web waits for an answer: as long as on SQLite for another's lock."""
LITTLE: Final = 2.0
"""Seconds once an answer did not come, until one comes: nobody waits long for a server known to be silent."""
LINE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""What libpq is told where the database's address says nothing else: seconds, and milliseconds the last.

The kernel at the other end answers these, however long the server is busy with a statement.
"""

Got = TypeVar("Got")


def _heard(line: int) -> bool:
    """Tell whether anything was said on a line, its end too; takes a microsecond and asks nobody."""
    asked = select.poll()
    asked.register(line, select.POLLIN)
    return bool(asked.poll(0))


class Patience:
    """How long the threads of a process wait for one answer: `most` seconds, a little while none come."""

    def __init__(self, most: float) -> None:
        self._most, self._silent = most, threading.Event()

    @property
    def seconds(self) -> float:
        """How long to wait from now."""
        return min(self._most, LITTLE) if self._silent.is_set() else self._most

    def heard(self) -> None:
        """Note that the server answers."""
        if self._silent.is_set():
            self._silent.clear()

    def missed(self) -> None:
        """Note that an answer did not come."""
        self._silent.set()


class Watched(psycopg.Connection[Any]):
    """A connection that hangs up when an answer does not come in time; what was open is rolled back."""

    patience: Patience | None = None

    def wait(self, gen: PQGen[Got], interval: float = 0.1, timeout: float | None = None) -> Got:
        """Wait for one answer; raises psycopg.OperationalError, and hangs up, when patience is at its end."""
        if self.patience is None:
            return super().wait(gen, interval, timeout)
        most, began = self.patience.seconds, stopwatch()
        try:
            got = super().wait(gen, interval, most)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or stopwatch() - began < most:
                raise
            self.patience.missed()
            self.pgconn.finish()
            msg = f"no answer within {most:g} s"
            raise psycopg.OperationalError(msg) from error
        self.patience.heard()
        return got


def watch(engine: Engine, patience: Patience | None) -> None:
    """Let a PostgreSQL engine notice dead lines, and hang up on silent ones where there is `patience`."""

    @event.listens_for(engine, "checkout")
    def over(line: psycopg.Connection[Any], record: object, proxy: object) -> None:
        """Open another in the place of one that rested while the server went: nobody need see a fault.

        A server that goes says so, or its kernel does; nothing else is ever heard on a line at rest.
        """
        del record, proxy
        if line.closed or _heard(line.fileno()):
            raise DisconnectionError

    @event.listens_for(engine, "do_connect")
    def connect(
        dialect: object, record: object, places: tuple[Any, ...], facts: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        del dialect, record
        facts = {**LINE, **facts}
        if patience is None:
            return psycopg.connect(*places, **facts)
        facts["connect_timeout"] = min(int(patience.seconds), int(facts["connect_timeout"]))
        try:
            made = Watched.connect(*places, **facts)
        except psycopg.errors.ConnectionTimeout:
            patience.missed()
            raise
        made.patience = patience
        return made

"""Who does the sending: the scheduler itself, or workers on other machines. Three verbs, one way of sending.

An announcement says only "there is something to send on this channel"; the rows decide what, to whom and
whether at all. So an announcement may be lost, doubled or late: whoever comes claims what is due, and the
next tick announces what is still there.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from union.core.outage import Seldom, outage
from union.notify.rules.kinds import Channel

log = logging.getLogger(__name__)

IDLE: Final = 1.0
"""Seconds between two looks at the rows by a worker that nobody calls."""
RECOVERY: Final = 5.0
"""Seconds until a worker asks a database again that does not serve it."""


class Unreachable(Exception):
    """Nobody could be told: the broker does not answer, or no worker listens. Send it yourself."""


@dataclass(frozen=True, slots=True)
class Work:
    """What an engine may do to rows.

    send: hand over up to so many due messages of a channel (None: all), return how many were tried.
    due: how many are due, as far as it is worth counting. latest: when the newest lease of those being sent
    ends. fresh: begin anew in a forked process, which must not share connections with its parent. beat: say
    that this worker is alive.
    """

    send: Callable[[Channel, int | None], int]
    due: Callable[[Channel], int]
    latest: Callable[[Channel], int]
    fresh: Callable[[], None]
    beat: Callable[[], None]
    stop: threading.Event


@dataclass(frozen=True, slots=True)
class Line:
    """What waits for the workers of one channel. waiting: chunks announced and not taken."""

    channel: Channel
    waiting: int
    workers: int


@dataclass(frozen=True, slots=True)
class Health:
    """How an engine is. lines is empty where there is no broker; problem says what is wrong, or nothing."""

    engine: str
    lines: tuple[Line, ...] = ()
    problem: str = ""


class Engine(Protocol):
    """Three verbs; who implements them is a matter of settings."""

    def announce(self, channel: Channel) -> int:
        """Have what is due on `channel` sent; return how many messages or chunks. Raises Unreachable."""
        ...

    def run_worker(self, channels: Sequence[Channel], *, processes: int) -> int:
        """Send for `channels` until SIGTERM, finish the batch in hand, return an exit status."""
        ...

    def health(self) -> Health:
        """Say whether announcements arrive, what waits and who listens."""
        ...


class Patience:
    """Outlives an outage of the database: a worker that is gone would have to be started by hand."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._worth_a_line = Seldom()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Say what is wrong, at most once a minute, and wait a little; faults of ours go on to the caller."""
        try:
            yield
        except SQLAlchemyError as error:
            trouble = outage(error)
            if trouble is None:
                raise
            if self._worth_a_line(trouble):
                log.warning("the database %s; trying again", trouble)
            self._stop.wait(RECOVERY)


class Embedded:
    """The default: whoever announces sends. A worker of it looks at the rows each second."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._patience = Patience(work.stop)

    def announce(self, channel: Channel) -> int:
        """Send all that is due, here and now."""
        return self._work.send(channel, None)

    def run_worker(self, channels: Sequence[Channel], *, processes: int) -> int:
        """Look at the rows each second with `processes` threads for each channel."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        senders = [
            threading.Thread(target=self._drain, args=(channel,), name=f"{channel.value}-{n}")
            for channel in channels
            for n in range(processes)
        ]
        for sender in senders:
            sender.start()
        while not self._work.stop.wait(IDLE):
            with self._patience():
                self._work.beat()
        for sender in senders:
            sender.join()
        return 0

    def _drain(self, channel: Channel) -> None:
        while not self._work.stop.is_set():
            sent = 0
            with self._patience():
                sent = self._work.send(channel, None)
            if not sent:
                self._work.stop.wait(IDLE)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._work.stop.set()

    def health(self) -> Health:
        """Nothing waits anywhere but in the rows."""
        return Health("embedded")

"""How long it takes to write one alert to 100,000 members, and to hand messages over."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import process_time

from union.bench.figures import Figure, fresh, load, peak, timed
from union.core.clock import utcnow
from union.core.db import installed, transaction
from union.notify import service as notify
from union.notify.channels.base import Accepted, Answer, Blind, LookUp, Message, Single
from union.notify.delivery import Sender, deliver
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient
from union.notify.service.statements import copy_rows
from union.notify.testing import measure

COUNTS = (10_000, 100_000)
ZONES = ("Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata")
GOAL = {"sqlite": 2.0, "postgresql": 3.0}
"""Seconds for 100,000 rows."""


AT_ONCE = 50_000
"""Members that the caller of a very long alert holds at once."""


@dataclass
class Effort:
    """Seconds by the wall and of this process's processor."""

    seconds: float = 0.0
    cpu: float = 0.0

    def spend(self, act: Callable[[], object]) -> None:
        """Add what `act` takes."""
        began = process_time()
        self.seconds += timed(act)
        self.cpu += process_time() - began


def run(folder: Path) -> list[Figure]:
    """Fan one alert out to growing audiences, then hand messages over, beside bare loops doing the same."""
    _begun(folder)
    found = [figure for count in COUNTS for figure in _growth(folder, count)]
    found.append(Figure("memory at most, 100,000 rows", peak(), "MiB", 300, "the goal", higher=False))
    for beside in (
        measure.hand_over_texts(1_000, latency=0.0, callers=4),
        measure.hand_over_texts(500, latency=0.1, callers=32),
        *measure.hand_over_mails(1_000),
    ):
        found += _hand_over(beside)
    return [*found, load()]


def grown(folder: Path) -> list[Figure]:
    """Write, claim, send and mark 10,000, 100,000 and a million messages, on request: it takes minutes.

    Those of one size are claimed from among as many. The provider is within this process and takes all at
    once, so that only our own work is measured; each size stands beside the smallest.
    """
    _begun(folder)
    found: list[Figure] = []
    least: list[float] = []
    for count in GROWTH:
        written, sent = Effort(), Effort()
        for first in range(0, count, AT_ONCE):
            recipients = _recipients(first, min(count, first + AT_ONCE))
            written.spend(partial(_fan_out, count, recipients))
        sent.spend(partial(_drain, count))
        each = [effort / count * 1_000_000 for one in (written, sent) for effort in (one.seconds, one.cpu)]
        least = least or each
        limit = f"{GROWTH[0]:,} rows"
        for what, value, beside in zip(STEPS, each, least, strict=True):
            found.append(Figure(f"{count:>9,} rows, {what}", value, "µs each", beside, limit, higher=False))
        found.append(
            Figure(f"{count:>9,} rows, memory at most", peak(), "MiB", 300, "the goal", higher=False)
        )
    return [*found, load()]


STEPS = ("written", "  processor", "claimed, sent and marked", "  processor")
GROWTH = (10_000, 100_000, 1_000_000)


class _Taker(Single):
    """A provider within this process that takes every message."""

    name = "bench"
    channel = Channel.SMS
    callers = 1

    def send(self, message: Message, now: datetime) -> Answer:
        """Take it."""
        del now
        return Accepted(message.key)

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Nothing is ever in doubt."""
        del message, since, taken
        return Blind(self.name)

    def close(self) -> None:
        """Nothing is open."""


def _drain(count: int) -> None:
    sent = deliver(_Taker(), Sender("Bench", "https://union.example"), clock=utcnow)
    if sent.accepted != count:
        raise RuntimeError(f"{sent.accepted} of {count} messages were taken")


def _begun(folder: Path) -> None:
    """Begin a union and write to one member: what a process does once is not part of an alert."""
    fresh(folder)
    _fan_out(1, _recipients(0, 1))
    with transaction() as session:
        notify.cancel(session, now=utcnow(), ref="bench:1")


def _growth(folder: Path, count: int) -> list[Figure]:
    """Write the rows of one alert; the members are in memory already."""
    kind = installed().engine.dialect.name
    ours, bare = Effort(), Effort()
    recipients = _recipients(0, count)
    ours.spend(partial(_fan_out, count, recipients))
    bare.spend(
        partial(_bare_copy if kind == "postgresql" else partial(_bare, folder / f"bare-{count}.db"), count)
    )
    what, limit = f"one alert to {count:,} outbox rows, sealed", f"bare {kind} inserts"
    found = [
        Figure(what, ours.seconds, "s", bare.seconds, limit, higher=False),
        Figure("  of this process's processor", ours.cpu, "s", bare.cpu, limit, higher=False),
    ]
    if count == COUNTS[-1]:
        found.append(Figure(what, ours.seconds, "s", GOAL[kind], "the goal", higher=False))
    return found


def _hand_over(beside: measure.Beside) -> list[Figure]:
    """Both ways to look at it: how many a second, and what one costs, which a busy machine changes less."""
    name, ours, bare, limit = beside.name, beside.ours, beside.bare, beside.limit
    return [
        Figure(f"{name}: handed over", ours.rate, "/s", bare.rate, limit),
        Figure(f"{name}: processor", ours.cpu_each, "µs each", bare.cpu_each, limit, higher=False),
    ]


def _recipients(first: int, end: int) -> list[Recipient]:
    shared = {
        zone: {"start": f"Tue 1 Dec 18:00 {zone}", "link": "https://union.example/a/1"} for zone in ZONES
    }
    return [
        Recipient(
            member_id=f"member-{n:012d}",
            channel=Channel.SMS,
            to=f"+3161{n:07d}",
            language="en",
            zone=ZONES[n % len(ZONES)],
            fields=shared[ZONES[n % len(ZONES)]],
        )
        for n in range(first, end)
    ]


def _fan_out(count: int, recipients: list[Recipient]) -> None:
    now = utcnow()
    with transaction() as session:
        written = notify.enqueue_many(
            session,
            now=now,
            ref=f"bench:{count}",
            kind="briefing",
            template="actions/briefing",
            lane=Lane.ALERT,
            expires_at=now + timedelta(hours=4),
            recipients=recipients,
        )
    if written.written != len(recipients):
        raise RuntimeError(f"{written.written} of {len(recipients)} rows were written")


def _bare(path: Path, count: int) -> None:
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA journal_mode=WAL")
        plain.execute("PRAGMA synchronous=FULL")
        plain.execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER, d BLOB, UNIQUE (a, b))"
        )
        plain.executemany(
            "INSERT INTO t (a, b, c, d) VALUES (?, ?, ?, ?)",
            ((f"bench:{count}", f"member-{n:012d}", n, bytes(120)) for n in range(count)),
        )
    plain.close()


def _bare_copy(count: int) -> None:
    """COPY as many plain rows into a table with one unique index, and commit."""
    with transaction() as session:
        session.connection().exec_driver_sql(
            "CREATE TABLE bare (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " a TEXT, b TEXT, c BIGINT, d BYTEA, UNIQUE (a, b))"
        )
        rows = ((f"bench:{count}", f"member-{n:012d}", n, bytes(120)) for n in range(count))
        copy_rows(session, "bare (a, b, c, d)", ["text", "text", "int8", "bytea"], rows)
    with transaction() as session:
        session.connection().exec_driver_sql("DROP TABLE bare")

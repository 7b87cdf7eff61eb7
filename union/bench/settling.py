"""How long a round of a million pledges takes to settle, and how long its write lock keeps others waiting."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import TypeVar

from union.bench.campaigns import SEALED_AS, gathering, grow
from union.bench.figures import Figure, fresh, peak, quantile, timed
from union.campaigns import tipping
from union.campaigns.service import settling
from union.core.actor import SYSTEM
from union.core.clock import stopwatch, utcnow
from union.core.db import reading, transaction
from union.core.sealing import vault

COUNT = 1_000_000
Value = TypeVar("Value")


def run(folder: Path) -> list[Figure]:
    """Settle a round as the job does, step by step, beside the bare steps over as many pledges."""
    settings = fresh(folder)
    asked = list(minimums(COUNT))
    slug = gathering(unit=COUNT, threshold=1_000)
    grow(slug, asked)
    now = utcnow() + timedelta(days=10)

    def weigh() -> settling.Weighed | None:
        with reading() as session:
            return settling.weigh(session, slug=slug, actor=SYSTEM, now=now)

    def settle() -> settling.Settlement | None:
        with transaction() as session:
            return settling.settle(
                session, slug=slug, actor=SYSTEM, now=now, public_url=settings.public_url, weighed=weighed
            )

    before = peak()
    weighed, weighing = _measured(weigh)
    memory = peak() - before
    began = stopwatch()
    settled, locked = _measured(settle)
    held = stopwatch() - began
    if settled is None or settled.called != tipping.settle(_people(asked)):
        raise RuntimeError(f"the round came out as {settled}")
    parts, writing = _measured(lambda: list(_write(slug)))
    opening = _bare_opening(asked)
    solving = _measured(lambda: tipping.settle(_people(asked)))[1]
    bare, limit = _bare_updates(folder / "bare.db"), "opening and solving alone"
    named = f"{COUNT:,} pledges"
    parts = parts or [0.0]
    return [
        Figure(
            f"{named} weighed, no lock (processor)", weighing, "s", opening + solving, limit, higher=False
        ),
        Figure(f"{named}, the solver alone (processor)", solving, "s"),
        Figure("memory for it, beyond what the bench itself holds", memory, "MiB"),
        Figure(f"{named} settled, the write lock held once", held * 1000, "ms"),
        Figure("the same (processor)", locked * 1000, "ms"),
        Figure(
            f"{named}, outcome written (processor)", writing, "s", bare, "bare SQLite updates", higher=False
        ),
        Figure(f"longest of its {len(parts)} locks", max(parts) * 1000, "ms"),
        Figure("lock held, p50", quantile(parts, 0.5) * 1000, "ms"),
    ]


def minimums(count: int) -> Iterator[str]:
    """Yield private minimums, numbers and shares: seven of ten can act together, the others ask for more."""
    for n in range(count):
        number = 1 + secrets.randbelow(count * 6 // 10)
        yield str(number) if n % 10 < 7 else f"{8 + secrets.randbelow(2)}/10"  # noqa: PLR2004 - see above


def _people(asked: list[str]) -> list[int]:
    return [tipping.Minimum.parse(one).resolve(COUNT) for one in asked]


def _write(slug: str) -> Iterator[float]:
    """Write the outcome part by part; yield the seconds each held the lock, its commit included."""
    more = True
    while more:
        with reading() as session:
            part = settling.outcome_part(session, slug=slug, actor=SYSTEM)
        if part is None:
            return

        def write(part: settling.Part = part) -> None:
            nonlocal more
            with transaction() as session:
                more = settling.write_part(session, slug=slug, actor=SYSTEM, part=part)

        yield timed(write)


def _measured(act: Callable[[], Value]) -> tuple[Value, float]:
    """Return what `act` gives and the processor's seconds it took: a busy machine changes those less."""
    began = process_time()
    return act(), process_time() - began


def _bare_opening(asked: list[str]) -> float:
    sealed, opened = [vault().seal(one, SEALED_AS) for one in asked], vault().open
    return _measured(lambda: [opened(one, SEALED_AS) for one in sealed])[1]


def _bare_updates(path: Path) -> float:
    """Return the processor's seconds of one UPDATE that empties a column of as many rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("PRAGMA journal_mode=WAL")
        plain.execute("PRAGMA secure_delete=ON")
        plain.execute("CREATE TABLE t (a TEXT, b TEXT, c BLOB, d INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID")
        plain.execute("BEGIN")
        plain.executemany(
            "INSERT INTO t VALUES ('campaign', ?, ?, 1)", ((f"{n:020d}", bytes(33)) for n in range(COUNT))
        )
        plain.execute("COMMIT")
        return _measured(lambda: plain.execute("UPDATE t SET c = NULL, d = 0"))[1]

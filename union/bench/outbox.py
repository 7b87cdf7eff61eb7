"""How long it takes to write one alert to 100,000 members, and to hand messages over."""

import resource
import sqlite3
from datetime import timedelta
from pathlib import Path
from time import process_time

from union.bench.figures import Figure, fresh, timed
from union.core.clock import utcnow
from union.core.db import transaction
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient
from union.notify.testing import measure

COUNTS = (10_000, 100_000)
ZONES = ("Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata")


def run(folder: Path) -> list[Figure]:
    """Fan one alert out to growing audiences, then hand messages over, beside bare loops doing the same."""
    fresh(folder)
    found = [_growth(folder, count) for count in COUNTS]
    found.append(Figure("memory at most, 100,000 rows", _peak(), "MiB", 300, "the goal", higher=False))
    for beside in (
        measure.hand_over_texts(1_000, latency=0.0, callers=4),
        measure.hand_over_texts(500, latency=0.1, callers=32),
        measure.hand_over_mails(1_000),
    ):
        found += _hand_over(beside)
    return found


def grown(folder: Path) -> list[Figure]:
    """The same fan-out for a million, on request: it takes minutes."""
    fresh(folder)
    return [_growth(folder, 1_000_000), Figure("memory at most, a million rows", _peak(), "MiB")]


def _growth(folder: Path, count: int) -> Figure:
    began = process_time()
    seconds = timed(lambda: _fan_out(count))
    cpu = process_time() - began
    bare = timed(lambda: _bare(folder / f"bare-{count}.db", count))
    what = f"one alert to {count:,} outbox rows, sealed ({cpu:.1f} s of processor)"
    return Figure(what, seconds, "s", bare, "bare SQLite inserts", higher=False)


def _hand_over(beside: measure.Beside) -> list[Figure]:
    """Both ways to look at it: how many a second, and what one costs, which a busy machine changes less."""
    ours, bare, loop = beside.ours, beside.bare, "a loop that only sends"
    return [
        Figure(f"{beside.name}: handed over", ours.rate, "/s", bare.rate, loop),
        Figure(f"{beside.name}: processor", ours.cpu_each, "µs each", bare.cpu_each, loop, higher=False),
    ]


def _peak() -> float:
    """Return the most memory this process ever had, in MiB; the kernel's own mark where it keeps one."""
    status = Path("/proc/self/status")
    if status.exists():
        marks = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(marks["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _fan_out(count: int) -> None:
    now = utcnow()
    shared = {
        zone: {"start": f"Tue 1 Dec 18:00 {zone}", "link": "https://union.example/a/1"} for zone in ZONES
    }
    recipients = [
        Recipient(
            member_id=f"member-{n:012d}",
            channel=Channel.SMS,
            to=f"+3161{n:07d}",
            language="en",
            zone=ZONES[n % len(ZONES)],
            fields=shared[ZONES[n % len(ZONES)]],
        )
        for n in range(count)
    ]
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
    if written.written != count:
        raise RuntimeError(f"{written.written} of {count} rows were written")


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

"""How long it takes to write one alert to 100,000 members, and to hand messages over."""

import sqlite3
from datetime import timedelta
from pathlib import Path

from union.bench.figures import Figure, fresh, timed
from union.core.clock import utcnow
from union.core.db import transaction
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.notify.service import Recipient

COUNTS = (10_000, 100_000)
ZONES = ("Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata")


def run(folder: Path) -> list[Figure]:
    """Fan one alert out to growing audiences, beside bare inserts of rows of the same size."""
    fresh(folder)
    found = []
    for count in COUNTS:
        seconds = timed(lambda count=count: _fan_out(count))  # type: ignore[misc]
        bare = timed(lambda count=count: _bare(folder / f"bare-{count}.db", count))  # type: ignore[misc]
        found.append(
            Figure(
                f"one alert to {count:,} outbox rows, sealed",
                seconds,
                "s",
                bare,
                "bare SQLite inserts",
                higher=False,
            )
        )
    return found


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

"""What a campaign page costs the server while its campaign grows."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import islice, repeat
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import MetaData, Table, insert, select, text, update

from union.app import create_app
from union.bench.figures import Figure, fresh, quantile, timed
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import Session, installed, to_microseconds, transaction
from union.core.ids import new_id
from union.core.sealing import vault
from union.platforms import service as directory

COUNTS = (1_000, 10_000, 100_000)
VISITS = 150
BATCH = 50_000
SEALED_AS = "pledge.at_least"


def run(folder: Path) -> list[Figure]:
    """Visit one campaign's page with growing numbers of pledges, beside a page that reads nothing."""
    settings = fresh(folder)
    slug = gathering(unit=200_000, threshold=50_000)
    client = create_app(settings).test_client()
    empty = [timed(lambda: client.get("/sign-in").close()) * 1000 for _ in range(VISITS)]
    found, there = [], 0
    for count in COUNTS:
        grow(slug, repeat("1", count - there))
        there = count
        for _ in range(5):
            client.get(f"/campaigns/{slug}").close()
        times = [timed(lambda: client.get(f"/campaigns/{slug}").close()) * 1000 for _ in range(VISITS)]
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            found.append(
                Figure(
                    f"campaign page, {count:,} pledges, {name}",
                    quantile(times, share),
                    "ms",
                    quantile(empty, share),
                    "the sign-in page",
                    higher=False,
                )
            )
    return found


def gathering(*, unit: int, threshold: int) -> str:
    """Publish a campaign that asks for pledges and return its slug; its round runs for nine days."""
    now = utcnow()
    with transaction() as session:
        directory.load_directory(session, actor=SYSTEM, now=now)
        slug = campaigning.create(
            session,
            actor=SYSTEM,
            now=now,
            draft=campaigning.Draft(
                platform_slug="uber",
                title="Pay for waiting time",
                demand="Every minute is paid.",
                summary="We wait.",
                reasons="",
                pledge_text="I log off.",
                unit=unit,
                goal=2 * threshold,
                threshold=threshold,
                pledge_deadline=now + timedelta(days=9),
                zone="Europe/Amsterdam",
            ),
        )
        campaigning.publish(session, slug=slug, actor=SYSTEM, now=now)
    return slug


def grow(slug: str, minimums: Iterable[str]) -> None:
    """Add a pledged member for each private minimum, straight to the tables, a batch a transaction.

    What is measured is reading and settling, not joining; in order of their ids it is done soonest.
    """
    tables = MetaData()
    tables.reflect(installed().engine, only=["member", "affiliation", "pledge", "campaign"])
    asked = list(minimums)
    rows = zip(sorted(new_id() for _ in asked), asked, strict=True)
    while batch := dict(islice(rows, BATCH)):
        _add(tables.tables, slug, batch)
    if installed().engine.dialect.name == "postgresql":
        with transaction() as session:
            # what the server does by itself within a minute: a plan made without it knows of no rows
            session.execute(text("ANALYZE"))


def _insert(session: Session, table: Table, rows: list[dict[str, object]]) -> None:
    """Insert rows with the same columns; PostgreSQL takes them in one COPY."""
    bare = session.connection().connection.driver_connection
    if not isinstance(bare, psycopg.Connection):
        session.execute(insert(table), rows)
        return
    names = list(rows[0])
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with bare.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def _add(tables: Mapping[str, Table], slug: str, minimums: dict[str, str]) -> None:
    campaign, sealed = tables["campaign"], vault()
    required = {
        "state": "active",
        "name": sealed.seal("x", "member.name"),
        "language": "en",
        "zone": "Europe/Amsterdam",
        "applied_at": to_microseconds(utcnow()),
    }
    ids = list(minimums)
    with transaction() as session:
        row = session.execute(select(campaign.c.id).where(campaign.c.slug == slug)).scalar_one()
        _insert(session, tables["member"], [{"id": i, **required} for i in ids])
        _insert(
            session,
            tables["affiliation"],
            [{"member_id": i, "platform_slug": "uber", "kind": "driver"} for i in ids],
        )
        _insert(
            session,
            tables["pledge"],
            [
                {
                    "campaign_id": row,
                    "member_id": i,
                    "at_least": sealed.seal(least, SEALED_AS),
                    "verified": True,
                }
                for i, least in minimums.items()
            ],
        )
        session.execute(
            update(campaign)
            .where(campaign.c.id == row)
            .values(
                pledged_count=campaign.c.pledged_count + len(ids),
                verified_count=campaign.c.verified_count + len(ids),
                band_changes=secrets.randbelow(3),
            )
        )

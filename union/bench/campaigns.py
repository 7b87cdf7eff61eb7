"""What a campaign page costs the server while its campaign grows."""

import secrets
from datetime import timedelta
from pathlib import Path

from sqlalchemy import MetaData, Table, insert, select, update

from union.app import create_app
from union.bench.figures import Figure, fresh, quantile, timed
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import installed, to_microseconds, transaction
from union.core.ids import new_id
from union.core.sealing import vault
from union.platforms import service as directory

COUNTS = (1_000, 10_000, 100_000)
VISITS = 150


def run(folder: Path) -> list[Figure]:
    """Visit one campaign's page with growing numbers of pledges, beside a page that reads nothing."""
    settings = fresh(folder)
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
                unit=200_000,
                goal=100_000,
                threshold=50_000,
                pledge_deadline=now + timedelta(days=9),
                zone="Europe/Amsterdam",
            ),
        )
        campaigning.publish(session, slug=slug, actor=SYSTEM, now=now)
    client = create_app(settings).test_client()
    empty = [timed(lambda: client.get("/sign-in").close()) * 1000 for _ in range(VISITS)]
    found, there = [], 0
    for count in COUNTS:
        _grow(slug, count - there)
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


def _grow(slug: str, more: int) -> None:
    """Add pledged members straight to the tables: what is measured is reading, not joining."""
    engine = installed().engine
    tables = MetaData()
    tables.reflect(engine, only=["member", "affiliation", "pledge", "campaign"])
    member, affiliation, pledge, campaign = (
        Table(n, tables) for n in ("member", "affiliation", "pledge", "campaign")
    )
    ids = [new_id() for _ in range(more)]
    at = to_microseconds(utcnow())
    name, minimum = vault().seal("x", "member.name"), vault().seal("1", "pledge.at_least")
    required = {
        "state": "active",
        "name": name,
        "language": "en",
        "zone": "Europe/Amsterdam",
        "applied_at": at,
    }
    with transaction() as session:
        row = session.execute(select(campaign.c.id).where(campaign.c.slug == slug)).scalar_one()
        session.execute(insert(member), [{"id": i, **required} for i in ids])
        session.execute(
            insert(affiliation), [{"member_id": i, "platform_slug": "uber", "kind": "driver"} for i in ids]
        )
        session.execute(
            insert(pledge),
            [
                {"campaign_id": row, "member_id": i, "at_least": minimum, "verified": True, "called": False}
                for i in ids
            ],
        )
        session.execute(
            update(campaign)
            .where(campaign.c.id == row)
            .values(
                pledged_count=campaign.c.pledged_count + more,
                verified_count=campaign.c.verified_count + more,
                band_changes=secrets.randbelow(3),
            )
        )

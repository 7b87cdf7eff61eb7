"""The `union campaigns` commands: list, show, settle."""

import json

import click

from union.campaigns import jobs, queries, service
from union.core.clock import utcnow
from union.core.db import reading
from union.core.i18n import when
from union.core.opening import open_database
from union.core.settings import Settings


@click.group()
@click.pass_obj
def campaigns(settings: Settings) -> None:
    """Look at campaigns and settle pledge rounds that are due."""
    open_database(settings)


@campaigns.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(*, as_json: bool) -> None:
    """List public campaigns with their numbers."""
    with reading() as session:
        cards = queries.listing(session)
    if as_json:
        rows = [
            {"slug": c.slug, "stage": c.stage, "platform": c.platform_slug, "pledged": c.pledged,
             "verified": c.verified, "called": c.called, "unit": c.unit, "threshold": c.threshold}
            for c in cards
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=2))
        return
    for c in cards:
        click.echo(
            f"{c.slug:32} {c.stage.value:12} {c.pledged:>7} pledged, {c.verified} verified of {c.unit}"
        )
    if not cards:
        click.echo("no public campaign yet")


@campaigns.command()
@click.argument("slug")
def show(slug: str) -> None:
    """Show one campaign: stage, numbers, deadline, mandate."""
    now = utcnow()
    with reading() as session:
        c = queries.card(session, slug)
        mandate = queries.mandate_in_force(session, c.id, now)
    rows = [
        ("title", c.title), ("demand", c.demand), ("platform", c.platform_name), ("stage", c.stage.value),
        ("pledged", f"{c.pledged} ({c.verified} verified) of {c.unit}"), ("threshold", c.threshold),
        ("called", "not settled" if c.called is None else c.called),
        ("deadline", when(c.pledge_deadline, c.zone, "en")), ("vote", c.ballot_slug or "none"),
        ("mandate", f"until {when(mandate.expires_at, c.zone, 'en')}" if mandate else "none in force"),
    ]  # fmt: skip
    for name, value in rows:
        click.echo(f"{name:10} {value}")


@campaigns.command()
@click.pass_obj
def settle(settings: Settings) -> None:
    """Settle every round whose deadline has passed, now; the scheduler does the same by itself."""
    now = utcnow()
    with reading() as session:
        slugs = service.due(session, now)
    jobs.settle_due(now, settings)
    click.echo(f"{len(slugs)} settled" if slugs else "nothing is due")

"""The `union actions` commands: list, show, do what is due, write a debrief to a file."""

import json
from pathlib import Path

import click

from union.actions import jobs, queries, report
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import reading
from union.core.i18n import LANGUAGES, when
from union.core.opening import open_database
from union.core.settings import Settings
from union.members import queries as members


@click.group()
@click.pass_obj
def actions(settings: Settings) -> None:
    """Look at actions, and do by hand what the scheduler does."""
    open_database(settings)


@actions.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(*, as_json: bool) -> None:
    """List all actions, the latest start first."""
    with reading() as session:
        cards = queries.listing(session)
    if as_json:
        rows = [
            {
                "slug": c.slug,
                "state": c.state,
                "kind": c.kind,
                "campaign": c.campaign_slug,
                "version": c.version,
                "starts_at": c.starts_at.isoformat(),
                "ends_at": c.ends_at.isoformat() if c.ends_at else None,
            }
            for c in cards
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for c in cards:
        click.echo(f"{c.slug:32} {c.state.value:11} {when(c.starts_at, c.zone, 'en'):38} {c.campaign_slug}")
    if not cards:
        click.echo("no action yet")


@actions.command()
@click.argument("slug")
def show(slug: str) -> None:
    """Show one action: what is ready and what is missing, and the four numbers."""
    with reading() as session:
        found = queries.overview(session, slug, utcnow())
    card, numbers = found.card, found.numbers
    click.echo(
        f"{card.title} ({card.state.value}, version {card.version}), {when(card.starts_at, card.zone, 'en')}"
    )
    for check in found.checks:
        mark = "…" if check.ok is None else "✓" if check.ok else "!"
        click.echo(f"  {mark} {check.label % check.facts}: {check.detail % check.facts}")
    click.echo(f"  called {numbers.pledged} of {numbers.roll}, taking part {numbers.taking_part}")
    click.echo(f"  said in {numbers.verified}, out {numbers.checked_in}, all steps done {numbers.completed}")
    for kind, progress in found.messages:
        click.echo(f"  {kind}: {progress.gone} of {progress.total} gone, {progress.failed} failed")


@actions.command("fire-due")
@click.pass_obj
def fire_due(settings: Settings) -> None:
    """Brief, decide, start and end what is due now, as the scheduler does every second; safe to repeat."""
    click.echo(f"{jobs.run_due(utcnow(), settings)} steps done")


@actions.command()
@click.argument("slug")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--language", type=click.Choice(sorted(LANGUAGES)), default="en", show_default=True)
@click.pass_obj
def debrief(settings: Settings, slug: str, output: Path, language: str) -> None:
    """Write the debrief of an action to an HTML file that stands alone."""
    with reading() as session:
        card, view = queries.debrief_page(session, slug, SYSTEM)
        names = {one.slug: one.name for one in members.chapters(session)}
    style = (Path(__file__).parent.parent / "web" / "static" / "union.css").read_text(encoding="utf-8")
    page = report.debrief_html(card, view, names, language=language, union=settings.union_name, style=style)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    click.echo(f"written to {output}")

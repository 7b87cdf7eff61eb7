"""`union platforms`: fill and read the directory of platforms."""

import json
from pathlib import Path

import click

from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.opening import open_database
from union.core.settings import Settings
from union.platforms import queries, service
from union.platforms.rules import Kind

_EVERY = 250


@click.group()
def platforms() -> None:
    """Fill and read the directory of platforms."""


@platforms.command()
@click.pass_obj
def load(settings: Settings) -> None:
    """Put our own hand-written records in, or bring them up to date."""
    open_database(settings)
    with db.transaction() as session:
        done = service.load_directory(session, actor=SYSTEM, now=utcnow())
    click.echo(f"{done} records new or changed, {len(service.directory()) - done} as they were")


@platforms.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def import_(settings: Settings, path: Path) -> None:
    """Read the datenanfragen archive at PATH: its .tar.gz, or the unpacked folder.

    All or nothing: an archive that breaks off changes nothing. A record with a fault is left out and named,
    and the command then ends with status 1. A second run changes nothing.
    """
    open_database(settings)

    def progress(read: int) -> None:
        if read % _EVERY == 0:
            click.echo(f"{read} records read", err=True)

    with db.transaction() as session:
        done = service.import_archive(session, actor=SYSTEM, now=utcnow(), path=path, progress=progress)
    for flaw in done.flawed:
        click.secho(f"kept without it, {flaw.file}: {flaw.why}", fg="yellow", err=True)
    for bad in done.bad:
        click.secho(f"left out {bad.file}: {bad.why}", fg="red", err=True)
    click.echo(
        f"{done.added} new, {done.changed} changed, {done.same} as they were, {len(done.bad)} left out"
    )
    if done.bad:
        raise SystemExit(1)


@platforms.command("list")
@click.argument("text", default="")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]))
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@click.pass_obj
def list_(settings: Settings, text: str, kind: str | None, page: int) -> None:
    """List platforms whose name has every word of TEXT."""
    open_database(settings)
    with db.reading() as session:
        found = queries.search(session, text, Kind(kind) if kind else None, page)
    for card in found.cards:
        click.echo(f"{card.slug:32} {card.kind:8} {card.country or '-':3} {card.name}")
    click.echo(f"{found.total} platforms, page {found.page} of {found.pages}", err=True)


@platforms.command()
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def show(settings: Settings, slug: str, *, as_json: bool) -> None:
    """Show all we know of one platform."""
    open_database(settings)
    with db.reading() as session:
        facts = queries.platform_page(session, slug)
    if as_json:
        click.echo(json.dumps(vars(facts), ensure_ascii=False, indent=1))
        return
    for name, value in vars(facts).items():
        if value:
            click.echo(f"{name:16} {value.replace(chr(10), ', ')}")

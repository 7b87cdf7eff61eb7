"""`union organizing`: who organizes where, and lists from outside, for whoever runs the machine."""

from datetime import timedelta
from pathlib import Path

import click

from union.core import db
from union.core.actor import SYSTEM, Place, PlaceKind, Role
from union.core.clock import utcnow
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.opening import open_database
from union.core.settings import Settings
from union.members.rules.register_file import load
from union.organizing import queries, service

_ROLES = [Role.ORGANIZER.value, Role.HELPER.value]


def _place(text: str) -> Place:
    kind, _, key = text.partition("/")
    if kind not in {PlaceKind.CHAPTER, PlaceKind.CAMPAIGN} or not key:
        raise Invalid(msg("Choose a chapter or a campaign."))
    return Place(PlaceKind(kind), key)


@click.group()
def organizing() -> None:
    """Say who organizes where, and import lists.

    PLACE is chapter/SLUG or campaign/ID. MEMBER is an id, or an exact email address or mobile number.
    """


@organizing.command("roles")
@click.pass_obj
def roles(settings: Settings) -> None:
    """List the roles that hold at one place."""
    open_database(settings)
    with db.reading() as session:
        found = queries.local_roles(session, actor=SYSTEM, now=utcnow())
    for one in found:
        place = f"{one.place.kind}/{one.place.key}"
        click.echo(f"{one.id}  {one.role:10} {place:32} until {one.until:%Y-%m-%d %H:%M} UTC  {one.name}")


@organizing.command()
@click.argument("member")
@click.argument("role", type=click.Choice(_ROLES))
@click.argument("place")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="Then it ends.")
@click.pass_obj
def grant(settings: Settings, member: str, role: str, place: str, days: int) -> None:
    """Give MEMBER a ROLE at one PLACE."""
    open_database(settings)
    now = utcnow()
    with db.transaction() as session:
        made = service.grant_role(
            session,
            actor=SYSTEM,
            who=member,
            role=Role(role),
            place=_place(place),
            until=now + timedelta(days=days),
            now=now,
        )
    click.echo(made)


@organizing.command()
@click.argument("role_id")
@click.pass_obj
def end(settings: Settings, role_id: str) -> None:
    """End the role with this id, as `roles` lists it."""
    open_database(settings)
    with db.transaction() as session:
        service.end_role(session, actor=SYSTEM, grant_id=role_id, now=utcnow())
    click.echo("ended")


@organizing.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--chapter", required=True, help="Slug of the chapter the people belong to.")
@click.option(
    "--source", default="", help="Where these people agreed to be contacted, unless the file says it."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--skip-bad", is_flag=True, help="Import the good rows though others are bad.")
@click.pass_obj
def import_(
    settings: Settings, file: Path, *, chapter: str, source: str, dry_run: bool, skip_bad: bool
) -> None:
    """Import tags and prospects from the CSV FILE; ends with status 1, nothing written, when a row is bad."""
    open_database(settings)
    with file.open("rb") as opened:
        text, now = load(opened), utcnow()
    with db.reading() as session:
        plan = service.plan_list(session, actor=SYSTEM, text=text, source=source, chapter=chapter, now=now)
    for bad in plan.bad:
        column = f", column {bad.column}" if bad.column else ""
        click.secho(f"line {bad.line}{column}: {bad.why}", fg="red", err=True)
    bad_rows = len({one.line for one in plan.bad})
    click.echo(
        f"{len(plan.new)} new, {len(plan.tagged)} members to tag, {len(plan.known)} left as they are, "
        f"{bad_rows} bad rows"
    )
    if plan.bad and not skip_bad:
        raise SystemExit(1)
    if dry_run:
        click.echo("dry run: nothing written")
        return
    with db.transaction() as session:
        service.import_list(
            session, actor=SYSTEM, text=text, source=source, chapter=chapter, now=now, skip_bad=skip_bad
        )
    click.echo("imported")

"""`union members`: the register from the command line, for whoever runs the machine.

Acts as the union itself.
"""

from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy.orm import Session

from union.core import db
from union.core.actor import SYSTEM, Actor, Role
from union.core.clock import utcnow
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.opening import open_database
from union.core.settings import Settings
from union.members import queries, service
from union.members.rules.membership import GRANTABLE, State
from union.members.rules.register_file import load
from union.notify import service as notify

_ROLES = [role.value for role in GRANTABLE]


def _find(session: Session, who: str) -> str:
    """Return the id of the member that `who` names: an id, or an exact email address or mobile number."""
    found = queries.find_member(session, who)
    if found is None:
        raise NotFound(msg("There is no such member."))
    return found


@click.group()
def members() -> None:
    """Keep the register: list, import, export, admit, grant, sign in.

    MEMBER is an id, or an exact email address or mobile number.
    """


@members.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only these.")
@click.option("--chapter", default="", help="Slug of a chapter.")
@click.option("--platform", default="", help="Slug of a platform.")
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
@click.pass_obj
def list_(settings: Settings, state: str | None, chapter: str, platform: str, page: int) -> None:
    """List members, fifty to a page, without addresses."""
    open_database(settings)
    chosen = State(state) if state else None
    with db.reading() as session:
        found = queries.register_page(
            session, actor=_reader(), page=page, state=chosen, chapter=chapter, platform=platform
        )
    for card in found.cards:
        roles = ",".join(card.roles) or "-"
        click.echo(f"{card.id}  {card.state:10} {roles:18} {card.chapter or '-':16} {card.name}")
    click.echo(f"{found.total} members, page {found.page} of {found.pages}", err=True)


def _reader() -> Actor:
    """Return who reads the register here: whoever runs the machine reads as an officer would."""
    return Actor(member_id="cli", name="command line", roles=frozenset({Role.OFFICER}), active=True)


@members.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--skip-bad", is_flag=True, help="Import the good rows though others are bad.")
@click.option("--confirmed", is_flag=True, help="The union knows that the addresses are theirs.")
@click.pass_obj
def import_(settings: Settings, file: Path, *, dry_run: bool, skip_bad: bool, confirmed: bool) -> None:
    """Import people from the CSV FILE; ends with status 1, having written nothing, when a row is bad."""
    open_database(settings)
    with file.open("rb") as opened:
        text = load(opened)
    with db.reading() as session:
        plan = service.plan_import(session, actor=SYSTEM, text=text)
    for bad in plan.bad:
        column = f", column {bad.column}" if bad.column else ""
        click.secho(f"line {bad.line}{column}: {bad.why}", fg="red", err=True)
    bad_rows = len({bad.line for bad in plan.bad})
    click.echo(f"{len(plan.new)} new, {len(plan.known)} members already, {bad_rows} bad rows")
    if plan.ignored:
        click.echo(f"columns not used: {', '.join(plan.ignored)}")
    if plan.bad and not skip_bad:
        raise SystemExit(1)
    if dry_run:
        click.echo("dry run: nothing written")
        return
    with db.transaction() as session:
        done = service.import_register(
            session, actor=SYSTEM, text=text, now=utcnow(), skip_bad=skip_bad, confirmed=confirmed
        )
    click.echo(f"{len(done.new)} imported")


@members.command()
@click.option("--reason", prompt=True, help="Why the register is taken out; it is written down.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Instead of the screen."
)
@click.pass_obj
def export(settings: Settings, reason: str, output: Path | None) -> None:
    """Write the register as CSV, names and addresses in clear; a file is made for your eyes only."""
    open_database(settings)
    with db.transaction() as session:
        text = service.export_register(session, actor=SYSTEM, reason=reason, now=utcnow())
    if output is None:
        click.echo(text, nl=False)
        return
    output.touch(mode=0o600)
    output.write_bytes(text.encode())


@members.command()
@click.argument("member")
@click.pass_obj
def admit(settings: Settings, member: str) -> None:
    """Make the applicant MEMBER an active member."""
    open_database(settings)
    with db.transaction() as session:
        service.admit(
            session, actor=SYSTEM, member_id=_find(session, member), now=utcnow(), site=settings.public_url
        )
    click.echo("admitted")


@members.command()
@click.argument("member")
@click.argument("role", type=click.Choice(_ROLES))
@click.pass_obj
def grant(settings: Settings, member: str, role: str) -> None:
    """Give the active MEMBER a ROLE."""
    open_database(settings)
    with db.transaction() as session:
        service.grant_role(
            session, actor=SYSTEM, member_id=_find(session, member), role=Role(role), now=utcnow()
        )
    click.echo(f"granted: {role}")


@members.command()
@click.argument("member")
@click.argument("role", type=click.Choice(_ROLES))
@click.pass_obj
def revoke(settings: Settings, member: str, role: str) -> None:
    """Take a ROLE back from MEMBER."""
    open_database(settings)
    with db.transaction() as session:
        service.revoke_role(
            session, actor=SYSTEM, member_id=_find(session, member), role=Role(role), now=utcnow()
        )
    click.echo(f"taken back: {role}")


@members.command("sign-in-link")
@click.argument("member")
@click.option(
    "--minutes", default=10, show_default=True, type=click.IntRange(1, 24 * 60), help="How long it works."
)
@click.option("--next", "onward", default="", help="Page to go to, such as /console.")
@click.pass_obj
def sign_in_link(settings: Settings, member: str, minutes: int, onward: str) -> None:
    """Print an address that signs in as MEMBER, once. It is sent to nobody; keep it to yourself."""
    open_database(settings)
    with db.transaction() as session:
        link = service.issue_link(
            session,
            actor=SYSTEM,
            member_id=_find(session, member),
            now=utcnow(),
            site=settings.public_url,
            lasts=timedelta(minutes=minutes),
            onward=onward,
        )
    click.echo(link)


@members.command("create-officer")
@click.option("--name", required=True)
@click.option("--email", default="", help="Email address; this or a phone.")
@click.option("--phone", default="", help="Mobile number.")
@click.option("--chapter", default="", help="Slug of an existing chapter.")
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "nl"]))
@click.option("--zone", default="Europe/Amsterdam", show_default=True)
@click.pass_obj
def create_officer(
    settings: Settings, name: str, email: str, phone: str, chapter: str, language: str, zone: str
) -> None:
    """Write the first officer down and print a sign-in link: how a new union begins.

    In production it begins on trial: texts go to officers only, until two officers lift that.
    """
    open_database(settings)
    now = utcnow()
    with db.transaction() as session:
        if not settings.development and not queries.with_role(session, Role.OFFICER):
            notify.begin_trial(session, now=now)
        member_id = service.create_member(
            session,
            actor=SYSTEM,
            name=name,
            now=now,
            address=email,
            phone=phone,
            chapter=chapter or None,
            language=language,
            zone=zone,
        )
        for role in (Role.OFFICER, Role.ORGANIZER):
            service.grant_role(session, actor=SYSTEM, member_id=member_id, role=role, now=now)
        link = service.issue_link(
            session, actor=SYSTEM, member_id=member_id, now=now, site=settings.public_url, onward="/console"
        )
    click.echo(f"{member_id} is an officer and organizer; sign in within ten minutes at:")
    click.echo(link)


@members.command("add-chapter")
@click.argument("name")
@click.option("--zone", default="Europe/Amsterdam", show_default=True)
@click.option("--slug", default="", help="Short name in addresses; made from NAME if not given.")
@click.pass_obj
def add_chapter(settings: Settings, name: str, zone: str, slug: str) -> None:
    """Found the chapter NAME."""
    open_database(settings)
    with db.transaction() as session:
        click.echo(service.add_chapter(session, actor=SYSTEM, name=name, zone=zone, slug=slug, now=utcnow()))

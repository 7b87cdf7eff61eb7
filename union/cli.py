"""Roof: the `union` command.

Each room brings its own group; this module adds the database, settings and processes.
"""

import json
import logging
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from union.core import sealing
from union.core.errors import UnionError
from union.core.keyring import BadKeys, make_key
from union.core.outage import Outage, outage
from union.core.settings import BadSettings, Settings

ADVICE = {
    None: "Make or bring it up to date with `union db migrate`, or mend UNION_DATABASE_URL.",
    Outage.AWAY: "Start it, make it with `union db migrate`, or mend UNION_DATABASE_URL.",
    Outage.FULL: "Make room; what waits goes on by itself.",
    Outage.READ_ONLY: "Let this account write to it, and to the folder it is in.",
    Outage.BUSY: "Try again when the other is done.",
}
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s  %(message)s"


class Union(click.Group):
    """The command with its rooms; refusals are printed as one line, exit status 1."""

    def invoke(self, ctx: click.Context) -> object:
        """Run, turning refusals into a line that says what to do."""
        try:
            return super().invoke(ctx)
        except UnionError as refusal:
            raise click.ClickException(str(refusal)) from refusal
        except DBAPIError as broken:
            trouble = outage(broken)
            if trouble is None and not isinstance(broken, OperationalError | ProgrammingError):
                raise
            said = f"the database {trouble or 'is not as it should be'}: {broken.orig}. {ADVICE[trouble]}"
            raise click.ClickException(said) from broken
        except BadKeys as bad:
            raise click.ClickException(str(bad)) from bad
        except BadSettings as bad:
            raise click.ClickException("not safe to start:\n  - " + "\n  - ".join(bad.problems)) from bad


@click.group(cls=Union, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="union")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens.")
@click.pass_context
def main(ctx: click.Context, *, verbose: bool) -> None:
    """Run a data union: members, campaigns, ballots, actions.

    Settings come from UNION_* environment variables; `union settings` shows them.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format=LOG_FORMAT, stream=sys.stderr
    )
    ctx.obj = Settings.from_environment()


@main.group(invoke_without_command=True)
@click.pass_context
def settings(ctx: click.Context) -> None:
    """Show the settings in force, secrets masked, and what is unsafe about them."""
    if ctx.invoked_subcommand:
        return
    found: Settings = ctx.obj
    for name, value in found.masked():
        click.echo(f"{name:40} {value or '(not set)'}")
    for problem in found.problems():
        click.secho(f"unsafe: {problem}", fg="red", err=True)
    if found.problems():
        ctx.exit(1)


@settings.command("make-key")
@click.argument("path", type=click.Path(path_type=Path))
def make_key_command(path: Path) -> None:
    """Write a new random 32-byte key to PATH, readable by its owner alone; an existing one is kept."""
    existed = path.exists()
    make_key(path)
    click.echo(f"{path}: {'kept, it was there' if existed else 'made'}")


@settings.command("make-push-key")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def make_push_key(found: Settings, path: Path | None) -> None:
    """Write the key that signs notifications to PATH (default: UNION_PUSH_KEY_FILE); an existing one is kept.

    With another key every browser would have to be asked again.
    """
    path = path or found.push_key_file
    existed = path.exists()
    make_key(path)
    click.echo(
        f"{path}: {'kept, it was there' if existed else 'made; notifications work from the next start'}"
    )


@main.group("db")
def database() -> None:
    """Create, migrate and check the database."""


@database.command()
@click.pass_obj
def migrate(found: Settings) -> None:
    """Bring the database to the newest version; creates the embedded one."""
    from union.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to import

    found.require_safe()
    found.keep_private()
    sealing.install(found.vault())  # some versions seal what was in clear before
    click.echo(f"database at version {upgrade(found.database_url)}")


@database.command("what-is-stored")
@click.pass_obj
def what_is_stored(found: Settings) -> None:
    """Say of every table and column what it holds about people, until when: docs/what-is-stored.md."""
    from union.core.holding import as_markdown  # noqa: PLC0415 - only here
    from union.migrate import load_models  # noqa: PLC0415 - imports every room's tables

    del found
    load_models()
    click.echo(as_markdown(), nl=False)


@database.command("version")
@click.pass_obj
def version(found: Settings) -> None:
    """Say which version the database has, and which is newest."""
    from union.migrate import current, head  # noqa: PLC0415 - as above

    click.echo(f"{current(found.database_url) or 'empty'} (newest: {head()})")


@database.command("move-from")
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def move_from(found: Settings, path: Path) -> None:
    """Move a union from the SQLite file PATH into the empty PostgreSQL of UNION_DATABASE_URL.

    Stop web and scheduler first. Whole or not at all; the file stays as it is.
    """
    from union.moving import CannotMove, move  # noqa: PLC0415 - imports every room's tables

    found.require_safe()
    try:
        count = move(path, found.database_url, click.echo)
    except CannotMove as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(
        f"{count} rows moved; the log of decisions holds. Start web and scheduler on the new database."
    )


@database.command()
@click.argument("message")
def revise(message: str) -> None:
    """Write a migration from the newest version to today's models (developers)."""
    import tempfile  # noqa: PLC0415

    from union.migrate import revise as write  # noqa: PLC0415
    from union.migrate import upgrade  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/scratch.db"
        upgrade(url)
        click.echo(write(url, message))


@main.group()
def audit() -> None:
    """Read and check the log of what was decided."""


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def audit_verify(found: Settings, *, as_json: bool) -> None:
    """Walk the hash chain; exit 0 only when every entry holds."""
    from union.app import start  # noqa: PLC0415
    from union.audit.service import Broken, verify, verify_words  # noqa: PLC0415
    from union.core.db import reading  # noqa: PLC0415

    start(found)
    try:
        with reading() as session:
            height = verify(session)
            verify_words(session)
    except Broken as broken:
        click.echo(json.dumps({"ok": False, "problem": str(broken)}) if as_json else f"BROKEN: {broken}")
        sys.exit(1)
    click.echo(json.dumps({"ok": True, "entries": height}) if as_json else f"ok: {height} entries hold")


@main.group()
def scheduler() -> None:
    """Run and look at the alarm clock."""


@scheduler.command("run")
@click.pass_obj
def scheduler_run(found: Settings) -> None:
    """Fire what comes due and deliver messages, until stopped."""
    from union.app import start  # noqa: PLC0415
    from union.scheduler import run_forever  # noqa: PLC0415

    logging.getLogger().setLevel(logging.INFO)
    start(found)
    run_forever(found)


@scheduler.command("status")
@click.pass_obj
def scheduler_status(found: Settings) -> None:
    """Say when the scheduler last ticked; exit 1 when it is silent for ten seconds or its clock is off."""
    from union.app import start  # noqa: PLC0415
    from union.core.clock import utcnow  # noqa: PLC0415
    from union.core.db import reading  # noqa: PLC0415
    from union.notify.queries import heartbeats  # noqa: PLC0415
    from union.scheduler import OFF, PROCESS  # noqa: PLC0415

    start(found)
    with reading() as session:
        beats = heartbeats(session)
    beats = tuple(b for b in beats if b.process == PROCESS)
    now = utcnow()
    for b in beats:
        off = b.offset.total_seconds() * 1000
        silent = "" if b.awake(now) else "  ahead of this clock" if b.ahead(now) else "  silent"
        click.echo(
            f"{b.process:12} last tick {b.age(now).total_seconds():.1f} s ago, tick {b.ticks}, "
            f"pid {b.pid} on {b.host}, clock {off:+.0f} ms off the database's{silent}"
        )
    awake = [b for b in beats if b.awake(now)]
    if any(b.ahead(now) for b in beats):
        click.echo("a clock is wrong: a tick lies in the future; synchronize it (chrony, ntpd)", err=True)
        sys.exit(1)
    if not awake:
        click.echo("the scheduler is silent: see its log, or start it with: union scheduler run", err=True)
        sys.exit(1)
    if any(abs(b.offset) > OFF for b in awake):
        click.echo("a clock is wrong: no action can be armed; synchronize it (chrony, ntpd)", err=True)
        sys.exit(1)


@main.group()
def keys() -> None:
    """Change the key that seals contact data, while the union runs."""


@keys.command("status")
@click.pass_obj
def keys_status(found: Settings) -> None:
    """Say which key seals, which still open, and how many values each has sealed."""
    from union.rotation import Rotation  # noqa: PLC0415 - imports every room's tables

    for line in Rotation(found).status():
        click.echo(line)


@keys.command("add")
@click.pass_obj
def keys_add(found: Settings) -> None:
    """Put a next key into the file: it opens, and seals from the next rotation.

    For several machines: copy the file to each of them before `union keys rotate`.
    """
    from union.rotation import Rotation  # noqa: PLC0415 - as above

    click.echo(f"{found.data_key_file}: next key {Rotation(found).add()}; copy the file to every machine")


@keys.command("rotate")
@click.option(
    "--batch", default=200, show_default=True, type=click.IntRange(1, 5000), help="Rows in a transaction."
)
@click.pass_obj
def keys_rotate(found: Settings, *, batch: int) -> None:
    """Seal everything again with a new key. Web and scheduler go on; stopped anywhere, run it again."""
    from union.rotation import Rotation  # noqa: PLC0415 - as above

    left = Rotation(found).rotate(batch, say=click.echo)
    if left:
        click.echo(f"open with no key of this file: {left} values; see `union keys status`", err=True)
    click.echo(
        "All that opens is sealed with the newest key. Put a copy of the file in the safe, then: "
        "union keys retire"
    )


@keys.command("retire")
@click.option("--keep", type=click.Path(path_type=Path), help="Write the old keys there, for old backups.")
@click.confirmation_option(prompt="Backups made before need the old keys. Take them out of the file?")
@click.pass_obj
def keys_retire(found: Settings, *, keep: Path | None) -> None:
    """Take old keys out of the file; refuses while a single value needs one."""
    from union.rotation import Rotation  # noqa: PLC0415 - as above

    gone = Rotation(found).retire(keep)
    click.echo(f"retired: {', '.join(gone)}" if gone else "There is no old key to retire.")


def _add_rooms() -> None:
    for room in ("members", "platforms", "campaigns", "ballots", "actions", "notify", "organizing"):
        if find_spec(f"union.{room}.cli"):
            main.add_command(getattr(import_module(f"union.{room}.cli"), room))
    main.add_command(import_module("union.notify.delivery.cli").worker)


_add_rooms()
if find_spec("union.demo"):
    main.add_command(import_module("union.demo").demo)

if __name__ == "__main__":
    main()

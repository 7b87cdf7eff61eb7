"""`union notify`: how delivery is going, a test message, the desk and replies, a forecast."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import click

from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.i18n import when
from union.core.ids import new_id
from union.core.opening import open_database
from union.core.settings import Settings
from union.notify import channels, jobs, queries, service
from union.notify.channels.smtp_email import mark_of
from union.notify.rules import bounces as bounced
from union.notify.rules import capacity, segments
from union.notify.rules.kinds import Channel, Lane, State
from union.notify.service import desk as organizers
from union.notify.service import routes as shares
from union.notify.simulation.cli import simulation
from union.notify.words import STATES

_FLAGS = ":2,"
"""What stands before the flags in a mail's name in a Maildir; S: seen."""
NO_UNION_NEEDED = {"simulate", "forecast"}


class Done(Protocol):
    """Called when a mail was read."""

    def __call__(self, *, understood: bool) -> None:
        """Put it away."""
        ...


@click.group()
@click.pass_context
def notify(ctx: click.Context) -> None:
    """See how delivery is going, send a test, read the message desk, plan a fan-out."""
    if ctx.invoked_subcommand in NO_UNION_NEEDED:
        return
    open_database(ctx.obj)


@notify.command()
@click.argument("ref", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def status(settings: Settings, ref: str | None, *, as_json: bool) -> None:
    """Count messages by state, all of them or those about REF (such as action:fair-pay)."""
    with db.reading() as session:
        found = queries.progress(session, ref)
    routes = {ways.channel.value: ways.name for ways in jobs.routes(settings)}
    if as_json:
        click.echo(json.dumps({"ref": ref, "routes": routes, **asdict(found)}, indent=2))
        return
    click.echo(f"texts leave by {routes['sms']}, email by {routes['email']}")
    for state in State:
        click.echo(f"{getattr(found, state.value):>9}  {STATES[state]}")
    for reason, count in sorted(found.causes.items(), key=lambda item: -item[1]):
        click.echo(f"{count:>9}  {reason}")
    if found.paused is not None:
        click.secho("held: nothing about it leaves", fg="yellow")


@notify.command("send-test")
@click.argument("to")
@click.option("--language", default="en", show_default=True)
@click.option("--zone", default="Europe/Amsterdam", show_default=True)
@click.pass_obj
def send_test(settings: Settings, to: str, language: str, zone: str) -> None:
    """Send a test message to TO (+31612345678 or an email address) now and say what came of it."""
    channel = Channel.EMAIL if "@" in to else Channel.SMS
    now = utcnow()
    with db.transaction() as session:
        row = service.enqueue(
            session, now=now, ref=f"test:{new_id()}", kind="test", member_id="", channel=channel, to=to,
            language=language, zone=zone, template="notify/test", fields={"when": when(now, zone, language)},
            lane=Lane.LOGIN, expires_at=now + timedelta(minutes=10),
        )  # fmt: skip
    over = tuple(route for route in jobs.routes(settings) if route.channel is channel)
    jobs.deliver_due(over, jobs.sender(settings))
    with db.reading() as session:
        found = queries.message(session, row or 0).row
    click.echo(f"message {found.id}: {STATES[found.state]}, by {found.provider or 'nobody yet'}")
    if found.reason:
        click.echo(found.reason)
    if found.state not in {State.ACCEPTED, State.DELIVERED}:
        raise click.exceptions.Exit(1)


@notify.group()
def desk() -> None:
    """Read messages that no provider took."""


@desk.command("list")
@click.option("--page", default=1, show_default=True)
@click.pass_obj
def desk_list(settings: Settings, page: int) -> None:
    """List what lies at the desk, the newest first."""
    with db.reading() as session:
        found = queries.messages(session, page=page, desk=True, secrets=True)
    for row in found.rows:
        click.echo(f"{row.id:>8}  {row.channel:5}  {row.to:28}  {row.line}")
    click.echo(
        f"page {found.page} of {found.pages}, {found.total} messages at the desk of {settings.union_name}"
    )


@desk.command("show")
@click.argument("message", type=int)
@click.pass_obj
def desk_show(settings: Settings, message: int) -> None:
    """Print one message that lies at the desk."""
    with db.reading() as session:
        found = queries.message(session, message, union_name=settings.union_name, secrets=True)
    if not found.readable:
        raise click.ClickException("its text is not here: it went out, waits to be sent, or was wiped")
    click.echo(f"To: {found.to}")
    if found.subject:
        click.echo(f"Subject: {found.subject}")
    click.echo(f"\n{found.body}")


@notify.group()
def inbound() -> None:
    """Replies from members."""


@inbound.command("list")
def inbound_list() -> None:
    """List replies that a person must read."""
    with db.reading() as session:
        for reply in queries.inbox(session):
            click.echo(f"{reply.id:>8}  {reply.at:%Y-%m-%d %H:%M} UTC  {reply.sender}  {reply.body}")


@inbound.command("simulate")
@click.argument("sender")
@click.argument("body")
@click.pass_obj
def simulate_inbound(settings: Settings, sender: str, body: str) -> None:
    """Take in a reply as if SENDER (+31612345678) had texted BODY."""
    with db.transaction() as session:
        found = organizers.play_reply(
            session, actor=SYSTEM, now=utcnow(), sender=sender, body=body, link=settings.public_url
        )
    click.echo(f"reply {found.id}: read as {found.keyword}")


@notify.command()
@click.option("--set", "wanted", metavar="PROVIDER=SHARE", help="Hold a share by hand, such as twilio=80.")
@click.option("--release", is_flag=True, help="Let the shares move by themselves again.")
@click.pass_obj
def routes(settings: Settings, wanted: str | None, *, release: bool) -> None:
    """Show which provider texts leave by, how each does, and how the shares moved."""
    providers, now = channels.texting(settings), utcnow()
    if len(providers) < 2:  # noqa: PLR2004 - nothing to share out
        click.echo(f"texts leave by {providers[0] if providers else 'the message desk'} alone")
        return
    with db.transaction() as session:
        if wanted:
            name, _, share = wanted.partition("=")
            weight = int(share) if share.isdigit() else -1
            shares.set_share(
                session, actor=SYSTEM, now=now, provider=name, weight=weight, providers=providers
            )
        elif release:
            shares.release_shares(session, actor=SYSTEM, now=now, providers=providers)
    with db.reading() as session:
        page = queries.routes_page(session, providers=providers, now=now)
    for line in page.lines:
        drawn = "#" * (line.share // 4)
        seen = f"{line.health.errors} faults in a minute, {line.health.slow} of {line.health.judged} slow"
        click.echo(f"{line.provider:10} {line.share:>3}  {drawn:25}  {seen}")
    click.echo("held by hand" if page.held else "moves by itself")
    for move in page.moves:
        bar = "#" * (move.share // 4)
        click.echo(
            f"{move.at:%Y-%m-%d %H:%M:%S} UTC  {move.provider:10} {move.share:>3} {bar:25} {move.reason}"
        )


@notify.command()
@click.argument("source", default="-")
def bounces(source: str) -> None:
    """Take in mail that came back: one mail on standard input (-), a FILE, or a Maildir that is then emptied.

    Let the mail server pipe what comes to UNION_MAIL_RETURN into this command, or call it on the Maildir
    every minute. What is no report about a mail of ours stays in the Maildir, read. Exit status 1: nothing
    was understood.
    """
    taken: Counter[bounced.Verdict] = Counter()
    for raw, done in _mails(source):
        found = bounced.read(raw, lambda key, mark: mark_of(key) == mark)
        verdict = bounced.Verdict.UNKNOWN
        if found is not None:
            with db.transaction() as session:
                verdict = service.take_bounce(session, now=utcnow(), bounce=found)
        taken[verdict] += 1
        done(understood=verdict is not bounced.Verdict.UNKNOWN)
    for verdict, count in sorted(taken.items()):
        click.echo(f"{count:>6}  {verdict}")
    if taken.total() and set(taken) == {bounced.Verdict.UNKNOWN}:
        raise click.exceptions.Exit(1)


def _mails(source: str) -> Iterator[tuple[bytes, "Done"]]:
    """Yield the beginning of each mail with what to call when it is dealt with."""
    path = Path(source)
    if source == "-":
        yield sys.stdin.buffer.read(bounced.LONGEST), _leave
        # to its end: a mail server whose mail is not read through sends it again
        while sys.stdin.buffer.read(bounced.LONGEST):
            pass
    elif (path / "new").is_dir():
        for mail in _unread(path):
            yield _beginning(mail), partial(_file, mail)
    elif path.is_file():
        yield _beginning(path), _leave
    else:
        raise click.ClickException(f"{source} is no file, no Maildir and not -")


def _unread(box: Path) -> list[Path]:
    """Return the mails of a Maildir that nobody has seen, told by their names: no mail is opened for it."""
    mails = [one for name in ("new", "cur") for one in (box / name).glob("[!.]*") if one.is_file()]
    return sorted(one for one in mails if "S" not in one.name.partition(_FLAGS)[2])


def _beginning(mail: Path) -> bytes:
    with mail.open("rb") as opened:
        return opened.read(bounced.LONGEST)


def _leave(*, understood: bool) -> None:
    """A mail that somebody else keeps."""
    del understood


def _file(mail: Path, *, understood: bool) -> None:
    """Take a mail out of the box, or mark it seen so that a person can look at it."""
    if understood:
        mail.unlink(missing_ok=True)
        return
    name, _, flags = mail.name.partition(_FLAGS)
    seen = "".join(sorted({*flags, "S"}))
    mail.rename(mail.parent.parent / "cur" / f"{name}{_FLAGS}{seen}")


@notify.command()
@click.argument("ref")
def hold(ref: str) -> None:
    """Hold every message about REF that has not left."""
    with db.transaction() as session:
        organizers.hold(session, actor=SYSTEM, now=utcnow(), ref=ref)
    click.echo(f"held: {ref}")


@notify.command()
@click.argument("ref")
def release(ref: str) -> None:
    """Let messages about REF go again."""
    with db.transaction() as session:
        organizers.release(session, actor=SYSTEM, now=utcnow(), ref=ref)
    click.echo(f"released: {ref}")


@notify.command()
@click.option("--recipients", type=click.IntRange(1), required=True, help="How many members get a text.")
@click.option("--text", default="", help="The text; its segments are counted. Without it: one segment.")
@click.option("--route", type=click.Choice(sorted(capacity.ROUTES)), help="Only this kind of sender.")
@click.option("--daily-cap", type=int, help="Segments a day that the carrier allows.")
def forecast(recipients: int, text: str, route: str | None, daily_cap: int | None) -> None:
    """Say when the last member would have a text, for each kind of sender."""
    each = segments.count(text)
    click.echo(f"segments for each: {each.segments} ({each.encoding}), in all: {recipients * each.segments}")
    for name, found in capacity.ROUTES.items():
        if route not in {None, name}:
            continue
        limited = capacity.Route(name, found.per_second, daily_cap, found.queue_seconds, found.slowest)
        told = capacity.forecast(capacity.Load(recipients, recipients * each.segments), limited)
        note = "" if told.feasible else f"  does not fit ({', '.join(told.problems)}): {told.over} too many"
        click.echo(f"{name:18} {timedelta(seconds=round(told.total))!s:>18}{note}")


notify.add_command(simulation)

"""`union worker`: send messages from this machine, and see who does."""

import logging

import click

from union.core import db
from union.core.clock import utcnow
from union.core.opening import open_database
from union.core.settings import Settings
from union.notify import jobs, queries
from union.notify.rules.kinds import Channel

CHANNELS = [channel.value for channel in Channel]


@click.group()
@click.pass_obj
def worker(settings: Settings) -> None:
    """Run workers that send, on as many machines as you like, and look at them."""
    open_database(settings)


@worker.command()
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="Chunks at once.")
@click.option(
    "--channel", "channels", type=click.Choice(CHANNELS), multiple=True, help="Only these; default: all."
)
@click.pass_context
def run(ctx: click.Context, processes: int, channels: tuple[str, ...]) -> None:
    """Send what is announced, until stopped; on SIGTERM finish what is in hand.

    With UNION_BROKER_URL chunks come over RabbitMQ. Without, this worker looks at the database each second,
    which serves a few machines well.
    """
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("amqp").setLevel(logging.WARNING)
    chosen = tuple(Channel(channel) for channel in channels) or tuple(Channel)
    ctx.exit(jobs.engine(ctx.obj).run_worker(chosen, processes=processes))


@worker.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Say which workers live, what waits at the broker; exit 1 when something is wrong."""
    found = jobs.engine(settings).health()
    with db.reading() as session:
        beats = [beat for beat in queries.heartbeats(session) if beat.process == "worker"]
    now = utcnow()
    click.echo(f"engine: {found.engine}")
    for line in found.lines:
        click.echo(f"{line.channel.value:8} waiting chunks: {line.waiting}, workers: {line.workers}")
    for beat in beats:
        silent = "" if beat.awake(now) else "  ahead of this clock" if beat.ahead(now) else "  silent"
        click.echo(f"worker   pid {beat.pid} on {beat.host}, last seen {beat.age(now).seconds} s ago{silent}")
    if found.problem:
        click.echo(found.problem, err=True)
        raise click.exceptions.Exit(1)

"""What the scheduler runs: send what is due, take over from the dead, look up, expire, forget, watch."""

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from union.core.clock import stopwatch, utcnow
from union.core.db import Database, install, installed, make_engine, reading, transaction
from union.core.outage import Seldom, outage
from union.core.settings import BadSettings, Settings
from union.notify import channels, delivery, service
from union.notify.channels.base import Ways
from union.notify.delivery import Pace, Sender, Sent
from union.notify.delivery.claim import BATCH
from union.notify.delivery.credit import ONE
from union.notify.delivery.engine import Embedded, Engine, Unreachable, Work
from union.notify.delivery.send import Clock
from union.notify.rules.kinds import Channel

log = logging.getLogger(__name__)


@cache
def routes(settings: Settings) -> tuple[Ways, ...]:
    """Return this process's ways out; they keep connections open between runs."""
    return channels.configured(settings, weigh=Shares(), gone=_gone)


class Shares:
    """The shares of two providers, read from the database at most once a second."""

    def __init__(self) -> None:
        self._read_at = -1.0
        self._known: Mapping[str, int] = {}

    def __call__(self, providers: list[str]) -> Mapping[str, int]:
        """Return each provider's share of a hundred."""
        if stopwatch() - self._read_at > 1.0:
            try:
                with reading() as session:
                    self._known = service.weights(session, providers)
            except SQLAlchemyError as error:
                # while the database is away the shares it last told hold; nothing is claimed meanwhile
                if not self._known or outage(error) is None:
                    raise
            self._read_at = stopwatch()
        return self._known


def _gone(endpoint: str) -> None:
    """Forget a browser whose push service says it is gone."""
    with transaction() as session:
        service.forget_endpoint(session, endpoint=endpoint)


@cache
def sender(settings: Settings) -> Sender:
    """Return who we are to recipients."""
    return Sender(settings.union_name, settings.public_url)


stopping = threading.Event()
"""Set when this process is to end: what is in hand is finished and nothing more is claimed."""

AHEAD: Final = 200 * BATCH
"""Messages that are announced ahead: workers never wait for the next tick, and counting stays cheap."""
ALONE: Final = 5 * BATCH
"""Messages the scheduler sends itself before it looks again whether workers came back."""


def deliver_due(
    over: tuple[Ways, ...],
    who: Sender,
    *,
    clock: Clock = utcnow,
    limit: int | None = None,
    pace: Pace | None = None,
) -> Sent:
    """Send everything that is due over each of `over`, one after the other."""
    sent = Sent()
    for ways in over:
        one = delivery.deliver(ways, who, clock=clock, limit=limit, pace=pace, stop=stopping)
        sent.states.update(one.states)
    return sent


def pace(settings: Settings, channel: Channel) -> Pace | None:
    """Return how fast the contract lets us send, None where it does not say."""
    limited = channel is Channel.SMS and settings.sms_per_second > 0
    return Pace(settings.sms_per_second) if limited else None


def _send(settings: Settings, channel: Channel, limit: int | None) -> int:
    over = tuple(ways for ways in routes(settings) if ways.channel is channel)
    return deliver_due(over, sender(settings), limit=limit, pace=pace(settings, channel)).total


def _due(settings: Settings, channel: Channel) -> int:
    """Count what is due, no more than a paced route could take before the next tick."""
    limit = pace(settings, channel)
    with reading() as session:
        found = delivery.waiting(session, channel, utcnow(), most=AHEAD)
    return min(found, limit.full // ONE) if limit else found


def _latest(channel: Channel) -> int:
    with reading() as session:
        return delivery.latest(session, channel)


def _fresh(settings: Settings) -> None:
    """Begin anew in a forked process: its parent's connections are not ours to close or to use."""
    installed().engine.dispose(close=False)
    install(Database(make_engine(settings.database_url)))
    routes.cache_clear()
    sender.cache_clear()


def _beat() -> None:
    with transaction() as session:
        before = utcnow()
        offset = service.certain_offset(before, service.database_clock(session), utcnow())
        service.beat(session, now=before, process="worker", offset=offset)


@cache
def engine(settings: Settings) -> Engine:
    """Return who sends: workers behind the broker when one is set, else whoever asks."""
    work = Work(
        partial(_send, settings), partial(_due, settings), _latest, partial(_fresh, settings), _beat, stopping
    )
    if not settings.broker_url:
        return Embedded(work)
    try:
        from union.notify.delivery.rabbit import Rabbit  # noqa: PLC0415 - Celery is an extra
    except ImportError as missing:
        text = f"UNION_BROKER_URL: {missing.name} is missing; install it with: pip install 'union[workers]'"
        raise BadSettings([text]) from missing
    return Rabbit(settings.broker_url, work)


_worth_a_line = Seldom()


def _deliver(channel: Channel, settings: Settings) -> int:
    """Have what is due sent; when nobody can be told, send some of it here: late is worse than slow."""
    try:
        return engine(settings).announce(channel)
    except Unreachable as problem:
        if _worth_a_line((channel, type(problem))):
            log.warning("sending %s from here: %s", channel.value, problem)
        return _send(settings, channel, ALONE)


def deliver_sms(now: datetime, settings: Settings) -> int:
    """Send the texts that are due."""
    del now  # a long run asks the clock again for each message
    return _deliver(Channel.SMS, settings)


def deliver_email(now: datetime, settings: Settings) -> int:
    """Send the emails that are due; apart from texts, so that neither waits for the other."""
    del now
    return _deliver(Channel.EMAIL, settings)


def deliver_push(now: datetime, settings: Settings) -> int:
    """Send the notifications that are due."""
    del now
    return _deliver(Channel.PUSH, settings)


def balance(now: datetime, settings: Settings) -> int:
    """Move texts away from a provider that fails or is slow."""
    providers = channels.texting(settings)
    if len(providers) < 2:  # noqa: PLR2004 - nothing to move to
        return 0
    with transaction() as session:
        moved = service.balance(session, now=now, providers=providers)
    if moved is not None:
        log.warning("shares of %s moved: %s", " and ".join(providers), moved)
    return int(moved is not None)


def expire(now: datetime, settings: Settings) -> int:
    """Give up on what is too late."""
    del settings
    with transaction() as session:
        return delivery.expire(session, now=now)


def reap(now: datetime, settings: Settings) -> int:
    """Take messages from senders that died."""
    del settings
    with transaction() as session:
        return delivery.reap(session, now=now)


def resolve(now: datetime, settings: Settings) -> int:
    """Look up messages in doubt."""
    return delivery.resolve(routes(settings), now=now)


def watch(now: datetime, settings: Settings) -> int:
    """Pause what carriers block."""
    del settings
    with transaction() as session:
        paused = service.pause_blocked(session, now=now)
    for ref in paused:
        log.warning("paused %s: carriers block its texts", ref)
    return len(paused)


def wipe(now: datetime, settings: Settings) -> int:
    """Forget texts and addresses that served their turn."""
    del settings
    with transaction() as session:
        return delivery.wipe(session, now=now)


JOBS = (
    ("deliver_sms", 1, deliver_sms),
    ("deliver_email", 1, deliver_email),
    ("deliver_push", 1, deliver_push),
    ("balance", 10, balance),
    ("expire", 10, expire),
    ("reap", 30, reap),
    ("resolve", 60, resolve),
    ("watch", 60, watch),
    ("wipe", 600, wipe),
)

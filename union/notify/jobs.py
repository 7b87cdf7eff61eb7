"""What the scheduler runs: send what is due, take over from the dead, look up, expire, forget, watch."""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from union.core.clock import stopwatch, utcnow
from union.core.db import reading, transaction
from union.core.settings import Settings
from union.notify import channels, delivery, service
from union.notify.channels.base import Ways
from union.notify.delivery import Sender, Sent
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
            with reading() as session:
                self._known = service.weights(session, providers)
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


def deliver_due(
    over: tuple[Ways, ...], who: Sender, *, clock: Clock = utcnow, limit: int | None = None
) -> Sent:
    """Send everything that is due over each of `over`, one after the other."""
    sent = Sent()
    for ways in over:
        sent.states.update(delivery.deliver(ways, who, clock=clock, limit=limit).states)
    return sent


def _deliver(channel: Channel, settings: Settings) -> int:
    over = tuple(ways for ways in routes(settings) if ways.channel is channel)
    return deliver_due(over, sender(settings)).total


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

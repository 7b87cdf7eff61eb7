"""What the scheduler runs: send what is due, take over from the dead, look up, expire, forget, watch."""

import logging
from datetime import datetime
from functools import cache

from union.core.clock import utcnow
from union.core.db import transaction
from union.core.settings import Settings
from union.notify import channels, delivery, service
from union.notify.channels.base import Route
from union.notify.delivery import Sender, Sent
from union.notify.delivery.send import Clock
from union.notify.rules.kinds import Channel

log = logging.getLogger(__name__)


@cache
def routes(settings: Settings) -> tuple[Route, ...]:
    """Return this process's routes; they keep connections open between runs."""
    return channels.configured(settings)


@cache
def sender(settings: Settings) -> Sender:
    """Return who we are to recipients."""
    return Sender(settings.union_name, settings.public_url)


def deliver_due(
    over: tuple[Route, ...], who: Sender, *, clock: Clock = utcnow, limit: int | None = None
) -> Sent:
    """Send everything that is due over each of `over`, one after the other."""
    sent = Sent()
    for route in over:
        sent.states.update(delivery.deliver(route, who, clock=clock, limit=limit).states)
    return sent


def _deliver(channel: Channel, settings: Settings) -> int:
    over = tuple(route for route in routes(settings) if route.channel is channel)
    return deliver_due(over, sender(settings)).total


def deliver_sms(now: datetime, settings: Settings) -> int:
    """Send the texts that are due."""
    del now  # a long run asks the clock again for each message
    return _deliver(Channel.SMS, settings)


def deliver_email(now: datetime, settings: Settings) -> int:
    """Send the emails that are due; apart from texts, so that neither waits for the other."""
    del now
    return _deliver(Channel.EMAIL, settings)


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
    ("expire", 10, expire),
    ("reap", 30, reap),
    ("resolve", 60, resolve),
    ("watch", 60, watch),
    ("wipe", 600, wipe),
)

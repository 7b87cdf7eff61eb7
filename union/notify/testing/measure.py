"""How fast delivery is on this machine, each figure beside the limit measured in the same run.

Works on the installed database, which it fills: give it a throw-away one. Servers run in their own processes.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete

from union.core.clock import stopwatch, utcnow
from union.core.db import transaction
from union.notify import service
from union.notify.channels.base import Accepted, Message, Route
from union.notify.channels.smtp_email import SmtpEmail
from union.notify.channels.twilio_sms import TwilioSms
from union.notify.delivery import Sender, deliver
from union.notify.models import Outbox, SendAttempt
from union.notify.rules.kinds import Channel, Lane
from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN

_ZONES = ("Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata")


@dataclass(frozen=True, slots=True)
class Figure:
    """A rate a second and the limit it is held against (a bare loop that does nothing else)."""

    name: str
    rate: float
    limit: float | None = None

    @property
    def share(self) -> float | None:
        """Which part of the limit it reaches."""
        return self.rate / self.limit if self.limit else None


def fan_out(recipients: int, channel: Channel = Channel.SMS) -> tuple[float, int]:
    """Write one alert to `recipients` members; return (seconds, rows written). Empties the outbox first."""
    now = utcnow()
    with transaction() as session:
        session.execute(delete(SendAttempt))
        session.execute(delete(Outbox))
    shared = {zone: {"when": f"Tue 1 Dec 18:00, {zone}"} for zone in _ZONES}
    people = [
        service.Recipient(f"m{k:019d}", channel, _address(channel, k), "nl", zone, shared[zone])
        for k in range(recipients)
        for zone in (_ZONES[k % len(_ZONES)],)
    ]
    started = stopwatch()
    with transaction() as session:
        done = service.enqueue_many(
            session, now=now, ref="measure", kind="alert", template="notify/test", lane=Lane.ALERT,
            expires_at=now + timedelta(hours=6), recipients=people,
        )  # fmt: skip
    return stopwatch() - started, done.written


def _address(channel: Channel, k: int) -> str:
    return f"+3161{k:07d}" if channel is Channel.SMS else f"m{k}@example.org"


@contextmanager
def _server(module: str, *arguments: str) -> Iterator[str]:
    """Run one of our local providers as a process of its own and give its address."""
    command = [sys.executable, "-m", f"union.notify.testing.{module}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def hand_over_texts(messages: int, *, latency: float, callers: int = 16) -> Figure:
    """Hand texts over to a local Twilio-speaking server, beside the bare client doing the same."""
    with _server("twilio_server", "--latency", str(latency)) as url:

        def route() -> TwilioSms:
            return TwilioSms(
                account_sid=ACCOUNT, auth_token=TOKEN, messaging_service_sid=SERVICE, api_url=url,
                status_url="", callers=callers,
            )  # fmt: skip

        limit = _bare(route(), messages)
        rate = _delivered(route(), messages)
    return Figure(f"texts handed over a second, API answers after {latency * 1000:.0f} ms", rate, limit)


def hand_over_mails(messages: int, *, callers: int = 2) -> Figure:
    """Hand emails over to a local SMTP server, beside the bare channel doing the same."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _server("smtp_server", "--folder", str(Path(folder))) as url,
    ):

        def route() -> SmtpEmail:
            return SmtpEmail(url, sender="union@example.org", callers=callers)

        limit = _bare(route(), messages)
        rate = _delivered(route(), messages)
    return Figure("emails handed over a second", rate, limit)


def _delivered(route: Route, messages: int) -> float:
    """Return messages a second through outbox, claim, hand-over and mark."""
    fan_out(messages, route.channel)
    started = stopwatch()
    sent = deliver(route, Sender("Union", "https://union.example"), clock=utcnow)
    seconds = stopwatch() - started
    route.close()
    if sent.accepted != messages:
        text = f"only {sent.accepted} of {messages} were accepted"
        raise RuntimeError(text)
    return messages / seconds


def _bare(route: Route, messages: int) -> float:
    """Return messages a second of a loop that only calls the channel, with as many callers."""
    now = utcnow()

    def send(k: int) -> bool:
        message = Message(
            id=k, attempt=1, to=_address(route.channel, k), subject="A test", body="This is a test message.",
            lane=Lane.ALERT, language="nl", expires_at=now, validity=600,
        )  # fmt: skip
        return isinstance(route.send(message, now), Accepted)

    started = stopwatch()
    with ThreadPoolExecutor(route.callers) as pool:
        taken = sum(pool.map(send, range(messages)))
    seconds = stopwatch() - started
    route.close()
    if taken != messages:
        text = f"the bare loop had {taken} of {messages} accepted"
        raise RuntimeError(text)
    return messages / seconds


def every() -> list[Figure]:
    """Measure all of it; takes about a minute."""
    seconds, written = fan_out(100_000)
    return [
        Figure("rows a second, one alert to 100,000", written / seconds),
        hand_over_texts(3_000, latency=0.0, callers=4),
        hand_over_texts(3_000, latency=0.1, callers=32),
        hand_over_mails(5_000),
    ]

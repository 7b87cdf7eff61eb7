"""How fast delivery is on this machine, each figure beside the limit measured in the same run.

Works on the installed database, which it fills: give it a throw-away one. Servers run in their own processes.
"""

import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import process_time
from urllib.parse import urlsplit

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

LOOP = "a loop that only sends"
_ZONES = ("Europe/Amsterdam", "Europe/London", "America/New_York", "Asia/Kolkata")


@dataclass(frozen=True, slots=True)
class Effort:
    """What `messages` took: seconds by the wall and of this process's processor time."""

    messages: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_each(self) -> float:
        """Microseconds of processor time for one."""
        return self.cpu / self.messages * 1_000_000


@dataclass(frozen=True, slots=True)
class Beside:
    """Our way and a bare way that only sends, measured in turns so that both met the same machine."""

    name: str
    ours: Effort
    bare: Effort
    limit: str = LOOP


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


def hand_over_texts(messages: int, *, latency: float, callers: int, rounds: int = 5) -> Beside:
    """Hand texts over to a local Twilio-speaking server, beside the bare client doing the same."""
    with _server("twilio_server", "--latency", str(latency)) as url:
        route = TwilioSms(
            account_sid=ACCOUNT, auth_token=TOKEN, messaging_service_sid=SERVICE, api_url=url,
            status_url="", callers=callers,
        )  # fmt: skip

        def bare(count: int) -> None:
            _bare(route, count)

        name = f"texts, the API answers after {latency * 1000:.0f} ms"
        return _beside(name, route, {LOOP: bare}, messages, rounds)[0]


def hand_over_mails(messages: int, *, callers: int = 2, rounds: int = 9) -> list[Beside]:
    """Hand emails over to a local SMTP server, beside smtplib sending one prepared mail again and again.

    Beside one loop, and beside as many at once as we have connections.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        _server("smtp_server", "--folder", str(Path(folder))) as url,
    ):
        route = SmtpEmail(url, sender="union@example.org", callers=callers)
        mail = route.build(_message(Channel.EMAIL, 0), utcnow())
        where = urlsplit(url)

        def loop(count: int) -> None:
            with smtplib.SMTP(where.hostname or "", where.port or 25) as line:
                for k in range(count):
                    line.sendmail("union@example.org", [_address(Channel.EMAIL, k)], mail)

        def loops(count: int) -> None:
            with ThreadPoolExecutor(callers) as pool:
                for done in [pool.submit(loop, count // callers) for _ in range(callers)]:
                    done.result()

        bare = {"a bare smtplib loop": loop, f"{callers} such loops at once": loops}
        return _beside("emails", route, bare, messages, rounds)


def _beside(
    name: str, route: Route, bare: Mapping[str, Callable[[int], None]], messages: int, rounds: int
) -> list[Beside]:
    """Let all send in turns; of each keep the round in the middle by processor time."""
    sender = Sender("Union", "https://union.example")

    def ours(count: int) -> None:
        sent = deliver(route, sender, clock=utcnow)
        if sent.accepted != count:
            text = f"only {sent.accepted} of {count} were accepted"
            raise RuntimeError(text)

    ways = [ours, *bare.values()]
    efforts: list[list[Effort]] = [[] for _ in ways]
    for _ in range(rounds):
        fan_out(messages, route.channel)
        for way, found in zip(ways, efforts, strict=True):
            began, cpu = stopwatch(), process_time()
            way(messages)
            found.append(Effort(messages, stopwatch() - began, process_time() - cpu))
    route.close()
    # Processor time is steady; the wall is not, so of that the best round of each counts.
    us, *them = (
        Effort(messages, min(one.seconds for one in found), sorted(one.cpu for one in found)[rounds // 2])
        for found in efforts
    )
    return [Beside(name, us, bare, limit) for limit, bare in zip(bare, them, strict=True)]


def _message(channel: Channel, k: int) -> Message:
    return Message(
        id=k, attempt=1, to=_address(channel, k), subject="A test", body="This is a test message.",
        lane=Lane.ALERT, language="nl", expires_at=utcnow(), validity=600,
    )  # fmt: skip


def _bare(route: Route, messages: int) -> None:
    """Call only the channel, with as many callers."""
    now = utcnow()

    def send(k: int) -> bool:
        return isinstance(route.send(_message(route.channel, k), now), Accepted)

    with ThreadPoolExecutor(route.callers) as pool:
        taken = sum(pool.map(send, range(messages)))
    if taken != messages:
        text = f"the bare loop had {taken} of {messages} accepted"
        raise RuntimeError(text)

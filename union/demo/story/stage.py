"""What the story is told with: people and their browsers, the timeline, the processes, the clock."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from union.app import start
from union.core.actor import Actor
from union.core.clock import stopwatch, utcnow
from union.core.db import reading
from union.core.settings import Settings
from union.demo import running
from union.demo.post import Post, office
from union.demo.visitor import Unexpected, Visitor
from union.members import queries as members
from union.migrate import upgrade
from union.notify.testing.twilio_server import ACCOUNT, SERVICE, TOKEN

HANDS = 6
DAYLIGHT = (
    "Europe/Amsterdam",
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Asia/Tokyo",
    "Asia/Kolkata",
)
MORNING, EVENING = 9, 18
PLATFORM = "uber"
CODE = r"\b(\d{6})\b"
GROUP = "BELENIOS-2048"


@dataclass
class Somebody:
    """One member of the story: where messages reach them, and their browser."""

    number: int
    name: str
    address: str
    visitor: Visitor
    member_id: str = ""


class Story:
    """One telling."""

    def __init__(self, settings: Settings, post: Post, out: Path, count: int) -> None:
        self.settings, self.post, self.out, self.count = settings, post, out, count
        self.began = stopwatch()
        self.lines: list[str] = []
        self.base = settings.public_url
        self.people: list[Somebody] = []
        self.staff: dict[str, Somebody] = {}
        self.slug = ""
        self.ballot = ""
        self.action = ""
        self.starts_at = utcnow()
        self.zone = daylight(self.starts_at)
        self.trackers: dict[str, str] = {}
        self.pace = timedelta(0)

    def say(self, text: str) -> None:
        """Write one line of the timeline."""
        line = f"{stopwatch() - self.began:6.1f} s  {text}"
        self.lines.append(line)
        click.echo(line)

    def all_do(self, what: str, act: Callable[[Somebody], object], who: Iterable[Somebody]) -> int:
        """Let people act side by side, showing progress; return how many did."""
        people = list(who)
        with (
            ThreadPoolExecutor(HANDS) as pool,
            click.progressbar(length=len(people), label=f"          {what}", width=30) as bar,
        ):
            for _ in pool.map(act, people):
                bar.update(1)
        return len(people)

    def wait(self, what: str, ready: Callable[[], bool], patience: float = 60) -> None:
        """Wait until the scheduler has done its part."""
        until = stopwatch() + patience
        while not ready():
            if stopwatch() > until:
                raise Unexpected(f"waited {patience:.0f} s for: {what}")
            time.sleep(0.2)

    def actor(self, person: Somebody) -> Actor:
        """Return somebody as an actor, roles as they are now."""
        with reading() as session:
            return members.actor_of(session, person.member_id)

    def keep(self) -> None:
        """Leave the timeline and every message beside the archive."""
        (self.out / "timeline.txt").write_text("\n".join(self.lines) + "\n")
        click.echo(f"\nIn {self.out}: {', '.join(sorted(p.name for p in self.out.iterdir()))}")


def daylight(now: datetime) -> str:
    """Return a zone in which it is day: by night no voting code is texted, and the story cannot wait."""
    hours = {zone: now.astimezone(ZoneInfo(zone)).hour for zone in DAYLIGHT}
    return next(zone for zone, hour in hours.items() if MORNING <= hour < EVENING)


def wall(instant: datetime, zone: str) -> str:
    """Return an instant as the local time of the story, to the second."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}"


@contextmanager
def stage(out: Path) -> Iterator[tuple[Settings, Post]]:
    """Run an empty union in `out`: web, scheduler, a post office for mail and texts; stop them at the end."""
    shutil.rmtree(out, ignore_errors=True)
    (out / "messages").mkdir(parents=True)
    port = running.free_port()
    with ExitStack() as stack:
        post, smtp_url, twilio_url = stack.enter_context(office(out / "messages"))
        settings = replace(
            Settings.from_environment(),
            environment="development",
            home=out / "state",
            database_url=f"sqlite:///{out / 'state' / 'union.db'}",
            public_url=f"http://127.0.0.1:{port}",
            secret_key_file=out / "state" / "secret.key",
            data_key_file=out / "state" / "data.key",
            union_name="Datavakbond",
            smtp_url=smtp_url,
            mail_from="union@datavakbond.example",
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=TOKEN,
            twilio_messaging_service_sid=SERVICE,
            twilio_api_url=twilio_url,
        )
        settings.home.mkdir(parents=True)
        upgrade(settings.database_url)
        start(settings)
        env = running.environment(
            settings,
            UNION_SMTP_URL=smtp_url,
            UNION_MAIL_FROM=settings.mail_from,
            UNION_TWILIO_ACCOUNT_SID=ACCOUNT,
            UNION_TWILIO_AUTH_TOKEN=TOKEN,
            UNION_TWILIO_MESSAGING_SERVICE_SID=SERVICE,
            UNION_TWILIO_API_URL=twilio_url,
            UNION_SECRET_KEY_FILE=str(settings.secret_key_file),
            UNION_DATA_KEY_FILE=str(settings.data_key_file),
        )
        log = stack.enter_context((out / "processes.log").open("wb"))
        processes = [running.start_web(env, port, log=log), running.start_scheduler(env, log=log)]
        stack.callback(running.stop, processes)
        running.wait_for_web(port, processes[0])
        yield settings, post

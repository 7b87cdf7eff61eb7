"""A running union for tests in real Chromium: the demo's own seed, gunicorn, the scheduler, on a free port.

Seeding takes half a minute, so it is done once in a test run; each file gets a copy and processes of its own.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.looking import PHONE
from tests.browser.person import arriving
from union.app import start
from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.settings import Settings
from union.demo import links, running, seed
from union.members import service as members

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = "Chromium is not installed: everything about pages in a real browser is LEFT OUT"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
FILL = """
from union.app import start
from union.core.settings import Settings
from union.demo import fill
from union.migrate import upgrade
settings = Settings.from_environment()
settings.home.mkdir(parents=True)
upgrade(settings.database_url)
start(settings)
fill.ensure(settings, say=lambda words: None)
"""


@dataclass
class Union:
    """A union that runs: where it is, who is in it, and a way to look and act behind its pages."""

    settings: Settings
    people: seed.People

    @property
    def url(self) -> str:
        return self.settings.public_url

    def link(self, member_id: str, onward: str = "/home") -> str:
        """Return a fresh one-use sign-in address."""
        with db.transaction() as session:
            return members.issue_link(
                session, actor=SYSTEM, member_id=member_id, now=utcnow(), site=self.url, onward=onward
            )

    @property
    def booth(self) -> str:
        """The way into the open vote for the demo's member, as it stands in that member's message."""
        return self.url + links.remembered(self.settings)["booth"]


def environment(home: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNION_")}
    return {
        **kept,
        "UNION_ENV": "development",
        "UNION_HOME": str(home),
        "UNION_NAME": "Datavakbond",
        "UNION_PUBLIC_URL": f"http://localhost:{port}",
    }


@pytest.fixture(scope="session")
def seeded(tmp_path_factory):
    """The folder of a seeded union; made by whichever worker comes first."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "seeded-union"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            making = place.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            subprocess.run(
                [sys.executable, "-c", FILL], env=environment(making, 8000), check=True, cwd=running.ROOT
            )
            making.rename(place)
    return place


@contextmanager
def opened(settings: Settings):
    """Let this process look into the running union's database."""
    start(settings)
    database = db.installed()
    try:
        yield
    finally:
        database.engine.dispose()


@contextmanager
def brought_up(seeded, home, **more):
    """Web and scheduler on a copy of the seeded union, stopped at the end; their log is shown when a test fails.

    more: UNION_* beside the usual.
    """
    port = running.free_port()
    shutil.copytree(seeded, home)
    settings = Settings.from_environment({**environment(home, port), **more})
    log = (home / "processes.log").open("wb")
    processes = []
    try:
        env = running.environment(settings)
        processes.append(running.start_web(env, port, log=log))
        processes.append(running.start_scheduler(env, log=log))
        running.wait_for_web(port, processes[0])
        with opened(settings), db.reading() as session:
            people = links.known(session)
        member = links.remembered(settings)["member"]
        yield Union(settings, seed.People(member, people.organizers, people.trustees, people.officer))
        assert all(process.popen.poll() is None for process in processes), "a process stopped on the way"
    finally:
        running.stop(processes)
        log.close()
        print(log_of(home))


@pytest.fixture(scope="module")
def running_union(seeded, tmp_path_factory):
    """A running union of the file's own, whose messages stay at the desk."""
    with brought_up(seeded, tmp_path_factory.mktemp("running") / "home") as up:
        yield up


def log_of(home: Path) -> str:
    return (home / "processes.log").read_text(errors="replace")


@pytest.fixture
def union(running_union, _vault):
    """The running union, with its own keys and database installed for the length of one test."""
    with opened(running_union.settings):
        yield running_union


@pytest.fixture(scope="module")
def chromium():
    """One Chromium for a file; skips, saying so, where there is none."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def screen_and_means():
    """How people come to the union where a file does not say otherwise: on a phone, by keyboard alone."""
    return PHONE, "keyboard"


@pytest.fixture
def people(chromium, union, screen_and_means):
    """people(member_id=None, lands="/home"): somebody new at a browser, signed in; quiet to the end."""
    with arriving(chromium, union, *screen_and_means) as arrive:
        yield arrive

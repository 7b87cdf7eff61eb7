"""The database full, read-only or away while messages go out: nothing double, nothing lost, and it goes on by itself."""

import contextlib
import logging
import threading
import time

import pytest
import requests
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from tests.conftest import fresh_sqlite
from tests.rooms.notify import processes
from tests.rooms.notify.conftest import AWAKE, WHO, rows, states, write
from tests.rooms.notify.test_workers import until
from union import scheduler
from union.bench import cluster
from union.core import db
from union.core.clock import utcnow
from union.demo import running
from union.demo.visitor import Page
from union.notify import jobs, queries
from union.notify.channels.base import Accepted, Single
from union.notify.rules.kinds import Channel

COUNT = 40


class Taking(Single):
    """A provider that takes everything; at the `at`th message it does something to us first."""

    name, channel, callers = "taking", Channel.SMS, 4

    def __init__(self, at, act):
        self.taken, self._at, self._act = [], at, act
        self._lock = threading.Lock()

    def send(self, message, now):
        with self._lock:
            self.taken.append(message.id)
            if len(self.taken) == self._at:
                self._act()
        return Accepted(f"SM{message.id}")

    def close(self):
        pass


@pytest.fixture
def embedded(sqlite_template, tmp_path):
    """A SQLite union, and shut(on): let its file only be read."""
    with fresh_sqlite(sqlite_template, tmp_path) as fresh:
        kept = {"on": "OFF"}

        @event.listens_for(fresh.engine, "checkout")
        def shut(connection, *rest):
            connection.execute(f"PRAGMA query_only={kept['on']}")

        db.install(fresh)
        yield lambda *, on: kept.update(on="ON" if on else "OFF")


@pytest.fixture
def server():
    """A PostgreSQL of our own, which may be stopped."""
    place = cluster.binaries()
    if place is None:
        pytest.skip(cluster.MISSING)
    made = cluster.Cluster(place)
    database = db.Database(db.make_engine(made.url()))
    db.Base.metadata.create_all(database.engine)
    db.install(database)
    yield made
    database.engine.dispose()
    with contextlib.suppress(ProcessLookupError):
        made.stop()


def begin(route):
    """Deliver in a thread; return it, and the list of what it will have raised."""
    raised = []

    def run():
        try:
            jobs.deliver_due((route,), WHO, clock=utcnow)
        except SQLAlchemyError as error:
            raised.append(error)

    sending = threading.Thread(target=run)
    sending.start()
    return sending, raised


def deliver_over(route, back):
    """Deliver in a thread; once the database is gone bring it back by `back`. Return what was raised."""
    sending, raised = begin(route)
    until(lambda: len(route.taken) >= route._at)
    time.sleep(2.5)  # long enough for marks to be refused
    back()
    sending.join(60)
    assert not sending.is_alive()
    return raised


def judge(route):
    assert sorted(route.taken) == sorted(set(route.taken)), "nothing twice"
    jobs.deliver_due((route,), WHO, clock=utcnow)
    assert states() == ["accepted"] * COUNT, "what was handed over is known"
    assert sorted(route.taken) == sorted(row.id for row in rows())


def test_what_was_handed_over_is_written_down_when_the_disk_takes_it_again(embedded):
    write(COUNT, now=utcnow(), zone=AWAKE)
    route = Taking(5, lambda: embedded(on=True))
    assert deliver_over(route, lambda: embedded(on=False)) == []
    judge(route)


def test_what_was_handed_over_is_written_down_when_postgresql_is_back(server):
    write(COUNT, now=utcnow(), zone=AWAKE)
    route = Taking(5, server.halt)
    assert deliver_over(route, server.begin) == []
    judge(route)


def test_an_outage_is_logged_once_a_minute_and_a_fault_of_ours_whole(embedded, caplog):
    told = scheduler.Told()
    embedded(on=True)
    with pytest.raises(SQLAlchemyError) as outage:
        scheduler.beat()
    embedded(on=False)
    for name in ("heartbeat", "notify.deliver_sms", "heartbeat"):
        told(JobExecutionEvent(EVENT_JOB_ERROR, name, None, None, exception=outage.value))
    assert caplog.messages == ["the database can only be read: job heartbeat is tried again, as are others"]
    told(JobExecutionEvent(EVENT_JOB_ERROR, "x", None, None, exception=ValueError("no")))
    assert caplog.records[-1].levelno == logging.ERROR
    assert caplog.records[-1].exc_info


@pytest.mark.slow
def test_postgresql_stops_and_starts_while_web_scheduler_and_worker_run(server, twilio, tmp_path):
    """Nobody starts anything anew: pages say so meanwhile, then all three go on."""
    port = running.free_port()
    url = f"http://localhost:{port}"
    env = processes.environment(tmp_path / "p", db.installed(), **processes.twilio(twilio, url))
    log = (tmp_path / "log").open("wb")
    web = running.start_web(env, port, workers=2, log=log)
    try:
        with (
            processes.running(env, "scheduler", "run", log=log) as clock,
            processes.running(env, "worker", "run", "--processes", "1", log=log) as worker,
        ):
            running.wait_for_web(port, web)
            until(lambda: awake() == {"scheduler", "worker"})
            assert requests.get(url, timeout=60).status_code == 200
            send, typed = writing(url)
            server.halt()
            time.sleep(3)
            answer = requests.get(url, timeout=60, headers={"Accept": "text/html"})
            assert answer.status_code == 503
            assert "We cannot get at our records" in answer.text
            refused = send(typed)
            assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (503, True)
            assert "send it again in a minute" in refused.text
            server.begin()
            stopped = utcnow()
            until(lambda: awake(since=stopped) == {"scheduler", "worker"})
            until(lambda: requests.get(url, timeout=60).status_code == 200)
            [kept] = [form for form in Page(refused.text).forms if form.action == "/sign-in"]
            assert kept.values["contact"] == ["ayla@example.org"]
            assert send({name: value[0] for name, value in kept.values.items()}).status_code == 303
            clock.send_signal(15)
            clock.wait(60)
            write(COUNT, now=utcnow(), zone=AWAKE)
            until(lambda: states() == ["accepted"] * COUNT)  # by the worker alone
            assert worker.poll() is None
            assert web.popen.poll() is None
    finally:
        running.stop([web])
        log.close()
    assert max(twilio.sent().values()) == 1
    assert (tmp_path / "log").read_bytes().count(b"Traceback") == 0, (tmp_path / "log").read_text()


def writing(url):
    """A browser with a form filled in: how it sends, and what it holds."""
    browser = requests.Session()
    [form] = [
        form
        for form in Page(browser.get(f"{url}/sign-in", timeout=60).text).forms
        if "contact" in form.values
    ]

    def send(values):
        return browser.post(
            f"{url}/sign-in", data=values, timeout=60, allow_redirects=False,
            headers={"Origin": url, "Accept": "text/html"},
        )  # fmt: skip

    return send, {name: value[0] for name, value in form.values.items()} | {"contact": "ayla@example.org"}


def awake(since=None):
    """Which processes tick, or have since."""
    try:
        with db.reading() as session:
            now = utcnow()
            beats = queries.heartbeats(session)
    except SQLAlchemyError:
        return set()
    return {b.process for b in beats if (b.at > since if since else b.awake(now))}

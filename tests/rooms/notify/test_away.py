"""Delivery on several machines while the database or the broker is away: nothing double, nothing lost, no help wanted.

Real processes: a scheduler and a worker on RabbitMQ, a PostgreSQL and a broker of their own that are killed, frozen
and cut off in the middle of an alert. UNION_FAULT_RUN says how many texts each trouble meets.
"""

import contextlib
import os
import re
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from tests.frost import frozen, own_database
from tests.rooms.notify import processes
from tests.rooms.notify.conftest import AWAKE, WHO, rows, states, write
from tests.rooms.notify.line import Line
from tests.rooms.notify.test_outages import Taking, awake
from tests.rooms.notify.test_workers import until
from union.core import db
from union.core.clock import utcnow
from union.core.settings import Settings
from union.notify import jobs
from union.notify.delivery import send
from union.notify.delivery.engine import Unreachable
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel

RUN = int(os.environ.get("UNION_FAULT_RUN", "200"))
LONG = 20 if "UNION_FAULT_RUN" in os.environ else 2
"""Seconds that the database stands still, or the broker is away."""
SAID = "the database does not answer"


@pytest.fixture
def server():
    """A PostgreSQL of our own that keeps what it said it keeps, whenever it is killed."""
    with own_database() as made:
        yield made


@pytest.fixture
def line(server):
    """A line to the database of this test, for those who are to lose it; the test itself has its own."""
    made = Line(server.port)
    yield made
    made.close()


@pytest.fixture
def database_over(line):
    """The database as seen over the line, installed."""
    direct = db.installed()
    over = db.Database(db.make_engine(over_the_line(line)))
    db.install(over)
    yield over
    over.engine.dispose()
    db.install(direct)


def over_the_line(line):
    return db.installed().engine.url.set(port=line.port).render_as_string(hide_password=False)


def count():
    """How many rows are in each state, as soon as the database tells."""

    def asked():
        with contextlib.suppress(SQLAlchemyError), db.reading() as session:
            return Counter(
                dict(session.execute(select(Outbox.state, func.count()).group_by(Outbox.state)).all())
            )

    return until(asked)


def judge(taken):
    """Each row once with the provider, and known to be."""
    assert states() == ["accepted"] * len(rows())
    assert sorted(taken) == sorted(row.id for row in rows())


@pytest.mark.parametrize("which", [1, 2, 3])
def test_a_claim_whose_commit_got_no_answer_is_taken_up_again(line, database_over, which):
    """The first claim, where nothing is in hand, and later ones, which are one transaction with marks."""
    write(250, now=utcnow(), zone=AWAKE)
    route = Taking(0, lambda: None)
    line.drop_answer = which
    jobs.deliver_due((route,), WHO, clock=utcnow)
    assert line.dropped == 1
    judge(route.taken)
    tries = Counter(row.attempts for row in rows())
    assert set(tries) == {1, 2}, "some were claimed once without our knowledge"


def test_what_the_reaper_took_meanwhile_is_given_back_as_well(line, database_over, monkeypatch):
    """An outage longer than a lease: the scheduler's first tick finds the rows before we do."""
    write(40, now=utcnow(), zone=AWAKE)
    real = send.free

    def late(session, **facts):
        with db.transaction() as other:
            assert jobs.delivery.reap(other, now=utcnow() + timedelta(minutes=4)) == 40
        return real(session, **facts)

    monkeypatch.setattr(send, "free", late)
    route = Taking(0, lambda: None)
    line.drop_answer = 1
    jobs.deliver_due((route,), WHO, clock=utcnow)
    judge(route.taken)


def test_what_was_handed_over_is_never_given_back(line, database_over):
    """Messages in doubt, and one that is with the provider all the while, carry the name of the same run."""
    [slow, *_] = write(150, now=utcnow(), zone=AWAKE)
    route = Taking(0, lambda: None)
    taking = route.send

    def doubtful(message, now):
        answer = taking(message, now)
        if message.id == slow:
            line.drop_answer = 1
            until(lambda: line.dropped)
            time.sleep(3)  # until the others' answers are written down anew
            return answer
        return send.Ambiguous("timeout") if message.id % 5 == 0 else answer

    route.send = doubtful
    jobs.deliver_due((route,), WHO, clock=utcnow)
    assert line.dropped == 1
    assert sorted(route.taken) == sorted(row.id for row in rows())
    doubtful_ones = sum(row.id % 5 == 0 and row.id != slow for row in rows())
    assert Counter(states()) == {"accepted": 150 - doubtful_ones, "unknown": doubtful_ones}
    assert {row.error_code for row in rows(state="unknown")} == {"no_answer"}


def stop_hard(server, line):
    """An immediate stop: no checkpoint, no farewell; it recovers from its log."""
    del line
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(60)
    time.sleep(LONG)
    server.begin()


def freeze(server, line):
    del line
    with frozen(server):
        time.sleep(LONG)


def cut(server, line):
    del server
    for _ in range(5):
        line.cut()
        time.sleep(0.3)


def swallow(server, line):
    """Several COMMITs, of claims, marks and whatever else, get no answer."""
    del server
    for _ in range(5):
        line.drop_answer = 1
        time.sleep(0.3)


def settings_of(env):
    return Settings.from_environment(env)


@contextlib.contextmanager
def machines(line, broker, twilio, folder):
    """A scheduler and a worker, both over the line; gives (the scheduler's settings, path of their log)."""
    env = processes.environment(
        folder / "p",
        db.installed(),
        UNION_BROKER_URL=broker.url(),
        **processes.twilio(twilio),
        **processes.SHORT_REST,
    )
    env["UNION_DATABASE_URL"] = over_the_line(line)
    said = folder / "log"
    with (
        said.open("wb") as log,
        processes.running(env, "--verbose", "scheduler", "run", log=log) as clock,
        processes.running(env, "worker", "run", "--processes", "2", "--channel", "sms", log=log) as worker,
    ):
        here = settings_of(env)
        try:
            until(lambda: jobs.engine(here)._line(Channel.SMS).workers and awake() == {"scheduler", "worker"})
            yield here, said, clock.pid
            assert clock.poll() is None
            assert worker.poll() is None
        finally:
            jobs.engine(here)._app.close()
            jobs.engine.cache_clear()


def call(first, **facts):
    """Call RUN people who were not called before."""
    return write(RUN, first=first, now=utcnow(), zone=AWAKE, **facts)


def settled():
    return set(count()) <= {"accepted", "expired"}


def until_settled(trouble):
    """Wait for the last row; leases are not waited for, so nothing may be in doubt."""
    try:
        until(settled)
    except AssertionError:
        open_rows = [row for row in rows() if row.state not in {"accepted", "expired"}]
        facts = [(r.id, r.state, r.error_code, r.attempts, r.lease_by) for r in open_rows[:5]]
        pytest.fail(f"{trouble.__name__}: {len(open_rows)} rows are open: {facts}")


@pytest.mark.slow
def test_workers_outlive_every_way_the_database_goes_away(server, line, broker, twilio, tmp_path):
    twilio.faults.latency = 0.03
    with machines(line, broker, twilio, tmp_path) as (_, said, _pid):
        for n, trouble in enumerate((stop_hard, freeze, cut, swallow)):
            before = len(twilio.records)
            call(n * RUN)
            until(lambda before=before: len(twilio.records) >= before + RUN // 10)
            trouble(server, line)
            back = time.monotonic()
            at = len(twilio.records)
            until(lambda at=at: len(twilio.records) > at or settled())
            print(
                f"\n{time.monotonic():.0f} {trouble.__name__}: sends again after {time.monotonic() - back:.1f} s"
            )
            until_settled(trouble)
            assert max(twilio.sent().values()) == 1, trouble.__name__
        late = write(1, first=9 * RUN, now=utcnow(), zone=AWAKE, expires_at=utcnow() + timedelta(seconds=2),
                     not_before=utcnow() + timedelta(seconds=1))  # fmt: skip
        stop_hard(server, line)
        until(lambda: count()["expired"] == 1)
    assert len(twilio.records) == 4 * RUN
    assert set(twilio.sent()) == {str(row.id) for row in rows()} - {str(late[0])}, "what was late never left"
    told = said.read_text(errors="replace")
    assert "Traceback" not in told, told[-4000:]
    # four processes say it, each once a minute
    by = Counter(re.findall(r"^\S+ (\d\d:\d\d).*" + SAID, told, re.MULTILINE))
    assert by, told
    assert max(by.values()) <= 4 * 2, told


def memory_alarm(broker):
    """It takes what is published and confirms nothing, until there is room again."""
    broker.ctl("set_vm_memory_high_watermark", "0.000001")
    return lambda: broker.ctl("set_vm_memory_high_watermark", "0.4")


def no_room_on_disk(broker):
    broker.ctl("set_disk_free_limit", "90000GB")
    return lambda: broker.ctl("set_disk_free_limit", "50MB")


def broker_stopped(broker):
    broker.ctl("stop_app")
    return lambda: broker.ctl("start_app")


def queue_deleted(broker):
    """Under the worker, with all that was announced; nobody has to do anything."""
    broker.ctl("delete_queue", "union.sms")
    return lambda: None


TROUBLES = (memory_alarm, broker_stopped, queue_deleted, *([no_room_on_disk] if LONG > 2 else []))
"""Memory and disk raise the same alarm; the second is for the long run."""


@pytest.mark.slow
def test_alerts_go_out_while_the_broker_is_away_and_workers_come_back(server, line, broker, twilio, tmp_path):
    """The scheduler stands in; once the broker is well, the worker sends again without being started anew."""
    twilio.faults.latency = 0.02
    with machines(line, broker, twilio, tmp_path) as (here, said, scheduler):
        for n, trouble in enumerate(TROUBLES):
            call(2 * n * RUN)
            until(lambda n=n: len(twilio.records) >= 2 * n * RUN + RUN // 10)
            mend = trouble(broker)
            try:
                call(2 * n * RUN + RUN)
                until(settled)
            finally:
                mend()
            until(lambda here=here: listens(here))
            until(lambda: next_is_sent_by() != scheduler)
            assert max(twilio.sent().values()) == 1, trouble.__name__
        assert twilio.sent().keys() == {str(row.id) for row in rows()}
    assert "Traceback" not in said.read_text(errors="replace")


def listens(here):
    with contextlib.suppress(Unreachable):
        return jobs.engine(here)._line(Channel.SMS).workers


def next_is_sent_by():
    """Write a text; return which process sent it."""
    [one] = write(1, first=len(rows()) + 100_000, now=utcnow(), zone=AWAKE)
    until(settled)
    [row] = rows(id=one)
    return int(row.lease_by.split("/")[-2])

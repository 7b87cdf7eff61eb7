"""Workers on RabbitMQ: announced once, sent once, whoever dies; without broker or worker the scheduler sends."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from kombu import pools

from tests import broker as brokers
from tests.conftest import fresh_postgres
from tests.rooms.notify import fault_run, processes
from tests.rooms.notify.conftest import rows, states, write
from union.core import db
from union.core.clock import utcnow
from union.notify import jobs, queries
from union.notify.delivery.engine import Embedded, Unreachable
from union.notify.delivery.rabbit import Rabbit
from union.notify.rules.kinds import Channel
from union.notify.testing.twilio_server import SERVICE

PATIENCE = 240


@pytest.fixture
def database(postgres_template):
    """Several machines need PostgreSQL."""
    with fresh_postgres(postgres_template) as fresh:
        db.install(fresh)
        yield fresh


@pytest.fixture
def here(settings, database, broker, twilio):
    """Settings of this process: it plays the scheduler. Queues are empty at the start."""
    found = replace(
        settings,
        broker_url=broker.url(),
        database_url=database.engine.url.render_as_string(hide_password=False),
        twilio_account_sid=twilio.account,
        twilio_auth_token=twilio.token,
        twilio_messaging_service_sid=SERVICE,
        twilio_api_url=twilio.url,
    )
    engine = jobs.engine(found)
    with engine._app.pool.acquire(block=True) as connection:
        for channel in Channel:
            engine._line(channel)
            connection.default_channel.queue_purge(f"union.{channel.value}")
    yield found
    engine._app.close()
    pools.reset()
    jobs.engine.cache_clear()


def until(true, seconds=PATIENCE):
    """Wait until `true()`; a busy machine gets its time."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def listening(settings, number=1):
    return until(lambda: all(line.workers >= number for line in jobs.engine(settings).health().lines))


def children(process):
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def test_without_a_broker_the_scheduler_sends(settings):
    assert isinstance(jobs.engine(settings), Embedded)


def test_chunks_are_announced_once_and_the_rows_decide(here):
    engine = jobs.engine(here)
    write(250, now=utcnow())
    with pytest.raises(Unreachable, match="no worker"):
        engine.announce(Channel.SMS)
    line = engine._line(Channel.SMS)
    assert line.waiting == 0, "nothing is announced to nobody"
    engine._line = lambda channel: replace(type(engine)._line(engine, channel), workers=1)
    assert engine.announce(Channel.SMS) == 3
    until(lambda: engine._line(Channel.SMS).waiting == 3)
    assert engine.announce(Channel.SMS) == 0, "what waits is not announced again"
    assert engine.announce(Channel.EMAIL) == 0
    del engine._line


def test_a_line_that_the_broker_shut_meanwhile_is_opened_anew(here, broker):
    """Nobody sends heartbeats on a line that is used once an hour."""
    engine = jobs.engine(here)
    write(250, now=utcnow())
    engine._line = lambda channel: replace(type(engine)._line(engine, channel), workers=1)
    assert engine.announce(Channel.SMS) == 3
    broker.ctl("close_all_connections", "idle")
    assert engine.announce(Channel.SMS) == 0
    del engine._line


def test_the_queue_is_durable_and_tasks_carry_no_more_than_a_channel(here):
    engine = jobs.engine(here)
    write(1, now=utcnow())
    engine._line = lambda channel: replace(type(engine)._line(engine, channel), workers=1)
    engine.announce(Channel.SMS)
    del engine._line
    with engine._app.pool.acquire(block=True) as connection:
        asked = connection.channel()
        message = until(lambda: asked.basic_get("union.sms", no_ack=True))
        from amqp.exceptions import PreconditionFailed

        with pytest.raises(PreconditionFailed, match="quorum"):
            asked.queue_declare(queue="union.sms", durable=True, auto_delete=False)
    args, kwargs, _ = json.loads(message.body)
    assert (args, kwargs) == ([], {"channel": "sms"})
    assert message.properties["delivery_mode"] == 2
    assert message.content_type == "application/json"


def test_a_broker_that_is_away_does_not_stop_the_messages(here, database):
    away = replace(here, broker_url=f"amqp://guest:guest@127.0.0.1:{brokers.free_port()}//")
    write(3, now=utcnow())
    assert "does not answer" in jobs.engine(away).health().problem
    assert jobs.deliver_sms(utcnow(), away) == 3
    assert states() == ["accepted"] * 3
    jobs.engine(away)._app.close()


def test_a_worker_sends_and_ends_when_asked(here, database, broker, twilio, tmp_path):
    env = processes.environment(
        tmp_path / "w", database, UNION_BROKER_URL=broker.url(), **processes.twilio(twilio)
    )
    twilio.faults.latency = 0.05
    with processes.running(env, "worker", "run", "--processes", "2") as worker:
        listening(here)
        with db.reading() as session:
            until(
                lambda: (
                    [b for b in queries.heartbeats(session) if b.process == "worker"] or session.rollback()
                )
            )
        write(600, now=utcnow())
        assert jobs.deliver_sms(utcnow(), here) == 6
        until(lambda: len(twilio.records) > 20)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
        told = Counter(states())
        assert set(told) <= {"accepted", "created"}, "what was in hand is finished"
        assert told["accepted"] == len(twilio.records)
    with processes.running(env, "worker", "run", "--processes", "1"):
        listening(here)
        until(lambda: jobs.deliver_sms(utcnow(), here) >= 0 and set(states()) == {"accepted"})
    assert len(twilio.records) == 600
    assert max(twilio.sent().values()) == 1


def test_a_killed_child_is_replaced_and_its_chunk_comes_again(here, database, broker, twilio, tmp_path):
    env = processes.environment(
        tmp_path / "w", database, UNION_BROKER_URL=broker.url(), **processes.twilio(twilio)
    )
    twilio.faults.latency = 0.1
    with processes.running(env, "worker", "run", "--processes", "1") as worker:
        listening(here)
        write(300, now=utcnow())
        jobs.deliver_sms(utcnow(), here)
        until(lambda: len(twilio.records) > 5)
        for pid in children(worker):
            os.kill(pid, signal.SIGKILL)
        until(lambda: jobs.deliver_sms(utcnow(), here) >= 0 and states().count("accepted") >= 200)
        assert worker.poll() is None
    told = Counter(states())
    assert set(told) <= {"accepted", "sending"}, (
        "the dead one's rows wait for their lease, then are looked up"
    )
    assert told["sending"] <= 100
    assert max(twilio.sent().values()) == 1


def test_a_child_born_while_its_parent_writes_that_it_is_alive_does_not_hang(
    here, database, broker, twilio, tmp_path
):
    env = processes.environment(
        tmp_path / "w",
        database,
        UNION_BROKER_URL=broker.url(),
        **processes.twilio(twilio),
        **processes.LONG_BEATS,
    )
    with processes.running(env, "worker", "run", "--processes", "1", "--channel", "sms") as worker:
        until(lambda: jobs.engine(here)._line(Channel.SMS).workers)
        for _ in range(3):
            [child] = until(lambda: children(worker))
            os.kill(child, signal.SIGKILL)
            until(lambda child=child: set(children(worker)) - {child})
        write(30, now=utcnow())
        until(lambda: jobs.deliver_sms(utcnow(), here) >= 0 and set(states()) == {"accepted"}, seconds=60)
        by = {int(row.lease_by.split("/")[-2]) for row in rows()}
        assert by == set(children(worker)), "the new child sent them"


def test_workers_that_hang_are_stood_in_for(here, database, broker, twilio, tmp_path, monkeypatch):
    """Stopped, a worker stays connected: the broker counts it for a minute and more."""
    monkeypatch.setattr("union.notify.delivery.rabbit.PATIENCE", 2.0)
    env = processes.environment(
        tmp_path / "w", database, UNION_BROKER_URL=broker.url(), **processes.twilio(twilio)
    )
    with processes.running(env, "worker", "run", "--processes", "1", "--channel", "sms") as worker:
        until(lambda: jobs.engine(here)._line(Channel.SMS).workers)
        os.killpg(worker.pid, signal.SIGSTOP)
        write(250, now=utcnow())
        assert jobs.deliver_sms(utcnow(), here) == 3
        assert jobs.deliver_sms(utcnow(), here) <= 1, (
            "one may be in the hands of the stopped; they get their time"
        )
        until(lambda: jobs.deliver_sms(utcnow(), here) >= 0 and set(states()) == {"accepted"}, seconds=60)
        assert jobs.engine(here)._line(Channel.SMS).workers == 1
        os.killpg(worker.pid, signal.SIGCONT)
        until(lambda: jobs.engine(here)._line(Channel.SMS).waiting == 0)
    assert {int(row.lease_by.split("/")[-2]) for row in rows()} == {os.getpid()}
    assert len(twilio.records) == 250
    assert max(twilio.sent().values()) == 1


def test_busy_workers_are_not_taken_for_hanging_when_another_scheduler_announces_as_well(
    here, database, broker, twilio, tmp_path, monkeypatch
):
    """What the workers take is made up for before we look: to us nothing moves but the leases."""
    monkeypatch.setattr("union.notify.delivery.rabbit.PATIENCE", 12.0)
    monkeypatch.setattr(jobs, "AHEAD", 200)
    twilio.faults.latency = 0.2
    other = jobs.engine(here)
    ours = Rabbit(here.broker_url, other._work)
    env = processes.environment(
        tmp_path / "w", database, UNION_BROKER_URL=broker.url(), **processes.twilio(twilio)
    )
    with processes.running(env, "worker", "run", "--processes", "1", "--channel", "sms"):
        until(lambda: other._line(Channel.SMS).workers)
        write(1500, now=utcnow())
        until(lambda: made_up_for_first(other, ours) == 0 and not still_due())
        until(lambda: set(states()) == {"accepted"})
    ours._app.close()
    assert max(twilio.sent().values()) == 1


def made_up_for_first(other, ours):
    """Announce once a second, right behind a scheduler that did all along."""
    for _ in range(10):
        time.sleep(0.1)
        other.announce(Channel.SMS)
    return ours.announce(Channel.SMS)


def still_due():
    return states().count("created")


@pytest.mark.slow
def test_workers_killed_at_random_with_a_lying_provider(here, database, broker, twilio, webhook, tmp_path):
    """The fault run with a real scheduler and workers: a child dies, or a whole machine at once."""
    fault_run.lie(twilio)
    env = processes.environment(
        tmp_path / "w",
        database,
        UNION_BROKER_URL=broker.url(),
        **processes.twilio(twilio, webhook),
        **processes.HASTY,
    )

    def start():
        return processes.start(env, "worker", "run", "--processes", "2", "--channel", "sms")

    def kill(worker, dice):
        if fault_run.waiting():  # a new worker takes seconds to listen, and it is them who are to send
            until(lambda: jobs.engine(here)._line(Channel.SMS).workers >= 2)
        found = children(worker)
        if found and dice.random() < 0.5:
            with contextlib.suppress(ProcessLookupError):
                os.kill(dice.choice(found), signal.SIGKILL)
            time.sleep(0.2)
        processes.kill(worker)

    workers = [start() for _ in range(3)]
    until(lambda: jobs.engine(here)._line(Channel.SMS).workers >= 3)
    with processes.running(env, "scheduler", "run") as scheduler:
        kills = fault_run.killing(workers, start, kill, twilio)
    by = Counter(int(row.lease_by.split("/")[-2]) for row in rows() if row.lease_by)
    print(f"\n{len(by)} processes sent, the scheduler {by[scheduler.pid]} itself")
    assert by.total() > by[scheduler.pid], "it is the workers who send"
    fault_run.judge(twilio, kills, over="workers on RabbitMQ")


def test_the_embedded_worker_shares_the_rows_without_a_broker(database, twilio, tmp_path):
    env = processes.environment(tmp_path / "w", database, **processes.twilio(twilio))
    write(300, now=utcnow())
    with (
        processes.running(env, "worker", "run", "--processes", "1", "--channel", "sms") as one,
        processes.running(env, "worker", "run", "--processes", "2", "--channel", "sms"),
    ):
        until(lambda: set(states()) == {"accepted"})
        one.send_signal(signal.SIGTERM)
        assert one.wait(PATIENCE) == 0
    assert max(twilio.sent().values()) == 1
    assert len({row.lease_by for row in rows()}) >= 1


def test_status_says_what_is_wrong(here, database, broker, tmp_path):
    env = processes.environment(tmp_path / "w", database, UNION_BROKER_URL=broker.url())
    log = (tmp_path / "said").open("wb")
    with processes.running(env, "worker", "status", log=log) as asked:
        assert asked.wait(PATIENCE) == 1
    log.close()
    said = (tmp_path / "said").read_text()
    assert "waiting chunks: 0, workers: 0" in said
    assert "no worker listens to union.sms, union.email" in said


def test_old_heartbeats_are_dropped(database):
    from union.notify import service as notify

    now = utcnow()
    with db.transaction() as session:
        notify.beat(session, now=now - timedelta(days=2), process="worker")
    with db.transaction() as session:
        notify.beat(session, now=now, process="scheduler")
    with db.reading() as session:
        assert [one.process for one in queries.heartbeats(session)] == ["scheduler"]

"""Three schedulers, two of them killed: every action starts once and whole. And none hides in the web server."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from tests.broker import free_port
from tests.factories.actions import make_armed, make_called, make_campaign, make_organizer
from tests.rooms.notify import processes
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules.states import FiringState
from union.audit.models import AuditEntry
from union.core import db
from union.core.clock import utcnow
from union.notify import queries
from union.notify.models import Outbox

COUNT = 12
ZONES = ("America/St_Johns", "Pacific/Apia", "Asia/Kathmandu")
APART = timedelta(milliseconds=400)
PATIENCE = 300


def until(true):
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


def beating():
    with db.reading() as session:
        now = utcnow()
        return [beat.pid for beat in queries.heartbeats(session) if beat.awake(now)]


def armed(count):
    """Actions that only wait for the clock; return their slugs."""
    now = utcnow()
    with db.transaction() as session:
        first, second = make_organizer(session), make_organizer(session)
        campaign = make_campaign(session, now, called=make_called(session, 8))
        ahead = {
            "wall_start": f"{now + timedelta(days=2):%Y-%m-%dT18:00}",
            "wall_end": f"{now + timedelta(days=2):%Y-%m-%dT20:00}",
        }
        slugs = [
            make_armed(
                session, now, first=first, second=second, campaign=campaign, title=f"Samen uit {n}", **ahead
            )
            for n in range(count)
        ]
        session.execute(update(Action).values(briefed_at=now, cleared_at=now))
    return slugs


def set_off(slugs, first):
    with db.transaction() as session:
        for n, action in enumerate(
            session.scalars(select(Action).where(Action.slug.in_(slugs)).order_by(Action.slug))
        ):
            at = first + n * APART
            action.starts_at, action.ends_at = at, at + timedelta(hours=2)
            session.execute(
                update(ActionZoneFiring).where(ActionZoneFiring.action_id == action.id)
                .values(starts_at=at, ends_at=at + timedelta(hours=2))
            )  # fmt: skip


@pytest.mark.slow
def test_three_schedulers_two_killed_every_start_once(database, tmp_path):
    slugs = armed(COUNT)
    env = processes.environment(tmp_path / "s", database)
    # Machines need not agree on what is local time.
    running = [processes.start({**env, "TZ": zone}, "scheduler", "run") for zone in ZONES]
    try:
        until(lambda: len(beating()) == 3)
        first = utcnow() + timedelta(seconds=2)
        set_off(slugs, first)
        deaths = []
        for n, victim in ((COUNT // 3, running[0]), (2 * COUNT // 3, running[1])):
            time.sleep(max(0.0, (first + n * APART - utcnow()).total_seconds()))
            victim.send_signal(signal.SIGKILL)
            deaths.append(utcnow())
            victim.wait()

        def fired():
            with db.reading() as session:
                return session.scalar(select(func.count()).where(ActionZoneFiring.state == FiringState.LIVE))

        until(lambda: fired() == COUNT)
    finally:
        for process in running:
            processes.kill(process)
    with db.reading() as session:
        fires = session.scalars(select(AuditEntry).where(AuditEntry.act == "action.fire")).all()
        assert len(fires) == len({entry.subject for entry in fires}) == COUNT
        rows = session.scalars(select(ActionZoneFiring)).all()
        late = sorted((row.fired_at - row.starts_at).total_seconds() * 1000 for row in rows)
        assert late[0] >= 0, "nothing starts early"
        taken = max(min(row.fired_at - died for row in rows if row.fired_at > died) for died in deaths)
        print(
            f"\n{COUNT} starts on {database.engine.dialect.name}, late by {late[COUNT // 2]:.1f} ms, at most"
            f" {late[-1]:.1f}; {taken.total_seconds():.2f} s from a death to the next start; load"
            f" {os.getloadavg()[0]:.1f}, above {os.cpu_count()} the times say nothing"
        )
        sent = session.execute(
            select(Outbox.ref, Outbox.member_id, Outbox.channel, func.count())
            .where(Outbox.kind == "start").group_by(Outbox.ref, Outbox.member_id, Outbox.channel)
        ).all()  # fmt: skip
        assert len(sent) == COUNT * 8 * 2
        assert {row[3] for row in sent} == {1}


def test_no_scheduler_runs_in_the_web_server(database, tmp_path):
    """Four web processes and one scheduler: exactly one ticks."""
    env = processes.environment(tmp_path / "w", database)
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--chdir", str(processes.ROOT), "--bind", f"127.0.0.1:{port}",
        "--workers", "4", "--threads", "2", "--worker-class", "gthread", "wsgi:app",
    ]  # fmt: skip
    web = subprocess.Popen(
        command,
        env=env,
        cwd=processes.ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        import requests

        def answers():
            try:
                return requests.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE).status_code < 500
            except requests.RequestException:
                return False

        until(answers)
        for _ in range(8):
            requests.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)
        time.sleep(2.5)  # two ticks of whatever might tick
        assert beating() == []
        with processes.running(env, "scheduler", "run") as scheduler:
            until(beating)
            time.sleep(1.5)
            assert beating() == [scheduler.pid]
    finally:
        processes.kill(web)

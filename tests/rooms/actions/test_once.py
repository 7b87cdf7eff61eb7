"""However many schedulers run, and wherever one dies, an action fires once and whole."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories.actions import SITE, make_armed, make_called, make_campaign, make_organizer
from union.actions import jobs, service, standing
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules.states import FiringState, State
from union.audit.models import AuditEntry
from union.core.actor import SYSTEM
from union.core.db import reading, transaction
from union.core.errors import Conflict, UnionError
from union.members import queries as members
from union.notify import delivery
from union.notify import service as notify
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel


@pytest.fixture
def ready(database, now):
    """An action that two organizers released and that was cleared; return its slug, start and members."""
    with transaction() as session:
        first, second = make_organizer(session), make_organizer(session)
        called = make_called(session, 25)
        campaign = make_campaign(session, now, called=called)
        slug = make_armed(session, now, first=first, second=second, campaign=campaign)
        action = session.scalars(select(Action)).one()
        service.brief(session, actor=SYSTEM, now=action.briefing_at, slug=slug, site=SITE)
        service.decide(session, actor=SYSTEM, now=action.go_no_go_at, slug=slug, site=SITE)
        return slug, action.starts_at, called


def outcome(session):
    action = session.scalars(select(Action)).one()
    firing = session.scalars(select(ActionZoneFiring)).one()
    rows = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.kind == "start"))
    fired = session.scalar(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.act == "action.fire")
    )
    return action.state, firing.state, rows, fired


def at_once(*calls):
    """Run the calls in threads that start together; return what each returned or raised."""
    gate, found = threading.Barrier(len(calls)), [None] * len(calls)

    def run(n, call):
        gate.wait()
        try:
            found[n] = call()
        except UnionError as refused:
            found[n] = refused

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_four_schedulers_fire_it_once(ready, settings):
    _, start, called = ready
    found = at_once(*[lambda: jobs.run_due(start, settings) for _ in range(4)])
    assert sum(found) == 1
    with reading() as session:
        assert outcome(session) == (State.LIVE, FiringState.LIVE, 2 * len(called), 1)


@pytest.mark.parametrize("verb", ["arm", "confirm"])
def test_two_organizers_sign_at_the_same_moment(database, now, verb):
    from tests.factories.actions import hand_over, heartbeat, make_scheduled

    with transaction() as session:
        people = [make_organizer(session) for _ in range(3)]
        campaign = make_campaign(session, now, called=make_called(session, 6))
        slug = make_scheduled(session, now, actor=people[0], campaign=campaign)
        heartbeat(session, now)
        for actor in people:
            service.send_test(session, actor=actor, now=now, slug=slug)
        hand_over(session)
        if verb == "confirm":
            service.arm(session, actor=people[0], now=now, slug=slug)

    def sign(actor):
        with transaction() as session:
            getattr(service, verb)(session, actor=actor, now=now, slug=slug)
        return actor.member_id

    found = at_once(lambda: sign(people[1]), lambda: sign(people[2]))
    assert sorted(isinstance(one, Conflict) for one in found) == [False, True]


def test_check_ins_at_the_same_moment_are_all_counted_and_each_once(ready, settings):
    slug, start, called = ready
    jobs.run_due(start, settings)

    def check_in(member_id):
        with transaction() as session:
            service.check_in(session, actor=members.actor_of(session, member_id), now=start, slug=slug)
        return "counted"

    found = at_once(*[lambda m=m: check_in(m) for m in [*called[:6], *called[:6]]])
    assert found.count("counted") == 6
    assert sum(isinstance(one, Conflict) for one in found) == 6
    with reading() as session:
        from union.actions.models import CheckinTally

        assert session.scalars(select(CheckinTally)).one().out == 6


CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from importlib import import_module
from union.app import ROOMS
from union.core import db, sealing
from union.core.settings import Settings

for room in ("audit", *ROOMS):
    import_module(f"union.{room}.models") if room != "home" else None
sealing.install(sealing.Vault(bytes(range(32))))
db.install(db.Database(db.make_engine(sys.argv[1])))
from union.actions import jobs
from union.actions.service import common

told = common.tell

def slow(*args, **facts):
    written = told(*args, **facts)
    print("half way", flush=True)
    sys.stdin.readline()
    return written

common.tell = slow
jobs.run_due(datetime.fromisoformat(sys.argv[2]), Settings.from_environment({"UNION_ENV": "development"}))
print("done", flush=True)
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_firing_leaves_nothing_and_the_next_one_does_it_all(
    ready, settings, database
):
    _, start, called = ready
    url = database.engine.url.render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), url, start.isoformat()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with child:
        assert child.stdout.readline().strip() == "half way", "the rows are written, the transaction is open"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    with reading() as session:
        assert outcome(session) == (State.ARMED, FiringState.WAITING, 0, 0), "nothing is left of it"
    deadline = time.monotonic() + 20
    while jobs.run_due(start + timedelta(seconds=1), settings) != 1:
        assert time.monotonic() < deadline, "a dead process holds the row"
        time.sleep(0.2)
    with reading() as session:
        assert outcome(session) == (State.LIVE, FiringState.LIVE, 2 * len(called), 1)


@pytest.mark.parametrize("verb", [service.postpone, service.cancel])
def test_what_was_held_does_not_hold_the_news_that_it_is_off(ready, verb):
    """Somebody held the briefing, and then the action was called off: members must hear that."""
    slug, start, called = ready
    when = start - timedelta(minutes=1)
    with transaction() as session:
        action = session.scalars(select(Action)).one()
        ref = standing.ref_of(action)
        notify.pause(session, now=when, ref=ref)
        organizer = members.actor_of(session, action.created_by)
        verb(session, actor=organizer, now=when, slug=slug, reason="Onweer", site=SITE)
    with reading() as session:
        now = when + timedelta(minutes=1)
        waiting = sum(delivery.waiting(session, channel, now, most=1000) for channel in Channel)
        assert waiting == 2 * len(called)

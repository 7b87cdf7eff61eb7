"""A scheduler that slept, as a laptop does or a machine that was frozen: another one took over, nothing comes late or twice.

The process is really stopped (SIGSTOP) and goes on where it was; that it slept for an hour the rows say.
"""

import contextlib
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from tests.factories.actions import make_armed, make_called, make_campaign, make_organizer, make_scheduled
from tests.rooms.actions.test_dispatchers import until
from tests.rooms.notify import processes
from tests.rooms.notify.conftest import AWAKE as NOON
from tests.rooms.notify.conftest import write
from union.actions import service
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules.readiness import NotReady
from union.actions.rules.states import FiringState, State
from union.audit.models import AuditEntry, AuditHead
from union.core import db
from union.core.clock import utcnow
from union.notify import queries
from union.notify.models import Heartbeat, Outbox
from union.notify.testing import twilio_server
from union.notify.testing.faults import Faults

HOUR = timedelta(hours=1)


@pytest.fixture
def slow_twilio():
    """A provider that takes a while for each text, so that a sender can be stopped with texts in hand."""
    faults = Faults(receipts=False, latency=0.3)
    with twilio_server.running(twilio_server.TwilioServer(faults=faults)) as server:
        yield server


def awake():
    """Process ids of the schedulers that tick."""
    with db.reading() as session:
        now = utcnow()
        return {b.pid for b in queries.heartbeats(session) if b.awake(now)}


def said(env, tmp_path):
    """What `union scheduler status` says, and its exit status."""
    path = tmp_path / "said"
    with path.open("wb") as log, processes.running(env, "scheduler", "status", log=log) as asked:
        return asked.wait(120), path.read_text()


def planned(count):
    """Released actions far ahead, and one that two organizers have not signed."""
    now = utcnow()
    with db.transaction() as session:
        people = make_organizer(session), make_organizer(session)
        campaign = make_campaign(session, now, called=make_called(session, 8))
        when = {
            "wall_start": f"{now + timedelta(days=2):%Y-%m-%dT18:00}",
            "wall_end": f"{now + timedelta(days=2):%Y-%m-%dT20:00}",
        }
        slugs = [
            make_armed(session, now, first=people[0], second=people[1], campaign=campaign, title=f"Samen {n}", **when)
            for n in range(count)
        ]  # fmt: skip
        session.execute(update(Action).values(briefed_at=now, cleared_at=now))
        unsigned = make_scheduled(session, now, actor=people[0], campaign=campaign, title="Nog niet", **when)
        service.send_test(session, actor=people[0], now=now, slug=unsigned)
    return people[0], unsigned, slugs


def move(slug, start, end):
    with db.transaction() as session:
        action = session.scalars(select(Action).filter_by(slug=slug)).one()
        action.starts_at, action.ends_at = start, end
        session.execute(
            update(ActionZoneFiring).where(ActionZoneFiring.action_id == action.id).values(starts_at=start, ends_at=end)
        )  # fmt: skip


def freeze(process):
    """Stop it between two writes: in the midst of one it holds locks that nobody can take from it."""
    for _ in range(100):
        process.send_signal(signal.SIGSTOP)
        with contextlib.suppress(OperationalError), db.transaction() as session:
            for column in (Heartbeat.pid, Outbox.id, Action.id, AuditHead.id):
                session.execute(select(column).with_for_update(nowait=True)).all()
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("it never rests")


def sleep_in_the_books(by=HOUR):
    """Let every heartbeat be `by` old."""
    with db.transaction() as session:
        session.execute(update(Heartbeat).values(at=utcnow() - by))


def fired(slug):
    with db.reading() as session:
        action = session.scalars(select(Action).filter_by(slug=slug)).one()
        firing = session.scalars(select(ActionZoneFiring).filter_by(action_id=action.id)).one_or_none()
        return action.state, firing and firing.state


def starts(slug):
    """How often each member was told of the start, and how often the log has it."""
    with db.reading() as session:
        told = Counter(
            session.execute(
                select(Outbox.member_id, Outbox.channel).where(
                    Outbox.kind == "start", Outbox.ref == f"action:{slug}:v1"
                )
            ).all()
        )
        logged = session.scalars(
            select(AuditEntry).filter_by(act="action.fire", subject=f"action/{slug}")
        ).all()
        return set(told.values()), len(logged)


def test_asleep_alone_it_says_so_arms_nothing_and_makes_up_for_nothing_that_is_over(database, tmp_path):
    organizer, unsigned, (over, still_on) = planned(2)
    env = processes.environment(tmp_path / "s", database)
    with processes.running(env, "scheduler", "run") as only:
        until(lambda: awake() == {only.pid})
        assert said(env, tmp_path)[0] == 0
        freeze(only)
        sleep_in_the_books()
        status, words = said(env, tmp_path)
        assert status == 1
        assert "silent" in words
        now = utcnow()
        with pytest.raises(NotReady) as refused, db.transaction() as session:
            service.arm(session, actor=organizer, now=now, slug=unsigned)
        assert any("stands still" in check.detail for check in refused.value.checks)
        move(over, now - HOUR, now - HOUR / 2)
        move(still_on, now - HOUR, now + HOUR)
        only.send_signal(signal.SIGCONT)
        until(lambda: awake() == {only.pid})
        until(lambda: fired(over) == (State.POSTPONED, None))
        until(lambda: fired(still_on) == (State.LIVE, FiringState.LIVE))
        assert said(env, tmp_path)[0] == 0
    assert starts(over) == (set(), 0), "nobody is called to what is over"
    assert starts(still_on) == ({1}, 1)


def test_asleep_while_another_took_over_it_fires_nothing_again(database, tmp_path):
    *_, slugs = planned(2)
    env = processes.environment(tmp_path / "s", database)
    with processes.running(env, "scheduler", "run") as first:
        until(lambda: awake() == {first.pid})
        freeze(first)
        sleep_in_the_books()
        now = utcnow()
        move(slugs[0], now - timedelta(seconds=5), now + HOUR)
        with processes.running(env, "scheduler", "run") as second:
            until(lambda: fired(slugs[0]) == (State.LIVE, FiringState.LIVE))
            until(lambda: awake() == {second.pid})
            first.send_signal(signal.SIGCONT)
            until(lambda: awake() == {first.pid, second.pid})
            move(slugs[1], utcnow() + timedelta(seconds=2), utcnow() + HOUR)
            until(lambda: fired(slugs[1]) == (State.LIVE, FiringState.LIVE))
            status, words = said(env, tmp_path)
            assert (status, words.count("last tick")) == (0, 2)
    assert [starts(slug) for slug in slugs] == [({1}, 1)] * 2


def test_asleep_with_texts_in_hand_nothing_leaves_twice_or_late(database, slow_twilio, tmp_path):
    env = processes.environment(tmp_path / "s", database, **processes.twilio(slow_twilio))
    useful = write(60, now=utcnow(), zone=NOON)
    with processes.running(env, "scheduler", "run") as first:
        until(lambda: len(slow_twilio.sent()) >= 5)
        freeze(first)
        # what waits, and what the sleeper has in hand, is of no use to anybody an hour later
        late = write(20, now=utcnow(), first=100, zone=NOON)
        with db.transaction() as session:
            in_hand = session.scalars(select(Outbox.id).where(Outbox.state == "sending")).all()
            assert in_hand
            session.execute(update(Outbox).where(Outbox.id.in_(late)).values(expires_at=utcnow()))
            session.execute(
                update(Outbox).where(Outbox.state == "sending").values(lease_until=utcnow() - HOUR)
            )
        sleep_in_the_books()
        with processes.running(env, "scheduler", "run"):
            until(lambda: not in_state("sending", useful))
            until(lambda: in_state("expired", late) == len(late))
            first.send_signal(signal.SIGCONT)
            until(lambda: in_state("created", useful) == 0 and in_state("sending", useful) == 0)
    taken = slow_twilio.sent()
    assert set(taken.values()) == {1}, "nothing twice"
    assert in_state("accepted", useful) + in_state("unknown", useful) == len(useful), "nothing lost"
    assert len(taken) <= len(useful), "nothing late"


def in_state(state, ids):
    with db.reading() as session:
        return len(session.scalars(select(Outbox.id).where(Outbox.state == state, Outbox.id.in_(ids))).all())

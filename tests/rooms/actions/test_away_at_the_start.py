"""The database is away at the moment an action starts: on its return the start happens once, or is known as missed.

A real scheduler, a provider that speaks Twilio's API, and a PostgreSQL of its own that is stopped or frozen before
the moment and is back when some texts are of no use any more.
"""

import contextlib
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.factories.actions import make_armed, make_called, make_campaign, make_organizer
from tests.frost import Frost, frozen, own_database
from tests.rooms.actions.test_asleep import fired, in_state, move, starts
from tests.rooms.actions.test_dispatchers import until
from tests.rooms.notify import processes
from tests.rooms.notify.conftest import AWAKE as NOON
from tests.rooms.notify.conftest import rows, write
from tests.rooms.notify.line import Line
from union.actions import queries
from union.actions.models import Action, ActionZoneFiring
from union.actions.rules.states import FiringState, State
from union.core import db
from union.core.clock import utcnow
from union.notify.queries import heartbeats
from union.notify.testing import twilio_server
from union.notify.testing.faults import Faults

HOUR = timedelta(hours=1)
AHEAD = timedelta(seconds=15)
"""From planning to the start: the server has to be gone by then, on a busy machine too."""
OVER = timedelta(seconds=4)
"""From the start to the end of what is over before the server is back."""
SHORT = timedelta(seconds=30)
CALLED = 8


@pytest.fixture
def server():
    with own_database() as made:
        yield made


@pytest.fixture
def twilio():
    with twilio_server.running(twilio_server.TwilioServer(faults=Faults(receipts=False))) as made:
        yield made


@contextlib.contextmanager
def stopped(server):
    """Killed at once, and begun anew from its log."""
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(60)
    yield
    server.begin()
    # the test's own connections broke as well
    db.installed().engine.dispose()


def planned(*titles):
    """Released actions that only wait for the clock; return an organizer and their slugs."""
    now = utcnow()
    with db.transaction() as session:
        people = make_organizer(session), make_organizer(session)
        campaign = make_campaign(session, now, called=make_called(session, CALLED, zone=NOON))
        when = {
            "wall_start": f"{now + timedelta(days=2):%Y-%m-%dT18:00}",
            "wall_end": f"{now + timedelta(days=2):%Y-%m-%dT20:00}",
        }
        slugs = [
            make_armed(session, now, first=people[0], second=people[1], campaign=campaign, title=one, **when)
            for one in titles
        ]
        session.execute(update(Action).values(briefed_at=now, cleared_at=now))
    return people[0], slugs


def awake():
    with db.reading() as session:
        now = utcnow()
        return {b.pid for b in heartbeats(session) if b.awake(now)}


@contextlib.contextmanager
def scheduler(twilio, tmp_path):
    """Give the process that ticks; it lives through the outage and says no more about it than it must."""
    env = processes.environment(tmp_path / "s", db.installed(), **processes.twilio(twilio))
    said = tmp_path / "log"
    with (
        said.open("wb") as log,
        processes.running(env, "--verbose", "scheduler", "run", log=log) as running,
    ):
        until(lambda: awake() == {running.pid})
        yield running
        until(lambda: awake() == {running.pid})
        assert running.poll() is None
    told = said.read_text(errors="replace")
    assert "Traceback" not in told, told[-4000:]


def sleep_until(moment):
    while (left := (moment - utcnow()).total_seconds()) > 0:
        time.sleep(left)


def told_of(slug, kind):
    """How many messages of a kind each member has, by channel."""
    with db.reading() as session:
        ref = session.scalars(select(Action).filter_by(slug=slug)).one()
    found = [row for row in rows(kind=kind) if row.ref == f"action:{slug}:v{ref.version}"]
    return Counter((row.member_id, row.channel) for row in found)


@pytest.mark.parametrize("away", [stopped, frozen])
def test_it_starts_once_on_return_and_nothing_leaves_late(server, twilio, tmp_path, away):
    organizer, (soon, over) = planned("Samen uit", "Kort uit")
    with scheduler(twilio, tmp_path):
        useless = write(
            20, now=utcnow(), zone=NOON, not_before=utcnow() + AHEAD, expires_at=utcnow() + AHEAD + OVER
        )
        useful = write(20, first=100, now=utcnow(), zone=NOON, not_before=utcnow() + AHEAD)
        start = utcnow() + AHEAD
        move(soon, start, start + HOUR)
        move(over, start, start + OVER)
        with away(server):
            assert utcnow() < start, "this machine was too slow for the test"
            sleep_until(start + OVER + timedelta(seconds=3))
        until(lambda: fired(soon) == (State.LIVE, FiringState.LIVE))
        until(lambda: fired(over) == (State.POSTPONED, None))
        until(lambda: in_state("expired", useless) == len(useless))
        until(lambda: in_state("accepted", useful) == len(useful))
        until(lambda: not rows(state="created") and not rows(state="sending"))
    assert starts(soon) == ({1}, 1)
    assert starts(over) == (set(), 0), "nobody is called to what is over"
    assert set(told_of(over, "postponed").values()) == {1}, "who was briefed hears that it is put off, once"
    taken = twilio.sent()
    assert set(taken.values()) == {1}, "nothing twice"
    texts = {
        str(row.id)
        for row in rows(channel="sms")
        if row.id not in useless and row.kind in {"start", "postponed"}
    }
    assert texts <= set(taken)
    assert not set(taken) & {str(one) for one in useless}, "nothing late"
    with db.reading() as session:
        began = session.scalars(
            select(ActionZoneFiring).where(ActionZoneFiring.state == FiringState.LIVE)
        ).one()
        assert began.fired_at > start + OVER, "as of the moment at which it was done"
        page = queries.console(session, over, organizer, utcnow(), "en")
        assert "stood still" in page.reason
        [row] = queries.console(session, soon, organizer, utcnow(), "en").zones
        assert row.late > OVER, "the console says by how much"


def test_frozen_in_the_midst_of_the_start_it_is_begun_no_more_once_it_is_over(server, twilio, tmp_path):
    """The scheduler waits with the moment at which it began to start it; after the thaw that is long gone."""
    frost, line = Frost(server), Line(server.port)
    _, (slug,) = planned("Kort uit")
    direct = db.installed()
    url = direct.engine.url.set(port=line.port).render_as_string(hide_password=False)
    over = db.Database(db.make_engine(url))
    db.install(over)
    try:
        with scheduler(twilio, tmp_path):
            db.install(direct)
            line.watch(b"UPDATE action_zone_firing", frost.freeze)
            start = utcnow() + timedelta(seconds=2)
            move(slug, start, start + SHORT)
            until(lambda: line.seen)
            sleep_until(start + SHORT)
            frost.thaw()
            until(lambda: fired(slug)[0] is not State.ARMED)
            until(lambda: fired(slug) == (State.POSTPONED, None))
            until(lambda: not rows(state="created") and not rows(state="sending"))
    finally:
        frost.thaw()
        over.engine.dispose()
        line.close()
    assert starts(slug) == (set(), 0), "nobody is called to what is over"
    assert not rows(kind="end"), "nor told of the end of what never began"

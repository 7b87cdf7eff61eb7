"""The disk is full while texts go to a server that speaks Twilio's API: what it took is marked later, none goes twice.

The database is a real SQLite file that may grow by no page; its free pages are gone, so marks and claims meet
SQLITE_FULL itself.
"""

import sqlite3
import time

import pytest
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from tests.conftest import fresh_sqlite
from tests.rooms.notify.conftest import AWAKE, WHO, rows, sms_route, states, write
from tests.rooms.notify.test_outages import begin
from tests.rooms.notify.test_workers import until
from union.core import db
from union.core.clock import utcnow
from union.core.outage import Outage, outage
from union.notify import jobs
from union.notify.delivery import send
from union.notify.rules.kinds import State

COUNT = 60
FULL_AFTER = 12


class Disk:
    """The file of a database that may be filled to the last page; refused: how often it took nothing more."""

    def __init__(self, database):
        self.on, self.refused = False, 0
        event.listen(database.engine, "checkout", self._limit)
        event.listen(database.engine, "handle_error", self._count)

    def _limit(self, connection, *rest):
        # SQLite never goes below what the file has: that is a disk without a free block
        connection.execute(f"PRAGMA max_page_count={1 if self.on else 2**30}")

    def _count(self, context):
        full = getattr(context.original_exception, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        self.refused += full

    def fill(self):
        """Use up the pages that are free inside the file, then let it grow no more."""
        with db.installed().engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS ballast (body BLOB)")
        self.on = True
        size = 100_000
        while size:
            try:
                with db.installed().engine.begin() as connection:
                    connection.exec_driver_sql("INSERT INTO ballast VALUES (zeroblob(?))", (size,))
            except SQLAlchemyError as error:
                assert outage(error) is Outage.FULL
                size //= 2
        self.refused = 0

    def empty(self):
        self.on = False


@pytest.fixture
def disk(sqlite_template, tmp_path):
    with fresh_sqlite(sqlite_template, tmp_path) as fresh:
        db.install(fresh)
        yield Disk(fresh)


@pytest.fixture
def slow(twilio):
    """The provider, which takes its time over each text."""
    twilio.faults.latency = 0.05
    return twilio


def deliver_while_full(disk, twilio):
    """Deliver; fill the disk on the way, and empty it once everything under way was handed over."""
    route = sms_route(twilio)
    sending, raised = begin(route)
    until(lambda: len(twilio.records) >= FULL_AFTER)
    disk.fill()
    until(lambda: disk.refused > 1)
    time.sleep(2)
    unmarked = len(twilio.records) - states().count(State.ACCEPTED.value)
    disk.empty()
    sending.join(60)
    route.close()
    assert not sending.is_alive()
    return raised, unmarked


def settle(twilio):
    """What the next ticks do: whoever is due is sent."""
    again = sms_route(twilio)
    jobs.deliver_due((again,), WHO, clock=utcnow)
    again.close()


def test_what_was_handed_over_while_the_disk_was_full_is_marked_later(disk, slow):
    write(COUNT, now=utcnow(), zone=AWAKE)
    raised, unmarked = deliver_while_full(disk, slow)
    assert [outage(error) for error in raised] in ([], [Outage.FULL])
    assert unmarked > 0, "some were with the provider while nothing could be written"
    settle(slow)
    assert states() == [State.ACCEPTED.value] * COUNT, "what was handed over is known"
    assert set(slow.sent()) == {str(row.id) for row in rows()}, "nothing is lost"
    assert max(slow.sent().values()) == 1, "nothing goes twice"
    assert {row.provider_id for row in rows()} == set(slow.records), (
        "each is known by the provider's own number"
    )


def test_nothing_more_is_claimed_while_the_disk_is_full(disk, slow):
    write(COUNT, now=utcnow(), zone=AWAKE)
    disk.fill()
    with pytest.raises(SQLAlchemyError) as met:
        settle(slow)
    assert outage(met.value) is Outage.FULL
    assert slow.records == {}, "what is not written down as begun is not begun"
    disk.empty()
    settle(slow)
    assert states() == [State.ACCEPTED.value] * COUNT
    assert max(slow.sent().values()) == 1


def test_planted_fault_a_sender_that_forgets_its_answers_is_seen(disk, slow, monkeypatch):
    """Whoever drops what the disk did not take leaves texts of which nobody knows that they went out."""
    real = send.mark

    def forgetful(session, marks):
        try:
            real(session, marks)
            session.flush()
        except SQLAlchemyError:
            session.rollback()

    monkeypatch.setattr(send, "mark", forgetful)
    write(COUNT, now=utcnow(), zone=AWAKE)
    deliver_while_full(disk, slow)
    settle(slow)
    assert states() != [State.ACCEPTED.value] * COUNT

"""What a thief of the disk finds: no order of votes, no file that others can read, nobody who voted after the contest."""

import os
import shutil
import sqlite3
import stat
import struct
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import ballots as make
from union import app, scheduler
from union.ballots import service as ballots
from union.ballots.models import CastBallot
from union.core import db
from union.core.actor import SYSTEM
from union.notify.models import Outbox

YES = [[1, 0, 0]]
HEADER, FRAME = 32, 24


def states(folder, thief):
    """Every state the database has been in, as SQLite's log still tells: one copy for each transaction in it."""
    log = (folder / "union.db-wal").read_bytes() if (folder / "union.db-wal").exists() else b""
    if not log:
        return
    page = struct.unpack(">I", log[8:12])[0]
    salt = log[16:24]
    ends = [HEADER]  # before anything of the log
    for end in range(HEADER + FRAME + page, len(log) + 1, FRAME + page):
        head = log[end - FRAME - page : end - page]
        if head[8:16] != salt:
            break  # frames of an earlier round
        if struct.unpack(">I", head[4:8])[0]:  # the last frame of a transaction
            ends.append(end)
    for end in ends:
        copy = thief / f"{end}.db"
        shutil.copy(folder / "union.db", copy)
        (thief / f"{end}.db-wal").write_bytes(log[:end])
        with sqlite3.connect(copy) as opened:
            yield opened
        opened.close()


def joined(folder, thief):
    """Which member cast which ballot, as {member: place on the board}, read without any key."""
    thief.mkdir()
    before, found = None, {}
    for state in states(folder, thief):
        marks = {m for (m,) in state.execute("SELECT member_id FROM roll_entry WHERE voted")}
        places = {p for (p,) in state.execute("SELECT position FROM cast_ballot")}
        if before:
            new = (marks - before[0], places - before[1])
            if all(len(one) == 1 for one in new):
                found[new[0].pop()] = new[1].pop()
        before = (marks, places)
    return found


@pytest.fixture
def voted(database, now):
    """Four members have voted, each in a transaction of their own, as they do."""
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=4)
    db.fold_log(database.engine)
    with make.at_database_time(now):
        for voter in hand.voters:
            with db.transaction() as session:
                make.vote(session, hand, voter, YES, now)
    return hand


class TestTheLogOfTheDatabase:
    def test_the_danger_is_real(self, voted, tmp_path):
        """The planted fault is SQLite itself: its log joins every vote to its voter, sealed columns or not."""
        found = joined(tmp_path, tmp_path / "thief")
        assert sorted(found) == sorted(voted.voters)
        assert len(set(found.values())) == 4

    def test_once_folded_it_joins_nobody(self, database, voted, tmp_path):
        db.fold_log(database.engine)
        assert (tmp_path / "union.db-wal").stat().st_size == 0
        assert joined(tmp_path, tmp_path / "thief") == {}
        with db.reading() as session:
            assert session.scalar(select(func.count()).select_from(CastBallot)) == 4

    def test_the_scheduler_folds_it_every_minute(self, settings, database, voted, tmp_path):
        job = scheduler.build(settings).get_job("fold")
        assert job.trigger.interval == timedelta(minutes=1)
        job.func()
        assert (tmp_path / "union.db-wal").stat().st_size == 0

    def test_a_reader_holds_it_up_and_nobody_else(self, database, voted, tmp_path, now):
        with db.reading() as reader:
            make.row(reader, voted)
            with db.transaction() as session:
                make.row(session, voted).reminded_at = now
            assert not db.fold_log(database.engine)
        assert db.fold_log(database.engine)
        assert (tmp_path / "union.db-wal").stat().st_size == 0


class TestFiles:
    @pytest.fixture(autouse=True)
    def _umask(self):
        """A careless machine, put back after the test."""
        was = os.umask(0o022)
        yield
        os.umask(was)

    def test_what_the_union_keeps_is_its_owners_alone(self, settings):
        from union.migrate import upgrade

        settings.home.mkdir(mode=0o755)
        app.start(settings)
        upgrade(settings.database_url)
        with db.transaction() as session:
            session.add(make_row())
            session.flush()
            kept = [settings.home, *settings.home.iterdir()]
        db.installed().engine.dispose()
        assert {"union.db", "union.db-wal", "data.key"} <= {path.name for path in kept}
        assert [path.name for path in kept if open_to_others(path)] == []

    def test_a_planted_file_is_noticed(self, tmp_path):
        (tmp_path / "union.db").touch(0o644)
        assert open_to_others(tmp_path / "union.db")


def make_row():
    from union.members.models import Chapter

    return Chapter(slug="here", name="Here", zone="UTC")


def open_to_others(path):
    """Whether group or others may do anything with it; what just went away is nobody's."""
    return path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def told(session, hand):
    """Members whom a stored message about the ballot names as not having voted."""
    return set(
        session.scalars(
            select(Outbox.member_id).where(
                Outbox.kind.startswith("reminder"), Outbox.member_id.in_(hand.voters)
            )
        )
    )


def test_after_the_contest_no_reminder_tells_who_had_not_voted(database, now):
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=5)
    with make.at_database_time(now), db.transaction() as session:
        make.vote(session, hand, hand.voters[0], YES, now)
        organizer = make.actor(session, hand.organizer)
        ballots.remind(session, actor=organizer, now=now, slug=hand.slug, public_url="https://u.example")
        ballots.remind(session, actor=SYSTEM, now=now, slug=hand.slug, public_url="https://u.example")
    with db.reading() as session:
        assert told(session, hand) == set(hand.voters[1:])  # the danger is real
    with db.transaction() as session:
        make.close(session, hand)
        make.decrypt(session, hand, hand.closes_at)
        ballots.wipe_marks(session, actor=SYSTEM, now=hand.closes_at + timedelta(days=8), slug=hand.slug)
    with db.reading() as session:
        assert told(session, hand) == set()

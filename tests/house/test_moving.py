"""A union moves from SQLite into PostgreSQL: whole, as it is stored, and only while nobody uses it."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from tests.conftest import NOW, empty_postgres
from tests.factories.members import make_member
from union import migrate
from union.audit import service as audit
from union.cli import main
from union.core import db
from union.core.actor import SYSTEM
from union.members.models import Member
from union.moving import CannotMove, move
from union.notify.models import InboundMessage

SILENT = [].append


@pytest.fixture
def empty():
    """The address of an empty PostgreSQL database."""
    with empty_postgres() as address:
        yield address


@pytest.fixture
def old(tmp_path):
    """A union on SQLite, with members, numbered rows and a log, that nobody has open."""
    path = tmp_path / "old.db"
    migrate.upgrade(f"sqlite:///{path}")
    database = db.Database(db.make_engine(f"sqlite:///{path}"))
    db.install(database)
    with database.transaction() as session:
        for n in range(3):
            make_member(session, email=f"member{n}@example.org")
            audit.record(session, actor=SYSTEM, now=NOW, act="test.made", subject=f"member/{n}", n=n)
        for n in (3, 7):
            session.add(inbound(n))
    database.engine.dispose()
    return path


def inbound(number):
    return InboundMessage(
        id=number, provider_id=f"SM{number}", sender_hash=b"h" * 32, sealed="hello\tthere\\\n", keyword="other",
        at=NOW,
    )  # fmt: skip


def plain(url):
    """Every row of every table as it is read through the models, by table."""
    engine = db.make_engine(url)
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(select(table)).all()))
                for table in db.Base.metadata.sorted_tables
            }
    finally:
        engine.dispose()


def test_every_row_arrives_and_numbers_go_on(old, empty):
    told = []
    count = move(old, empty, told.append)
    assert count == sum(map(len, plain(empty).values())) > 8
    assert plain(empty) == plain(f"sqlite:///{old}")
    assert "inbound_message: 2" in told
    database = db.Database(db.make_engine(empty))
    with database.transaction() as session:
        one = inbound(None)
        session.add(one)
        session.flush()
        assert one.id == 8
        assert audit.verify(session) == 3
        assert session.scalars(select(Member)).first() is not None
    database.engine.dispose()


def test_the_new_server_knows_what_its_tables_hold(old, empty):
    """A plan made for tables that it takes for empty joins a large union row by row."""
    move(old, empty, SILENT)
    with psycopg.connect(empty) as after:
        known = after.execute("SELECT reltuples FROM pg_class WHERE relname = 'member'").fetchone()
    assert known == (3.0,)


def test_what_is_sealed_is_copied_as_it_lies_there(old, empty):
    move(old, empty, SILENT)
    with closing(sqlite3.connect(old)) as before, psycopg.connect(empty) as after:
        query = "SELECT id, sealed FROM inbound_message ORDER BY id"
        assert before.execute(query).fetchall() == [tuple(row) for row in after.execute(query).fetchall()]


def test_a_union_in_use_is_not_moved(old, empty):
    with closing(sqlite3.connect(old)) as somebody:
        somebody.execute("PRAGMA journal_mode=WAL")
        somebody.execute("SELECT count(*) FROM member").fetchone()
        with pytest.raises(CannotMove, match="stop the web"):
            move(old, empty, SILENT)
    assert sum(map(len, plain(empty).values())) == 0
    assert move(old, empty, SILENT) > 8


def test_a_database_with_rows_is_left_alone(old, empty):
    move(old, empty, SILENT)
    before = plain(empty)
    with pytest.raises(CannotMove, match="not empty"):
        move(old, empty, SILENT)
    assert plain(empty) == before


def test_what_does_not_fit_is_named_but_not_said_and_nothing_is_moved(old, empty):
    with closing(sqlite3.connect(old)) as bad:
        bad.execute("UPDATE inbound_message SET keyword = ? WHERE id = 7", ("x" * 5000,))
        bad.commit()
    with pytest.raises(CannotMove, match="inbound_message") as refused:
        move(old, empty, SILENT)
    assert "xxx" not in str(refused.value)
    assert sum(map(len, plain(empty).values())) == 0


def test_an_old_version_is_brought_up_to_date_first(tmp_path, empty):
    path = tmp_path / "older.db"
    migrate.upgrade(f"sqlite:///{path}", "0001")
    with pytest.raises(CannotMove, match="union db migrate"):
        move(path, empty, SILENT)
    with pytest.raises(CannotMove, match="no file"):
        move(tmp_path / "nothing.db", empty, SILENT)


def test_the_command_says_how_many_and_refuses_another_sqlite(old, empty, tmp_path):
    env = {"UNION_ENV": "development", "UNION_HOME": str(tmp_path / "home"), "UNION_DATABASE_URL": empty}
    moved = CliRunner().invoke(main, ["db", "move-from", str(old)], env=env)
    assert moved.exit_code == 0
    assert "rows moved" in moved.output
    refused = CliRunner().invoke(
        main, ["db", "move-from", str(old)], env={**env, "UNION_DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    )
    assert refused.exit_code == 1
    assert "PostgreSQL" in refused.output

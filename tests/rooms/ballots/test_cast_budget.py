"""What one vote asks of the database: few statements, and none that names a member and a ballot.

A statement is a quarter of a millisecond of two cores that have twenty for a vote, and those within the lock make
everybody wait. So a statement more is a decision: raise the budget with a reason, or join it to another.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from tests.factories import ballots as make
from union.ballots import models
from union.ballots.service import board
from union.core import db
from union.demo import running
from union.members.models import Chapter

# 1 who is signed in, 2 what the ballot is checked against; within the lock: 3 the lock, 4 all that only the database
# knows, and in one go 5 two records, the place and the ciphertexts, 6 the head, 7 the mark, 8 the receipt
BUDGET = {
    "postgresql": 8,
    "sqlite": 10,
}  # SQLite inserts into one table at a time, without a way to go for it


@pytest.fixture
def vote(app, database, sign_in):
    """vote() casts over HTTP and returns the statements of that request with their parameters."""
    now = make.real_now()
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=3)
        sealed = {one: make.seal(session, hand, one, [[1, 0, 0]]) for one in hand.voters}
    app.config["WTF_CSRF_ENABLED"] = False
    voters = iter(hand.voters)

    def cast():
        voter = next(voters)
        client = app.test_client()
        sign_in(client, voter)
        said = []

        def note(connection, cursor, statement, parameters, context, many):
            if not statement.startswith("BEGIN"):  # ours on SQLite, the driver's own on PostgreSQL
                said.append(f"{statement} {parameters!r}")

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            answer = client.post(f"/ballots/{hand.slug}/cast", json={"ballot": sealed[voter]})
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        assert answer.status_code == 201
        return voter, answer.get_json(), said

    return cast


def budget():
    """The statements that a vote may take on the installed database."""
    return BUDGET[db.installed().engine.dialect.name]


def excess(said):
    """The statements beyond the budget."""
    return said[budget() :]


def joining(voter, receipt, said):
    """Statements that name the voter and anything of the ballot: a log of slow statements would keep them."""
    with db.reading() as session:
        place = session.execute(
            select(models.CastBallot).where(models.CastBallot.height == receipt["height"])
        ).scalar_one()
        marks = (place.ballot_hash, place.head, place.credential, place.folded, receipt["tracker"])
    return [one for one in said if voter in one and any(mark in one for mark in marks)]


def test_a_vote_takes_few_statements(vote):
    _, _, said = vote()
    assert excess(said) == []
    assert len(said) == budget()


def test_a_planted_statement_is_noticed(vote, monkeypatch):
    drop = board.drop

    def slower(session, urn, step):
        session.execute(select(models.Ballot.title).where(models.Ballot.id == urn.id))
        drop(session, urn, step)

    monkeypatch.setattr(board, "drop", slower)
    with pytest.raises(AssertionError):
        test_a_vote_takes_few_statements(vote)


def test_no_statement_names_a_member_and_a_ballot(vote):
    voter, receipt, said = vote()
    assert joining(voter, receipt, said) == []
    assert any(voter in one for one in said)
    assert any(receipt["chain_head"] in one for one in said)


def test_a_planted_statement_that_names_both_is_noticed(vote):
    voter, receipt, said = vote()
    assert joining(voter, receipt, [*said, f"UPDATE roll_entry ('{voter}', '{receipt['tracker']}')"])


def test_the_next_vote_costs_the_same(vote):
    first, second = (len(vote()[2]) for _ in range(2))
    assert first == second


def test_threads_find_their_connections_open(database):
    """A new one costs as much as a dozen statements, and what PostgreSQL had prepared is gone with the old."""
    command = running.web_command(0, workers=1)
    threads = int(command[command.index("--threads") + 1])
    opened = []
    event.listen(database.engine, "connect", lambda *_: opened.append(1))
    all_look = threading.Barrier(threads, timeout=120)

    def look(_):
        with database.glance() as connection:
            connection.execute(text("SELECT 1"))
            all_look.wait()

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(3):
            list(pool.map(look, range(threads)))
    assert len(opened) <= threads


def test_what_fails_on_the_way_leaves_nothing_behind(database):
    """The statements of a vote are sent in one go: the error comes at the end, and undoes them all."""
    chapters = db.table_of(Chapter)
    row = {"slug": "utrecht", "name": "Utrecht", "zone": "Europe/Amsterdam"}
    twice = pytest.raises((IntegrityError, psycopg.errors.UniqueViolation))
    with twice, db.transaction() as session, db.together(session):
        for _ in range(2):
            db.insert_rows(session, chapters, [row])
    with db.transaction() as session:
        assert session.scalars(select(Chapter.slug)).all() == []
        with db.together(session):
            db.insert_rows(session, chapters, [row, {**row, "slug": "zwolle"}])
        assert sorted(session.scalars(select(Chapter.slug))) == ["utrecht", "zwolle"]

"""While the database is full, read-only or away pages say so, what can be read is shown, and no form is lost."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, update

from tests.factories.members import make_member
from union.core import db
from union.core.outage import Outage, outage
from union.members.models import MemberSession
from union.web.guards import public

TYPED = "We have waited for months,\nand nobody called."
WORDS = "send it again in a minute"


@pytest.fixture
def member(database):
    with db.transaction() as session:
        return make_member(session, name="Ayla")


@pytest.fixture
def home(app):
    return {"Origin": app.config["SETTINGS"].public_url, "Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def full(database):
    """full(on): let the file of the database grow no more, or grow again."""
    pages = {"most": 2**30}

    @event.listens_for(database.engine, "checkout")
    def limit(connection, *rest):
        connection.execute(f"PRAGMA max_page_count={pages['most']}")

    return lambda *, on: pages.update(most=1 if on else 2**30)


@pytest.fixture
def read_only(database):
    kept = {"on": "OFF"}

    @event.listens_for(database.engine, "checkout")
    def shut(connection, *rest):
        connection.execute(f"PRAGMA query_only={kept['on']}")

    return lambda *, on: kept.update(on="ON" if on else "OFF")


@pytest.fixture
def away(database, tmp_path):
    """away(on): let the database be where nobody answers, or back."""
    nowhere = db.Database(db.make_engine(f"sqlite:///{tmp_path}/nowhere/union.db"))
    yield lambda *, on: db.install(nowhere if on else database)
    db.install(database)
    nowhere.engine.dispose()


@pytest.fixture(params=["full", "read_only", "away"])
def trouble(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def letters(app, database):
    """A page of ours where people write, and what was kept of it."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE letter (body TEXT)")

    def view():
        from flask import request

        with db.transaction() as session:
            session.connection().exec_driver_sql(
                "INSERT INTO letter VALUES (?)", (request.form["body"] * 9999,)
            )
        return {"kept": True}

    app.add_url_rule("/letter", "letter", public(view), methods=["POST"])

    def kept():
        with db.reading() as session:
            return session.connection().exec_driver_sql("SELECT count(*) FROM letter").scalar()

    return kept


def test_a_form_is_kept_and_goes_again_when_the_database_is_back(
    client, sign_in, member, home, letters, trouble
):
    sign_in(client, member)
    trouble(on=True)
    answer = client.post("/letter", data={"body": TYPED}, headers=home)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert WORDS in answer.text
    assert "nobody called." in answer.text
    assert 'action="/letter"' in answer.text
    assert "Sign in" not in answer.text, "who is signed in may not be known"
    trouble(on=False)
    assert letters() == 0
    assert client.post("/letter", data={"body": TYPED}, headers=home).status_code == 200
    assert letters() == 1


def test_programs_get_a_short_answer(client, sign_in, member, away):
    sign_in(client, member)
    away(on=True)
    answer = client.get("/home", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["error"]) == (503, "Away")


def test_nothing_can_be_read_while_it_is_away(client, sign_in, member, away, caplog):
    sign_in(client, member)
    away(on=True)
    for path in ("/", "/home", "/campaigns", "/account"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 503, path
        assert re.search("<h1>We cannot get at our records just now</h1>", answer.text)
    assert "Traceback" not in caplog.text
    assert "the database does not answer: home.mine" in caplog.text
    away(on=False)
    assert client.get("/home").status_code == 200


def test_what_can_be_read_is_shown_while_nothing_can_be_written(client, sign_in, member, read_only):
    """Even to somebody whose device is noted as used at this very request."""
    sign_in(client, member)
    with db.transaction() as session:
        session.execute(update(MemberSession).values(seen_at=datetime.now(UTC) - timedelta(days=2)))
    read_only(on=True)
    assert client.get("/home").status_code == 200


def test_a_fault_of_ours_is_no_outage(app, client, database, caplog):
    def view():
        with db.reading() as session:
            session.connection().exec_driver_sql("SELECT nothing FROM nowhere")

    app.add_url_rule("/broken", "broken", public(view))
    assert client.get("/broken").status_code == 500
    assert "unexpected OperationalError" in caplog.text


def test_each_trouble_by_its_name(database, read_only, away, tmp_path):
    def met(act):
        try:
            act()
        except Exception as error:
            return outage(error)

    def write():
        with db.transaction() as session:
            make_member(session)

    assert met(write) is None
    read_only(on=True)
    assert met(write) is Outage.READ_ONLY
    read_only(on=False)
    away(on=True)
    assert met(write) is Outage.AWAY
    away(on=False)
    other = sqlite3.connect(tmp_path / "union.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    @event.listens_for(database.engine, "checkout")
    def hasty(connection, *rest):
        connection.execute("PRAGMA busy_timeout=1")

    assert met(write) is Outage.BUSY
    other.close()
    assert met(lambda: 1 / 0) is None

"""A PostgreSQL that says nothing - frozen, or behind a line that was cut without a word - costs no page its answer.

The server is real and its processes are stopped by signals; what we wait for an answer is shortened.
"""

import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import text

from tests.frost import Frost, frozen, own_server
from tests.rooms.notify import processes
from tests.rooms.notify.line import COMMIT, Line
from tests.rooms.notify.test_workers import until
from union.core import db
from union.demo import running
from union.web.guards import public

SOON = 2
"""Seconds of patience here; a whole request may take several times as long on a busy machine."""
LONG = 90
TYPED = "We have waited for months,\nand nobody called."
NOT_DONE, NOT_KNOWN = "send it again in a minute", "We do not know whether this was stored"


@pytest.fixture
def server():
    with own_server() as made:
        yield made


@pytest.fixture
def line(server):
    made = Line(server.port)
    yield made
    made.close()


@pytest.fixture
def direct(server):
    """The same database for the test itself, which waits as long as it takes."""
    made = db.Database(db.make_engine(server.url()))
    with made.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE letter (body TEXT)")
    yield made
    made.engine.dispose()


@pytest.fixture
def database(direct, line):
    """What pages use: the database over the line, with little patience."""
    url = direct.engine.url.set(port=line.port).render_as_string(hide_password=False)
    made = db.Database(db.make_engine(url, patience=SOON))
    db.install(made)
    yield made
    made.engine.dispose()


@pytest.fixture
def frost(server):
    made = Frost(server)
    yield made
    made.thaw()


@pytest.fixture
def ask(client):
    """ask(path, data): what is answered, to a new browser, in a thread of its own; a form where there is data."""
    app = client.application
    home = app.config["SETTINGS"].public_url
    headers = {"Origin": home, "Referer": f"{home}/letters?page=2", "Accept": "text/html"}
    with ThreadPoolExecutor(24) as pool:

        def begin(path, data=None, **more):
            browser = app.test_client()
            if data is None:
                return pool.submit(browser.get, path, headers=headers, buffered=True)
            return pool.submit(browser.post, path, data=data, headers={**headers, **more})

        begin.now = lambda *what, **more: begin(*what, **more).result(LONG)
        yield begin


@pytest.fixture
def meanwhile(app):
    """A form of ours that writes two letters in one transaction; what is put here happens between the two."""
    acts = []

    def view():
        from flask import request

        with db.transaction() as session:
            for _ in range(2):
                session.execute(text("INSERT INTO letter VALUES (:body)"), {"body": request.form["body"]})
                if acts:
                    acts.pop()()
        return {"kept": True}

    app.add_url_rule("/letter", "letter", public(view), methods=["POST"])
    return acts


def letters(direct):
    with direct.reading() as session:
        return session.scalar(text("SELECT count(*) FROM letter"))


def others(direct):
    """How many clients the server still has, the one that asks left out."""
    with direct.reading() as session:
        return session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )


def test_pages_say_so_while_it_is_frozen_and_serve_again_after(ask, frost, caplog):
    """More at once than a process has connections, twice over: no thread is lost."""
    assert ask.now("/").status_code == 200
    for _ in range(2):
        frost.freeze()
        for under_way in [ask(path) for path in ("/", "/campaigns", "/ballots", "/platforms") * 5]:
            answer = under_way.result(LONG)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert "<h1>We cannot get at our records just now</h1>" in answer.text
        assert ask.now("/static/union.css").status_code == 200
        frost.thaw()
        until(lambda: ask.now("/").status_code == 200)
        for under_way in [ask(path) for path in ("/", "/campaigns", "/ballots", "/platforms") * 5]:
            assert under_way.result(LONG).status_code == 200
    assert "Traceback" not in caplog.text


def test_lines_that_rested_while_the_server_began_anew_cost_nobody_a_fault(ask, server, meanwhile, direct):
    """Killed or asked to go, whichever: the next who asks gets a new line."""
    for how in (signal.SIGINT, signal.SIGQUIT):
        for under_way in [ask(path) for path in ("/", "/campaigns", "/ballots", "/platforms") * 3]:
            assert under_way.result(LONG).status_code == 200
        server.process.send_signal(how)
        server.process.wait(60)
        server.begin()
        for _ in range(12):
            assert ask.now("/letter", {"body": TYPED}).status_code == 200
        direct.engine.dispose()
    assert letters(direct) == 48


def test_a_form_that_was_cut_is_not_half_done(ask, frost, meanwhile, direct, database):
    meanwhile.append(frost.freeze)
    answer = ask.now("/letter", {"body": TYPED})
    assert answer.status_code == 503
    assert NOT_DONE in answer.text
    assert "nobody called." in answer.text
    frost.thaw()
    database.engine.dispose()
    until(lambda: others(direct) == 0)
    assert letters(direct) == 0
    assert ask.now("/letter", {"body": TYPED}).status_code == 200
    assert letters(direct) == 2


def test_a_commit_that_a_frozen_server_got_is_not_known(ask, frost, line, meanwhile, direct):
    """It is done after the thaw, and nobody was told that it was not."""
    line.watch(COMMIT, frost.freeze)
    answer = ask.now("/letter", {"body": TYPED})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert f"<h1>{NOT_KNOWN}</h1>" in answer.text
    assert "half-done" not in answer.text
    assert 'href="http://localhost/letters?page=2"' in answer.text, "the page to look at"
    assert "nobody called." in answer.text
    assert 'action="/letter"' in answer.text
    frost.thaw()
    until(lambda: letters(direct) == 2)
    assert ask.now("/").status_code == 200


def test_a_commit_whose_line_broke_is_not_known_either(ask, line, meanwhile, direct):
    line.drop_answer = 1
    answer = ask.now("/letter", {"body": TYPED}, Referer="https://elsewhere.example/")
    assert (answer.status_code, line.dropped) == (503, 1)
    assert f"<h1>{NOT_KNOWN}</h1>" in answer.text
    assert "elsewhere" not in answer.text
    until(lambda: letters(direct) == 2)
    line.drop_answer = 1
    answer = ask.now("/letter", {"body": TYPED}, Accept="application/json")
    assert (answer.status_code, answer.get_json()["error"]) == (503, "Unanswered")


def test_a_line_cut_without_a_word(ask, line, meanwhile, direct):
    assert ask.now("/").status_code == 200
    line.silent = True
    assert ask.now("/").status_code == 503
    assert NOT_DONE in ask.now("/letter", {"body": TYPED}).text
    line.silent = False
    until(lambda: ask.now("/").status_code == 200)
    assert letters(direct) == 0


def test_only_the_web_is_in_a_hurry(direct, database, server):
    """A long statement, and one that meets a frozen server: done where nobody waits for a page."""
    with pytest.raises(Exception, match="no answer within 2 s"), database.reading() as session:
        session.execute(text(f"SELECT pg_sleep({SOON + 3})"))
    with direct.transaction() as session:
        session.execute(text(f"SELECT pg_sleep({SOON + 3})"))
        session.execute(text("INSERT INTO letter VALUES ('slow')"))
    with ThreadPoolExecutor(1) as pool, direct.reading() as session:
        session.execute(text("SELECT 1"))
        with frozen(server):
            waiting = pool.submit(session.scalar, text("SELECT count(*) FROM letter"))
            threading.Event().wait(SOON + 3)
            assert not waiting.done()
        assert waiting.result(LONG) == 1


@pytest.mark.parametrize("patience", [None, SOON])
def test_the_kernel_watches_every_line(server, patience):
    engine = db.make_engine(server.url(), patience=patience)
    with engine.connect() as connection:
        line = socket.socket(fileno=connection.connection.driver_connection.fileno())
        try:
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        finally:
            line.detach()
    engine.dispose()
    named = db.make_engine(server.url() + "?tcp_user_timeout=7000", patience=patience)
    with named.connect() as connection:
        assert connection.connection.driver_connection.info.get_parameters()["tcp_user_timeout"] == "7000"
    named.dispose()


@pytest.mark.slow
def test_the_web_server_as_it_is_run(server, direct, tmp_path):
    """Gunicorn with its threads and the patience it has in a real union."""
    port = running.free_port()
    env = processes.environment(tmp_path / "web", direct, UNION_PUBLIC_URL=f"http://127.0.0.1:{port}")
    address = f"http://127.0.0.1:{port}/"

    def get():
        return requests.get(address, headers={"Accept": "text/html"}, timeout=LONG)

    web = running.start_web(env, port, workers=1)
    try:
        until(lambda: served(get))
        with frozen(server), ThreadPoolExecutor(12) as pool:
            answers = [one.result() for one in [pool.submit(get) for _ in range(12)]]
        assert [one.status_code for one in answers] == [503] * 12
        assert all("Retry-After" in one.headers for one in answers)
        until(lambda: served(get))
        assert web.popen.poll() is None
    finally:
        running.stop([web])


def served(get):
    try:
        return get().status_code == 200
    except requests.ConnectionError:
        return False

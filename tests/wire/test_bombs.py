"""A running server is sent what breaks servers: each is refused fast, in little memory, and nothing of it is kept.

Time is the worker's own processor seconds and memory its highest mark (Linux), each beside what an honest request
costs the same worker in the same run: a busy or a slow machine fails nothing.
"""

import re
import socket
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from pathlib import Path

import pytest

from tests.factories import ballots as make
from tests.factories.members import make_member
from tests.pages.things import make_side
from tests.wire import bombs
from union.app import create_app, start
from union.core import db
from union.core.actor import Role
from union.core.settings import Settings
from union.demo import running
from union.members import service as members

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads /proc of Linux")

TIMES, TICKS = 2, 0.05
"""How many times the processor seconds of an honest list a bomb may cost, and what the clock cannot tell apart."""
HEAVIER = 16
"""How many times the memory of an honest list, counted with the bytes that were sent."""
UNTOUCHED = {"refusal_log", "attempt", "member_session", "heartbeat", "ballot_pulse"}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Answer:
    status: int
    text: str
    seconds: float
    memory: int


@dataclass
class Target:
    """The running union, and one officer's browser."""

    port: int
    folder: Path
    cookie: str = ""
    token: str = ""
    slugs: dict[str, str] = field(default_factory=dict)
    worker: int = 0
    honest: Answer | None = None

    def ask(self, method, path, body=None, headers=(), *, chunked=False):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            told = {"Cookie": self.cookie, "Accept": "text/html", "Origin": self.origin, **dict(headers)}
            # it may be refused before all was sent: the answer is there all the same
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers=told, encode_chunked=chunked)
            answer = connection.getresponse()
            try:
                page = answer.read()
            except IncompleteRead as cut:
                page = cut.partial
            return answer.status, page.decode(errors="replace"), answer.headers.get_all("Set-Cookie") or []
        except (ConnectionResetError, RemoteDisconnected):
            return 413, "", []  # hung up on while sending
        finally:
            connection.close()

    @property
    def origin(self):
        return f"http://localhost:{self.port}"

    def signed(self, path="/account"):
        """Take the token that forms carry, and the cookie that goes with it."""
        _, page, cookies = self.ask("GET", path)
        for cookie in cookies:
            self.cookie = cookie.split(";")[0]
        self.token = TOKEN.search(page)[1]

    def spent(self):
        """Processor seconds of the worker so far."""
        facts = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(facts[11]) + int(facts[12])) / 100

    def high(self, *, forget=False):
        """The most memory the worker held since this was last forgotten, in bytes."""
        if forget:
            Path(f"/proc/{self.worker}/clear_refs").write_text("5")
        status = Path(f"/proc/{self.worker}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024

    def throw(self, path, body, headers=(), **how):
        """Send a bomb and measure: the answer, processor seconds, bytes above what was held before."""
        was, began = self.high(forget=True), self.spent()
        status, text, _ = self.ask("POST", path, body, headers, **how)
        return Answer(status, text, self.spent() - began, self.high() - was)

    def rows(self):
        """Every row of every table but counters of tries."""
        with closing(sqlite3.connect(self.folder / "union.db")) as watch:
            names = [t.name for t in db.Base.metadata.sorted_tables if t.name not in UNTOUCHED]
            return {name: sorted(map(repr, watch.execute(f'SELECT * FROM "{name}"'))) for name in names}


def serve(folder):
    """A union of a few people on gunicorn as it is deployed, with one worker to be measured."""
    port = running.free_port()
    settings = Settings.from_environment(
        {
            "UNION_ENV": "development",
            "UNION_HOME": str(folder),
            "UNION_PUBLIC_URL": f"http://localhost:{port}",
        }
    )
    start(settings)
    db.Base.metadata.create_all(db.installed().engine)
    now = datetime.now(UTC)
    with db.transaction() as session:
        opened = make.make_open_ballot(session, now - timedelta(hours=2))
        drafted = make.give_keys(session, make.make_ballot_draft(session, now, title="Another"), now)
        side = make_side(session, "amsterdam", 1)
        who = make_member(session, roles=[Role.OFFICER, Role.ORGANIZER], chapter="amsterdam")
        token = members.start_session(session, member_id=who, now=now, device="test")
    client = create_app(settings).test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    env = running.environment(settings)
    log = (folder / "web.log").open("wb")
    web = running.start_web(env, port, workers=1, log=log)
    running.wait_for_web(port, web)
    target = Target(port, folder, f"union={client.get_cookie('union').value}")
    target.slugs = {"open": opened.slug, "keys": drafted.slug, **side.things}
    children = Path(f"/proc/{web.popen.pid}/task/{web.popen.pid}/children").read_text().split()
    target.worker = int(children[0])
    target.signed()
    target.honest = honest(target)
    return target, web, log


def honest(target):
    """What a large and good list costs, read for a dry run: the dearest of three, after one that warms up."""
    rows = "".join(f"Honest Person {n},person{n}@example.org\n" for n in range(10_000))
    parts = [
        ("csrf_token", None, target.token.encode()),
        ("file", "members.csv", f"name,email\n{rows}".encode()),
    ]
    body, kind = bombs.multipart(parts)
    answers = [target.throw("/members/import", body, {"Content-Type": kind}) for _ in range(4)]
    assert {answer.status for answer in answers} == {303}, answers[0].text[:500]
    seconds = max(answer.seconds for answer in answers[1:])
    return Answer(303, "", seconds, max(len(body), *(answer.memory for answer in answers)))


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    found, web, log = serve(folder)
    yield found
    running.stop([web])
    log.close()
    db.installed().engine.dispose()
    assert b"Traceback" not in (folder / "web.log").read_bytes()


FILE_FORMS = (
    ("/members/import", "file", {}),
    ("/organizing/import", "file", {"chapter": "amsterdam", "source": "stand", "agreed": "y"}),
    ("/ballots/{keys}/weights/file", "file", {}),
    ("/ballots/{keys}/run/offline", "file", {}),
    ("/actions/{actions}/paper-sheets", "file", {}),
)
FORMS = (
    "/sign-in",
    "/members/import",
    "/fund/books/statement",
    "/account",
    "/ballots/{keys}/weights/file",
    "/twilio/inbound",
    "/campaigns/{campaigns}/paper",
    "/bargaining/{bargaining}/letters/{letter_id}/answer",
    "/bargaining/{bargaining}/offers/new",
    "/ballots/{open}/observe/address",
)


def refused(answer, before, target, *, also=()):
    """Assert that a bomb was answered by a page that says so, fast and small, and that nothing was kept."""
    assert answer.status in {400, 403, 404, 405, 409, 413, 415, 422, 429, 503, *also}, (
        answer.status,
        answer.text[:300],
    )
    usual = target.honest
    assert answer.seconds <= TIMES * usual.seconds + TICKS, f"{answer.seconds} s, a list {usual.seconds} s"
    assert answer.memory <= HEAVIER * usual.memory, (
        f"{answer.memory / bombs.MB:.0f} MB, a list {usual.memory / bombs.MB:.0f}"
    )
    assert target.rows() == before


@pytest.mark.parametrize("name", bombs.files())
def test_files(target, name):
    content, before = bombs.files()[name], target.rows()
    for path, fieldname, more in FILE_FORMS:
        parts = [(key, None, value.encode()) for key, value in {**more, "csrf_token": target.token}.items()]
        body, kind = bombs.multipart([*parts, (fieldname, "members.csv", content)])
        answer = target.throw(path.format(**target.slugs), body, {"Content-Type": kind})
        refused(answer, before, target)


@pytest.mark.parametrize("name", bombs.bodies())
def test_bodies(target, name):
    (content, kind, headers), before = bombs.bodies()[name], target.rows()
    for path in FORMS:
        answer = target.throw(path.format(**target.slugs), content, {"Content-Type": kind, **headers})
        refused(answer, before, target)


@pytest.mark.parametrize("name", bombs.jsons())
def test_json(target, name):
    before, headers = target.rows(), {"Content-Type": "application/json", "X-CSRFToken": target.token}
    for path in (f"/ballots/{target.slugs['open']}/cast", "/sinch/inbound"):
        refused(target.throw(path, bombs.jsons()[name].encode(), headers), before, target)


@pytest.mark.parametrize("name", bombs.values())
def test_values(target, name):
    before, value = target.rows(), bombs.values()[name]
    for path, fields in {
        "/sign-in": ("contact",),
        "/fund/books/statement": ("lines",),
        f"/ballots/{target.slugs['keys']}/run/reissue": ("member",),
        "/campaigns/new": ("title", "unit", "goal", "threshold"),
        "/fund/new": ("title", "per_day", "days"),
        f"/bargaining/{target.slugs['bargaining']}/offers/new": ("note", "answer_by"),
        f"/bargaining/{target.slugs['bargaining']}/deadlines/new": ("title", "due"),
        f"/campaigns/{target.slugs['campaigns']}/demands/new": ("title",),
        f"/actions/{target.slugs['actions']}/paper-sheets": ("sheets",),
        f"/ballots/{target.slugs['open']}/observe/address": ("address", "email"),
    }.items():
        body = "&".join(f"{name}={value}" for name in fields) + f"&csrf_token={target.token}"
        answer = target.throw(path, body, {"Content-Type": bombs.FORM})
        # some forms are drawn again with 200
        refused(answer, before, target, also={200})


class TestSizes:
    def test_a_length_that_is_too_large_is_refused_unread(self, target):
        before = target.rows()
        for path in (
            "/sign-in",
            f"/ballots/{target.slugs['open']}/cast",
            "/twilio/inbound",
            "/members/import",
        ):
            answer = target.throw(path, b"a=b", {"Content-Type": bombs.FORM, "Content-Length": str(10**10)})
            refused(answer, before, target)
            assert answer.status == 413

    def test_a_body_without_end_is_cut_off(self, target):
        before = target.rows()
        for kind in (bombs.FORM, "application/json", f"multipart/form-data; boundary={bombs.BOUNDARY}"):
            pieces = (bytes(65536) for _ in range(16 * 64))  # 64 MB that say nothing of their length
            answer = target.throw(
                "/sign-in", pieces, {"Content-Type": kind, "Transfer-Encoding": "chunked"}, chunked=True
            )
            refused(answer, before, target)

    def test_it_says_what_to_do(self, target):
        answer = target.throw("/members/import", b"a" * (3 * bombs.MB), {"Content-Type": bombs.FORM})
        assert answer.status == 413
        assert "That is too large" in answer.text or not answer.text

    def test_a_long_address_and_many_headers(self, target):
        assert target.ask("GET", "/" + "a" * 100_000)[0] in {400, 404, 414, 431}
        many = {f"X-{n}": "x" * 100 for n in range(95)}
        assert target.ask("GET", "/", headers=many)[0] in {200, 431}
        assert target.ask("GET", "/", headers={"Cookie": "a" * 100_000})[0] in {400, 431}

    def test_who_sends_slowly_keeps_others_waiting_no_longer_than_the_proxy_lets_them(self, target):
        slow = [socket.create_connection(("127.0.0.1", target.port)) for _ in range(3)]
        try:
            for one in slow:
                one.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\na")
            time.sleep(0.5)
            assert target.ask("GET", "/")[0] == 200
        finally:
            for one in slow:
                one.close()

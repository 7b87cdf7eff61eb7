"""Votes that come at the same moment over HTTP: good and bad, twice, to a closed ballot. Each has its own answer.

Processes and threads as they are deployed, on both databases. Nothing is timed.
"""

import json
import os
import re
import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPConnection

import pytest
from sqlalchemy import select

from tests.conftest import POSTGRES
from tests.factories import ballots as make
from union.app import create_app, start
from union.ballots import queries
from union.ballots.crypto import make_ballot, make_credential, verify
from union.ballots.crypto.canonical import sha256_base64
from union.ballots.models import RefusalLog, RollEntry
from union.ballots.receipts import Receipt, Signer, genuine
from union.core import db
from union.core.settings import Settings
from union.demo import running
from union.members import service as members

CLIENTS, VOTERS = 30, 18
YES, NO, ABSTAIN = [1, 0, 0], [0, 1, 0], [0, 0, 1]
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Cast:
    """A sealed ballot that somebody posts, and what came of it. end: the name of the refusal it must meet, "" for a receipt.

    voter: a member's id, "" for somebody who is not signed in.
    """

    voter: str
    slug: str
    text: str
    end: str = ""
    status: int = 0
    said: str = ""

    @property
    def receipt(self):
        said = json.loads(self.said)
        return Receipt(said["tracker"], said["height"], said["chain_head"], said["signature"])


class Hall:
    """A running union with an open ballot and a concluded one, and a browser for each voter."""

    def __init__(self, settings, port):
        self.settings, self.port = settings, port
        now = make.real_now()
        with db.transaction() as session:
            self.open = make.make_open_ballot(session, now, voters=VOTERS, trustees=1)
            self.over = make.make_concluded_ballot(
                session, now - timedelta(days=8), trustees=1, title="Last month's", chapter="rotterdam"
            )
            self.people = (self.open.organizer, *self.open.voters, *self.over.voters)
            tokens = {
                one: members.start_session(session, member_id=one, now=now, device="test")
                for one in self.people
            }
        self.app = create_app(settings)
        self.headers = {one: self.signed_in(token) for one, token in tokens.items()}
        self.headers[""] = {"Content-Type": "application/json", "Accept": "application/json"}

    def signed_in(self, token):
        """What a browser sends with the booth's POST."""
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
        headers = {"Cookie": f"union={client.get_cookie('union').value}"}
        _, page, cookies = self.ask("GET", "/account", headers=headers)
        return {
            **self.common(),
            "Cookie": next((one.split(";")[0] for one in cookies), headers["Cookie"]),
            "X-CSRFToken": TOKEN.search(page)[1],
        }

    def common(self):
        return {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Origin": self.settings.public_url,
        }

    def ask(self, method, path, body=None, headers=()):
        line = HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            line.request(method, path, body, dict(headers))
            answer = line.getresponse()
            return answer.status, answer.read().decode(), answer.headers.get_all("Set-Cookie") or []
        finally:
            line.close()

    def at_once(self, casts):
        """Post all of them from a client each, none before the last one is ready."""
        ready = threading.Barrier(len(casts))

        def post(cast):
            body = json.dumps({"ballot": cast.text})
            ready.wait(300)
            status, said, _ = self.ask("POST", f"/ballots/{cast.slug}/cast", body, self.headers[cast.voter])
            return replace(cast, status=status, said=said)

        with ThreadPoolExecutor(len(casts)) as pool:
            return list(pool.map(post, casts))

    def seal(self, hand, code, answer):
        with db.reading() as session:
            election = make.election_of(session, hand)
        return make_ballot(election, code, [answer], secrets.randbelow).decode()


@pytest.fixture
def hall(database, tmp_path):
    """Two web processes of four threads each, on whichever database the test is for."""
    port = running.free_port()
    url = database.engine.url
    where = os.environ[POSTGRES].rsplit("/", 1)[0] if url.drivername.startswith("postgresql") else "sqlite://"
    settings = Settings.from_environment(
        {
            "UNION_ENV": "development",
            "UNION_HOME": str(tmp_path / "home"),
            "UNION_PUBLIC_URL": f"http://localhost:{port}",
            "UNION_DATABASE_URL": f"{where}/{url.database}",
        }
    )
    settings.home.mkdir()
    start(settings)
    log = (settings.home / "web.log").open("wb")
    web = running.start_web(running.environment(settings), port, log=log)
    try:
        running.wait_for_web(port, web)
        yield Hall(settings, port)
        assert web.popen.poll() is None
    finally:
        running.stop([web])
        log.close()
        db.installed().engine.dispose()
    assert "Traceback" not in (settings.home / "web.log").read_text()


def all_kinds(hall):
    """Thirty casts: what must come onto the board, what must not, and what is there already."""
    hand, over = hall.open, hall.over
    voters, codes = hand.voters, hand.credentials

    def sealed(voter, answer):
        return Cast(voter, hand.slug, hall.seal(hand, codes[voter], answer))

    honest = [sealed(voter, (YES, YES, NO)[n % 3]) for n, voter in enumerate(voters[:14])]
    eager, double, changed, late = voters[14:]
    thrice, twice = sealed(eager, YES), sealed(double, NO)
    stranger, foreign = (
        Cast("", hand.slug, honest[0].text),
        hall.seal(over, over.credentials[over.voters[0]], YES),
    )
    with db.reading() as session:
        election = make.election_of(session, hand)
    copied = make.resigned(election, honest[0].text, codes[late])
    return [
        *honest,
        *(thrice,) * 3,
        *(twice,) * 2,
        sealed(changed, NO),
        sealed(changed, ABSTAIN),
        Cast(late, hand.slug, hall.seal(hand, make_credential(secrets.randbelow), YES), "ballot-credential"),
        Cast(late, hand.slug, copied, "ballot-choice-proof"),
        Cast(hand.organizer, hand.slug, hall.seal(hand, codes[late], YES), "not_on_roll"),
        Cast(voters[1], hand.slug, "nonsense", "ballot-form"),
        Cast(voters[2], hand.slug, foreign, "ballot-election"),
        *(
            Cast(one, over.slug, hall.seal(over, over.credentials[one], NO), "closed")
            for one in over.voters[:3]
        ),
        replace(stranger, end="StaleForm"),
    ]


def board_of(hall, hand, folder):
    """The archive as anybody downloads it, checked: its report."""
    folder.mkdir(exist_ok=True)
    path = folder / "board.bel"
    with db.reading() as session:
        path.write_bytes(b"".join(queries.archive(session, hand.slug)))
    report = verify(path)
    assert report.holds, report.lines()
    return report


def test_thirty_at_once_each_get_their_own_answer(hall, tmp_path):
    before = board_of(hall, hall.over, tmp_path / "over")
    casts = all_kinds(hall)
    assert len(casts) == CLIENTS
    ends = hall.at_once(casts)
    taken = [one for one in ends if not one.end]
    for one in ends:
        told = json.loads(one.said)
        assert told.get("error", "") == one.end, (one.end, one.status, told)
        assert one.status in ({200, 201} if not one.end else {400, 403, 409, 422}), one
    assert not_mixed_up(hall, taken)
    # none lost, none double
    texts = {one.text for one in taken}
    places = {one.text: one.receipt.height for one in taken}
    assert sorted(places.values()) == list(range(1, len(texts) + 1))
    assert Counter(one.text for one in taken if one.status == 201) == Counter(texts)
    report = board_of(hall, hall.open, tmp_path / "open")
    assert (report.ballots, report.voters) == (len(texts), len({one.voter for one in taken}))
    after = board_of(hall, hall.over, tmp_path / "over")
    assert (after.head, after.result) == (before.head, before.result), "a closed ballot stays as it was"
    with db.reading() as session:
        here = make.row(session, hall.open).id
        marked = session.scalars(
            select(RollEntry.member_id).where(RollEntry.ballot_id == here, RollEntry.voted.is_(True))
        ).all()
        refused = dict(session.execute(select(RefusalLog.check_name, RefusalLog.times)).all())
    assert set(marked) == {one.voter for one in taken}
    assert refused == Counter(one.end for one in ends if one.end and one.end != "StaleForm")
    counted(hall, taken)


def not_mixed_up(hall, taken):
    """Each receipt is of the very bytes that were sent, and signed."""
    with db.reading() as session:
        fingerprint = make.election_of(session, hall.open).fingerprint
    key = Signer(hall.settings.secret_key()).public_key
    for one in taken:
        assert one.receipt.tracker == sha256_base64(one.text.encode())
        assert genuine(key, fingerprint, one.receipt)
    return len({(one.text, one.receipt.height, one.receipt.signature) for one in taken}) == len(
        {one.text for one in taken}
    )


def counted(hall, taken):
    """Close and open: what counts of somebody who voted twice at once is what came onto the board later."""
    changed = hall.open.voters[16]
    first, second = [one for one in taken if one.voter == changed]  # NO, ABSTAIN
    last_is_no = first.receipt.height > second.receipt.height
    with db.transaction() as session:
        make.close(session, hall.open)
        make.decrypt(session, hall.open, hall.open.closes_at)
        assert make.row(session, hall.open).counts == [[11, 5 + last_is_no, 1 - last_is_no]]


def test_a_whole_hall_votes_again_and_sends_the_old_bytes_too(hall, tmp_path):
    """Thirty-six at once: old bytes give the old receipt, new ones a new place, however they meet."""
    hand = hall.open
    old = hall.at_once(
        [Cast(voter, hand.slug, hall.seal(hand, hand.credentials[voter], YES)) for voter in hand.voters]
    )
    new = [Cast(voter, hand.slug, hall.seal(hand, hand.credentials[voter], NO)) for voter in hand.voters]
    ends = hall.at_once([both for pair in zip(new, old, strict=True) for both in pair])
    again = {one.text: one for one in ends if one.status == 200}
    assert set(again) == {one.text for one in old}
    assert all(again[one.text].receipt == one.receipt for one in old)
    places = {one.receipt.height for one in (*old, *ends)}
    assert places == set(range(1, 2 * VOTERS + 1))
    assert board_of(hall, hand, tmp_path / "open").ballots == 2 * VOTERS

"""What is fuzzed: each target takes any bytes and raises only where the code under it is wrong."""

import json
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path

from tests.rules.crypto.elections import STRIKE, VECTORS, events_of, forged, whole
from union.app import create_app, start
from union.ballots.crypto import Check, Refused, accept_ballot, group_named, verify
from union.ballots.crypto.canonical import read_json
from union.core.settings import Settings

FOLDER = Path(__file__).parent / "corpus"
SPLIT = b"\n--\n"
NAMES = {check.value for check in Check}


class Worlds:
    """Elections made once, that everything is held against."""

    def __init__(self) -> None:
        self.election = whole(group_named("Ed25519"), questions=(STRIKE,), voters=3)
        self.events = events_of(self.election.records)
        self.places = [(i, j) for i, (_, payloads) in enumerate(self.events) for j in range(len(payloads))]
        self.folder = Path(tempfile.mkdtemp(prefix="union-fuzz-"))

    def close(self) -> None:
        shutil.rmtree(self.folder)

    @cached_property
    def booth(self):
        """A browser signed in as a member in front of an open ballot, the address to cast at, and its world."""
        from tests.factories.ballots import make_open_ballot, real_now
        from union.core import db, sealing
        from union.members import service as members
        from union.migrate import upgrade

        settings = replace(
            Settings.from_environment({"UNION_ENV": "development", "UNION_HOME": str(self.folder)}),
            public_url="http://localhost",
        )
        upgrade(settings.database_url)
        sealing.install(sealing.Vault(bytes(range(32))))
        start(settings)
        now = real_now()
        with db.transaction() as session:
            hand = make_open_ballot(session, now - timedelta(minutes=1))
            token = members.start_session(session, member_id=hand.voters[0], now=now, device="fuzz")
        app = create_app(settings)
        app.config["WTF_CSRF_ENABLED"] = False
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        return client, f"/ballots/{hand.slug}/cast", (sealing.vault(), db.installed())


@cache
def worlds() -> Worlds:
    return Worlds()


def _told(report, good: bool) -> None:
    if report.holds:
        assert good, "what was changed was accepted"
        return
    assert [finding.failed in NAMES for finding in report.failures] == [True], report.lines()


def archive(content: bytes) -> None:
    """An archive of any bytes holds only when it is the beginning of a good one."""
    path = worlds().folder / "any.bel"
    path.write_bytes(content)
    good = (forged(worlds().events), *archives())
    _told(verify(path), any(known.startswith(content) for known in good))


@cache
def archives() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(VECTORS.glob("*/*.bel")))


def record(content: bytes) -> None:
    """One record replaced by any bytes and every digest made right, as a cheating server would: refused by name.

    The first byte chooses the record. One of the setup that says the same with other spaces may hold.
    """
    if not content:
        return
    world = worlds()
    i, j = world.places[content[0] % len(world.places)]
    kind, payloads = world.events[i]
    changed = [*payloads[:j], content[1:], *payloads[j + 1 :]]
    try:
        made = forged([*world.events[:i], (kind, changed), *world.events[i + 1 :]])
    except (ValueError, TypeError):
        return  # the naming record is no JSON object any more: nothing could be linked
    path = world.folder / "forged.bel"
    path.write_bytes(made)
    _told(verify(path), made == forged(world.events) or (kind == "Setup" and _same(content[1:], payloads[j])))


def _same(content: bytes, record: bytes) -> bool:
    try:
        return read_json(content) == read_json(record)
    except Refused:
        return False


def ballot(content: bytes) -> None:
    """A ballot of any bytes is accepted only when it is one that a voter made."""
    world = worlds().election
    try:
        accept_ballot(world.election, content, world.roll)
    except Refused as refused:
        assert refused.check in set(Check)
    else:
        assert content in world.board(), "a ballot nobody made was accepted"


def text(content: bytes) -> None:
    """JSON is read as everybody reads it, or refused by name."""
    try:
        value = read_json(content)
    except Refused as refused:
        assert refused.check in set(Check)
    else:
        assert json.loads(content) == value


def endpoint(content: bytes) -> None:
    """Whatever is posted to the ballot box gets an answer that says no, and the box goes on working.

    Up to the first separator the bytes are the whole body; with one, what follows is the ballot in a well-formed body.
    """
    from union.core import db, sealing

    client, address, (vault, database) = worlds().booth
    sealing.install(vault)
    db.install(database)
    _, split, sealed = content.partition(SPLIT)
    body = json.dumps({"ballot": sealed.decode("latin-1")}).encode() if split else content
    answer = client.post(address, data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:200])
    assert answer.json["error"], answer.text[:200]


TARGETS = {target.__name__: target for target in (archive, record, ballot, text, endpoint)}


def seeds(name: str) -> list[bytes]:
    """Good inputs to begin with."""
    world = worlds()
    sealed = world.election.board()
    if name == "archive":
        return [min(archives(), key=len), forged(world.events)]
    if name == "record":
        return [bytes([n]) + world.events[i][1][j] for n, (i, j) in enumerate(world.places)]
    if name == "endpoint":
        return [SPLIT + sealed[0], json.dumps({"ballot": sealed[0].decode()}).encode(), b"{}", b"[]"]
    return [*sealed, b"{}"]

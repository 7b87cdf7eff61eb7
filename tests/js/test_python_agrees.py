"""What the browser's modules make, the server's accept: a whole election with JavaScript voters and trustees."""

import json
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.js.conftest import MISSING
from union.ballots import crypto as c

HERE = Path(__file__).parent
GROUPS = ["BELENIOS-2048", "Ed25519"]
QUESTIONS = [
    c.Homomorphic("Do we strike?", ("Yes", "No", "Abstain"), 1, 1),
    c.Homomorphic("Which actions? «ü, \"'\\»", ("Data strike", "Letter", "Law"), 1, 2, blank=True),
    c.Homomorphic("Anything else?", ("Tea", "Biscuits"), 0, 2),
    c.Homomorphic("All of them?", ("One", "Two"), 2, 2),
]
VOTES = [
    [[1, 0, 0], [0, 1, 1, 0], [0, 0], [1, 1]],
    [[0, 1, 0], [1, 0, 0, 0], [1, 1], [1, 1]],
    [[0, 0, 1], [0, 0, 0, 1], [0, 1], [1, 1]],
]
RESULT = [[1, 1, 1], [1, 1, 1, 1], [1, 2], [3, 3]]


def browser(**request):
    node = shutil.which("node")
    if node is None:
        pytest.skip(MISSING)
    run = subprocess.run(
        [node, HERE / "voter.mjs"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(params=GROUPS)
def group(request):
    return c.group_named(request.param)


def test_a_whole_election(group, tmp_path):
    draw = secrets.randbelow
    keys = [browser(act="key", group=group.name) for _ in range(2)]
    publics = [c.read_public_key(group, json.loads(key["publicText"])) for key in keys]
    assert [public.record().decode() for public in publics] == [key["publicText"] for key in keys]
    trustees = c.Trustees.singles(group, publics)
    uuid = c.make_uuid(draw)
    codes = [c.make_credential(draw) for _ in VOTES]
    for code in codes:
        assert browser(act="public", group=group.name, uuid=uuid, credential=code) == str(
            c.public_of(group, uuid, code)
        )
    listed = c.credentials_record(group, [c.Listed(c.public_of(group, uuid, code), 1) for code in codes])
    weights = c.read_credentials(group, listed)
    election = c.Election.make(
        uuid=uuid,
        name="Strike",
        description="é",
        group=group,
        public_key=trustees.public_key,
        questions=QUESTIONS,
    )
    step = c.setup_step(election.record, trustees.record(), listed)
    rows = list(step.records)
    cast = []
    for code, votes in zip(codes, VOTES, strict=True):
        [sealed] = browser(
            act="seal", group=group.name, record=election.record.decode(), credential=code, votes=[votes]
        )
        ballot = c.accept_ballot(election, sealed["ballot"].encode(), weights)
        assert ballot.tracker == sealed["tracker"]
        step = c.ballot_step(step.head, ballot.record)
        rows += step.records
        cast.append(ballot.record)
    step = c.end_ballots_step(step.head)
    rows += step.records
    tally = c.tally_board(election, weights, cast)
    record = tally.record()
    step = c.tally_step(step.head, record, tally.sized_record(c.sha256_hex(record)))
    rows += step.records
    pairs = c.read_tally(election, record)
    partials = {}
    for owner, key in enumerate(keys, start=1):
        share = browser(
            act="share",
            group=group.name,
            fp=election.fingerprint,
            privateKey=key["privateKey"],
            publicKey=key["publicKey"],
            tally=record.decode(),
        )
        partial = c.read_partial(election, pairs, share["decryption"].encode())
        assert partial.record().decode() == share["decryption"]
        mine = trustees.verification_keys[owner - 1]
        c.check_partial(election, pairs, mine, partial)
        c.check_strong(election, pairs, mine, partial, share["strongProofs"].encode())
        strong = json.loads(share["strongProofs"])
        strong[0][0]["response"] = str((int(strong[0][0]["response"]) + 1) % group.q)
        with pytest.raises(c.Refused):
            c.check_strong(election, pairs, mine, partial, json.dumps(strong, separators=(",", ":")).encode())
        partials[owner] = partial
        step = c.partial_decryption_step(step.head, owner, partial.record())
        rows += step.records
    result = c.compute_result(election, trustees, pairs, partials, tally.total_weight)
    assert result == RESULT
    step = c.result_step(step.head, c.result_record(election, result))
    rows += step.records
    archive = tmp_path / f"{uuid}.bel"
    archive.write_bytes(c.header(1790000000) + b"".join(c.entry(row, 1790000000) for row in rows))
    assert c.verify(archive).holds
    tool = shutil.which("belenios-tool")
    if group.name == "BELENIOS-2048" and tool:
        run = subprocess.run(
            [tool, "election", "verify", "--dir", tmp_path],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr


def test_a_browser_ballot_with_one_character_changed_is_refused(group):
    draw = secrets.randbelow
    key = c.make_key(group, draw)
    uuid, code = c.make_uuid(draw), c.make_credential(draw)
    public = c.public_of(group, uuid, code)
    weights = c.read_credentials(group, c.credentials_record(group, [c.Listed(public, 1)]))
    trustees = c.Trustees.singles(group, [c.read_public_key(group, json.loads(key.public.record()))])
    election = c.Election.make(
        uuid=uuid,
        name="Strike",
        description="",
        group=group,
        public_key=trustees.public_key,
        questions=QUESTIONS[:2],
    )
    [sealed] = browser(
        act="seal",
        group=group.name,
        record=election.record.decode(),
        credential=code,
        votes=[VOTES[0][:2]],
    )
    ballot = json.loads(sealed["ballot"])
    c.accept_ballot(election, sealed["ballot"].encode(), weights)
    for path in (("individual_proofs", 0, 1), ("overall_proof", 0), ("blank_proof", 1)):
        changed = json.loads(sealed["ballot"])
        proof = changed["answers"][1]
        for name in path:
            proof = proof[name]
        proof["response"] = str((int(proof["response"]) + 1) % group.q)
        with pytest.raises(c.Refused):
            c.accept_ballot(election, json.dumps(changed, separators=(",", ":")).encode(), weights)
    assert ballot["credential"] == str(public)

"""The reference program, which we did not write, checks our archives; and ours checks the archives it makes."""

import json
import os
import shutil
import subprocess

import pytest

from tests.js.forging import browser
from tests.rules.crypto.elections import ACTIONS, RANKING, STRIKE, World, whole
from tests.rules.crypto.test_threshold import Ceremony
from union.ballots.crypto import (
    Counting,
    Homomorphic,
    KeyPair,
    Ranked,
    Trustees,
    group_named,
    verify,
    verify_difference,
)
from union.ballots.crypto.trustees import Single

TOOL = shutil.which("belenios-tool")
pytestmark = pytest.mark.skipif(
    TOOL is None,
    reason="BELENIOS-TOOL IS NOT INSTALLED: no outside program checked our archives (apt-get install belenios-tool)",
)


def tool(folder, *arguments, given=None):
    return subprocess.run(
        [TOOL, *map(str, arguments)],
        cwd=folder,
        input=given,
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "BELENIOS_USE_URANDOM": "1"},
    )


def made(folder, *arguments, given=None):
    done = tool(folder, *arguments, given=given)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("trustees", [1, 3])
def test_the_tool_accepts_our_homomorphic_archives(tmp_path, trustees):
    world = whole(group_named("BELENIOS-2048"), trustees=trustees)
    world.write(tmp_path)
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


def test_the_tool_accepts_our_weighted_archives(tmp_path):
    world = whole(group_named("BELENIOS-2048"), questions=(STRIKE,), weights=(5, 2**31, 3, 1))
    world.write(tmp_path)
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


def test_the_tool_accepts_an_archive_at_every_stage(tmp_path):
    world = World(group_named("BELENIOS-2048"), questions=(STRIKE,))
    before = tmp_path / "before"
    for step in (
        lambda: None,
        lambda: world.cast(0, [[1, 0, 0]]),
        lambda: world.cast(0, [[0, 1, 0]]),
        world.close,
        world.decrypt,
        world.publish,
    ):
        step()
        now = tmp_path / world.head.digest
        now.mkdir()
        path = world.write(now)
        assert verify(path).holds
        assert tool(now, "election", "verify").returncode == 0
        if before.exists():
            assert tool(tmp_path, "election", "verify-diff", "--dir1", before, "--dir2", now).returncode == 0
            assert verify_difference(next(before.glob("*.bel")), path).holds
            shutil.rmtree(before)
        now.rename(before)


def test_the_tool_accepts_our_ranked_archives(tmp_path):
    world = whole(group_named("RFC-3526-2048"), questions=(STRIKE, RANKING))
    path = world.write(tmp_path)
    assert verify(path).holds
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


@pytest.mark.parametrize(
    "counting",
    [Counting("Schulze"), Counting("STV", 2), Counting("MajorityJudgment", grades=("Good", "Fair", "Bad"))],
    ids=lambda counting: counting.method,
)
def test_the_tool_accepts_a_record_that_says_how_orders_are_counted(tmp_path, counting):
    asked = Ranked("Which demands come first?", ("Pay", "Hours", "Appeal"), counting)
    world = World(group_named("RFC-3526-2048"), questions=(asked,), voters=2)
    for voter, order in enumerate([[1, 2, 3], [3, 1, 2]]):
        world.cast(voter, [order])
    world.close()
    world.shuffle()
    world.decrypt()
    world.publish()
    assert b'"extra":{"type":' in world.election.record
    assert verify(world.write(tmp_path)).holds
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


@pytest.mark.parametrize("questions", [(RANKING,), (STRIKE, RANKING)], ids=["ranked", "both"])
def test_the_tool_accepts_what_we_accept_when_nobody_voted(tmp_path, questions):
    """It writes the same part of two trustees twice, and demands to find it twice."""
    world = World(group_named("RFC-3526-2048"), questions=questions, trustees=2)
    world.close()
    world.shuffle()
    world.decrypt()
    result = world.publish()
    assert verify(world.write(tmp_path)).result == result
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


def test_the_tool_accepts_a_weight_of_nought(tmp_path):
    world = World(group_named("BELENIOS-2048"), questions=(STRIKE,), weights=(0, 2), voters=2)
    for voter in range(2):
        world.cast(voter, [[1, 0, 0]])
    world.close()
    world.decrypt()
    assert world.publish() == [[2, 0, 0]]
    assert verify(world.write(tmp_path)).holds
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


def test_the_tool_opens_a_spoilt_order_as_we_do(tmp_path, monkeypatch):
    """One voter's own program encrypts what is no order at all: the others count all the same."""
    group = group_named("RFC-3526-2048")
    world = World(group, questions=(RANKING,), voters=2, trustees=1)
    with monkeypatch.context() as own_program:
        own_program.setattr(type(group), "encode", lambda self, _: self.gpow(123456789))
        world.cast(0, [[1, 2, 3, 4]])
    world.cast(1, [[1, 2, 3, 4]])
    world.close()
    world.shuffle()
    world.decrypt()
    path = world.write(tmp_path)
    theirs = json.loads(made(tmp_path, "election", "compute-result"))["result"]
    (orders,) = world.publish()
    assert theirs == [orders]
    path.write_bytes(world.archive())
    assert verify(path).holds
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


def threshold_world(monkeypatch, *, server):
    """A ballot of the form we publish: any two of three trustees, beside them the server where wanted."""
    group = group_named("BELENIOS-2048")
    ceremony = Ceremony(group, 3, 2).finish()

    def kinds(cls, group, keys):
        return cls(group, (ceremony.block, Single(keys[0])) if server else (ceremony.block,))

    with monkeypatch.context() as patched:
        patched.setattr(Trustees, "singles", classmethod(kinds))
        world = World(group, questions=(STRIKE, ACTIONS), trustees=1)
    held = [KeyPair(x, None) for x in ceremony.keys]
    world.keys = [*held, *world.keys] if server else held
    for voter in range(2):
        world.cast(voter, [[1, 0, 0], [0, 1, 0, 1]])
    world.close()
    return world


@pytest.mark.parametrize("server", [False, True], ids=["block", "block and server"])
@pytest.mark.parametrize("two", [(1, 2), (3, 1), (2, 3)])
def test_the_tool_accepts_our_threshold_archives(tmp_path, monkeypatch, server, two):
    world = threshold_world(monkeypatch, server=server)
    world.decrypt([4, *two] if server else two)
    world.publish()
    path = world.write(tmp_path)
    assert verify(path).holds
    assert b"all checks passed" in tool(tmp_path, "election", "verify").stderr


def test_the_tool_refuses_what_we_refuse(tmp_path):
    world = whole(group_named("BELENIOS-2048"), questions=(STRIKE,))
    path = world.write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'{"result":[[2,1,0]]}', b'{"result":[[1,2,0]]}'))
    assert not verify(path).holds
    assert tool(tmp_path, "election", "verify").returncode != 0


def reference_election(folder, group, questions, threshold):
    """An election run by the tool alone; the credentials are derived in its older way."""
    uuid = made(folder, "setup", "generate-token").decode().strip()
    made(folder, "setup", "generate-credentials", "--uuid", uuid, "--group", group, "--count", 3)
    next(folder.glob("*.pubcreds")).rename(folder / "public_creds.json")
    lines = next(folder.glob("*.privcreds")).read_text().splitlines()
    made(folder, "setup", "generate-trustee-key", "--group", group)
    key = next(folder.glob("*.privkey"))
    (folder / "public_keys.jsons").write_bytes(b"".join(p.read_bytes() for p in folder.glob("*.pubkey")))
    blocks = reference_ceremony(folder, group) if threshold else []
    made(folder, "setup", "make-trustees")
    (folder / "threshold.json").unlink(missing_ok=True)
    template = {"description": "d", "name": "n", "questions": [q.json() for q in questions]}
    (folder / "questions.json").write_text(json.dumps(template))
    made(folder, "setup", "make-election", "--uuid", uuid, "--group", group, "--template", "questions.json")
    made(folder, "archive", "init")
    for name in ("election.json", "trustees.json", "public_creds.json", "public_keys.jsons"):
        (folder / name).unlink(missing_ok=True)
    return uuid, [line.split()[-1] for line in lines], key, blocks


def reference_ceremony(folder, group):
    def ceremony(*arguments, given=None):
        return made(
            folder, "setup", "generate-trustee-key-threshold", "--group", group, *arguments, given=given
        )

    for _ in range(3):
        ceremony("--step", 1)
    keys = sorted(folder.glob("*.key"))
    certs = folder / "certs.jsons"
    certs.write_bytes(b"".join(key.with_suffix(".cert").read_bytes() for key in keys))
    ceremony("--certs", certs, "--step", 2)
    polynomials = folder / "polynomials.jsons"
    polynomials.write_bytes(
        b"".join(ceremony("--certs", certs, "--key", key, "--step", 3, "--threshold", 2) for key in keys)
    )
    ceremony("--certs", certs, "--step", 4, "--polynomials", polynomials)
    outputs = b"".join(
        ceremony("--certs", certs, "--key", key, "--step", 5, given=key.with_suffix(".vinput").read_bytes())
        for key in keys
    )
    (folder / "threshold.json").write_bytes(
        ceremony("--certs", certs, "--step", 6, "--polynomials", polynomials, given=outputs)
    )
    return keys


def add(folder, kind, content=b""):
    made(folder, "archive", "add-event", f"--type={kind}", given=content)


@pytest.mark.parametrize(
    ("group", "questions", "threshold"),
    [
        ("BELENIOS-2048", (STRIKE, ACTIONS), False),
        ("BELENIOS-2048", (Homomorphic("Q", ("A", "B", "C"), 0, 3),), True),
        ("RFC-3526-2048", (STRIKE, RANKING), False),
    ],
    ids=["single", "threshold", "ranked"],
)
def test_we_accept_the_tools_archives(tmp_path, group, questions, threshold):
    uuid, credentials, key, blocks = reference_election(tmp_path, group, questions, threshold)
    archive = tmp_path / f"{uuid}.bel"
    for credential in credentials:
        (tmp_path / "cred").write_text(credential)
        choices = [[4, 3, 2, 1] if q is RANKING else [1] + [0] * (q.slots - 1) for q in questions]
        (tmp_path / "choices").write_text(json.dumps(choices))
        add(
            tmp_path,
            "Ballot",
            made(tmp_path, "election", "generate-ballot", "--privcred", "cred", "--ballot", "choices"),
        )
    add(tmp_path, "EndBallots")
    add(tmp_path, "EncryptedTally", made(tmp_path, "election", "compute-encrypted-tally"))
    if RANKING in questions:
        add(tmp_path, "Shuffle", made(tmp_path, "election", "shuffle", "--trustee-id", 1))
        add(tmp_path, "EndShuffles")
    add(
        tmp_path,
        "PartialDecryption",
        made(tmp_path, "election", "decrypt", "--privkey", key, "--trustee-id", 1),
    )
    for i, block in enumerate(blocks[:2], start=2):
        dkey = block.with_suffix(".dkey")
        part = made(
            tmp_path,
            "election",
            "decrypt-threshold",
            "--key",
            block,
            "--decryption-key",
            dkey,
            "--trustee-id",
            i,
        )
        add(tmp_path, "PartialDecryption", part)
    add(tmp_path, "Result", made(tmp_path, "election", "compute-result"))
    assert tool(tmp_path, "election", "verify").returncode == 0
    report = verify(archive)
    assert report.holds, report.lines()
    [here] = browser(archive)
    assert here["holds"], here["findings"]
    assert here["result"] == json.loads(json.dumps(report.result))

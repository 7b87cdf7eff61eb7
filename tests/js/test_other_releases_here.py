"""The browser's check accepts what other releases publish, and refuses it tampered with by the same names as our verifier."""

import pytest

from tests.js.forging import Board, archive, browser, bump, failed, reports_of, swap
from tests.js.test_verify_here import BLOCK_FORGERIES, in_block
from tests.rules.crypto.elections import RANKING, World
from tests.rules.crypto.tampering import CURVE, archive_of
from tests.rules.crypto.test_other_releases import bare_world, typed_world
from union.ballots.crypto import verify


def unsign(block):
    for key in block["verification_keys"]:
        del key["signature"]


def unsigned(name):
    """The reference archive with its block as release 2.5.1 publishes it: the ceremony is signed, the keys are not yet."""
    board = Board(archive(name))
    in_block(unsign)(board)
    return board


def holds(path):
    [report] = browser(path)
    assert report["holds"], report["findings"]
    assert all(each["holds"] for each in report["findings"])
    assert verify(path).holds


@pytest.mark.parametrize("name", ["ed25519-threshold", "ff2048-threshold"])
def test_a_block_of_release_2_5(name, tmp_path):
    holds(unsigned(name).write(tmp_path / "old.bel"))


def test_a_block_of_release_2_0(tmp_path):
    holds(bare_world().write(tmp_path))


@pytest.mark.parametrize("beside", [{}, {"extra": ["Anything"]}], ids=["plain", "extra"])
def test_a_question_that_names_its_type(tmp_path, monkeypatch, beside):
    holds(typed_world(monkeypatch, **beside).write(tmp_path))


def test_nobody_voted_and_two_trustees_hand_in_the_same_part(tmp_path):
    world = World(CURVE, questions=(RANKING,), trustees=2)
    world.close()
    world.shuffle()
    world.decrypt()
    world.publish()
    holds(world.write(tmp_path))


OLD_FORGERIES = {
    **{name: forge for name, forge in BLOCK_FORGERIES.items() if name != "key signature"},
    "ceremony unsigned": in_block(lambda b: b.pop("signatures")),
    "one key signed": in_block(lambda b: b["verification_keys"][0].update(signature=b["signatures"][0])),
    "all keys signed wrongly": in_block(
        lambda b: [
            key.update(signature=proof)
            for key, proof in zip(b["verification_keys"], b["signatures"], strict=True)
        ]
    ),
    "a signature too few": in_block(lambda b: b["signatures"].pop()),
}


@pytest.fixture(scope="module")
def forged(tmp_path_factory):
    return reports_of(tmp_path_factory.mktemp("old"), lambda: unsigned("ed25519-threshold"), OLD_FORGERIES)


BARE_FORGERIES = {
    "other threshold": in_block(lambda b: b.update(threshold=3)),
    "coefficients swapped": in_block(lambda b: swap(b["coefexps"], 0, 1)),
    "certificate twice": in_block(lambda b: b["certs"].__setitem__(1, b["certs"][0])),
    "key proof": in_block(lambda b: bump(b["verification_keys"][0]["pok"])),
    "keys swapped": in_block(lambda b: swap(b["verification_keys"], 0, 1)),
    "ceremony signed": in_block(lambda b: b.update(signatures=[c["signature"] for c in b["certs"]])),
    "key signed": in_block(
        lambda b: [
            key.update(signature=cert["signature"])
            for key, cert in zip(b["verification_keys"], b["certs"], strict=True)
        ]
    ),
}


@pytest.fixture(scope="module")
def forged_bare(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    whole = bare_world().write(folder)
    return reports_of(folder, lambda: Board(whole), BARE_FORGERIES)


def agree(path, report):
    ours = verify(path)
    assert not ours.holds
    assert not report["holds"]
    assert failed(report) == [finding.failed for finding in ours.failures]


@pytest.mark.parametrize("name", OLD_FORGERIES)
def test_a_forged_block_of_release_2_5_is_refused_for_the_same_reason(forged, name):
    agree(*forged[name])


@pytest.mark.parametrize("name", BARE_FORGERIES)
def test_a_forged_block_of_release_2_0_is_refused_for_the_same_reason(forged_bare, name):
    agree(*forged_bare[name])


@pytest.mark.parametrize("change", [lambda b: b.pop("signatures"), unsign], ids=["ceremony", "keys"])
def test_no_verdict_is_unknown_where_ours_is_known(change, tmp_path):
    path = tmp_path / "block.bel"
    path.write_bytes(archive_of("block").archive())
    board = Board(path)
    in_block(change)(board)
    [report] = browser(board.write(path))
    assert report["holds"] == verify(path).holds
    assert "unknown" not in [each["failed"] for each in report["findings"]]

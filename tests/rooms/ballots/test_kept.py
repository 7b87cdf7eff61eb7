"""A kept receipt or head against the published archive: what a voter or an observer does when in doubt."""

import json

import pytest
from click.testing import CliRunner

from tests.factories import ballots as make
from tests.rooms.ballots.test_election import save
from union.ballots import queries
from union.ballots.cli import ballots

YES, NO = [[1, 0, 0]], [[0, 1, 0]]


@pytest.fixture
def kept(session, now, tmp_path):
    """An archive of two votes, the receipt of the first as the booth saves it, and the head after it."""
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        receipt = make.vote(session, hand, hand.voters[0], YES, now)
        head = queries.head(session, hand.slug)
        make.vote(session, hand, hand.voters[1], NO, now)
    fingerprint = make.row(session, hand).fingerprint
    facts = {
        "election": fingerprint,
        "tracker": receipt.tracker,
        "height": receipt.height,
        "chain_head": receipt.chain_head,
        "signature": receipt.signature,
    }
    observed = {"uuid": head.uuid, "fingerprint": head.fingerprint, "height": head.height, "head": head.head}
    return save(session, hand, tmp_path), facts, observed


def check(tmp_path, facts, archive, *more, status=0):
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(facts))
    done = CliRunner().invoke(ballots, ["check-kept", str(path), str(archive), *more])
    assert done.exit_code == status, done.output
    return done.output


def test_a_receipt_and_a_head_are_found_again(kept, tmp_path):
    archive, receipt, head = kept
    assert "at event 1" in check(tmp_path, receipt, archive)
    key = make.SIGNER.public_key
    assert "signature holds" in check(tmp_path, receipt, archive, "--key", key)
    assert "continues from event 1" in check(tmp_path, head, archive)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"chain_head": "0" * 64}, "kept-head"),
        ({"height": 9}, "kept-head"),
        ({"tracker": "x" * 43}, "kept-tracker"),
        ({"election": "x" * 43}, "kept-election"),
        ({"signature": "00" * 64}, "kept-signature"),
        ({"height": "1"}, "kept-form"),
    ],
)
def test_what_is_not_there_is_said_by_name(kept, tmp_path, change, name):
    archive, receipt, _ = kept
    said = check(tmp_path, receipt | change, archive, "--key", make.SIGNER.public_key, status=1)
    assert f"does not hold: {name}:" in said


def test_a_file_that_is_no_archive_or_no_receipt_is_refused_by_name(kept, tmp_path):
    archive, receipt, _ = kept
    assert "kept-form" in check(tmp_path, [], archive, status=1)
    (tmp_path / "broken.bel").write_bytes(b"nothing")
    assert "archive-form" in check(tmp_path, receipt, tmp_path / "broken.bel", status=1)

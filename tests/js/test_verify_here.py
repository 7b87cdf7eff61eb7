"""The browser's check of an archive agrees with our verifier: on what it accepts, and on why it refuses."""

import json
import random

import pytest

from tests.js.forging import Board, archive, browser, bump, failed, reports_of, swap
from union.ballots import crypto as c
from union.ballots.crypto.canonical import compact

ALL = [
    "ed25519-single",
    "ff2048-single",
    "ed25519-weighted",
    "ed25519-threshold",
    "ff2048-threshold",
    "ed25519-ranked",
]


@pytest.mark.parametrize("name", ALL)
def test_reference_archives_hold(name):
    [report] = browser(archive(name))
    ours = c.verify(archive(name))
    assert ours.holds
    assert report["holds"]
    assert all(each["holds"] for each in report["findings"])
    assert json.loads(json.dumps(report["result"]), parse_int=str) == json.loads(
        json.dumps(ours.result), parse_int=str
    )
    assert report["head"] == {"height": ours.height, "digest": ours.head}
    assert report["fingerprint"] == ours.fingerprint
    print(f"\n{name}: {report['milliseconds']} ms")


def test_what_it_does_not_know_is_never_called_good(tmp_path):
    board = Board(archive("ed25519-single"))
    board.change("Setup", lambda election: {**election, "questions": [{"type": "Grids", "value": {}}]})
    [report] = browser(board.write(tmp_path / "grids.bel"))
    assert not report["holds"]
    assert failed(report) == []
    assert "unknown" in [each["failed"] for each in report["findings"]]


def test_a_flipped_bit_is_noticed(tmp_path):
    content = archive("ed25519-single").read_bytes()
    chance = random.Random(7)
    paths = []
    for i in range(60):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        paths.append(tmp_path / f"{i}.bel")
        paths[-1].write_bytes(flipped)
    for report in browser(*paths):
        assert not report["holds"]
        assert failed(report)


def in_ballot(change):
    def edit(ballot):
        change(ballot)
        return ballot

    return lambda board: board.change("Ballot", edit, nth=1)


def result(board):
    board.change(
        "Result",
        lambda r: {"result": [[r["result"][0][1], r["result"][0][0], r["result"][0][2]], r["result"][1]]},
    )


def twice(board):
    first = board.where("Ballot")[0]
    board.events.insert(first + 2, board.events[first])


def dropped(board):
    del board.events[board.where("Ballot")[0]]


def other_factor(board):
    def edit(share):
        share["decryption_factors"][0][0] = share["decryption_factors"][0][1]
        return share

    board.change("PartialDecryption", edit)


def one_share_less(board):
    del board.events[board.where("PartialDecryption")[1]]


def same_trustee(board):
    second = board.where("PartialDecryption")[1]
    board.events[second] = (*board.events[second][:2], 1)


def other_key(board):
    def edit(trustees):
        trustees[0][1]["public_key"] = trustees[1][1]["public_key"]
        return trustees

    board.change("Setup", edit, payload=1)


def one_trustee_less(board):
    board.change("Setup", lambda trustees: trustees[1:], payload=1)


def listed_twice(board):
    board.change("Setup", lambda lines: [*lines, lines[0]], payload=2)


def struck_off(board):
    board.change(
        "Setup",
        lambda lines: [
            line
            for line in lines
            if line != json.loads(board.events[board.where("Ballot")[1]][1][0])["credential"]
        ],
        payload=2,
    )


FORGERIES = {
    "result": result,
    "ballot twice": twice,
    "ballot dropped": dropped,
    "other factor": other_factor,
    "one share less": one_share_less,
    "one trustee, two shares": same_trustee,
    "another's key": other_key,
    "one trustee less": one_trustee_less,
    "credential twice": listed_twice,
    "voter struck off": struck_off,
    "choice proof": in_ballot(lambda b: bump(b["answers"][0]["individual_proofs"][0][1])),
    "overall proof": in_ballot(lambda b: bump(b["answers"][0]["overall_proof"][0])),
    "blank proof": in_ballot(lambda b: bump(b["answers"][1]["blank_proof"][0])),
    "signature": in_ballot(lambda b: bump(b["signature"]["proof"])),
    "other election": in_ballot(lambda b: b.update(election_uuid="jVoybzk7pjmnbW")),
    "swapped choices": in_ballot(lambda b: swap(b["answers"][0]["choices"], 0, 1)),
    "missing answer": in_ballot(lambda b: b["answers"].pop()),
    "superfluous field": in_ballot(lambda b: b.update(note="x")),
    "other order": in_ballot(lambda b: b.update(election_hash=b.pop("election_hash"))),
    "tally": lambda board: board.change(
        "EncryptedTally", lambda rows: [[rows[0][1], rows[0][0], rows[0][2]], rows[1]]
    ),
    "count": lambda board: board.change(
        "EncryptedTally", lambda sized: {**sized, "num_tallied": 4}, payload=1
    ),
    "decryption proof": lambda board: board.change(
        "PartialDecryption", lambda share: (bump(share["decryption_proofs"][1][2]), share)[1]
    ),
}
# one verifier calls it the wrong form, the other not its own re-serialization
ANOTHER_NAME = {"superfluous field"}


@pytest.fixture(scope="module")
def forged(tmp_path_factory):
    """Each forgery's archive with the browser's report; "none" is the archive only written anew."""
    folder = tmp_path_factory.mktemp("forged")
    return reports_of(folder, lambda: Board(archive("ed25519-single")), FORGERIES)


def test_the_archive_written_anew_holds(forged):
    path, report = forged["none"]
    assert report["holds"]
    assert c.verify(path).holds


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_with_all_hashes_right_is_refused_for_the_same_reason(forged, name):
    path, report = forged[name]
    ours = c.verify(path)
    assert not ours.holds
    assert not report["holds"]
    assert len(failed(report)) == 1
    if name not in ANOTHER_NAME:
        assert failed(report) == [finding.failed for finding in ours.failures]


# -- threshold trustees ----------------------------------------------------------------------------------------


def in_block(change):
    """Change the block of threshold trustees."""

    def forge(board):
        def edit(trustees):
            [block] = [value for kind, value in trustees if kind == "Pedersen"]
            change(block)
            return trustees

        board.change("Setup", edit, payload=1)

    return forge


def in_message(name, which, change):
    """Change what a trustee signed, keeping the signature."""

    def edit(block):
        signed = block[name][which]
        message = json.loads(signed["message"])
        change(message)
        signed["message"] = compact(message).decode()

    return in_block(edit)


BLOCK_FORGERIES = {
    "other threshold": in_block(lambda b: b.update(threshold=3)),
    "lower threshold": in_block(lambda b: b.update(threshold=1)),
    "certificate changed": in_message("certs", 0, lambda m: m["context"].update(size=4)),
    "certificates swapped": in_block(lambda b: swap(b["certs"], 0, 1)),
    "certificate twice": in_block(lambda b: b["certs"].__setitem__(1, b["certs"][0])),
    "coefficient changed": in_message("coefexps", 1, lambda m: m["coefexps"].reverse()),
    "coefficients swapped": in_block(lambda b: swap(b["coefexps"], 0, 1)),
    "transcript signature": in_block(lambda b: bump(b["signatures"][2])),
    "keys swapped": in_block(lambda b: swap(b["verification_keys"], 0, 1)),
    "key proof": in_block(lambda b: bump(b["verification_keys"][0]["pok"])),
    "key signature": in_block(lambda b: bump(b["verification_keys"][1]["signature"])),
    "trustee less": in_block(lambda b: b["verification_keys"].pop()),
    "one share less": one_share_less,
    "result": lambda board: board.change("Result", lambda r: {"result": [row[::-1] for row in r["result"]]}),
    "decryption proof": lambda board: board.change(
        "PartialDecryption", lambda share: (bump(share["decryption_proofs"][0][0]), share)[1]
    ),
}


@pytest.fixture(scope="module")
def forged_blocks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blocks")
    return reports_of(folder, lambda: Board(archive("ed25519-threshold")), BLOCK_FORGERIES)


def test_a_threshold_archive_written_anew_holds(forged_blocks):
    assert forged_blocks["none"][1]["holds"]


@pytest.mark.parametrize("name", BLOCK_FORGERIES)
def test_a_forged_block_is_refused_for_the_same_reason(forged_blocks, name):
    path, report = forged_blocks[name]
    ours = c.verify(path)
    assert not ours.holds
    assert not report["holds"]
    assert failed(report) == [finding.failed for finding in ours.failures]

"""The archives that visitors of the demo download from its web: they hold, and nothing forged in them does.

Whoever forges them makes every digest and link of the chain right again.
"""

import gzip
import json
import shutil
import subprocess
import sys
from urllib.request import urlopen

import pytest

from tests.js.forging import Board, bump, swap
from union.ballots.crypto import verify

TOOL = shutil.which("belenios-tool")
STRIKE, ORDER, AGREEMENT = (
    "strike-vote-pay-for-waiting-time",
    "which-demands-come-first",
    "vote-the-agreement-with-bol",
)
OPEN = "strike-vote-explain-every-deactivation"
KNOWN_TO_THE_TOOL = (AGREEMENT, OPEN)
"""Its release 2.0 has no Ed25519."""
BLOCK = 512

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archives(running_union, tmp_path_factory):
    """The archive of every ballot of the demo that has begun, each in a folder of its own, by slug."""
    found = {}
    for slug in (STRIKE, ORDER, AGREEMENT, OPEN):
        with urlopen(f"{running_union.url}/ballots/{slug}/archive.bel") as answer:
            found[slug] = tmp_path_factory.mktemp(slug) / str(answer.headers.get_filename())
            found[slug].write_bytes(answer.read())
    return found


def program(path):
    """What somebody at a terminal is told of an archive: (exit status, the stage it is at, names of what fails)."""
    command = [sys.executable, "-m", "union.ballots.crypto", "verify", "--jobs", "1", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stderr == "", done.stderr
    report = json.loads(done.stdout)
    return done.returncode, report["stage"], [one["failed"] for one in report["checks"] if one["failed"]]


def test_what_is_downloaded_holds(archives):
    for slug, path in archives.items():
        assert program(path) == (0, "voting" if slug == OPEN else "tallied", [])


@pytest.mark.skipif(TOOL is None, reason="BELENIOS-TOOL IS NOT INSTALLED: apt-get install belenios-tool")
@pytest.mark.parametrize("slug", KNOWN_TO_THE_TOOL)
def test_a_program_that_is_not_ours_finds_the_same(archives, slug):
    done = subprocess.run(
        [TOOL, "election", "verify"], cwd=archives[slug].parent, capture_output=True, check=False, timeout=120
    )
    assert b"all checks passed" in done.stderr


# Forgeries: what is done to a board, and the name under which it is refused.


def edited(kind, edit, nth=0, payload=0):
    """Change one record in place."""

    def forge(board):
        def change(record):
            edit(record)
            return record

        board.change(kind, change, nth, payload)

    return forge


def dropped(kind, nth=0):
    return lambda board: board.events.pop(board.where(kind)[nth])


def again(kind, to=None):
    """The first event of a kind once more: right behind itself, or behind the last of another kind."""

    def forge(board):
        place = board.where(kind)[0]
        board.events.insert((board.where(to)[-1] if to else place) + 1, board.events[place])

    return forge


def cast_by_another(board):
    """The second ballot with the first one's credential."""
    first = json.loads(board.events[board.where("Ballot")[0]][1][0])
    edited("Ballot", lambda ballot: ballot.update(credential=first["credential"]), nth=1)(board)


def unlisted(board):
    """The voter of the first ballot is struck from the roll."""
    first = json.loads(board.events[board.where("Ballot")[0]][1][0])
    edited("Setup", lambda roll: roll.remove(first["credential"]), payload=2)(board)


def owned(kind, owner):
    """The first record of a kind under another trustee's number."""

    def forge(board):
        place = board.where(kind)[0]
        board.events[place] = (*board.events[place][:2], owner)

    return forge


def first(answer):
    """The first proof within an answer, of whichever kind it is."""
    if "individual_proofs" in answer:
        return answer["individual_proofs"][0][0]
    return answer["proof"]


def sealed(answer):
    """The first pair within an answer."""
    return answer["choices"] if isinstance(answer["choices"], dict) else answer["choices"][0]


def turned(pair):
    pair["alpha"], pair["beta"] = pair["beta"], pair["alpha"]


EVERY = {
    "a voter struck from the roll": (unlisted, "ballot-credential"),
    "a voter listed twice": (
        edited("Setup", lambda roll: roll.insert(0, roll[0]), payload=2),
        "credentials-",
    ),
    "a roll in another order": (edited("Setup", lambda roll: roll.reverse(), payload=2), "credentials-order"),
    "two voters of the roll exchanged": (
        edited("Setup", lambda roll: swap(roll, 0, 1), payload=2),
        "credentials-order",
    ),
    "a trustee's proof": (
        edited("Setup", lambda all_: bump(all_[0][1]["pok"]), payload=1),
        "trustee-key-proof",
    ),
    "the key of the vote": (
        edited("Setup", lambda record: record.update(public_key=record["public_key"][::-1])),
        ("election-key", "point-", "election-form"),
    ),
    "another title": (edited("Setup", lambda record: record.update(name="Another")), "ballot-election"),
    "another vote's number": (
        edited("Setup", lambda record: record.update(uuid="A" * 14)),
        "ballot-election",
    ),
    "a vote of another election": (
        edited("Ballot", lambda ballot: ballot.update(election_hash="A" * 43)),
        "ballot-election",
    ),
    "a vote under another's code": (cast_by_another, "ballot-signature"),
    "a signature": (edited("Ballot", lambda ballot: bump(ballot["signature"]["proof"])), "ballot-signature"),
    "a vote's proof": (
        edited("Ballot", lambda ballot: bump(first(ballot["answers"][0]))),
        "ballot-signature",
    ),
    "a sealed answer": (
        edited("Ballot", lambda ballot: turned(sealed(ballot["answers"][0]))),
        ("ballot-signature", "point-"),
    ),
    "an answer less": (edited("Ballot", lambda ballot: ballot["answers"].pop()), "ballot-form"),
    "a member more": (edited("Ballot", lambda ballot: ballot.update(note="")), "ballot-form"),
    "a vote twice": (again("Ballot"), "ballot-repeated"),
}
TALLIED = {
    "a vote dropped": (dropped("Ballot"), "tally-"),
    "the last vote dropped": (dropped("Ballot", -1), "tally-"),
    "a vote after the close": (again("Ballot", to="EndBallots"), "archive-order"),
    "the close dropped": (dropped("EndBallots"), "archive-order"),
    "one vote more in the sum": (
        edited("EncryptedTally", lambda sized: sized.update(num_tallied=sized["num_tallied"] + 1), payload=1),
        "tally-count",
    ),
    "more weight in the sum": (
        edited(
            "EncryptedTally", lambda sized: sized.update(total_weight=sized["total_weight"] + 1), payload=1
        ),
        "tally-count",
    ),
    "the sum in another order": (edited("EncryptedTally", lambda tally: tally[0].reverse()), "tally-content"),
    "a share's proof": (
        edited("PartialDecryption", lambda part: bump(part["decryption_proofs"][0][0])),
        "decryption-proof",
    ),
    "a share's factors exchanged": (
        edited("PartialDecryption", lambda part: swap(part["decryption_factors"][0], 0, 1)),
        "decryption-proof",
    ),
    "a share dropped": (dropped("PartialDecryption"), ("decryption-", "archive-order")),
    "a share twice": (again("PartialDecryption"), "ballot-repeated"),
    "a share of nobody": (owned("PartialDecryption", 9), "decryption-owner"),
    "the result twice": (again("Result"), "archive-order"),
    "the result before the shares": (again("Result", to="EncryptedTally"), "archive-order"),
    "a result of no question": (edited("Result", lambda record: record["result"].clear()), "result-form"),
}
COUNTED = {
    "votes moved to another answer": (
        edited("Result", lambda r: swap(r["result"][0], 0, 2)),
        "result-content",
    ),
    "a vote more": (edited("Result", lambda r: r["result"][0].append(1)), "result-form"),
}
MIXED = {
    "an order changed": (edited("Result", lambda r: r["result"][0][0].reverse()), "result-content"),
    "an order more": (edited("Result", lambda r: r["result"][0].append([1, 2, 3])), "result-content"),
    "a shuffle dropped": (dropped("Shuffle"), "shuffle-"),
    "the last shuffle dropped": (dropped("Shuffle", -1), "decryption-proof"),
    "a shuffle twice": (again("Shuffle"), "ballot-repeated"),
    "a shuffle of nobody": (owned("Shuffle", 9), "shuffle-owner"),
    "shuffled orders exchanged": (
        edited("Shuffle", lambda shuffle: swap(shuffle["ciphertexts"][0], 0, 1)),
        "shuffle-proof",
    ),
    "the end of shuffles dropped": (dropped("EndShuffles"), "archive-order"),
}
FILES = {
    "a bit in the middle": lambda c: c[: len(c) // 2] + bytes([c[len(c) // 2] ^ 1]) + c[len(c) // 2 + 1 :],
    "a bit at the end": lambda c: c[: -BLOCK - 8] + bytes([c[-BLOCK - 8] ^ 1]) + c[-BLOCK - 7 :],
    "a block less": lambda c: c[:-BLOCK],
    "half of it": lambda c: c[: len(c) // 2],
    "a tar's end": lambda c: c + bytes(2 * BLOCK),
    "itself twice": lambda c: c + c,
    "packed": gzip.compress,
}
FORGERIES = {
    STRIKE: EVERY | TALLIED | COUNTED,
    ORDER: EVERY | TALLIED | MIXED,
    AGREEMENT: EVERY | TALLIED | COUNTED,
    OPEN: EVERY,
}


def forged(path, folder, forgeries):
    """Write each forgery of an archive: {name: (path, the names under which it may be refused)}."""
    honest = path.read_bytes()
    made = {}
    for name, (forge, expected) in forgeries.items():
        board = Board(path)
        forge(board)
        made[name] = board.bytes(), expected
    made |= {name: (change(honest), "archive-") for name, change in FILES.items()}
    paths = {}
    for n, (name, (content, expected)) in enumerate(made.items()):
        assert content not in {honest, Board(path).bytes()}, name
        place = folder / f"{n}.bel"
        place.write_bytes(content)
        paths[name] = place, (expected,) if isinstance(expected, str) else expected
    return paths


@pytest.mark.parametrize("slug", FORGERIES)
def test_what_is_forged_in_them_is_refused_by_name(archives, tmp_path, slug):
    anew = Board(archives[slug]).write(tmp_path / "anew.bel")
    assert verify(anew).holds, "an archive that was only written anew still holds"
    wrong = {}
    for name, (path, expected) in forged(archives[slug], tmp_path, FORGERIES[slug]).items():
        names = [finding.failed for finding in verify(path).failures]
        if len(names) != 1 or not names[0].startswith(expected):
            wrong[name] = names
    assert wrong == {}
    status, _, [named] = program(path)
    assert (status, named) == (1, names[0]), "the program says what the verifier found"

"""The browser's check calls nothing good that our verifier refuses: tamperings of the same tables."""

import random

import pytest

from tests.js.test_verify_here import browser
from tests.rules.crypto.tampering import archive_of, tape
from tests.rules.crypto.test_colluders import wrong_part
from tests.rules.crypto.test_tampered_archive import EVENTS, FILES, chained
from tests.rules.crypto.test_tampered_ballots import CASES as BALLOTS
from tests.rules.crypto.test_tampered_setup import CASES as SETUPS
from tests.rules.crypto.test_tampered_tally import CASES as TALLIES
from union.ballots.crypto import verify

TABLES = {"ballots": BALLOTS, "setup": SETUPS, "tally": TALLIES}
ONCE_GOOD = {
    "setup": [
        "identity on the roll",
        "name on the roll",
        "trustee with a member more",
        "block with a member more",
    ],
    "tally": ["shuffle where nothing is ranked", "count as text in the result"],
}
SAMPLE = 12
"""Tamperings of each table in one run, chosen anew each time, so that a run stays short."""


def sampled(table):
    """Some of the table's archives, by name: those that once were called good, and chance."""
    names = {*ONCE_GOOD.get(table, ()), *random.sample(list(TABLES[table]), SAMPLE)}
    return {name: TABLES[table][name][1](tape(TABLES[table][name][0])).bytes() for name in sorted(names)}


def judged(tmp_path, contents):
    """The names of those archives that the browser's check calls good."""
    paths = [tmp_path / f"{n}.bel" for n in range(len(contents))]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return [name for name, report in zip(contents, browser(*paths), strict=True) if report["holds"]]


@pytest.mark.parametrize("table", TABLES)
def test_tampered_records_are_never_called_good(table, tmp_path):
    assert judged(tmp_path, sampled(table)) == []


def test_tampered_files_and_events_are_never_called_good(tmp_path):
    good = archive_of("plain").archive()
    made = {name: tamper(good) for name, tamper in FILES.items()}
    made |= {name: chained(event()) for name, (event, _) in EVENTS.items()}
    assert judged(tmp_path, made) == []


def test_a_wrong_part_that_nobody_needs_is_never_called_good(tmp_path):
    world = archive_of("block")
    assert judged(tmp_path, {"wrong": wrong_part(world, 3, world.keys[2].private_key).bytes()}) == []


def test_what_holds_here_holds_there(tmp_path):
    made = {kind: archive_of(kind).archive() for kind in ("plain", "weighted", "field", "block")}
    assert judged(tmp_path, made) == list(made)
    assert all(verify(tmp_path / f"{n}.bel").holds for n in range(len(made)))

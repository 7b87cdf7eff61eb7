"""What the tests of the browser's check share: its reports, and boards that are changed and chained again."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.js.conftest import MISSING
from union.ballots import crypto as c
from union.ballots.crypto.canonical import compact
from union.ballots.crypto.reader import Reader

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
TIME = 1790000000


def browser(*paths):
    """The reports of the browser's check, one a path, all from one run."""
    node = shutil.which("node")
    if node is None:
        pytest.skip(MISSING)
    run = subprocess.run(
        [node, HERE / "verify.mjs", *paths], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def failed(report):
    return [each["failed"].split(":")[0] for each in report["findings"] if each["holds"] is False]


def archive(name):
    [path] = (VECTORS / name).glob("*.bel")
    return path


class Board:
    """A real archive as the records of its events, to be changed and chained again: a forger with all the hashes right."""

    def __init__(self, path):
        with path.open("rb") as file:
            reader = Reader(file)
            events = list(reader.events())
            self.events = [(e.kind, [reader.read(span) for span in e.payloads], e.owner) for e in events]

    def where(self, kind):
        return [i for i, (each, _, _) in enumerate(self.events) if each == kind]

    def change(self, kind, edit, nth=0, payload=0):
        """Apply `edit` to the parsed record and write it compactly."""
        _, payloads, _ = self.events[self.where(kind)[nth]]
        payloads[payload] = compact(edit(json.loads(payloads[payload])))

    def write(self, path):
        path.write_bytes(self.bytes())
        return path

    def bytes(self):
        head, rows = None, []
        for kind, payloads, owner in self.events:
            if kind == "Setup":
                step = c.setup_step(*payloads[:3])
            elif kind == "Ballot":
                step = c.ballot_step(head, payloads[0])
            elif kind == "EndBallots":
                step = c.end_ballots_step(head)
            elif kind == "EncryptedTally":
                sized = {**json.loads(payloads[1]), "encrypted_tally": c.sha256_hex(payloads[0])}
                step = c.tally_step(head, payloads[0], compact(sized))
            elif kind == "Shuffle":
                step = c.shuffle_step(head, owner, payloads[0])
            elif kind == "EndShuffles":
                step = c.end_shuffles_step(head)
            elif kind == "PartialDecryption":
                step = c.partial_decryption_step(head, owner, payloads[0])
            else:
                step = c.result_step(head, payloads[0])
            rows += step.records
            head = step.head
        return c.header(TIME) + b"".join(c.entry(row, TIME) for row in rows)


def bump(holder, field="response"):
    holder[field] = str(int(holder[field]) + 1)


def swap(row, a, b):
    row[a], row[b] = row[b], row[a]


def reports_of(folder, board_of, forgeries):
    """Write every forgery's archive and, as "none", the one only written anew: {name: (path, the browser's report)}."""
    paths = {}
    for name in ("none", *forgeries):
        board = board_of()
        if name != "none":
            forgeries[name](board)
        paths[name] = board.write(folder / f"{name.replace(' ', '-')}.bel")
    return dict(zip(paths, zip(paths.values(), browser(*paths.values()), strict=True), strict=True))

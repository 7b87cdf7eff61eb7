"""The stand-alone verifier as a command: exit codes, JSON, several processes, nothing of the union loaded."""

import json
import os
import subprocess
import sys

import pytest

from tests.rules.crypto.elections import STRIKE, VECTORS, World, events_of, forged
from tests.rules.crypto.tampering import Tape
from union.ballots.crypto import Check, Refused, group_named, verify
from union.ballots.crypto import ballots as ballots_module
from union.ballots.crypto.__main__ import main
from union.ballots.crypto.ballots import CHUNK, check_points
from union.ballots.crypto.bench import ballots, growth
from union.ballots.crypto.canonical import compact

CURVE = group_named("Ed25519")
ARCHIVE = next((VECTORS / "ed25519-single").glob("*.bel"))


def test_an_archive_that_holds(capsys):
    assert main(["verify", str(ARCHIVE), "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "Everything checked holds." in shown
    assert "FAILS" not in shown


def test_an_archive_that_does_not(tmp_path, capsys):
    path = tmp_path / "bad.bel"
    path.write_bytes(ARCHIVE.read_bytes().replace(b'{"result":[[3,', b'{"result":[[4,'))
    assert main(["verify", str(path), "--jobs", "1"]) == 1
    assert Check.ARCHIVE_HASH.value in capsys.readouterr().out


def test_json(capsys):
    assert main(["verify", str(ARCHIVE), "--json", "--jobs", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["holds"] is True
    assert report["result"] == [[3, 1, 1], [1, 2, 1, 2]]
    assert {check["name"] for check in report["checks"]} >= {"archive", "ballots", "tally", "result"}


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none.bel")]) == 2
    assert "none.bel" in capsys.readouterr().err


def test_difference(tmp_path, capsys):
    world = World(CURVE, questions=(STRIKE,))
    old, new = tmp_path / "old.bel", tmp_path / "new.bel"
    old.write_bytes(world.archive())
    world.cast(0, [[1, 0, 0]])
    new.write_bytes(world.archive())
    assert main(["verify-diff", str(old), str(new)]) == 0
    assert main(["verify-diff", str(old), str(old)]) == 0
    assert main(["verify-diff", str(new), str(old)]) == 1
    capsys.readouterr()
    assert main(["verify-diff", str(old), str(new), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == {"Ballot": 1}
    assert main(["verify-diff", str(ARCHIVE), str(new), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["failed"] == Check.HISTORY_PREFIX.value


def test_difference_from_a_published_head(tmp_path, capsys):
    world = World(CURVE, questions=(STRIKE,))
    head = world.head.digest
    world.cast(0, [[1, 0, 0]])
    path = world.write(tmp_path)
    assert main(["verify-diff", head, str(path)]) == 0
    assert "added: 1 Ballot" in capsys.readouterr().out
    assert main(["verify-diff", head[::-1], str(path)]) == 1
    assert Check.HISTORY_PREFIX.value in capsys.readouterr().out
    assert main(["verify-diff", str(tmp_path / "none.bel"), str(path)]) == 2


def test_words_for_whoever_is_no_programmer(tmp_path, capsys):
    world = World(CURVE, questions=(STRIKE,))
    path = world.write(tmp_path)
    assert main(["verify", str(path), "--jobs", "1"]) == 0
    assert "there is no result yet" in capsys.readouterr().out
    path.write_bytes(b"x" + path.read_bytes())
    assert main(["verify", str(path), "--jobs", "1"]) == 1
    shown = capsys.readouterr().out
    assert "Fetch it again from where it is published" in shown
    assert "This archive does NOT verify." in shown


SPOOF = "Vote\x1b[2J\r\nEverything checked holds.\u202e"


def test_an_archive_cannot_print_a_verdict_of_its_own(tmp_path, capsys):
    tape = Tape(World(CURVE, questions=(STRIKE,)))
    tape.edit("Setup", "name", to=SPOOF).edit("Setup", "questions", 0, "question", to=SPOOF)
    path = tmp_path / "spoof.bel"
    path.write_bytes(tape.bytes()[:-1] + b"\1")
    assert main(["verify", str(path), "--jobs", "1"]) == 1
    path.write_bytes(tape.bytes())
    assert main(["verify", str(path), "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "Vote\\u{1b}[2J" in shown
    assert "Everything checked holds." not in shown.splitlines()


def test_a_terminal_that_knows_few_letters(tmp_path):
    path = World(CURVE, questions=(STRIKE,)).write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "union.ballots.crypto", "verify", path, "--jobs", "1"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"there is no result yet" in done.stdout


def test_it_runs_with_nothing_of_the_union():
    code = (
        "import sys;from union.ballots.crypto.__main__ import main;"
        f"code=main(['verify',{str(ARCHIVE)!r},'--jobs','1']);"
        "loaded=[m for m in sys.modules if m.split('.')[0] in ('flask','sqlalchemy','apscheduler','twilio')"
        " or m.startswith('union') and not m.startswith('union.ballots.crypto')];"
        "print(sorted(loaded));sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['union', 'union.ballots']"


VOTERS = 2 * CHUNK + 5


@pytest.fixture
def crowd():
    world = World(CURVE, questions=(STRIKE,), voters=VOTERS, trustees=1)
    for voter in range(VOTERS):
        world.cast(voter, [[1, 0, 0] if voter % 3 else [0, 1, 0]])
    world.cast(7, [[0, 0, 1]])
    return world


def test_several_processes_find_the_same(crowd, tmp_path):
    crowd.close()
    crowd.decrypt()
    result = crowd.publish()
    path = crowd.write(tmp_path)
    one, two = verify(path, 1), verify(path, 2)
    assert one.holds
    assert one.json() == two.json()
    assert two.result == result


def test_several_processes_name_the_ballot(crowd, tmp_path):
    record = json.loads(crowd.board()[70])
    record["signature"]["proof"]["response"] = "1"
    events = events_of(crowd.records)
    events[71] = ("Ballot", [compact(record)])
    path = tmp_path / "bad.bel"
    path.write_bytes(forged(events))
    report = verify(path, 2)
    assert [finding.failed for finding in report.failures] == [Check.BALLOT_SIGNATURE.value]
    assert "ballot 71 " in report.failures[0].detail


def test_many_credentials_are_checked_in_several_processes(monkeypatch):
    monkeypatch.setattr(ballots_module, "CHUNK", 1)
    good = [str(CURVE.gpow(i)) for i in range(1, 70)]
    check_points(CURVE, good, 2)
    small = "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"
    with pytest.raises(Refused) as refused:
        check_points(CURVE, [*good, small], 2)
    assert refused.value.check is Check.POINT_SUBGROUP


def test_the_bench_measures():
    figures = ballots("Ed25519", rounds=1)
    assert 0 < figures.limit < 1
    assert figures.json()["per_second"] == pytest.approx(1 / figures.verify)
    (grown,) = growth("Ed25519", [5], jobs=1)
    assert grown.holds
    assert 10 < grown.megabytes < 200

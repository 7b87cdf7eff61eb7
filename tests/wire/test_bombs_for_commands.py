"""Commands are given what breaks readers: each refuses by name, costing no more than an honest file does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.wire import bombs
from union.cli import main
from union.core.errors import Invalid
from union.members.rules import register_file

VECTORS = Path(__file__).parent.parent / "vectors"
GIGABYTE = 1 << 30
TIMES, HEAVIER, START = 3, 2, 0.5
"""How many times the seconds and the memory of an honest archive; seconds in which a program starts."""


def verify(path):
    """Run our verifier as its own program: (exit status, output, processor seconds, most bytes it held)."""
    command = [sys.executable, "-m", "union.ballots.crypto", "verify", "--jobs", "1", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        said = run.stdout.read().decode(errors="replace")
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    return run.returncode, said, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


@pytest.fixture(scope="module")
def honest():
    [archive] = (VECTORS / "ed25519-single").glob("*.bel")
    status, said, seconds, memory = verify(archive)
    assert status == 0, said
    return seconds, memory


def archives():
    deep = b'{"version":1,"timestamp":"2026-01-01T00:00:00Z"}'
    return {
        **bombs.files(),
        "nothing": b"",
        "a header that says 8 GB": b"BELENIOS" + b"\0" * 504 + deep,
        "a tar of zeros": bytes(10 * bombs.MB),
    }


@pytest.mark.parametrize("name", archives())
def test_an_archive_that_is_none(name, honest, tmp_path):
    (tmp_path / "bomb.bel").write_bytes(archives()[name])
    status, said, seconds, memory = verify(tmp_path / "bomb.bel")
    assert status not in {0, 2}
    assert "Traceback" not in said
    assert seconds <= TIMES * honest[0] + START
    assert memory <= HEAVIER * honest[1]


def test_an_archive_of_a_gigabyte_of_nothing(honest, tmp_path):
    with (tmp_path / "bomb.bel").open("wb") as hole:
        hole.truncate(GIGABYTE)
    status, said, seconds, memory = verify(tmp_path / "bomb.bel")
    assert status not in {0, 2}
    assert "Traceback" not in said
    assert seconds <= TIMES * honest[0] + START
    assert memory <= HEAVIER * honest[1]


class TestListsOfPeople:
    def hole(self, folder):
        with (folder / "people.csv").open("wb") as hole:
            hole.write(b"name,email\nAnna,anna@example.org\n")
            hole.truncate(GIGABYTE)
        return folder / "people.csv"

    def test_a_gigabyte_is_refused_after_what_a_list_may_have(self, tmp_path):
        with self.hole(tmp_path).open("rb") as opened:
            with pytest.raises(Invalid, match="larger than any list"):
                register_file.load(opened)
            assert opened.tell() <= register_file.LARGEST + 1

    @pytest.mark.parametrize(
        "command",
        [("members", "import"), ("organizing", "import", "--chapter", "amsterdam", "--source", "stand")],
    )
    def test_the_commands_say_so(self, command, settings, database, tmp_path, monkeypatch):
        monkeypatch.setenv("UNION_ENV", "development")
        monkeypatch.setenv("UNION_HOME", str(tmp_path / "home"))
        answer = CliRunner().invoke(main, [*command, str(self.hole(tmp_path)), "--dry-run"])
        assert answer.exit_code != 0
        assert "larger than any list of people" in answer.output, (answer.output, answer.exception)

    @pytest.mark.parametrize("name", [n for n in bombs.files() if "million" in n])
    def test_more_columns_than_a_list_has(self, name):
        with pytest.raises(Invalid, match="columns"):
            list(register_file.records(bombs.files()[name].decode()))

    def test_as_many_as_a_spreadsheet_has_are_read(self):
        wide = ",".join(["name", "email", *(f"c{n}" for n in range(register_file.MOST_COLUMNS - 2))])
        assert len(list(register_file.records(f"{wide}\nAnna,a@example.org"))) == 2

"""Files that a command is told to read: refused in one line, whatever is in them, and never half taken."""

import json
import os
import threading

import pytest
from click.testing import CliRunner

from union.ballots import offline
from union.ballots.cli import ballots, kit
from union.core import db, sealing
from union.core.errors import UnionError
from union.core.settings import Settings

MB = 1 << 20
ROLL = {
    "kind": "union-roll", "version": 1, "uuid": "1q4fwCrWDBcW4d", "group": "Ed25519",
    "booth": "https://union.example/b", "members": [["m1", ""], ["m2", ""]],
}  # fmt: skip


def files():
    whole = json.dumps(ROLL)
    return {
        "nothing": b"",
        "not UTF-8": whole.encode("utf-16"),
        "half a character": whole.encode().replace(b"m1", b"m\xff"),
        "zeros": bytes(MB),
        "cut off": whole.encode()[:-9],
        "deep lists": b"[" * MB,
        "deep objects": b'{"a":' * (MB // 5),
        "deep inside": whole.replace('[["m1"', "[" * 100_000).encode(),
        "a name twice": whole.replace('"kind"', '"kind": "other", "kind"').encode(),
        "members twice": whole.replace('"members"', '"members": [], "members"').encode(),
        "a number without end": whole.replace("1,", "9" * MB + ",", 1).encode(),
        "a word alone": b'"union-roll"',
        "a list": b"[1]",
        "another kind": whole.replace("union-roll", "union-rolls").encode(),
    }


COMMANDS = {
    "credentials": ("credentials", "FILE", "-o", "out"),
    "upload-credentials": ("upload-credentials", "nothing", "FILE"),
    "submit-share": ("submit-share", "nothing", "nobody", "FILE"),
    "submit-test": ("submit-test", "nothing", "nobody", "FILE"),
    "submit-key": ("submit-key", "nothing", "nobody", "FILE"),
    "submit-shuffle": ("submit-shuffle", "nothing", "nobody", "FILE"),
    "trustee-test": ("trustee-test", "FILE", "FILE"),
    "check-kept": ("check-kept", "FILE", "FILE"),
}


def one_line(done):
    """A refusal that is no traceback: what click says, or a refusal of ours that the program prints."""
    return done.exception is None or isinstance(done.exception, SystemExit | UnionError)


class TestFiles:
    @pytest.mark.parametrize("name", files())
    @pytest.mark.parametrize("command", COMMANDS)
    def test_it_is_refused_in_one_line(self, invoke, tmp_path, command, name):
        (tmp_path / "file").write_bytes(files()[name])
        done = invoke(*(str(tmp_path / "file") if word == "FILE" else word for word in COMMANDS[command]))
        assert done.exit_code != 0
        assert one_line(done), repr(done.exception)
        assert not (tmp_path / "out").exists()

    def test_one_that_is_right_is_taken(self, invoke, tmp_path):
        """Else the refusals above would say nothing."""
        (tmp_path / "file").write_text(json.dumps(ROLL))
        (tmp_path / "link").symlink_to(tmp_path / "file")
        for n, path in enumerate(("file", "link")):
            done = invoke("credentials", str(tmp_path / path), "-o", str(tmp_path / f"out{n}"))
            assert done.output.startswith("2 codes"), done.output + repr(done.exception)

    def test_a_pipe_is_read_as_a_file_is(self, invoke, tmp_path):
        """So that the roll need not be on a disk: `credentials <(…)`."""
        os.mkfifo(tmp_path / "pipe")
        writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(json.dumps(ROLL),))
        writer.start()
        done = invoke("credentials", str(tmp_path / "pipe"), "-o", str(tmp_path / "out"))
        writer.join(30)
        assert done.output.startswith("2 codes"), done.output + repr(done.exception)

    def test_a_file_without_end_is_not_read_to_it(self, invoke, tmp_path, monkeypatch):
        monkeypatch.setattr(kit, "LARGEST", MB)
        for path in ("/dev/zero", str(tmp_path / "hole")):
            with (tmp_path / "hole").open("wb") as hole:
                hole.truncate(1 << 36)
            done = invoke("credentials", path, "-o", str(tmp_path / "out"))
            assert (done.exit_code, "larger than any such file" in done.output) == (1, True), done.output

    def test_a_roll_of_many_is_small_beside_what_is_read(self):
        member = len(json.dumps(["abcdefghijklmnopqrst", "a-chapter-with-a-long-name"])) + 2
        assert 2_000_000 * member < offline.LARGEST

    @pytest.fixture
    def invoke(self, database, tmp_path, monkeypatch):
        url = database.engine.url.render_as_string(hide_password=False)
        settings = Settings.from_environment(
            {"UNION_ENV": "development", "UNION_HOME": str(tmp_path / "home"), "UNION_DATABASE_URL": url}
        )
        monkeypatch.setattr(Settings, "vault", lambda _: sealing.Vault(bytes(range(32))))
        monkeypatch.chdir(tmp_path)

        def work(*words):
            done = CliRunner().invoke(ballots, words, obj=settings)
            if db.installed() is not database:
                db.installed().engine.dispose()
                db.install(database)
            return done

        return work

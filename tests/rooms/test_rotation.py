"""The data key is changed while the union runs, killed on the way, and looked at as a thief would."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, text

from tests.conftest import NOW
from tests.factories.members import make_member
from tests.house.gates import UNION
from union.cli import main
from union.core import db, keyring, resealing, sealing
from union.members import queries
from union.members import service as members
from union.members.models import Challenge, Member
from union.migrate import load_models
from union.notify.models import Outbox

COUNT = 60
SITE = "http://localhost"


@pytest.fixture
def key_file(tmp_path, data_key):
    path = tmp_path / "data.key"
    path.write_text(data_key.hex() + "\n")
    path.chmod(0o600)
    sealing.install(sealing.Vault(keyring.read_ring(path), path))
    return path


@pytest.fixture
def surroundings(database, key_file, tmp_path):
    return {
        "UNION_ENV": "development",
        "UNION_HOME": str(tmp_path / "home"),
        "UNION_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "UNION_DATA_KEY_FILE": str(key_file),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def command(surroundings):
    """Start `union keys …` on this database as a process of its own, to be killed."""

    def start(*words):
        return subprocess.Popen(
            [sys.executable, "-m", "union.cli", "keys", *words],
            env={**os.environ, **surroundings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def run(database, surroundings):
    """Run `union keys …` to its end, here: starting a process takes longer than all it does."""

    def run(*words):
        vault = sealing.vault()
        ran = CliRunner().invoke(main, ["keys", *words], env=surroundings)
        if (opened := db.installed()) is not database:
            opened.engine.dispose()
        db.install(database)
        sealing.install(vault)
        return ran.exit_code, ran.output

    return run


def beside(command, *words):
    """Run to its end beside what goes on here: `run` would take the database away from other threads."""
    with command(*words) as one:
        said = one.stdout.read()
    return one.returncode, said


@pytest.fixture
def register(database, key_file):
    with db.transaction() as session:
        return [make_member(session, email=f"anna{n}@example.org", name=f"Anna {n}") for n in range(COUNT)]


def sign_in(n):
    """What the web does all the time: find a sealed address, write a sealed message. Each time a day later."""
    with db.transaction() as session:
        members.request_sign_in(
            session,
            contact=f"anna{n % COUNT}@example.org",
            device=f"d{n}",
            now=NOW + timedelta(days=n),
            site=SITE,
        )


def stored(session):
    """The bytes of every sealed value, past the column's type."""
    found = session.execute(text("SELECT name FROM member UNION ALL SELECT email FROM member"))
    return [bytes(one) for (one,) in found]


def opened_by(key, sealed):
    vault = sealing.Vault(keyring.Keyring((key,)))
    return [one for one in sealed if vault._opened(one, "member.name") or vault._opened(one, "member.email")]


class TestRotating:
    def test_killed_midway_beside_sign_ins_and_taken_up_again(
        self, register, command, run, key_file, data_key
    ):
        failed, stop = [], threading.Event()

        def web():
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    sign_in(n)
                except Exception as problem:
                    failed.append(problem)
                time.sleep(0.05)

        people = threading.Thread(target=web)
        people.start()
        try:
            with command("rotate", "--batch", "7") as first:
                for line in first.stdout:
                    if "member.name: 14 so far" in line or "member.email: 14 so far" in line:
                        first.send_signal(signal.SIGKILL)
                        break
            assert first.returncode == -signal.SIGKILL
            with db.reading() as session:
                left = opened_by(data_key, stored(session))
            assert 0 < len(left) < 2 * COUNT
            status, said = beside(command, "retire", "--yes")
            assert status == 1
            assert "still need an old key" in said
            status, said = beside(command, "rotate")
            assert status == 0, said
        finally:
            stop.set()
            people.join()
        assert failed == []
        newest, old = keyring.read_ring(key_file).keys
        assert old == data_key
        status, said = run("status")
        assert "not sealed with the newest" not in said
        kept = key_file.with_name("kept")
        status, said = run("retire", "--yes", "--keep", str(kept))
        assert (status, kept.read_text()) == (0, data_key.hex() + "\n"), said
        assert keyring.read_ring(key_file).keys == (newest,)

        with db.reading() as session:
            sealed = stored(session)
            assert opened_by(data_key, sealed) == []  # a stolen old key opens nothing of the new disk
            assert len(opened_by(newest, sealed)) == 2 * COUNT
            sealing.install(sealing.Vault(keyring.read_ring(key_file), key_file))
            assert queries.find_member(session, "anna7@example.org") == register[7]
            assert {m.name for m in session.scalars(select(Member))} == {f"Anna {n}" for n in range(COUNT)}
            assert session.scalar(select(func.count()).select_from(Outbox)) > 0
            assert all(c.address for c in session.scalars(select(Challenge)))

    def test_what_an_old_process_writes_later_keeps_the_key(self, register, run, key_file, data_key):
        """The planted fault: a machine whose file was not copied seals with the old key after all was done."""
        assert run("rotate")[0] == 0
        sealing.install(sealing.Vault(data_key))
        with db.transaction() as session:
            make_member(session, email="late@example.org", name="Late")
        status, said = run("retire", "--yes")
        assert status == 1
        assert "still need an old key" in said
        assert data_key in keyring.read_ring(key_file).keys

    def test_nobodys_writing_is_undone(self, register, key_file, data_key):
        new = keyring.read_ring(key_file).with_next(bytes(range(1, 33))).promoted()

        class Between(sealing.Vault):
            """Somebody changes the row between our reading and our writing."""

            def open(self, sealed, purpose):
                fresh = self.seal("Berta", purpose)
                session.execute(text("UPDATE member SET name = :name"), {"name": fresh})
                return super().open(sealed, purpose)

        column = next(c for c in resealing.sealed_columns() if c.purpose == "member.name")
        with db.transaction() as session:
            batch = resealing.reseal(session, column=column, vault=Between(new), after=None, size=1)
        assert batch.done == 0
        sealing.install(sealing.Vault(new))
        with db.reading() as session:
            assert set(session.scalars(select(Member.name))) == {"Berta"}

    def test_values_that_nothing_opens_are_told_and_stop_nothing(self, register, run):
        with db.transaction() as session:
            stray = sealing.Vault(bytes(range(2, 34))).seal("x", "member.name")
            session.execute(
                text("UPDATE member SET name = :x WHERE id = :id"), {"x": stray, "id": register[0]}
            )
        status, said = run("rotate")
        assert status == 0
        assert "open with no key of this file: 1 values" in said
        assert "a kept key is missing" in run("status")[1]


class TestRunningProcesses:
    def test_a_key_that_came_later_is_taken_up(self, key_file):
        web = sealing.Vault(keyring.read_ring(key_file), key_file)
        ring = keyring.read_ring(key_file).with_next(bytes(range(1, 33))).promoted()
        keyring.write_ring(key_file, ring)
        sealed = sealing.Vault(ring).seal("Anna", "member.name")
        assert web.open(sealed, "member.name") == "Anna"
        assert web.seal("Anna", "member.name")[:8] == keyring.name_of(ring.keys[0])
        assert web.lookup("a", "p") == sealing.Vault(ring).lookup("a", "p")

    def test_without_the_file_it_does_not_open(self, key_file, data_key):
        ring = keyring.read_ring(key_file).with_next(bytes(range(1, 33))).promoted()
        with pytest.raises(sealing.CannotOpen):
            sealing.Vault(data_key).open(sealing.Vault(ring).seal("Anna", "member.name"), "member.name")

    def test_what_was_sealed_before_keys_had_names_opens(self, data_key):
        ring = keyring.Keyring((data_key,)).with_next(bytes(range(1, 33))).promoted()
        unnamed = sealing.Vault(data_key).seal("Anna", "member.name")[keyring.NAME_BYTES :]
        assert sealing.Vault(ring).open(unnamed, "member.name") == "Anna"


class TestTheFile:
    def test_a_lost_file_is_told_and_not_made_anew(self, run, key_file):
        key_file.rename(key_file.with_name("elsewhere"))
        assert run("status")[0] == 0  # a developer's machine makes its own
        with pytest.raises(keyring.BadKeys, match="put the kept copy back"):
            keyring.read_ring(key_file.with_name("nowhere"))

    @pytest.mark.parametrize(
        "content", ["", "xyz", "ab" * 31, f"old {'ab' * 32}", f"{'ab' * 32}\n{'cd' * 32}"]
    )
    def test_what_is_no_file_of_keys_is_refused(self, tmp_path, content):
        (tmp_path / "k").write_text(content)
        with pytest.raises(keyring.BadKeys):
            keyring.read_ring(tmp_path / "k")

    def test_what_is_written_is_read_and_private(self, key_file, data_key):
        ring = (
            keyring.Keyring((data_key,))
            .with_next(bytes(range(1, 33)))
            .promoted()
            .with_next(bytes(range(3, 35)))
        )
        keyring.write_ring(key_file, ring)
        assert keyring.read_ring(key_file) == ring
        assert key_file.stat().st_mode & 0o077 == 0

    def test_two_commands_do_not_change_it_at_once(self, key_file):
        with (
            keyring.alone(key_file),
            pytest.raises(keyring.BadKeys, match="another command"),
            keyring.alone(key_file),
        ):
            pass


def test_every_sealed_column_of_the_source_is_walked():
    load_models()
    models = [*UNION.glob("*/models.py"), *UNION.glob("*/models/*.py")]
    written = sum(path.read_text().count("SealedText(") for path in models)
    assert len(list(resealing.sealed_columns())) == written > 20

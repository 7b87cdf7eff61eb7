"""The command line: archives checked without a database, a trustee's key and share made offline."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.factories import ballots as make
from union.ballots.cli import ballots
from union.core import db
from union.core.settings import Settings

YES = [[1, 0, 0]]
FAR = timedelta(days=36_500)


@pytest.fixture
def run(database, tmp_path, monkeypatch):
    """Run a command on this test's database, in a folder of its own."""
    url = database.engine.url.render_as_string(hide_password=False)
    settings = Settings.from_environment(
        {"UNION_ENV": "development", "UNION_HOME": str(tmp_path / "home"), "UNION_DATABASE_URL": url}
    )
    monkeypatch.setattr(Settings, "data_key", lambda _: bytes(range(32)))
    monkeypatch.chdir(tmp_path)

    def work(*words, status=0, stdin=None):
        done = CliRunner().invoke(ballots, [str(w) for w in words], obj=settings, input=stdin)
        if db.installed() is not database:
            db.installed().engine.dispose()
            db.install(database)
        assert done.exit_code == status, done.output + repr(done.exception)
        return done

    return work


def test_a_trustee_who_never_uses_the_browser(run, now, tmp_path):
    """Key and share made by the commands, the rest of the ballot as ever; then export, verify, and one flipped bit."""
    with db.transaction() as session:
        hand = make.make_ballot_draft(session, now, trustees=1)
        make.service.ask_for_keys(
            session,
            actor=make.actor(session, hand.organizer),
            now=now,
            slug=hand.slug,
            public_url=make.PUBLIC_URL,
        )
        uuid = make.row(session, hand).uuid
    public = run("trustee-key", "--uuid", uuid, "--group", "Ed25519", "--name", "Tirza").stdout.splitlines()[
        0
    ]
    kept = tmp_path / f"trustee-key-{uuid}.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert json.loads(kept.read_text())["kind"] == "union-trustee-key"
    run("trustee-key", "--uuid", uuid, status=1)
    run("submit-key", hand.slug, hand.trustees[0], "-", stdin="{}", status=1)
    run("submit-key", hand.slug, hand.trustees[0], "-", stdin=public)
    with db.transaction() as session:
        make.issue(session, hand, now)
        make.open_now(session, hand, now)
        with make.at_database_time(now):
            make.vote(session, hand, hand.voters[0], YES, now)
    early = Path(run("export", hand.slug, "-o", tmp_path / "early").stdout.strip())
    assert "not closed" in run("trustee-decrypt", kept, early, status=1).output
    with db.transaction() as session:
        make.close(session, hand)
    closed = Path(run("export", hand.slug, "-o", tmp_path / "closed").stdout.strip())
    run("trustee-decrypt", kept, closed, "-o", "share.json")
    run("submit-share", hand.slug, hand.trustees[0], "share.json")
    archive = Path(run("export", hand.slug, "-o", tmp_path / "end").stdout.strip())
    report = json.loads(run("verify", archive, "--json", "--jobs", 1).stdout)
    assert report["holds"]
    assert report["result"] == [[1, 0, 0]]
    assert json.loads(run("verify-diff", early, archive, "--json").stdout)["holds"]
    run("verify-diff", archive, early, status=1)
    flipped = bytearray(archive.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    (tmp_path / "flipped.bel").write_bytes(flipped)
    report = json.loads(run("verify", "flipped.bel", "--json", "--jobs", 1, status=1).stdout)
    assert [c["failed"] for c in report["checks"] if c["holds"] is False]
    shown = json.loads(run("show", hand.slug, "--json").stdout)
    assert shown["counts"] == [[["Yes", 1], ["No", 0], ["Abstain", 0]]]
    assert hand.slug in run("list").stdout


def test_a_key_of_another_ballot_is_refused(run, now, tmp_path):
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=1)
        make.close(session, hand)
    archive = Path(run("export", hand.slug).stdout.strip())
    run("trustee-key", "--uuid", "1q4fwCrWDBcW4d", "--group", "Ed25519", "-o", "other.json")
    assert "made for the ballot" in run("trustee-decrypt", "other.json", archive, status=1).output
    (tmp_path / "plain.json").write_text('"12345"')
    assert "not the key of a trustee" in run("trustee-decrypt", "plain.json", archive, status=1).output
    (tmp_path / "none.json").write_text("{}")
    assert "no trustee's key" in run("trustee-decrypt", "none.json", archive, status=1).output


def test_verify_needs_no_settings_and_no_database(tmp_path):
    (tmp_path / "broken.bel").write_bytes(b"nothing")
    done = subprocess.run(
        [sys.executable, "-m", "union.cli", "ballots", "verify", str(tmp_path / "broken.bel")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": "/usr/bin", "UNION_DATABASE_URL": "nonsense://"},
    )
    assert done.returncode == 1
    assert "archive-form" in done.stdout
    assert list(tmp_path.iterdir()) == [tmp_path / "broken.bel"]


def test_codes_made_on_another_machine(run, now, tmp_path, monkeypatch):
    """Roll out, codes made with no database at all, public parts back in."""
    with db.transaction() as session:
        hand = make.give_keys(session, make.make_ballot_draft(session, now, opens_in=FAR), now)
    run("export-roll", hand.slug, "-o", "roll.json")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(db, "make_engine", None)
        run("credentials", "roll.json", "-o", "codes")
    table = tmp_path / "codes" / "CODES.csv"
    assert table.stat().st_mode & 0o077 == 0
    rows = table.read_text().splitlines()
    assert rows[0] == "member id,code,link"
    assert sorted(row.split(",")[0] for row in rows[1:]) == sorted(hand.voters)
    run("credentials", "roll.json", "-o", "codes", status=1)
    run("upload-credentials", hand.slug, table, status=1)
    assert "5 on the roll" in run("upload-credentials", hand.slug, tmp_path / "codes" / "public.json").output
    run("credentials", hand.slug, "-o", "again")
    with db.reading() as session:
        assert make.row(session, hand).codes_by_officer

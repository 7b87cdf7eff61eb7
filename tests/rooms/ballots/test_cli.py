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
from union.core import db, sealing
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
    monkeypatch.setattr(Settings, "vault", lambda _: sealing.Vault(bytes(range(32))))
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


def test_a_ceremony_without_a_browser(run, now, tmp_path, monkeypatch):
    """Three trustees, by files: steps on their own machines, a test, the count by two; the third is not needed."""
    with db.transaction() as session:
        hand = make.asked(
            session, make.make_ballot_draft(session, now, threshold=2, opens_in=FAR, voters=1), now
        )
        uuid = make.row(session, hand).uuid
    slug = hand.slug

    def offline(*words, status=0):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(db, "make_engine", None)
            return run(*words, status=status)

    def one_step(n, member_id):
        run("ceremony", "export", slug, member_id, "-o", f"state{n}.json")
        offline("ceremony", "step", f"state{n}.json", f"seed{n}.json", "-o", f"message{n}.json")
        return run("ceremony", "submit", slug, member_id, f"message{n}.json").output

    first, second, third = hand.trustees
    assert "step 1 waits for 2" in one_step(1, first)
    assert (tmp_path / "seed1.json").stat().st_mode & 0o077 == 0
    assert "step 1 waits for 2" in run("ceremony", "submit", slug, first, "message1.json").output
    run("ceremony", "export", slug, first, "-o", "state1.json")
    assert (
        "nothing is due"
        in offline("ceremony", "step", "state1.json", "seed1.json", "-o", "x.json", status=1).output
    )
    run("ceremony", "submit", slug, second, "message1.json", status=1)
    one_step(2, second)
    assert "step 2 waits for 3" in one_step(3, third)
    run("ceremony", "export", slug, second, "-o", "state2.json")
    wrong = offline("ceremony", "step", "state2.json", "seed1.json", "-o", "x.json", status=1)
    assert "did not make your certificate" in wrong.output
    assert (
        "made in the first step"
        in offline("ceremony", "step", "state2.json", "none.json", "-o", "x.json", status=1).output
    )
    for _ in range(2):
        for n, member_id in enumerate(hand.trustees, start=1):
            said = one_step(n, member_id)
    assert "the key is made" in said
    assert "3 of 3" in run("ceremony", "status", slug).output

    run("export-test", slug, "-o", "test.json")
    for n, member_id in enumerate(hand.trustees, start=1):
        run("ceremony", "sealed-key", slug, member_id, "-o", f"sealed{n}.json")
    assert "--sealed" in offline("trustee-test", "seed1.json", "test.json", status=1).output
    other = offline("trustee-test", "seed1.json", "test.json", "--sealed", "sealed2.json", status=1)
    assert "not the one" in other.output
    offline("trustee-test", "seed1.json", "test.json", "--sealed", "sealed1.json", "-o", "tested.json")
    run("submit-test", slug, second, "tested.json", status=1)
    assert "2 more to test" in run("submit-test", slug, first, "tested.json").output
    assert "tested" in run("ceremony", "status", slug).output

    with db.transaction() as session:
        make.issue(session, hand, now)
        make.open_now(session, hand, now)
        with make.at_database_time(now):
            make.vote(session, hand, hand.voters[0], YES, now)
        make.close(session, hand)
    archive = run("export", slug).stdout.strip()
    for n, member_id in ((3, third), (1, first), (2, second)):
        offline(
            "trustee-decrypt", f"seed{n}.json", archive, "--sealed", f"sealed{n}.json", "-o", f"s{n}.json"
        )
        said = run("submit-share", slug, member_id, f"s{n}.json").output
    assert "not needed" in said
    end = run("export", slug, "-o", tmp_path / "end").stdout.strip()
    report = json.loads(run("verify", end, "--json", "--jobs", 1).stdout)
    assert (report["holds"], report["result"]) == (True, [[1, 0, 0]])
    assert Path(end).name == f"{uuid}.bel"


def test_a_wrong_share_is_proven_from_the_command_line(run, now, tmp_path):
    with db.transaction() as session:
        hand = make.asked(session, make.make_ballot_draft(session, now, threshold=2, opens_in=FAR), now)
        make.hold_steps(session, hand, now, 1)
        for member_id in hand.trustees:
            step, text = make.step_of(session, hand, member_id)
            if member_id == hand.trustees[1]:
                record = json.loads(text)
                record["secrets"][0] = record["secrets"][2]
                text = json.dumps(record, separators=(",", ":"))
            make.send_step(session, hand, member_id, now, step, text)
        number = make.row(session, hand).ceremony
        uuid = make.row(session, hand).uuid
    seed = {"kind": "union-trustee-seed", "version": 1, "uuid": uuid, "number": number}
    (tmp_path / "seed.json").write_text(json.dumps(seed | {"seed": hand.seeds[hand.trustees[0]]}))
    run("ceremony", "export", hand.slug, hand.trustees[0], "-o", "state.json")
    found = run("ceremony", "step", "state.json", "seed.json", "-o", "proof.json", status=1)
    assert "trustee 2 sent you does not fit" in found.output
    said = run("ceremony", "submit", hand.slug, hand.trustees[0], "proof.json").output
    assert "Trustee 2" in said
    assert "halted" in run("ceremony", "status", hand.slug).output
    run("ceremony", "again", hand.slug, stdin="n\n", status=1)
    assert "begun again" in run("ceremony", "again", hand.slug, "--yes").output
    run("ceremony", "export", hand.slug, hand.trustees[0], "-o", "state.json")
    old = run("ceremony", "step", "state.json", "seed.json", "-o", "x.json", status=1)
    assert "before a new beginning" in old.output


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


def test_a_trustee_shuffles_without_the_browser(run, now, tmp_path):
    """From the exported archive; a share is not made before the last shuffle, and then of the shuffled votes."""
    with db.transaction() as session:
        rank = make.service.ranking("Which first?", make.DEMANDS)
        hand = make.make_open_ballot(
            session, now, trustees=2, voters=3, kind="demands", preset="simple-majority", questions=[rank]
        )
        with make.at_database_time(now):
            for voter in hand.voters:
                make.vote(session, hand, voter, [[2, 1, 3, 4]], now)
        uuid = make.row(session, hand).uuid
    run("export", hand.slug)
    bel = tmp_path / f"{uuid}.bel"
    assert "not closed yet" in run("shuffle", bel, "-o", "made.json", status=1).output
    with db.transaction() as session:
        make.close(session, hand)
    for place, trustee in enumerate(hand.trustees):
        run("export", hand.slug)
        key = tmp_path / f"key-{place}.json"
        key.write_text(json.dumps(str(int(hand.keys[trustee].private_key))))
        assert "still shuffle" in run("trustee-decrypt", key, bel, status=1).output
        assert "3 votes" in run("shuffle", bel, "-o", "made.json").output
        wrong = run("submit-shuffle", hand.slug, trustee, "-", stdin="{}", status=1).output
        assert f"Trustee {place + 1}" in wrong
        run("submit-shuffle", hand.slug, trustee, "made.json")
    run("export", hand.slug)
    assert "nothing is to be shuffled" in run("shuffle", bel, "-o", "made.json", status=1).output
    for place, trustee in enumerate(hand.trustees):
        run("trustee-decrypt", tmp_path / f"key-{place}.json", bel, "-o", "share.json")
        run("submit-share", hand.slug, trustee, "share.json")
    run("export", hand.slug)
    run("verify", bel)
    assert make.DEMANDS[1] in run("show", hand.slug).output

"""kill -9 in the middle of each step: afterwards the whole step is there, or nothing of it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from union.ballots import queries
from union.ballots.crypto import verify
from union.ballots.models import RollEntry
from union.core import db, passing
from union.notify.models import Outbox

CHILD = textwrap.dedent(
    """
    import json, os, signal, sys
    from datetime import datetime
    from sqlalchemy import event
    from pathlib import Path
    from union.core import db, passing, sealing
    from union.core.actor import SYSTEM
    from union.ballots import service
    from union.ballots.service import board
    import union.members.models, union.platforms.models, union.notify.models, union.audit.models
    from tests.factories import ballots as make
    facts = json.loads(sys.stdin.read())
    sealing.install(sealing.Vault(bytes(range(32))))
    passing.install(passing.KeyFolder(Path(facts["keys"])))
    database = db.Database(db.make_engine(facts["url"]))
    db.install(database)
    now = datetime.fromisoformat(facts["now"])
    board.database_clock = lambda session: now
    seen = 0
    def count(*_):
        global seen
        seen += 1
        if seen == facts["die_at"]:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(database.engine, "before_cursor_execute", count)
    if facts["die_at"] == -1:
        event.listen(database.engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
    with db.transaction() as session:
        if facts["step"] == "cast":
            service.cast(session, actor=make.actor(session, facts["voter"]), slug=facts["slug"], text=facts["text"],
                         now=now, signer=make.SIGNER)
        elif facts["step"] == "ceremony":
            make.send_step(session, make.Hand(facts["slug"], "", [], []), facts["voter"], now, 3, facts["text"])
        elif facts["step"] == "close":
            service.close_ballot(session, actor=SYSTEM, now=now, slug=facts["slug"], public_url="")
        else:
            service.open_ballot(session, actor=SYSTEM, now=now, slug=facts["slug"])
    print(seen)
    """
)


def run(database, die_at, **facts):
    url = database.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps({"url": url, "keys": str(passing.keys().path), "die_at": die_at, **facts}),
        text=True,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    if die_at:
        assert done.returncode == -signal.SIGKILL, done.stderr
        return 0
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def state(database, hand, folder):
    """Everything that counts about the ballot, from the database as another process finds it."""
    with db.reading() as session:
        ballot = make.row(session, hand)
        page = queries.board(session, hand.slug)
        marks = sum(bool(e) for e in session.scalars(select(RollEntry.voted)))
        path = folder / "now.bel"
        if ballot.opened_at:
            path.write_bytes(b"".join(queries.archive(session, hand.slug)))
            assert verify(path).holds
        return ballot.state, page.height if page.events else None, len(page.events), marks


@pytest.mark.slow
@pytest.mark.parametrize("step", ["open", "cast", "close"])
def test_whole_or_nothing(database, now, tmp_path, step):
    with db.transaction() as session:
        if step == "open":
            hand = make.issue(
                session, make.give_keys(session, make.make_ballot_draft(session, now, voters=2), now), now
            )
        else:
            hand = make.make_open_ballot(session, now, voters=2)
        text = make.seal(session, hand, hand.voters[0], [[1, 0, 0]]) if step == "cast" else ""
        if step == "close":
            with make.at_database_time(now):
                make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    at = {"open": hand.opens_at, "cast": now, "close": hand.closes_at}[step].isoformat()
    facts = {"step": step, "slug": hand.slug, "voter": hand.voters[0], "text": text, "now": at}
    before = state(database, hand, tmp_path)
    for die_at in (4, 7, 10, -1):  # between statements, and at the very commit
        run(database, die_at, **facts)
        assert state(database, hand, tmp_path) == before
    assert run(database, 0, **facts) >= 10
    after = state(database, hand, tmp_path)
    assert after != before
    if step == "cast":
        run(database, 0, **facts)
        assert state(database, hand, tmp_path) == after


@pytest.mark.slow
def test_the_last_step_of_a_ceremony_is_whole_or_absent(database, now):
    """The message, the key put together from all of them, and the call to test it: together or not at all."""
    with db.transaction() as session:
        hand = make.asked(session, make.make_ballot_draft(session, now, threshold=2), now)
        make.hold_steps(session, hand, now, 2)
        for member_id in hand.trustees[:2]:
            make.send_step(session, hand, member_id, now, *make.step_of(session, hand, member_id))
        _, text = make.step_of(session, hand, hand.trustees[2])
    facts = {
        "step": "ceremony",
        "slug": hand.slug,
        "voter": hand.trustees[2],
        "text": text,
        "now": now.isoformat(),
    }

    def ceremony():
        with db.reading() as session:
            page = queries.ballot_page(session, hand.slug, make.actor(session, hand.organizer), now)
            told = session.scalars(select(Outbox.kind).where(Outbox.kind == "trustee-test-1")).all()
            return [seat.steps for seat in page.holders], page.keys_missing, len(told)

    for die_at in (4, 7, 10, -1):
        run(database, die_at, **facts)
        assert ceremony() == ([3, 3, 2], 3, 0)
    assert run(database, 0, **facts) >= 10
    assert ceremony() == ([3, 3, 3], 0, 3)
    run(database, 0, **facts)
    assert ceremony() == ([3, 3, 3], 0, 3)

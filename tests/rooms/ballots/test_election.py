"""A whole small election on both databases: three trustees, five voters, verified by ours and by belenios-tool."""

import shutil
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from union.ballots import queries, receipts, service
from union.ballots.crypto import verify
from union.ballots.models import RollEntry
from union.core import db
from union.core.errors import Closed


def save(session, hand, folder):
    path = folder / f"{make.row(session, hand).uuid}.bel"
    path.write_bytes(b"".join(queries.archive(session, hand.slug)))
    return path


@pytest.mark.parametrize("group", ["BELENIOS-2048", "Ed25519"])
def test_from_draft_to_result(session, now, tmp_path, group):
    picks = [(1, 1, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0), (1, 0, 0, 1), (0, 1, 0, 0)]
    hand = make.make_concluded_ballot(session, now, group=group, demands=True, demand_picks=picks)
    outcome = queries.outcome(session, hand.slug)
    assert outcome.passed
    assert outcome.counts == (("Yes", 3), ("No", 1), ("Abstain", 1))
    assert (outcome.cast, outcome.eligible) == (5, 5)
    assert outcome.rule["mandate_months"] == 6
    assert make.row(session, hand).counts[1] == [3, 2, 0, 1]
    path = save(session, hand, tmp_path)
    report = verify(path)
    assert report.holds, report.lines()
    assert report.result == [[3, 1, 1], [3, 2, 0, 1]]
    if group == "BELENIOS-2048" and shutil.which("belenios-tool"):
        done = subprocess.run(
            ["belenios-tool", "election", "verify", "--dir", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_archive_only_grows(session, now, tmp_path):
    hand = make.make_open_ballot(session, now)
    first = save(session, hand, tmp_path).read_bytes()
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    second = save(session, hand, tmp_path).read_bytes()
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    third = save(session, hand, tmp_path).read_bytes()
    assert second.startswith(first)
    assert third.startswith(second)
    assert len(first) < len(second) < len(third)


def test_the_last_vote_counts_and_the_board_keeps_all(session, now, tmp_path):
    hand = make.make_open_ballot(session, now, voters=2)
    with make.at_database_time(now):
        first = make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
        second = make.vote(session, hand, hand.voters[0], [[0, 1, 0]], now)
    assert second.height == first.height + 1
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    assert make.row(session, hand).counts == [[0, 1, 0]]
    assert make.row(session, hand).cast == 1
    report = verify(save(session, hand, tmp_path))
    assert report.holds
    assert (report.ballots, report.voters) == (2, 1)


def test_a_receipt_proves_the_place_on_the_board(session, now):
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        receipt = make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    ballot = make.row(session, hand)
    assert (receipt.height, receipt.chain_head) == (1, ballot.head)
    assert receipts.genuine(make.SIGNER.public_key, ballot.fingerprint, receipt)
    assert not receipts.genuine(service.Signer(b"x" * 32).public_key, ballot.fingerprint, receipt)


def test_nothing_of_the_result_shows_before_the_end(session, now):
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    assert queries.outcome(session, hand.slug) is None
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at, only=hand.trustees[:2])
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.organizer), hand.closes_at)
    assert queries.outcome(session, hand.slug) is None
    assert page.results == ()
    assert page.verdict is None


def test_the_server_alone_counts_at_the_close(session, now, tmp_path):
    hand = make.make_concluded_ballot(session, now, trustees=0, server_trustee=True)
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.organizer), now)
    assert page.state == "concluded"
    assert page.server_only
    assert verify(save(session, hand, tmp_path)).holds


def test_nobody_voted(session, now, tmp_path):
    hand = make.make_concluded_ballot(session, now, answers=[None] * 3)
    outcome = queries.outcome(session, hand.slug)
    assert not outcome.passed
    assert outcome.cast == 0
    assert "Nobody voted." in outcome.reasons
    assert verify(save(session, hand, tmp_path)).holds


def test_marks_are_wiped_after_the_contest_period(session, now):
    hand = make.make_concluded_ballot(session, now, answers=[(1, 0, 0)] * 6 + [None] * 4)
    ballot = make.row(session, hand)
    system = make.SYSTEM
    with pytest.raises(Closed):
        service.wipe_marks(session, actor=system, now=ballot.concluded_at + timedelta(days=6), slug=hand.slug)
    service.wipe_marks(session, actor=system, now=ballot.concluded_at + timedelta(days=7), slug=hand.slug)
    session.flush()
    session.expire_all()
    assert set(session.scalars(select(RollEntry.voted))) == {None}
    assert make.row(session, hand).chapters == [{"chapter": "amsterdam", "voted": 6, "eligible": 10}]
    assert db.Base.metadata.tables["roll_entry"].columns.keys() == [
        "ballot_id",
        "member_id",
        "chapter_slug",
        "weight",
        "voted",
    ]

"""What is refused when casting, each by name, and what repeating, racing and replaying come to."""

import json
import logging
import secrets
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.ballots import queries, service
from union.ballots.crypto import make_credential, make_key, public_of
from union.ballots.crypto.ballot import make_ballot as seal_by_hand
from union.ballots.models import (
    BoardRecord,
    CastBallot,
    CastCiphertext,
    PublicCredential,
    RefusalLog,
    RollEntry,
    WaitingReceipt,
)
from union.ballots.service import board
from union.core import db
from union.core.actor import SYSTEM
from union.core.errors import NotAllowed

YES = [[1, 0, 0]]


def cast(session, hand, voter, text, now):
    return service.cast(
        session, actor=make.actor(session, voter), slug=hand.slug, text=text, now=now, signer=make.SIGNER
    )


def refused(session, hand, voter, text, now, code):
    """The refusal has this name, is counted under it, and left nothing else behind."""
    before = counts(session)
    with make.at_database_time(now):
        answer = cast(session, hand, voter, text, now)
    assert isinstance(answer, service.Refusal), answer
    assert answer.code == code
    session.flush()
    assert counts(session) == before
    logged = session.get(RefusalLog, (make.row(session, hand).id, code))
    assert logged.times >= 1
    return answer


def counts(session):
    tables = (BoardRecord, CastBallot, CastCiphertext, WaitingReceipt)
    marks = session.scalar(select(func.count()).select_from(RollEntry).where(RollEntry.voted))
    return [session.scalar(select(func.count()).select_from(t)) for t in tables] + [marks]


@pytest.fixture
def hand(session, now):
    return make.make_open_ballot(session, now, voters=3)


def test_the_same_bytes_again_give_the_same_receipt(session, now, hand):
    text = make.seal(session, hand, hand.voters[0], YES)
    with make.at_database_time(now):
        first = cast(session, hand, hand.voters[0], text, now)
        session.flush()
        before = counts(session)
        again = cast(session, hand, hand.voters[0], text, now)
        session.flush()
    assert again.repeated
    assert (again.tracker, again.height, again.chain_head, again.signature) == (
        first.tracker,
        first.height,
        first.chain_head,
        first.signature,
    )
    assert counts(session) == before


def test_a_replayed_older_vote_does_not_come_back(session, now, hand):
    voter = hand.voters[0]
    old = make.seal(session, hand, voter, YES)
    with make.at_database_time(now):
        cast(session, hand, voter, old, now)
        make.vote(session, hand, voter, [[0, 1, 0]], now)
        assert cast(session, hand, voter, old, now).repeated
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    assert make.row(session, hand).counts == [[0, 1, 0]]


def test_not_json_or_not_canonical(session, now, hand):
    voter = hand.voters[0]
    good = make.seal(session, hand, voter, YES)
    refused(session, hand, voter, "not a ballot", now, "ballot-form")
    refused(session, hand, voter, "", now, "ballot-form")
    refused(session, hand, voter, "[" * 5000, now, "ballot-form")
    refused(session, hand, voter, good.replace('","', '" ,"', 1), now, "ballot-canonical")
    refused(session, hand, voter, good + " ", now, "ballot-canonical")


def test_of_another_election(session, now, hand):
    other = make.make_open_ballot(session, now, voters=1, title="Another ballot")
    foreign = make.seal(session, other, other.voters[0], YES)
    refused(session, hand, hand.voters[0], foreign, now, "ballot-election")


def test_under_a_credential_that_is_not_listed(session, now, hand):
    election = make.election_of(session, hand)
    text = seal_by_hand(election, make_credential(secrets.randbelow), YES, secrets.randbelow).decode()
    refused(session, hand, hand.voters[0], text, now, "ballot-credential")


def test_with_a_forged_signature_or_proof(session, now, hand):
    voter = hand.voters[0]
    ballot = json.loads(make.seal(session, hand, voter, YES))
    ballot["signature"]["proof"]["response"] = "1"
    refused(session, hand, voter, json.dumps(ballot, separators=(",", ":")), now, "ballot-signature")


def test_copied_under_another_credential(session, now, hand):
    """A copy of somebody's ciphertexts, signed anew by another voter: its proofs name the first credential."""
    victim, thief = hand.voters[:2]
    text = make.seal(session, hand, victim, YES)
    with make.at_database_time(now):
        cast(session, hand, victim, text, now)
    election = make.election_of(session, hand)
    copy = make.resigned(election, text, hand.credentials[thief])
    refused(session, hand, thief, copy, now, "ballot-choice-proof")


def test_a_ciphertext_twice_on_one_board(session, now, hand):
    """The voter's own answers signed anew: every proof holds, the ciphertexts are on the board already."""
    voter = hand.voters[0]
    text = make.seal(session, hand, voter, YES)
    with make.at_database_time(now):
        cast(session, hand, voter, text, now)
    again = make.resigned(make.election_of(session, hand), text, hand.credentials[voter])
    assert again != text
    refused(session, hand, voter, again, now, "ballot-repeated")


def test_by_a_member_who_is_not_on_the_roll(session, now, hand):
    stranger = make_member(session)
    text = make.seal(session, hand, hand.voters[0], YES)
    refused(session, hand, stranger, text, now, "not_on_roll")


def test_by_nobody_or_a_suspended_member(session, now, hand):
    text = make.seal(session, hand, hand.voters[0], YES)
    suspended = make_member(session, state="suspended")
    with pytest.raises(NotAllowed):
        cast(session, hand, suspended, text, now)
    with pytest.raises(NotAllowed):
        service.cast(session, actor=SYSTEM, slug=hand.slug, text=text, now=now, signer=make.SIGNER)


def test_before_the_opening_and_after_the_close(session, now, hand):
    early = make.issue(
        session, make.give_keys(session, make.make_ballot_draft(session, now, voters=1), now), now
    )
    refused(session, early, early.voters[0], "{}", now, "not_open")
    text = make.seal(session, hand, hand.voters[0], YES)
    refused(session, hand, hand.voters[0], text, hand.closes_at, "closed")
    make.close(session, hand)
    refused(session, hand, hand.voters[0], text, hand.closes_at, "closed")


def test_the_database_clock_decides(session, now, hand):
    """The web server's clock says there is time, the database's says there is none."""
    text = make.seal(session, hand, hand.voters[0], YES)
    with make.at_database_time(hand.closes_at):
        answer = cast(session, hand, hand.voters[0], text, now)
    assert answer.code == "closed"
    with make.at_database_time(hand.closes_at - timedelta(microseconds=1)):
        assert isinstance(cast(session, hand, hand.voters[0], text, now), service.Receipt)


def test_the_database_clock_is_the_time_of_day(session):
    told = session.scalar(select(board.CLOCKS[session.get_bind().dialect.name]))
    assert abs((board.database_clock(told) - make.real_now()).total_seconds()) < 5


def test_refusals_are_logged_without_the_voter(session, now, hand, caplog):
    caplog.set_level(logging.INFO)
    voter = hand.voters[0]
    refused(session, hand, voter, "nonsense", now, "ballot-form")
    told = caplog.text
    assert "ballot-form" in told
    assert voter not in told
    assert hand.credentials[voter] not in told


def test_what_was_examined_for_another_election_is_examined_again(session, now, hand):
    other = make.make_open_ballot(session, now, voters=1, title="Another ballot")
    foreign = make.seal(session, other, other.voters[0], YES)
    place = service.booth(session, slug=other.slug, text=foreign)
    examined = service.examine(place, foreign)
    assert isinstance(examined, service.Examined)
    with make.at_database_time(now):
        answer = service.cast(
            session,
            actor=make.actor(session, hand.voters[0]),
            slug=hand.slug,
            text=foreign,
            now=now,
            signer=make.SIGNER,
            examined=examined,
        )
    assert answer.code == "ballot-election"


def test_an_examined_ballot_stands_for_no_other_bytes(session, now, hand):
    voter = hand.voters[0]
    good = make.seal(session, hand, voter, YES)
    examined = service.examine(service.booth(session, slug=hand.slug, text=good), good)
    with make.at_database_time(now):
        answer = service.cast(
            session,
            actor=make.actor(session, voter),
            slug=hand.slug,
            text=good.replace("1", "2", 1),
            now=now,
            signer=make.SIGNER,
            examined=examined,
        )
    assert answer.code == "ballot-form"


def test_the_last_second_counts_or_is_refused_never_both(database, now):
    """Twelve votes and the close start at once: what got a receipt is in the tally, what was refused is not."""
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=12)
        texts = {voter: make.seal(session, hand, voter, YES) for voter in hand.voters}
        actors = {voter: make.actor(session, voter) for voter in hand.voters}
    start = threading.Barrier(13)
    answers = {}

    def vote(voter):
        with db.reading() as session:
            place = service.booth(session, slug=hand.slug, text=texts[voter])
        examined = service.examine(place, texts[voter])
        start.wait()
        with db.transaction() as session:
            answers[voter] = service.cast(
                session,
                actor=actors[voter],
                slug=hand.slug,
                text=texts[voter],
                now=now,
                signer=make.SIGNER,
                examined=examined,
            )

    def close():
        start.wait()
        with db.transaction() as session:
            make.close(session, hand)

    with make.at_database_time(now):
        threads = [threading.Thread(target=vote, args=(v,)) for v in hand.voters] + [
            threading.Thread(target=close)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    receipts = [a for a in answers.values() if isinstance(a, service.Receipt)]
    late = [a for a in answers.values() if isinstance(a, service.Refusal)]
    assert len(receipts) + len(late) == 12
    assert {a.code for a in late} <= {"closed"}
    with db.transaction() as session:
        make.decrypt(session, hand, hand.closes_at)
    with db.reading() as session:
        assert make.row(session, hand).counts == [[len(receipts), 0, 0]]
        heights = sorted(r.height for r in receipts)
        assert heights == list(range(1, len(receipts) + 1))
        for receipt in receipts:
            assert queries.find_tracker(session, hand.slug, receipt.tracker).height == receipt.height


def test_two_closes_at_once_close_once(database, now):
    with db.transaction() as session:
        hand = make.make_open_ballot(session, now, voters=2)
    start = threading.Barrier(4)
    done = []

    def close():
        start.wait()
        try:
            with db.transaction() as session:
                make.close(session, hand)
            done.append("closed")
        except Exception as problem:
            done.append(type(problem).__name__)

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == ["Closed", "Closed", "Closed", "closed"]
    with db.reading() as session:
        kinds = [e.kind for e in queries.board(session, hand.slug).events]
        assert kinds == ["EncryptedTally", "EndBallots", "Setup"]


def test_public_credentials_are_sorted_and_say_nothing(session, now, hand):
    election = make.election_of(session, hand)
    points = session.scalars(select(PublicCredential.point).order_by(PublicCredential.position)).all()
    known = {str(public_of(election.group, election.uuid, c)) for c in hand.credentials.values()}
    assert set(points) == known
    keys = [election.group.order_key(election.group.point(p)) for p in points]
    assert keys == sorted(keys)


def test_a_key_of_another_group_is_refused_by_name(session, now):
    from union.ballots.crypto import group_named

    hand = make.make_ballot_draft(session, now, group="BELENIOS-2048")
    service.ask_for_keys(
        session,
        actor=make.actor(session, hand.organizer),
        now=now,
        slug=hand.slug,
        public_url=make.PUBLIC_URL,
    )
    key = make_key(group_named("Ed25519"), secrets.randbelow).public.record().decode()
    answer = service.submit_trustee_key(
        session,
        actor=make.actor(session, hand.trustees[0]),
        now=now,
        slug=hand.slug,
        text=key,
        public_url=make.PUBLIC_URL,
    )
    assert answer.code == "point-form"

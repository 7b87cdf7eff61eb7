"""Any two of three trustees hold orders, or votes that weigh: all shuffle in turn, the first two shares count."""

import pytest

from tests.factories import ballots as make
from tests.rooms.ballots.test_election import save
from tests.rooms.ballots.test_ranked import NAMES, ORDERS, RANK, accepted_outside, act, closed, kinds, page_of
from tests.rooms.ballots.test_weights import ABSTAIN, NO, YES, counted, weighed
from union.ballots import queries, service
from union.ballots.crypto import verify
from union.core.errors import Closed

HELD = {"trustees": 3, "threshold": 2}


def owed(session, hand):
    """What each trustee's list of duties says."""
    return [[duty.what for duty in queries.duties(session, one)] for one in hand.trustees]


@pytest.mark.parametrize(
    ("group", "server"), [("Ed25519", False), ("Ed25519", True), ("RFC-3526-2048", False)]
)
def test_orders_from_the_ceremony_to_the_count(session, now, tmp_path, group, server):
    hand = closed(session, now, group=group, server_trustee=server, **HELD)
    assert page_of(session, hand).shares_missing == 2 + server
    assert owed(session, hand) == [["shuffle"], [], []]
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[:2])
    assert owed(session, hand) == [[], [], ["shuffle"]]
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[2:])
    assert page_of(session, hand).shares_missing == 2
    assert owed(session, hand) == [["decrypt"]] * 3
    first, late, third = hand.trustees
    make.decrypt(session, hand, hand.closes_at, only=[third])
    assert page_of(session, hand).state == "closed"
    assert queries.due(session, hand.closes_at).to_conclude == ()
    make.decrypt(session, hand, hand.closes_at, only=[first])
    page = page_of(session, hand, late)
    assert page.state == "concluded"
    assert [NAMES[place] for (place,) in page.results[0].counted.places] == list(NAMES)
    assert (page.my_seat.shuffle, page.my_seat.has_decrypted) == ("done", False)
    shares = 2 + server
    assert kinds(session, hand)[-shares - 2 :] == ["EndShuffles", *["PartialDecryption"] * shares, "Result"]
    report = verify(save(session, hand, tmp_path))
    assert report.holds, report.lines()
    assert sorted(report.result[0]) == sorted(ORDERS)
    assert group == "Ed25519" or accepted_outside(tmp_path)


def test_two_who_have_shuffled_still_wait_for_the_third(session, now):
    """As many as can decrypt are not enough to go on: one who waits in turn is never passed over silently."""
    hand = closed(session, now, **HELD)
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[:2])
    with pytest.raises(Closed, match="shuffle"):
        make.decrypt(session, hand, hand.closes_at, only=hand.trustees[:1])
    assert page_of(session, hand).turn.name == "Trustee 3"


def test_who_neither_shuffles_nor_decrypts_holds_nothing_up(session, now, tmp_path):
    hand = closed(session, now, **HELD)
    assert act(service.leave_out, session, hand) == "Trustee 1"
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[1:])
    make.decrypt(session, hand, hand.closes_at, only=hand.trustees[1:])
    gone = page_of(session, hand).seats[0]
    assert (gone.shuffle, gone.has_decrypted) == ("left out", False)
    assert verify(save(session, hand, tmp_path)).holds


def test_who_was_left_out_of_the_shuffles_still_has_a_share_of_the_key(session, now, tmp_path):
    hand = closed(session, now, **HELD)
    act(service.leave_out, session, hand)
    make.shuffle(session, hand, hand.closes_at, only=hand.trustees[1:])
    make.decrypt(session, hand, hand.closes_at, only=hand.trustees[:2])
    assert page_of(session, hand).state == "concluded"
    assert verify(save(session, hand, tmp_path)).holds


def test_nobody_voted(session, now, tmp_path):
    hand = make.make_open_ballot(
        session, now, voters=2, questions=[RANK], kind="demands", preset="simple-majority", **HELD
    )
    make.close(session, hand)
    assert page_of(session, hand).results[0].counted.places == ()
    late = service.submit_decryption(
        session,
        actor=make.actor(session, hand.trustees[0]),
        now=hand.closes_at,
        slug=hand.slug,
        decryption="{}",
        strong_proofs="[]",
        public_url=make.PUBLIC_URL,
    )
    assert late == service.ShareTaken(0, unneeded=True)
    assert verify(save(session, hand, tmp_path)).holds


def test_votes_that_weigh(session, now, tmp_path):
    """Four against two by heads; eight to six by votes; opened without the second trustee."""
    answers = [YES, YES, NO, NO, NO, NO, ABSTAIN]
    hand = weighed(session, now, [4, 4, 1, 1, 2, 2, 1], answers=answers, **HELD)
    hand.trustees = hand.trustees[::2]
    page = counted(session, hand)
    assert (page.results[0].counts, page.cast_weight, page.threshold) == ((8, 6, 1), 15, 2)
    assert [seat.has_decrypted for seat in page.seats] == [True, False, True]
    report = verify(save(session, hand, tmp_path))
    assert report.holds, report.lines()
    assert report.result == [[8, 6, 1]]
    assert accepted_outside(tmp_path)

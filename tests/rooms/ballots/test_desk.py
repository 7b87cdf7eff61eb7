"""Votes that come at the same time share a transaction, and nothing else: each has its own end."""

import threading

import pytest

from tests.factories import ballots as make
from union.ballots import queries, service
from union.ballots.receipts import Receipt
from union.ballots.views.desk import Desk
from union.core.actor import SYSTEM


def receipt(vote):
    return Receipt(vote.text, 1, "", "")


def at_once(desk, texts):
    """Hand in texts from a thread each; return by text what came of it."""
    ends, start = {}, threading.Barrier(len(texts))

    def run(text):
        start.wait(30)
        try:
            ends[text] = desk.take("strike", SYSTEM, text, lambda: None)
        except ValueError as problem:
            ends[text] = problem

    threads = [threading.Thread(target=run, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ends


def test_each_vote_gets_its_own_answer():
    rounds = []

    def casts(_slug, votes):
        rounds.append(len(votes))
        return [receipt(vote) for vote in votes]

    ends = at_once(Desk(casts), list("abcdefghijkl"))
    assert {text: end.tracker for text, end in ends.items()} == {text: text for text in "abcdefghijkl"}
    assert sum(rounds) == 12


def test_a_vote_that_fails_takes_no_other_down():
    def casts(_slug, votes):
        if any(vote.text == "d" for vote in votes):
            raise ValueError("d")
        return [receipt(vote) for vote in votes]

    ends = at_once(Desk(casts), list("abcdef"))
    assert isinstance(ends.pop("d"), ValueError)
    assert sorted(end.tracker for end in ends.values()) == list("abcef")


def test_a_check_that_raises_is_raised_and_holds_nobody_up():
    desk = Desk(lambda _slug, votes: [receipt(vote) for vote in votes])

    def broken():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        desk.take("strike", SYSTEM, "a", broken)
    assert desk.take("strike", SYSTEM, "b", lambda: None).tracker == "b"


def test_votes_together_are_decided_one_after_the_other(session, now):
    """The same bytes twice give one place and one receipt; what is refused keeps nobody off the board."""
    hand = make.make_open_ballot(session, now, voters=3)
    one, two, three = hand.voters
    actors = {voter: make.actor(session, voter) for voter in hand.voters}
    first, second = (make.seal(session, hand, voter, [[1, 0, 0]]) for voter in (one, two))
    votes = [
        service.Vote(actors[voter], text)
        for voter, text in ((one, first), (one, first), (three, "nonsense"), (two, second))
    ]
    with make.at_database_time(now):
        a, again, no, b = service.cast_all(session, slug=hand.slug, votes=votes, now=now, signer=make.SIGNER)
    assert (again.repeated, again.signature, again.height) == (True, a.signature, a.height)
    assert no.code == "ballot-form"
    assert [a.height, b.height] == [1, 2]
    session.flush()
    assert queries.head(session, hand.slug).height == 2


def test_of_two_votes_of_one_voter_that_come_together_the_later_counts(session, now):
    hand = make.make_open_ballot(session, now, voters=2)
    voter, other = hand.voters
    texts = [make.seal(session, hand, voter, [choice]) for choice in ([1, 0, 0], [0, 1, 0])]
    texts.append(make.seal(session, hand, other, [[0, 0, 1]]))
    votes = [
        service.Vote(make.actor(session, who), text)
        for who, text in zip((voter, voter, other), texts, strict=True)
    ]
    with make.at_database_time(now):
        answers = service.cast_all(session, slug=hand.slug, votes=votes, now=now, signer=make.SIGNER)
    assert [answer.height for answer in answers] == [1, 2, 3]
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at)
    assert make.row(session, hand).counts == [[0, 1, 1]]


def test_a_ciphertext_that_comes_twice_together_is_taken_once(session, now):
    """Answers signed anew are refused beside the first ones, as if those stood on the board already."""
    hand = make.make_open_ballot(session, now, voters=1)
    (voter,) = hand.voters
    text = make.seal(session, hand, voter, [[1, 0, 0]])
    again = make.resigned(make.election_of(session, hand), text, hand.credentials[voter])
    votes = [service.Vote(make.actor(session, voter), one) for one in (text, again)]
    with make.at_database_time(now):
        first, second = service.cast_all(session, slug=hand.slug, votes=votes, now=now, signer=make.SIGNER)
    assert first.height == 1
    assert second.code == "ballot-repeated"

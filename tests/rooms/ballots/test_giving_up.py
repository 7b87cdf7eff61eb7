"""A count that can never be finished ends: two officers, in public, a day apart; and is held again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories.members import make_member
from union.audit.models import AuditEntry
from union.ballots import queries, service
from union.ballots.models import BoardRecord
from union.core.actor import Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed
from union.notify.models import Outbox

NOTE = "Trustee 3 lost the key file with the laptop; there was no copy."
DAY = timedelta(days=1)


@pytest.fixture
def stuck(session, now):
    """A closed ballot that needs three keys, of which one never comes; and two officers."""
    hand = make.make_open_ballot(session, now)
    with make.at_database_time(now):
        make.vote(session, hand, hand.voters[0], [[1, 0, 0]], now)
    make.close(session, hand)
    make.decrypt(session, hand, hand.closes_at, only=hand.trustees[:2])
    officers = [make_member(session, roles=[Role.OFFICER], name=f"Officer {n}") for n in (1, 2)]
    return hand, [make.actor(session, officer) for officer in officers]


def say(session, hand, actor, now, note=NOTE):
    service.ask_to_give_up(
        session, actor=actor, now=now, slug=hand.slug, note=note, public_url=make.PUBLIC_URL
    )


def agree(session, hand, actor, now):
    service.give_up(session, actor=actor, now=now, slug=hand.slug, public_url=make.PUBLIC_URL)


def told(session, kind):
    return {m.member_id for m in session.scalars(select(Outbox).where(Outbox.kind.startswith(kind)))}


def test_two_officers_end_it_and_everybody_hears(session, stuck):
    hand, (one, two) = stuck
    at = hand.closes_at + DAY
    say(session, hand, one, at)
    assert told(session, "giving-up") == {*hand.trustees, one.member_id, two.member_id}
    board = list(session.scalars(select(BoardRecord.name).order_by(BoardRecord.position)))
    agree(session, hand, two, at + DAY)
    ballot = make.row(session, hand)
    assert (ballot.state, ballot.verdict, ballot.counts) == ("uncountable", None, None)
    assert told(session, "uncountable") == set(hand.voters)
    assert board == list(session.scalars(select(BoardRecord.name).order_by(BoardRecord.position)))
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.voters[0]), at + DAY)
    assert page.given_up.note == NOTE
    assert page.contest_open
    acts = [e for e in session.scalars(select(AuditEntry)) if e.act == "ballots.give_up"]
    assert [e.facts["note"] for e in acts] == [NOTE]


def test_one_officer_is_not_enough_nor_a_day_too_early(session, stuck):
    hand, (one, two) = stuck
    at = hand.closes_at + DAY
    with pytest.raises(Closed):
        agree(session, hand, one, at)
    say(session, hand, one, at)
    with pytest.raises(Conflict):
        agree(session, hand, one, at + DAY)
    with pytest.raises(Closed):
        agree(session, hand, two, at + DAY - timedelta(seconds=1))
    with pytest.raises(Conflict):
        say(session, hand, two, at)
    assert make.row(session, hand).state == "closed"


def test_an_organizer_may_not_and_the_words_must_say_something(session, stuck):
    hand, (one, _) = stuck
    with pytest.raises(NotAllowed):
        say(session, hand, make.actor(session, hand.organizer), hand.closes_at)
    with pytest.raises(Invalid) as refused:
        say(session, hand, one, hand.closes_at, note="lost")
    assert refused.value.field == "note"


def test_a_key_that_turns_up_ends_the_matter(session, stuck):
    hand, (one, two) = stuck
    say(session, hand, one, hand.closes_at)
    make.decrypt(session, hand, hand.closes_at + timedelta(hours=3), only=hand.trustees[2:])
    assert make.row(session, hand).state == "concluded"
    with pytest.raises(Closed):
        agree(session, hand, two, hand.closes_at + DAY)


def test_it_can_be_taken_back(session, stuck):
    hand, (one, two) = stuck
    say(session, hand, one, hand.closes_at)
    service.keep_counting(session, actor=two, now=hand.closes_at, slug=hand.slug)
    with pytest.raises(Closed):
        agree(session, hand, two, hand.closes_at + DAY)
    say(session, hand, two, hand.closes_at + timedelta(hours=1))


@pytest.mark.parametrize("state", ["open", "concluded"])
def test_only_a_closed_ballot_is_given_up(session, now, state):
    hand = (
        make.make_open_ballot(session, now) if state == "open" else make.make_concluded_ballot(session, now)
    )
    officer = make.actor(session, make_member(session, roles=[Role.OFFICER]))
    with pytest.raises(Closed):
        say(session, hand, officer, hand.closes_at + DAY)


def test_a_share_after_the_end_is_refused_and_the_question_is_asked_again(session, stuck):
    hand, (one, two) = stuck
    say(session, hand, one, hand.closes_at)
    agree(session, hand, two, hand.closes_at + DAY)
    with pytest.raises(Closed):
        make.decrypt(session, hand, hand.closes_at + DAY, only=hand.trustees[2:])
    again = service.hold_again(
        session, actor=make.actor(session, hand.organizer), now=hand.closes_at + DAY, slug=hand.slug
    )
    ballot = make.ballot_called(session, again)
    assert (ballot.state, ballot.questions) == ("draft", make.row(session, hand).questions)
    cards = queries.for_subject(session, "campaign/fair-pay")
    assert [c.without_result for c in cards if c.slug == hand.slug] == [True]
    due = queries.due(session, hand.closes_at + timedelta(days=9))
    assert hand.slug in due.to_wipe

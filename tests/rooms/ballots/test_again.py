"""A ballot that settled nothing is held again: what is taken over, when it is refused, and that its outcome counts."""

from datetime import timedelta

import pytest

from tests.factories import ballots as make
from union.ballots import queries, rules, service
from union.ballots.models import Ballot
from union.ballots.rules import State
from union.core.actor import Role
from union.core.errors import Closed, Conflict, NotAllowed

NO = ((0, 1, 0),) * 3


def again(session, hand, now):
    return service.hold_again(session, actor=make.actor(session, hand.organizer), now=now, slug=hand.slug)


def counted_at(hand):
    return hand.closes_at + timedelta(hours=2)


def test_only_what_settled_nothing_is_held_again():
    held = rules.may_be_held_again
    assert held(State.CONCLUDED, decides=True, passed=False, tied=False)
    assert held(State.CONCLUDED, decides=False, passed=True, tied=True)
    assert not held(State.CONCLUDED, decides=True, passed=True, tied=True)
    assert not held(State.CONCLUDED, decides=False, passed=True, tied=False)
    assert not held(State.CLOSED, decides=True, passed=False, tied=True)


@pytest.mark.parametrize("answers", [NO, ((1, 0, 0), None, None, None), ((1, 0, 0), (0, 1, 0))])
def test_the_same_paper_rule_trustees_and_electorate(session, now, answers):
    """Refused, short of the quorum, or tied."""
    hand = make.make_concluded_ballot(session, now, answers)
    first = make.row(session, hand)
    slug = again(session, hand, counted_at(hand))
    second = make.ballot_called(session, slug)
    for name in (
        "kind",
        "subject",
        "title",
        "intro",
        "questions",
        "preset",
        "group_name",
        "zone",
        "chapter_slug",
    ):
        assert getattr(second, name) == getattr(first, name), name
    assert second.uuid != first.uuid
    assert (second.state, second.rerun_of) == ("draft", first.id)
    assert second.closes_at - second.opens_at == first.closes_at - first.opens_at
    assert second.opens_at > counted_at(hand)
    olga = make.actor(session, hand.organizer)
    old, new = (queries.ballot_page(session, s, olga, now) for s in (hand.slug, slug))
    assert [seat.name for seat in new.seats] == [seat.name for seat in old.seats]
    assert (old.repeated_by.slug, new.repeats.slug) == (slug, hand.slug)
    assert not old.may_be_held_again
    voter = make.actor(session, hand.voters[0])
    assert queries.ballot_page(session, hand.slug, voter, now).repeated_by is None, "a draft is not shown"
    assert queries.held_again(session, "campaign/fair-pay").slug == slug


def test_who_holds_the_key_no_more_is_left_out(session, now):
    hand = make.make_concluded_ballot(session, now, NO, server_trustee=True)
    from union.members.models import MemberRole

    session.delete(session.get(MemberRole, (hand.trustees[0], Role.TRUSTEE.value)))
    session.flush()
    slug = again(session, hand, counted_at(hand))
    page = queries.ballot_page(session, slug, make.actor(session, hand.organizer), now)
    assert [seat.name for seat in page.seats] == ["Trustee 2", "Trustee 3", "the union's server"]


def test_what_passed_or_is_not_counted_is_not_held_again(session, now):
    with pytest.raises(Closed, match="settled nothing"):
        again(session, make.make_concluded_ballot(session, now), now)
    with pytest.raises(Closed):
        again(session, make.make_open_ballot(session, now), now)


def test_not_twice_and_not_beside_another_vote_on_the_same(session, now):
    hand = make.make_concluded_ballot(session, now, NO)
    later = counted_at(hand)
    with pytest.raises(NotAllowed):
        service.hold_again(session, actor=make.actor(session, hand.voters[0]), now=later, slug=hand.slug)
    slug = again(session, hand, later)
    with pytest.raises(Conflict):
        again(session, hand, later)
    organizer = make.actor(session, hand.organizer)
    service.cancel(session, actor=organizer, now=later, slug=slug, public_url="")
    session.flush()
    other = make.make_ballot_draft(session, later)
    with pytest.raises(Conflict):
        again(session, hand, later)
    session.delete(session.get(Ballot, make.row(session, other).id))
    session.flush()
    assert again(session, hand, later) != slug


def test_a_tied_choice_of_demands_is_held_again(session, now):
    hand = make.make_concluded_ballot(
        session, now, kind="demands", demands=True, answers=PICKS, preset="simple-majority"
    )
    page = queries.ballot_page(session, hand.slug, make.actor(session, hand.organizer), now)
    assert page.verdict.passed
    assert page.results[0].chosen.tied
    assert page.may_be_held_again
    assert again(session, hand, counted_at(hand))


PICKS = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))

"""Members put the demands in order in a secret ballot; the result stands on the demands."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as make
from tests.factories import campaigns as factory
from tests.factories.members import make_member
from union.ballots.service import Call
from union.campaigns import queries, service
from union.campaigns.models import Campaign, Demand
from union.campaigns.service import How
from union.core.actor import Role
from union.core.errors import Conflict, NotAllowed

TITLES = ("A floor under the price", "Explain every deactivation", "Our data, portable")


def vote(session, now, **facts):
    trustee = make_member(session, roles=[Role.TRUSTEE])
    known = {
        "title": "Order of the demands",
        "intro": "",
        "question": "Which demands come first?",
        "preset": "simple-majority",
        "group": "",
        "opens_at": now + timedelta(hours=1),
        "closes_at": now + timedelta(days=7),
        "zone": "Europe/Amsterdam",
        "trustee_ids": [trustee],
    }
    return Call(**{**known, **facts})


def campaign_with_demands(session, now, titles=TITLES, status="adopted"):
    slug = factory.make_campaign(session, now=now)
    row = session.scalar(select(Campaign).where(Campaign.slug == slug))
    for place, title in enumerate(titles):
        session.add(
            Demand(
                campaign_id=row.id,
                title=title,
                text="In full.",
                status=status,
                created_at=now + timedelta(seconds=place),
            )
        )
    session.flush()
    return slug, row


def launch(session, slug, now, organizer, how=How.RANKING, **facts):
    return service.launch_priorities(
        session,
        slug=slug,
        actor=make.actor(session, organizer),
        now=now,
        vote=vote(session, now, **facts),
        how=how,
    )


@pytest.mark.parametrize("how", list(How))
def test_the_order_members_voted_stands_on_the_demands(session, now, how):
    slug, row = campaign_with_demands(session, now)
    organizer = make_member(session, roles=[Role.ORGANIZER])
    voters = [make_member(session, platforms=[row.platform_slug]) for _ in range(3)]
    ballot = launch(session, slug, now, organizer, how=how)
    assert all(d.frozen_hash for d in session.scalars(select(Demand).where(Demand.campaign_id == row.id)))
    with pytest.raises(Conflict, match="under way"):
        launch(session, slug, now, organizer)
    actor = make.actor(session, organizer)
    assert queries.priorities(session, row.id, actor).ballot.slug == ballot
    assert queries.priorities(session, row.id, make.actor(session, voters[0])).ballot is None  # a draft
    found = make.ballot_called(session, ballot)
    trustees = [seat.member_id for seat in make.board.seats(session, found)]
    hand = make.Hand(ballot, organizer, trustees, voters, opens_at=found.opens_at, closes_at=found.closes_at)
    make.issue(session, make.give_keys(session, hand, now), now)
    make.open_now(session, hand, now)
    given = [[2, 1, 3], [3, 1, 2], [1, 2, 3]] if how is How.RANKING else [[0, 1, 0], [1, 1, 0], [0, 1, 0]]
    with make.at_database_time(now):
        for voter, answer in zip(voters, given, strict=True):
            assert isinstance(make.vote(session, hand, voter, [answer], now), make.service.Receipt)
    make.close(session, hand)
    if how is How.RANKING:
        make.shuffle(session, hand, hand.closes_at)
    make.decrypt(session, hand, hand.closes_at)
    voted = queries.priorities(session, row.id, make.actor(session, voters[0]))
    titles = {d.id: d.title for d in session.scalars(select(Demand).where(Demand.campaign_id == row.id))}
    expected = {TITLES[1]: 1, TITLES[0]: 2, TITLES[2]: 3}
    if how is How.APPROVAL:
        del expected[TITLES[2]]  # nobody approved it
    assert {titles[demand]: place for demand, place in voted.places.items()} == expected
    assert voted.voters == 3


def test_two_adopted_demands_are_needed_and_an_organizer(session, now):
    slug, row = campaign_with_demands(session, now, TITLES[:1])
    organizer = make_member(session, roles=[Role.ORGANIZER])
    with pytest.raises(Conflict, match="at least two"):
        launch(session, slug, now, organizer)
    assert not queries.priorities(session, row.id, make.actor(session, organizer)).may_launch
    with pytest.raises(NotAllowed):
        launch(session, slug, now, make_member(session))

"""Votes planned with an action: real ballots, opened by the clock or an organizer, carried out once."""

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import ballots as voting
from tests.factories.actions import SITE, arm, make_armed, make_campaign, make_mandate, make_scheduled, plan
from tests.factories.members import make_member
from tests.rooms.actions.test_arc import live, sent, the
from union.actions import queries, service
from union.actions.models import ActionVote, ActionZoneFiring, Debrief
from union.actions.rules.readiness import NotReady
from union.actions.rules.states import State, VoteState
from union.actions.service import VotePlan
from union.ballots import queries as ballots
from union.ballots import service as ballot_service
from union.ballots.crypto import group_named, make_key
from union.campaigns import queries as campaigns
from union.campaigns.models import Campaign, Mandate
from union.core.actor import SYSTEM, Role
from union.core.errors import Closed, Conflict, Invalid
from union.members import queries as members
from union.notify.models import Outbox

YES, NO = (1, 0, 0), (0, 1, 0)
VOTE = VotePlan(
    title="Two hours more",
    question="Do we go on for two hours?",
    steps=("Delete the app.",),
    more=120,
    after=30,
    window=20,
    preset="simple-majority",
    group="Ed25519",
)


@pytest.fixture
def holder(session):
    return make_member(session, roles=[Role.TRUSTEE], name="Tea", platforms=["rijder"])


def give_key(session, ballot, holder, now):
    key = make_key(group_named("Ed25519"), secrets.randbelow)
    ballot_service.submit_trustee_key(
        session,
        actor=members.actor_of(session, holder),
        now=now,
        slug=ballot,
        text=key.public.record().decode(),
        public_url=SITE,
    )
    return key


def planned(session, now, first, second, campaign, holder, *, action=None, **facts):
    """An armed action with one vote whose key is there; return its slug and who holds what."""
    slug = make_scheduled(session, now, actor=first, campaign=campaign, **(action or {}))
    vote = replace(VOTE, trustee_ids=(holder,), **facts)
    service.plan_vote(session, actor=first, now=now, slug=slug, vote=vote, site=SITE)
    ballot = session.scalars(select(ActionVote.ballot_slug)).one()
    hand = voting.Hand(ballot, first.member_id, [holder], [])
    hand.keys[holder] = give_key(session, ballot, holder, now)
    arm(session, now, slug, first, second)
    return slug, hand


def launch(session, slug, hand, at, *, by=SYSTEM):
    if by is SYSTEM:
        assert service.launch_due(session, actor=by, now=at, slug=slug, site=SITE) == 1
        assert service.launch_due(session, actor=by, now=at, slug=slug, site=SITE) == 0, "once"
    else:
        untested = ballots.keys_untested(session, hand.slug)
        assert untested, "nobody tested a key"
        with pytest.raises(Conflict, match="have not tested their keys"):
            service.launch_vote(session, actor=by, now=at, slug=slug, number=1, site=SITE)
        service.launch_vote(session, actor=by, now=at, slug=slug, number=1, site=SITE, untested=untested)
    hand.voters = [e.member_id for e in roll(session, hand)]
    voting.read_credentials(session, hand)
    hand.closes_at = ballots.by_slug(session, hand.slug).closes_at


def roll(session, hand):
    from union.ballots.models import Ballot, RollEntry

    ballot = session.scalars(select(Ballot.id).where(Ballot.slug == hand.slug)).one()
    return session.scalars(select(RollEntry).where(RollEntry.ballot_id == ballot)).all()


def hold(session, hand, answers, at):
    with voting.at_database_time(at):
        for voter, answer in zip(hand.voters, answers, strict=False):
            receipt = voting.vote(session, hand, voter, [list(answer)], at)
            assert isinstance(receipt, ballot_service.Receipt), receipt


def count(session, hand, at):
    voting.close(session, hand)
    voting.decrypt(session, hand, at)


def the_vote(session):
    return session.scalars(select(ActionVote).execution_options(populate_existing=True)).one()


def settle(session, slug, at):
    return service.settle_votes(session, actor=SYSTEM, now=at, slug=slug, site=SITE)


def test_a_vote_that_passes_moves_the_end_and_renews_the_mandate(
    session, now, first, second, called, campaign, holder
):
    slug, hand = planned(session, now, first, second, campaign, holder)
    page = queries.action_page(session, slug, members.actor_of(session, called[0]), now, "en")
    assert [(v.title, v.steps) for v in page.votes] == [("Two hours more", ("Delete the app.",))], (
        "told before"
    )
    start = live(session, slug, now)
    ends = the(session, slug).ends_at
    assert service.launch_due(session, actor=SYSTEM, now=start, slug=slug, site=SITE) == 0, "not yet"
    at = start + timedelta(minutes=30)
    assert queries.due(session, at).launch == (slug,)
    launch(session, slug, hand, at)
    assert set(called) <= set(hand.voters), "everybody on the platform may vote"
    hold(session, hand, [YES, YES, NO], at + timedelta(minutes=1))
    assert settle(session, slug, at) == 0, "nothing to carry out yet"
    counted = hand.closes_at + timedelta(minutes=5)
    count(session, hand, counted)
    assert queries.due(session, counted).settle == (slug,)
    assert settle(session, slug, counted) == 1
    assert settle(session, slug, counted) == 0, "once"
    action = the(session, slug)
    assert action.state is State.LIVE
    assert action.ends_at == ends + timedelta(minutes=120)
    assert action.wall_end == "2026-11-24T22:00"
    assert session.scalars(select(ActionZoneFiring.ends_at)).one() == action.ends_at
    mandate = campaigns.mandate_in_force(session, action.campaign_id, counted)
    assert (action.mandate_ballot, mandate.ballot_slug) == (hand.slug, hand.slug)
    assert action.mandate_expires_at == mandate.expires_at
    assert mandate.used_at == counted
    assert campaigns.card(session, campaign).stage == "acting", "the campaign goes on acting"
    assert len(sent(session, slug, "goes-on-1")) == 24, "all hands are told"
    page = queries.action_page(session, slug, members.actor_of(session, called[0]), counted, "en")
    assert page.votes[0].state is VoteState.PASSED
    assert service.end(session, actor=SYSTEM, now=ends, slug=slug, site=SITE) is False
    assert service.end(session, actor=SYSTEM, now=action.ends_at, slug=slug, site=SITE) is True


def test_the_end_waits_until_the_vote_is_counted(session, now, first, second, called, campaign, holder):
    slug, hand = planned(session, now, first, second, campaign, holder, after=90, window=30)
    start = live(session, slug, now)
    launch(session, slug, hand, start + timedelta(minutes=90))
    hold(session, hand, [YES, YES], start + timedelta(minutes=91))
    ends = the(session, slug).ends_at
    late = ends + timedelta(minutes=45)
    assert service.end(session, actor=SYSTEM, now=late, slug=slug, site=SITE) is False, "not counted yet"
    assert queries.action_page(session, slug, members.actor_of(session, called[0]), late, "en").held
    count(session, hand, late)
    settle(session, slug, late)
    assert the(session, slug).ends_at == late + timedelta(minutes=120), "two hours from when it was known"
    assert the(session, slug).state is State.LIVE


def test_without_holding_it_ends_and_the_vote_still_gives_a_mandate(
    session, now, first, second, campaign, holder
):
    slug, hand = planned(session, now, first, second, campaign, holder, after=90, window=30, hold=False)
    start = live(session, slug, now)
    launch(session, slug, hand, start + timedelta(minutes=90))
    hold(session, hand, [YES, YES], start + timedelta(minutes=91))
    action = the(session, slug)
    assert service.end(session, actor=SYSTEM, now=action.ends_at, slug=slug, site=SITE) is True
    later = action.ends_at + timedelta(hours=3)
    count(session, hand, later)
    assert queries.due(session, later).settle == (slug,)
    assert settle(session, slug, later) == 1
    action = the(session, slug)
    assert (action.state, the_vote(session).late) == (State.ENDED, True), "an action that is over stays over"
    mandate = campaigns.mandate_in_force(session, action.campaign_id, later)
    assert (mandate.ballot_slug, mandate.used_at) == (hand.slug, None), "for the next action"


def test_no_to_going_on_ends_an_action_without_an_end(session, now, first, second, campaign, holder):
    slug, hand = planned(
        session, now, first, second, campaign, holder, action={"wall_end": None}, more=None, after=60 * 24
    )
    start = live(session, slug, now)
    assert the(session, slug).ends_at is None
    at = start + timedelta(days=1)
    launch(session, slug, hand, at)
    hold(session, hand, [NO, NO, YES], at)
    count(session, hand, at + timedelta(hours=1))
    assert settle(session, slug, at + timedelta(hours=1)) == 1
    action = the(session, slug)
    assert action.state is State.ENDED
    assert "voted not to go on" in action.reason["text"]
    assert session.get(Debrief, action.id)
    assert len(session.scalars(select(Mandate)).all()) == 1, "no mandate from a vote that failed"


def test_a_fixed_end_stays_when_members_say_no(session, now, first, second, campaign, holder):
    slug, hand = planned(session, now, first, second, campaign, holder)
    start = live(session, slug, now)
    ends = the(session, slug).ends_at
    launch(session, slug, hand, start + timedelta(minutes=30))
    hold(session, hand, [NO], start + timedelta(minutes=31))
    count(session, hand, start + timedelta(hours=1))
    settle(session, slug, start + timedelta(hours=1))
    assert (the(session, slug).state, the(session, slug).ends_at) == (State.LIVE, ends)
    assert service.end(session, actor=SYSTEM, now=ends, slug=slug, site=SITE) is True


def test_a_vote_for_no_end_any_more(session, now, first, second, campaign, holder):
    slug, hand = planned(session, now, first, second, campaign, holder, more=None)
    start = live(session, slug, now)
    launch(session, slug, hand, start + timedelta(minutes=30))
    hold(session, hand, [YES], start + timedelta(minutes=31))
    count(session, hand, start + timedelta(hours=1))
    settle(session, slug, start + timedelta(hours=1))
    action = the(session, slug)
    assert (action.ends_at, action.wall_end) == (None, None)
    assert service.end(session, actor=SYSTEM, now=start + timedelta(days=9), slug=slug, site=SITE) is False
    service.end_now(session, actor=first, now=start + timedelta(days=9), slug=slug, site=SITE)


def test_an_organizer_opens_it_when_it_is_needed(session, now, first, second, campaign, holder):
    slug, hand = planned(session, now, first, second, campaign, holder, by_clock=False)
    with pytest.raises(Closed, match="while the action runs"):
        service.launch_vote(session, actor=first, now=now, slug=slug, number=1, site=SITE)
    start = live(session, slug, now)
    at = start + timedelta(minutes=70)
    assert service.launch_due(session, actor=SYSTEM, now=at, slug=slug, site=SITE) == 0, "not the clock"
    launch(session, slug, hand, at, by=first)
    assert hand.closes_at == at + timedelta(minutes=20)
    with pytest.raises(Conflict, match="not planned any more"):
        service.launch_vote(session, actor=second, now=at, slug=slug, number=1, site=SITE)


def test_two_votes_of_one_action_are_two_ballots(session, now, first, second, campaign, holder):
    slug, _ = planned(session, now, first, second, campaign, holder)
    more = replace(VOTE, title="And a week", trustee_ids=(holder,), after=60)
    assert service.plan_vote(session, actor=second, now=now, slug=slug, vote=more, site=SITE) == 2
    assert [v.ballot_slug for v in queries.console(session, slug, first, now, "en").votes] == [
        "two-hours-more",
        "and-a-week",
    ]


def test_planning_takes_the_signatures_off_and_missing_keys_keep_it_from_being_armed(
    session, now, first, second, campaign, holder
):
    slug = make_armed(session, now, first=first, second=second, campaign=campaign)
    vote = replace(VOTE, trustee_ids=(holder,))
    service.plan_vote(session, actor=first, now=now, slug=slug, vote=vote, site=SITE)
    assert the(session, slug).state is State.SCHEDULED
    assert the(session, slug).armed_by is None
    with pytest.raises(NotReady) as refused:
        service.arm(session, actor=first, now=now, slug=slug)
    assert refused.value.checks[0].gate == "votes"
    assert refused.value.facts == {"title": "Two hours more", "names": "Tea"}
    give_key(session, the_vote(session).ballot_slug, holder, now)
    service.arm(session, actor=first, now=now, slug=slug)
    service.drop_vote(session, actor=first, now=now, slug=slug, number=1, site=SITE)
    assert the(session, slug).armed_by is None, "who signed, signed for another plan"
    assert ballots.by_slug(session, the_vote(session).ballot_slug).state == "cancelled"
    with pytest.raises(Conflict, match="not planned"):
        service.drop_vote(session, actor=first, now=now, slug=slug, number=1, site=SITE)


def test_nothing_of_the_plan_changes_while_it_runs(session, now, first, second, campaign, holder):
    slug, _ = planned(session, now, first, second, campaign, holder)
    start = live(session, slug, now)
    with pytest.raises(Closed, match="before an action starts"):
        service.plan_vote(session, actor=first, now=start, slug=slug, vote=VOTE, site=SITE)
    with pytest.raises(Closed, match="before an action starts"):
        service.drop_vote(session, actor=first, now=start, slug=slug, number=1, site=SITE)


@pytest.mark.parametrize(
    ("facts", "field", "told"),
    [
        ({"title": " "}, "title", "name"),
        ({"after": 110}, "after", "10 minutes after the end"),
        ({"window": 9}, "window", "10 minutes at least"),
        ({"more": 0, "steps": ()}, "steps", "what changes"),
        ({"more": -5}, "more", "less than no time"),
        ({"after": -1}, "after", "after the start"),
        ({"trustee_ids": ()}, "trustees", "at least one trustee"),
        ({"preset": "no-such"}, "preset", ""),
    ],
)
def test_what_cannot_be_planned(session, now, first, campaign, holder, facts, field, told):
    slug = make_scheduled(session, now, actor=first, campaign=campaign)
    with pytest.raises(Invalid) as refused:
        service.plan_vote(
            session,
            actor=first,
            now=now,
            slug=slug,
            vote=replace(VOTE, **{"trustee_ids": (holder,), **facts}),
            site=SITE,
        )
    assert refused.value.field == field
    assert told in str(refused.value)


def test_another_time_moves_the_vote_and_an_end_too_soon_is_refused(
    session, now, first, second, campaign, holder
):
    slug, hand = planned(session, now, first, second, campaign, holder)
    later = plan(wall_start="2026-11-25T18:00", wall_end="2026-11-25T20:00")
    service.edit(session, actor=first, now=now, slug=slug, plan=later, site=SITE)
    card = ballots.by_slug(session, hand.slug)
    assert card.opens_at == the(session, slug).starts_at + timedelta(minutes=30)
    short = plan(wall_start="2026-11-25T18:00", wall_end="2026-11-25T18:40")
    with pytest.raises(Invalid, match="10 minutes after the end"):
        service.edit(session, actor=first, now=now, slug=slug, plan=short, site=SITE)


@pytest.mark.parametrize("when", ["before", "during"])
def test_called_off_with_its_action(session, now, first, second, campaign, holder, when):
    slug, hand = planned(session, now, first, second, campaign, holder)
    at = now
    if when == "during":
        at = live(session, slug, now) + timedelta(minutes=30)
        launch(session, slug, hand, at)
    service.cancel(session, actor=first, now=at, slug=slug, reason="Onweer", site=SITE)
    assert the_vote(session).state is VoteState.DROPPED
    assert ballots.by_slug(session, hand.slug).state == "cancelled"
    told = session.scalars(
        select(Outbox).where(Outbox.ref == f"ballot:{hand.slug}", Outbox.kind == "cancelled")
    )
    assert bool(list(told)) == (when == "during"), "who got a code hears that it is off"


def test_postponed_before_the_start_keeps_its_vote(session, now, first, second, campaign, holder):
    slug, hand = planned(session, now, first, second, campaign, holder)
    service.postpone(session, actor=first, now=now, slug=slug, reason="Onweer", site=SITE)
    again = plan(wall_start="2026-12-01T18:00", wall_end="2026-12-01T20:00")
    service.edit(session, actor=first, now=now, slug=slug, plan=again, site=SITE)
    assert the_vote(session).state is VoteState.PLANNED
    opens = ballots.by_slug(session, hand.slug).opens_at
    assert opens == the(session, slug).starts_at + timedelta(minutes=30)


def test_a_ballot_called_off_by_its_organizer_lets_the_action_end(
    session, now, first, second, campaign, holder
):
    slug, hand = planned(session, now, first, second, campaign, holder)
    at = live(session, slug, now) + timedelta(minutes=30)
    launch(session, slug, hand, at)
    ballot_service.cancel(session, actor=first, now=at, slug=hand.slug, public_url=SITE)
    assert settle(session, slug, at) == 1
    assert the_vote(session).state is VoteState.DROPPED
    assert service.end(session, actor=SYSTEM, now=the(session, slug).ends_at, slug=slug, site=SITE) is True


def test_a_refused_vote_held_again_counts_while_the_action_runs(
    session, now, first, second, campaign, holder
):
    days = {"wall_end": "2026-12-24T20:00"}
    slug, hand = planned(session, now, first, second, campaign, holder, action=days)
    start = live(session, slug, now)
    launch(session, slug, hand, start + timedelta(minutes=30))
    hold(session, hand, [NO], start + timedelta(minutes=31))
    counted = start + timedelta(hours=1)
    count(session, hand, counted)
    settle(session, slug, counted)
    again = ballot_service.hold_again(session, actor=first, now=counted, slug=hand.slug)
    assert settle(session, slug, counted) == 1
    row = the_vote(session)
    assert (row.ballot_slug, row.state, row.hold) == (again, VoteState.LAUNCHED, False)


def test_a_mandate_that_ends_while_it_runs_is_renewed_by_the_vote(
    session, now, first, second, called, holder
):
    campaign = make_campaign(session, now, called=called, mandate=False)
    row = session.scalars(select(Campaign)).one()
    row.stage = "mandated"
    slug_start = plan(wall_end="2026-11-26T20:00")
    make_mandate(session, row.id, now, until=now + timedelta(days=3))
    slug, hand = planned(
        session, now, first, second, campaign, holder, action={"wall_end": slug_start.wall_end}
    )
    start = live(session, slug, now)
    ends = the(session, slug).mandate_expires_at
    assert ends < the(session, slug).ends_at or ends > start
    launch(session, slug, hand, start + timedelta(minutes=30))
    hold(session, hand, [YES], start + timedelta(minutes=31))
    count(session, hand, start + timedelta(hours=1))
    settle(session, slug, start + timedelta(hours=1))
    assert service.end(session, actor=SYSTEM, now=ends, slug=slug, site=SITE) is False, "it goes on"
    assert the(session, slug).state is State.LIVE

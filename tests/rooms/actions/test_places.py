"""Whoever organizes one campaign or chapter plans, arms and runs actions there, and nowhere else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories.actions import (
    SITE,
    arm,
    hand_over,
    heartbeat,
    make_armed,
    make_called,
    make_campaign,
    make_scheduled,
    plan,
)
from tests.factories.members import make_chapter, make_member
from tests.factories.organizing import actor_at
from tests.rooms.actions.test_arc import live
from tests.rooms.actions.test_going_on import (
    VOTE,
    YES,
    count,
    hold,
    launch,
    planned,
    settle,
    the_vote,
)
from union.actions import queries, service, standing
from union.actions.models import Action
from union.actions.rules.readiness import NotReady
from union.actions.rules.states import State, VoteState
from union.ballots.models import Ballot
from union.campaigns import queries as campaigns
from union.core.actor import SYSTEM, Place, PlaceKind, Role
from union.core.errors import Conflict, Invalid, NotAllowed
from union.members import queries as members
from union.members.models import Member


def campaign_place(session, slug):
    return Place(PlaceKind.CAMPAIGN, campaigns.card(session, slug).id)


def local(session, now, place, **facts):
    facts = {"sms": True, "platforms": ["rijder"], **facts}
    return actor_at(session, place, now=now, until=now + timedelta(days=30), **facts)


@pytest.fixture
def crew(session, now, campaign):
    place = campaign_place(session, campaign)
    return local(session, now, place, name="Cleo"), local(session, now, place, name="Dirk")


def row(session, slug):
    return session.query(Action).filter_by(slug=slug).one()


class TestACampaignsOrganizers:
    def test_take_an_action_from_the_plan_to_the_stop(self, session, now, campaign, crew):
        one, two = crew
        slug = make_armed(session, now, first=one, second=two, campaign=campaign)
        assert row(session, slug).state is State.ARMED
        page = queries.console(session, slug, one, now, "en")
        assert {"edit", "disarm", "postpone", "cancel", "notice"} <= page.may
        assert "vote" not in page.may, "a ballot is the whole union's"
        service.edit(session, actor=two, now=now, slug=slug, plan=plan(title="Later"), site=SITE)
        assert service.cancel(session, actor=two, now=now, slug=slug, reason="They answered.", site=SITE)

    def test_two_are_needed_there_as_well(self, session, now, campaign, crew):
        one, _ = crew
        slug = make_scheduled(session, now, actor=one, campaign=campaign)
        heartbeat(session, now)
        service.send_test(session, actor=one, now=now, slug=slug)
        hand_over(session)
        service.arm(session, actor=one, now=now, slug=slug)
        with pytest.raises((Conflict, NotReady)):
            service.confirm(session, actor=one, now=now, slug=slug)

    def test_everything_of_another_campaign_is_refused(self, session, now, first, second, called, crew):
        one, _ = crew
        other = make_campaign(session, now, called=called)
        slug = make_scheduled(session, now, actor=first, campaign=other)
        act = {"actor": one, "now": now, "slug": slug}
        for refused in (
            lambda: service.draft(session, actor=one, now=now, campaign_slug=other, plan=plan()),
            lambda: service.edit(session, plan=plan(), site=SITE, **act),
            lambda: service.authorize(session, **act),
            lambda: service.schedule(session, **act),
            lambda: service.give_notice(session, given_at=now, **act),
            lambda: service.send_test(session, **act),
            lambda: service.arm(session, **act),
            lambda: service.confirm(session, **act),
            lambda: service.disarm(session, **act),
            lambda: service.postpone(session, reason="x", site=SITE, **act),
            lambda: service.cancel(session, reason="x", site=SITE, **act),
            lambda: service.end_now(session, site=SITE, **act),
            lambda: service.drop_vote(session, number=1, site=SITE, **act),
            lambda: service.launch_vote(session, number=1, site=SITE, **act),
            lambda: service.debrief(session, went_well="", went_badly="", learn="x", publish=True, **act),
            lambda: queries.console(session, slug, one, now, "en"),
            lambda: queries.plan_of(session, slug, one),
            lambda: queries.live_numbers(session, slug, one),
        ):
            with pytest.raises(NotAllowed):
                refused()
        arm(session, now, slug, first, second)
        assert [card.slug for card in queries.listing(session, actor=one)] == []
        assert [card.slug for card in queries.listing(session, actor=first)] == [slug]

    def test_planted_fault_a_verb_that_forgets_the_place_lets_them_in(
        self, session, now, first, called, crew, monkeypatch
    ):
        one, _ = crew
        slug = make_scheduled(session, now, actor=first, campaign=make_campaign(session, now, called=called))
        monkeypatch.setattr(standing, "places", lambda _: tuple(one.places))
        service.postpone(session, actor=one, now=now, slug=slug, reason="Mine now", site=SITE)
        assert row(session, slug).state is State.POSTPONED

    def test_a_role_that_has_ended_opens_nothing(self, session, now, campaign, crew):
        one, _ = crew
        later = members.actor_of(session, one.member_id, now=now + timedelta(days=31))
        with pytest.raises(NotAllowed):
            service.draft(session, actor=later, now=now, campaign_slug=campaign, plan=plan())


class TestAChaptersAction:
    @pytest.fixture
    def town(self, session, now, called):
        """A campaign that calls twelve people of Amsterdam and eight of Utrecht, and who organizes Utrecht."""
        for slug in ("amsterdam", "utrecht"):
            make_chapter(session, slug)
        there = make_called(session, 8, chapter="utrecht")
        campaign = make_campaign(session, now, called=[*called, *there])
        crew = [
            local(session, now, Place(PlaceKind.CHAPTER, "utrecht"), chapter="utrecht", name=name)
            for name in ("Uma", "Urs")
        ]
        return campaign, there, crew

    def test_calls_its_own_members_alone_and_others_may_join(self, session, now, called, town):
        campaign, there, (one, two) = town
        slug = make_armed(session, now, first=one, second=two, campaign=campaign, chapter="utrecht")
        action = row(session, slug)
        assert sorted(standing.audience(session, action)) == sorted(there)
        assert standing.takes_part(session, action, there[0])
        assert not standing.takes_part(session, action, called[0])
        assert standing.roll(session, action) == len(
            members.eligible(session, platform_slug="rijder", chapter_slug="utrecht")
        )
        joiner = members.actor_of(session, called[0])
        service.choose(session, actor=joiner, now=now, slug=slug, choice="in", site=SITE)
        assert called[0] in standing.audience(session, action)

    def test_its_organizers_plan_for_it_and_for_nobody_else(self, session, now, town):
        campaign, _, (one, _two) = town
        card = campaigns.card(session, campaign)
        assert list(queries.where_planned(session, card.id, one)) == ["utrecht"]
        for elsewhere in ("", "amsterdam"):
            with pytest.raises(NotAllowed):
                service.draft(
                    session, actor=one, now=now, campaign_slug=campaign, plan=plan(chapter=elsewhere)
                )
        slug = make_scheduled(session, now, actor=one, campaign=campaign, chapter="utrecht")
        for elsewhere in ("", "amsterdam"):
            with pytest.raises(NotAllowed):
                service.edit(session, actor=one, now=now, slug=slug, plan=plan(chapter=elsewhere), site=SITE)

    def test_a_floor_above_the_chapter_and_an_unknown_chapter_are_refused(self, session, now, first, town):
        campaign = town[0]
        for facts, field in (
            ({"chapter": "utrecht", "floor": 15}, "floor"),
            ({"chapter": "atlantis"}, "chapter"),
        ):
            with pytest.raises(Invalid) as refused:
                service.draft(session, actor=first, now=now, campaign_slug=campaign, plan=plan(**facts))
            assert refused.value.field == field

    def test_making_it_everybodys_asks_again(self, session, now, first, town):
        campaign = town[0]
        slug = make_scheduled(session, now, actor=first, campaign=campaign, chapter="utrecht")
        assert (
            service.edit(session, actor=first, now=now, slug=slug, plan=plan(chapter="utrecht"), site=SITE)
            == 1
        )
        assert service.edit(session, actor=first, now=now, slug=slug, plan=plan(), site=SITE) == 2


def test_stopping_takes_the_planned_vote_along(session, now, first, campaign, crew):
    """Whoever runs an action at one place runs no ballots, yet must be able to stop the action."""
    slug = make_scheduled(session, now, actor=first, campaign=campaign)
    service.plan_vote(
        session, actor=first, now=now, slug=slug, vote=replace(VOTE, server_trustee=True), site=SITE
    )
    service.cancel(session, actor=crew[0], now=now, slug=slug, reason="They answered.", site=SITE)
    assert [one.state for one in queries.console(session, slug, SYSTEM, now, "en").votes] == ["dropped"]
    assert Role.ORGANIZER not in crew[0].roles


class TestAVoteBesideAChaptersAction:
    @pytest.fixture
    def holder(self, session):
        return make_member(session, roles=[Role.TRUSTEE], name="Tea", platforms=["rijder"])

    @pytest.fixture
    def town(self, session, now, called, holder):
        """A campaign that calls twelve of Amsterdam and eight of Utrecht; the chapter's action runs with a vote."""
        for slug in ("amsterdam", "utrecht"):
            make_chapter(session, slug)
        there = make_called(session, 8, chapter="utrecht")
        return make_campaign(session, now, called=[*called, *there], months_left=1), there

    def test_is_held_among_the_chapter_and_carries_this_action_alone(
        self, session, now, first, second, called, town, holder
    ):
        campaign, there = town
        slug, hand = planned(session, now, first, second, campaign, holder, action={"chapter": "utrecht"})
        start = live(session, slug, now)
        at = start + timedelta(minutes=30)
        launch(session, slug, hand, at)
        assert set(hand.voters) == set(
            members.eligible(session, platform_slug="rijder", chapter_slug="utrecht")
        )
        assert set(there) <= set(hand.voters)
        assert not set(called) & set(hand.voters), "Amsterdam decides nothing about Utrecht"
        before = campaigns.mandates_of(session, row(session, slug).campaign_id)
        hold(session, hand, [YES] * len(hand.voters), at + timedelta(minutes=1))
        counted = hand.closes_at + timedelta(minutes=5)
        count(session, hand, counted)
        assert settle(session, slug, counted) == 1
        action = row(session, slug)
        assert the_vote(session).state is VoteState.PASSED
        assert action.mandate_ballot == hand.slug
        assert action.mandate_expires_at > counted + timedelta(days=150), "the action goes on under its vote"
        assert campaigns.mandates_of(session, action.campaign_id) == before, (
            "a chapter gives no other a mandate"
        )

    def test_follows_the_action_to_whom_it_calls(self, session, now, first, second, town, holder):
        campaign, _ = town
        slug = make_scheduled(session, now, actor=first, campaign=campaign, chapter="utrecht")
        service.plan_vote(
            session, actor=first, now=now, slug=slug, vote=replace(VOTE, trustee_ids=(holder,)), site=SITE
        )
        ballot = the_vote(session).ballot_slug
        held = lambda: session.query(Ballot).filter_by(slug=ballot).one().chapter_slug  # noqa: E731 - read anew
        assert held() == "utrecht"
        service.edit(session, actor=first, now=now, slug=slug, plan=plan(chapter="amsterdam"), site=SITE)
        assert held() == "amsterdam"
        service.edit(session, actor=first, now=now, slug=slug, plan=plan(), site=SITE)
        assert held() is None


class TestPaperOfOneChapter:
    @pytest.fixture
    def street(self, session, now, first, second, called):
        """An action of everybody that runs, and who organizes Utrecht alone."""
        for slug in ("amsterdam", "utrecht"):
            make_chapter(session, slug)
        campaign = make_campaign(session, now, called=called)
        one = local(session, now, Place(PlaceKind.CHAPTER, "utrecht"), chapter="utrecht", name="Uma")
        slug = make_armed(session, now, first=first, second=second, campaign=campaign)
        live(session, slug, now)
        return slug, one

    def test_its_organizer_counts_it_in_an_action_of_everybody(self, session, now, street):
        slug, one = street
        service.add_paper(session, actor=one, now=now, slug=slug, chapter_slug="utrecht", count=7)
        with pytest.raises(NotAllowed):
            service.add_paper(session, actor=one, now=now, slug=slug, chapter_slug="amsterdam", count=7)
        assert queries.overview(session, slug, now).numbers.checked_in == 7
        found = queries.on_paper(session, slug, one)
        assert (list(found.chapters), found.console) == (["utrecht"], False)
        assert queries.action_page(session, slug, one, now, "en").paper
        with pytest.raises(NotAllowed):
            queries.console(session, slug, one, now, "en")

    def test_and_not_in_the_action_of_another_chapter(self, session, now, first, second, street):
        campaign = make_campaign(session, now, called=make_called(session, 12, chapter="amsterdam"))
        slug = make_armed(
            session, now, first=first, second=second, campaign=campaign, chapter="amsterdam", title="Theirs"
        )
        live(session, slug, now)
        for refused in (
            lambda: service.add_paper(
                session, actor=street[1], now=now, slug=slug, chapter_slug="utrecht", count=7
            ),
            lambda: queries.on_paper(session, slug, street[1]),
        ):
            with pytest.raises(NotAllowed):
                refused()


def test_the_four_numbers_of_a_chapters_action_count_the_chapter(session, now, first, second, called):
    for slug in ("amsterdam", "utrecht"):
        make_chapter(session, slug)
    there = make_called(session, 8, chapter="utrecht")
    campaign = make_campaign(session, now, called=[*called, *there])
    slug = make_armed(session, now, first=first, second=second, campaign=campaign, chapter="utrecht", floor=5)
    for one in there[:3]:
        service.choose(
            session, actor=members.actor_of(session, one), now=now, slug=slug, choice="in", site=SITE
        )
    found = queries.console(session, slug, first, now, "en").numbers
    assert (found.pledged, found.taking_part, found.verified) == (8, 8, 3)
    assert found.roll == len(members.eligible(session, platform_slug="rijder", chapter_slug="utrecht"))
    session.get(Member, there[0]).state = "suspended"
    session.flush()
    found = queries.console(session, slug, first, now, "en").numbers
    assert (found.pledged, found.taking_part, found.verified) == (7, 7, 2), "who left is in no number"

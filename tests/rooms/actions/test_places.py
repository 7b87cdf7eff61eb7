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
from tests.factories.members import make_chapter
from tests.factories.organizing import actor_at
from tests.rooms.actions.test_going_on import VOTE
from union.actions import queries, service, standing
from union.actions.models import Action
from union.actions.rules.readiness import NotReady
from union.actions.rules.states import State
from union.campaigns import queries as campaigns
from union.core.actor import SYSTEM, Place, PlaceKind, Role
from union.core.errors import Conflict, Invalid, NotAllowed
from union.members import queries as members


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

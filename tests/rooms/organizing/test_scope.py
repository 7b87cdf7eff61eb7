"""The walls of a place: a chapter's organizer sees that chapter, a campaign's its lists, a helper one list."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.factories.campaigns import make_campaign
from tests.factories.members import make_chapter, make_member
from tests.factories.organizing import (
    actor_at,
    chapter_organizer,
    helper,
    list_draft,
    list_place,
    log,
    make_list,
    make_tag,
    officer,
    organizer,
)
from union.audit import queries as audit
from union.campaigns import queries as campaigns
from union.core import permissions
from union.core.actor import SYSTEM, Place, PlaceKind, Role
from union.core.errors import Conflict, Invalid, NotAllowed, NotFound
from union.core.permissions import Permission, permits, reaches
from union.members import queries as members
from union.members import service as registry
from union.organizing import queries, scope, service
from union.organizing.rules.wanted import Wanted

EVERYBODY = Wanted()


@pytest.fixture
def town(session):
    """Two chapters with people who have numbers, and who organizes what."""
    make_chapter(session, "utrecht")
    here = [make_member(session, name=f"Ann {n}", phone=True) for n in range(3)]
    there = [make_member(session, name=f"Uma {n}", phone=True, chapter="utrecht") for n in range(3)]
    return {"here": here, "there": there, "chief": organizer(session), "local": chapter_organizer(session)}


class TestThePermissionTable:
    def test_a_role_at_one_place_counts_there_alone(self):
        actor = actor_with(Role.ORGANIZER, scope.chapter("amsterdam"))
        assert permits(actor, Permission.ORGANIZING_PEOPLE, scope.chapter("amsterdam"))
        assert not permits(actor, Permission.ORGANIZING_PEOPLE, scope.chapter("utrecht"))
        assert not permits(actor, Permission.ORGANIZING_PEOPLE)
        assert reaches(actor, Permission.ORGANIZING_PEOPLE)

    @pytest.mark.parametrize("kind", list(PlaceKind))
    @pytest.mark.parametrize("role", [Role.ORGANIZER, Role.HELPER])
    def test_it_opens_nothing_that_is_not_named_as_local(self, role, kind):
        place = Place(kind, "x")
        actor = actor_with(role, place)
        plain = actor_with(role, place, duties=False)
        for permission in Permission:
            if permission not in permissions.LOCAL:
                assert permits(actor, permission, place) == permits(plain, permission), permission

    def test_a_campaign_is_no_place_to_see_people(self):
        actor = actor_with(Role.ORGANIZER, Place(PlaceKind.CAMPAIGN, "x"))
        assert permits(actor, Permission.ORGANIZING_LISTS, Place(PlaceKind.CAMPAIGN, "x"))
        assert not reaches(actor, Permission.ORGANIZING_PEOPLE)

    def test_a_suspended_member_holds_nothing(self):
        actor = actor_with(Role.ORGANIZER, scope.chapter("amsterdam"), active=False)
        assert not reaches(actor, Permission.ORGANIZING_LISTS)

    def test_planted_fault_a_table_that_forgets_the_place_opens_the_register(self, monkeypatch):
        monkeypatch.setitem(permissions.LOCAL, Permission.MEMBER_READ, frozenset(PlaceKind))
        actor = actor_with(Role.ORGANIZER, scope.chapter("amsterdam"))
        assert reaches(actor, Permission.MEMBER_READ)


def actor_with(role, place, *, active=True, duties=True):
    from union.core.actor import Actor

    held = frozenset({(role, place)}) if duties else frozenset()
    return Actor(member_id="a", active=active, roles=frozenset({Role.MEMBER}), duties=held)


class TestChapterOrganizer:
    def test_sees_the_people_of_the_chapter_only(self, session, town):
        found = queries.people_page(session, actor=town["local"], wanted=EVERYBODY, now=NOW)
        assert set(town["here"]) < set(found.ids)
        assert not set(found.ids) & set(town["there"])
        everybody = queries.people_page(session, actor=town["chief"], wanted=EVERYBODY, now=NOW)
        assert set(everybody.ids) > set(town["there"])

    def test_a_filter_for_another_chapter_finds_nobody(self, session, town):
        found = queries.people_page(session, actor=town["local"], wanted=Wanted(chapter="utrecht"), now=NOW)
        assert found.ids == ()

    def test_everything_of_another_chapter_is_refused(self, session, town):
        make_tag(session)
        local, stranger = town["local"], town["there"][0]
        talk = log(session, town["chief"], stranger, rating=1, note="secret")
        other = make_list(session, town["chief"], place=scope.chapter("utrecht"))
        task = service.add_task(
            session, actor=town["chief"], title="Visit", due_at=NOW + timedelta(days=1), zone="UTC",
            place=scope.chapter("utrecht"), assignee_id=None, now=NOW,
        )  # fmt: skip
        for refused in (
            lambda: queries.person_page(session, actor=local, member_id=stranger, now=NOW),
            lambda: log(session, local, stranger, rating=2),
            lambda: queries.talk(session, actor=local, talk_id=talk, now=NOW),
            lambda: service.undo_talk(session, actor=local, talk_id=talk, now=NOW),
            lambda: service.refuse_contact(session, actor=local, member_id=stranger, now=NOW),
            lambda: queries.list_page(session, actor=local, list_id=other, now=NOW),
            lambda: queries.call_page(session, actor=local, list_id=other, now=NOW),
            lambda: queries.task(session, actor=local, task_id=task),
            lambda: service.finish_task(session, actor=local, task_id=task, now=NOW),
        ):
            with pytest.raises(NotFound):
                refused()
        for refused in (
            lambda: make_list(session, local, place=scope.chapter("utrecht")),
            lambda: make_list(session, local, place=None),
            lambda: service.close_list(session, actor=local, list_id=other, now=NOW),
            lambda: service.next_call(session, actor=local, list_id=other, now=NOW),
            lambda: service.invite(session, actor=local, chapter="utrecht", now=NOW, site=""),
            lambda: service.ask_export(session, actor=local, list_id=other, reason="why", now=NOW),
            lambda: service.retire_tag(session, actor=local, slug="nights", now=NOW),
            lambda: members.register_page(session, actor=local),
            lambda: members.member_page(session, actor=local, member_id=town["here"][0]),
            lambda: registry.reveal_contact(
                session, actor=local, member_id=town["here"][0], reason="why", now=NOW
            ),
        ):
            with pytest.raises(NotAllowed):
                refused()

    def test_tags_go_on_the_chapters_people_and_leave_the_others_alone(self, session, town):
        make_tag(session)
        mixed = [*town["here"], *town["there"]]
        assert service.put_tag(session, actor=town["local"], slug="nights", member_ids=mixed, now=NOW) == 3
        worn = {one.slug: one.worn for one in queries.tag_page(session, actor=town["chief"])}
        assert worn == {"nights": 3}
        with pytest.raises(Invalid):
            service.put_tag(session, actor=town["local"], slug="nights", member_ids=town["there"], now=NOW)

    def test_a_list_of_the_chapter_has_the_chapters_people(self, session, town):
        made = make_list(session, town["local"])
        card = queries.list_page(session, actor=town["local"], list_id=made, now=NOW).card
        assert card.people == 3

    def test_who_moved_away_takes_the_old_talks_out_of_nobodys_sight_but_the_new_chapters(
        self, session, town
    ):
        """A talk stays with the chapter where it was held: the next chapter starts afresh."""
        person = town["here"][0]
        log(session, town["local"], person, rating=1, note="likes to act")
        registry.update_details(
            session, actor=members.actor_of(session, person), name="Ann", language="en", zone="UTC",
            chapter="utrecht", now=NOW,
        )  # fmt: skip
        uma = chapter_organizer(session, "utrecht")
        page = queries.person_page(session, actor=uma, member_id=person, now=NOW)
        assert (page.talks, page.row.rating) == ((), None)
        assert len(queries.person_page(session, actor=town["chief"], member_id=person, now=NOW).talks) == 1

    def test_planted_fault_without_the_wall_the_stranger_is_seen(self, session, town, monkeypatch):
        monkeypatch.setattr(scope, "sees", lambda *_: True)
        page = queries.person_page(session, actor=town["local"], member_id=town["there"][0], now=NOW)
        assert page.row.card.id == town["there"][0]


class TestCampaignOrganizer:
    @pytest.fixture
    def runner(self, session, town):
        slug = make_campaign(session)
        place = Place(PlaceKind.CAMPAIGN, campaigns.card(session, slug).id)
        for n in range(4):
            make_member(session, name=f"Rider {n}", phone=True, platforms=("rijder",), chapter="utrecht")
        return actor_at(session, place), place

    def test_runs_the_campaigns_work_without_seeing_the_member_list(self, session, runner):
        """An event can be run by somebody to whom the list of members stays closed."""
        actor, place = runner
        for refused in (
            lambda: queries.people_page(session, actor=actor, wanted=EVERYBODY, now=NOW),
            lambda: queries.prospect_page(session, actor=actor),
            lambda: members.register_page(session, actor=actor),
        ):
            with pytest.raises(NotAllowed):
                refused()
        made = make_list(session, actor, place=place)
        page = queries.list_page(session, actor=actor, list_id=made, now=NOW)
        assert (page.card.people, page.names_seen) == (4, False)
        with pytest.raises(NotAllowed):
            service.ask_export(session, actor=actor, list_id=made, reason="why", now=NOW)
        assert service.next_call(session, actor=actor, list_id=made, now=NOW)
        line = queries.call_page(session, actor=actor, list_id=made, now=NOW).on_line
        assert (line.name, line.number[:4]) == ("Rider", "+316")
        overview = queries.overview(session, actor=actor, now=NOW)
        assert (overview.people, overview.total, overview.chapters) == (False, None, ())
        service.add_task(
            session, actor=actor, title="Print posters", due_at=NOW + timedelta(days=1), zone="UTC", place=place,
            assignee_id=actor.member_id, now=NOW,
        )  # fmt: skip
        assert [one.title for one in queries.open_tasks(session, actor=actor)] == ["Print posters"]

    def test_another_campaign_is_closed(self, session, runner):
        actor, _ = runner
        other = Place(PlaceKind.CAMPAIGN, "another")
        with pytest.raises(NotAllowed):
            make_list(session, actor, place=other)


class TestHelper:
    def test_gets_one_list_and_nothing_else(self, session, town):
        mine = make_list(session, town["local"])
        other = make_list(session, town["local"])
        ada = helper(session, mine, by=town["local"], name="Ada")
        assert [one.id for one in queries.my_lists(session, actor=ada, now=NOW)] == [mine]
        assert service.next_call(session, actor=ada, list_id=mine, now=NOW)
        with pytest.raises(NotAllowed):
            service.next_call(session, actor=ada, list_id=other, now=NOW)
        with pytest.raises(NotFound):
            queries.call_page(session, actor=ada, list_id=other, now=NOW)
        for refused in (
            lambda: queries.list_page(session, actor=ada, list_id=mine, now=NOW),
            lambda: queries.people_page(session, actor=ada, wanted=EVERYBODY, now=NOW),
            lambda: queries.tag_page(session, actor=ada),
            lambda: service.add_helper(
                session, actor=ada, list_id=mine, member_id="x", until=NOW + timedelta(days=1), now=NOW
            ),
        ):
            with pytest.raises(NotAllowed):
                refused()

    def test_access_ends_by_itself_and_at_a_word(self, session, town):
        made = make_list(session, town["local"])
        ada = helper(session, made, by=town["local"], until=NOW + timedelta(days=1))
        later = NOW + timedelta(days=1)
        assert not members.actor_of(session, ada.member_id, now=later).duties
        [grant] = members.local_roles(session, now=NOW, place=list_place(made))
        service.end_helper(session, actor=town["local"], list_id=made, grant_id=grant.id, now=NOW)
        assert not members.actor_of(session, ada.member_id, now=NOW).duties

    def test_access_never_outlasts_the_list(self, session, town):
        made = make_list(session, town["local"], closes_at=NOW + timedelta(days=2))
        helper(session, made, by=town["local"], until=NOW + timedelta(days=30))
        [grant] = members.local_roles(session, now=NOW, place=list_place(made))
        assert grant.until == NOW + timedelta(days=2)

    def test_an_organizer_cannot_end_the_helper_of_anothers_list(self, session, town):
        """The grant is named by the list it belongs to, not by whoever knows its id."""
        mine = make_list(session, town["local"])
        other = make_list(session, town["chief"], place=scope.chapter("utrecht"))
        helper(session, other, by=town["chief"])
        [grant] = members.local_roles(session, now=NOW, place=list_place(other))
        with pytest.raises(NotFound):
            service.end_helper(session, actor=town["local"], list_id=mine, grant_id=grant.id, now=NOW)


class TestGranting:
    def test_an_officer_gives_and_ends_a_role_here_and_both_are_in_the_log(self, session, town):
        chair = officer(session)
        who = make_member(session, email="new@example.org")
        made = service.grant_role(
            session, actor=chair, who="New@example.org", role=Role.ORGANIZER, place=scope.chapter("utrecht"),
            until=NOW + timedelta(days=90), now=NOW,
        )  # fmt: skip
        assert members.actor_of(session, who, now=NOW).places == {scope.chapter("utrecht")}
        assert [one.id for one in queries.local_roles(session, actor=chair, now=NOW) if one.id == made]
        service.end_role(session, actor=chair, grant_id=made, now=NOW)
        assert members.actor_of(session, who, now=NOW).places == frozenset()
        acts = [one.act for one in audit.newest(session, before=None, subject=f"member/{who}", limit=5)]
        assert acts == ["members.revoke_here", "members.grant_here"]

    def test_a_second_grant_prolongs_the_first(self, session, town):
        chair, who = officer(session), make_member(session)
        facts = {
            "actor": chair,
            "who": who,
            "role": Role.ORGANIZER,
            "place": scope.chapter("utrecht"),
            "now": NOW,
        }
        first = service.grant_role(session, **facts, until=NOW + timedelta(days=1))
        assert service.grant_role(session, **facts, until=NOW + timedelta(days=9)) == first
        [held] = members.local_roles(session, now=NOW, member_id=who)
        assert held.until == NOW + timedelta(days=9)

    @pytest.mark.parametrize("days", [0, -1, 400])
    def test_a_role_here_always_ends_within_a_year(self, session, town, days):
        with pytest.raises(Invalid):
            service.grant_role(
                session, actor=officer(session), who=make_member(session), role=Role.ORGANIZER,
                place=scope.chapter("utrecht"), until=NOW + timedelta(days=days), now=NOW,
            )  # fmt: skip

    def test_only_officers_give_it_and_only_what_can_be_given(self, session, town):
        who = make_member(session)
        until = NOW + timedelta(days=9)
        for actor in (town["chief"], town["local"]):
            with pytest.raises(NotAllowed):
                service.grant_role(
                    session, actor=actor, who=who, role=Role.ORGANIZER, place=scope.chapter("utrecht"),
                    until=until, now=NOW,
                )  # fmt: skip
        chair = officer(session)
        with pytest.raises(NotFound):
            service.grant_role(
                session, actor=chair, who=who, role=Role.ORGANIZER, place=scope.chapter("mars"), until=until,
                now=NOW,
            )  # fmt: skip
        with pytest.raises(NotFound):
            service.grant_role(
                session, actor=chair, who=who, role=Role.ORGANIZER, place=Place(PlaceKind.CAMPAIGN, "x"),
                until=until, now=NOW,
            )  # fmt: skip
        with pytest.raises(Invalid):
            registry.grant_local_role(
                session, actor=SYSTEM, member_id=who, role=Role.OFFICER, place=scope.chapter("utrecht"),
                until=until, now=NOW,
            )  # fmt: skip
        suspended = make_member(session, state="suspended")
        with pytest.raises(Conflict):
            service.grant_role(
                session, actor=chair, who=suspended, role=Role.ORGANIZER, place=scope.chapter("utrecht"),
                until=until, now=NOW,
            )  # fmt: skip

    def test_leaving_and_erasing_end_it(self, session, town):
        local = town["local"]
        registry.leave(session, actor=local, now=NOW)
        assert members.local_roles(session, now=NOW, member_id=local.member_id) == []


def test_a_list_draft_for_a_text_asks_for_nobodys_name(session, town):
    draft = list_draft(wanted=Wanted(called_in="x", called="yes"))
    with pytest.raises(Invalid):
        service.make_list(session, actor=town["chief"], draft=draft, now=NOW)

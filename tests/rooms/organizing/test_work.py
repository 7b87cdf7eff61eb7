"""Tags, talks, tasks, texts, files, prospects, and what all of it forgets."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.conftest import NOW
from tests.factories.campaigns import make_campaign, pledge_all, row_of
from tests.factories.members import letters, make_chapter, make_member, make_members
from tests.factories.organizing import (
    SITE,
    chapter_organizer,
    helper,
    log,
    make_list,
    make_tag,
    officer,
    organizer,
)
from union.audit import queries as audit
from union.campaigns import service as campaigning
from union.core import db
from union.core.actor import SYSTEM
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.members import queries as members
from union.members import service as registry
from union.notify import service as notify
from union.notify.models import Outbox
from union.notify.rules.kinds import Channel, Mailing
from union.organizing import models, queries, scope, service
from union.organizing.rules.calling import Kind, Outcome
from union.organizing.rules.talks import TALKS_KEPT
from union.organizing.rules.wanted import Wanted
from union.organizing.service import Said
from union.organizing.service.texting import GRACE

HERE = scope.chapter("amsterdam")


@pytest.fixture
def local(session):
    return chapter_organizer(session)


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


class TestTags:
    def test_a_tag_is_made_with_its_meaning_and_a_promise(self, session, local):
        facts = {"actor": local, "name": "Drives  nights", "meaning": "more nights than days", "now": NOW}
        with pytest.raises(Invalid) as refused:
            service.make_tag(session, **facts, harmless=False)
        assert refused.value.field == "harmless"
        assert service.make_tag(session, **facts, harmless=True) == "drives-nights"
        with pytest.raises(Conflict):
            service.make_tag(session, **{**facts, "name": "DRIVES NIGHTS"}, harmless=True)

    def test_twice_changes_nothing_and_off_is_off(self, session, local):
        make_tag(session)
        who = make_member(session)
        put = {"actor": local, "slug": "nights", "member_ids": [who, who], "now": NOW}
        assert (service.put_tag(session, **put), service.put_tag(session, **put)) == (1, 0)
        assert (service.take_tag(session, **put), service.take_tag(session, **put)) == (1, 0)
        with pytest.raises(NotFound):
            service.put_tag(session, **{**put, "slug": "none"})

    def test_a_retired_tag_stays_where_it_is(self, session, local):
        make_tag(session)
        first, second = make_members(session, 2)
        service.put_tag(session, actor=local, slug="nights", member_ids=[first], now=NOW)
        service.retire_tag(session, actor=organizer(session), slug="nights", now=NOW)
        with pytest.raises(Conflict):
            service.put_tag(session, actor=local, slug="nights", member_ids=[second], now=NOW)
        assert queries.person_page(session, actor=local, member_id=first, now=NOW).tags
        assert queries.tags(session, actor=local) == []


class TestTalks:
    def test_history_changes_and_undo(self, session, local):
        who = make_member(session)
        first = log(session, local, who, rating=3, at=NOW - timedelta(days=2))
        log(session, local, who, rating=2, note="asks for a leaflet")
        page = queries.person_page(session, actor=local, member_id=who, now=NOW)
        assert ([one.rating for one in page.talks], page.row.rating) == ([2, 3], 2)
        service.change_talk(session, actor=local, talk_id=first, at=NOW, note="n", rating=1, now=NOW)
        with pytest.raises(Closed):
            service.undo_talk(session, actor=local, talk_id=first, now=NOW + timedelta(days=1))
        service.undo_talk(session, actor=local, talk_id=first, now=NOW)
        assert len(queries.person_page(session, actor=local, member_id=who, now=NOW).talks) == 1

    def test_nobody_changes_anothers_talk(self, session, local):
        talk = log(session, local, make_member(session), rating=3)
        with pytest.raises(NotFound):
            service.undo_talk(session, actor=organizer(session), talk_id=talk, now=NOW)

    def test_the_note_is_sealed_at_rest_and_not_in_the_log(self, session, local):
        who = make_member(session)
        log(session, local, who, note="wants to lead the garage", rating=1)
        raw = session.connection().exec_driver_sql("SELECT note FROM talk").scalar()
        assert b"garage" not in bytes(raw)
        [entry] = audit.newest(session, before=None, subject=f"member/{who}", limit=1)
        assert (entry.act, entry.facts) == ("organizing.talk", {})

    def test_after_half_a_year_only_counts_stay(self, session, local):
        old = NOW - TALKS_KEPT + timedelta(minutes=1)
        for n, who in enumerate(make_members(session, 22)):
            log(session, local, who, rating=2 if n < 12 else 4, note="x", at=old, now=NOW)
        before = queries.overview(session, actor=local, now=NOW).periods
        assert [(one.rated, one.support) for one in before] == [(22, 12)]
        assert service.fold_talks(session, actor=SYSTEM, now=NOW + timedelta(minutes=1)) == 22
        assert count(session, models.Talk) == 0
        kept = session.scalars(select(models.RatingCount).order_by(models.RatingCount.rating))
        assert [(row.chapter_slug, row.rating, row.count) for row in kept] == [
            ("amsterdam", 2, 12),
            ("amsterdam", 4, 10),
        ]
        assert queries.overview(session, actor=local, now=NOW).periods == before
        assert service.fold_talks(session, actor=SYSTEM, now=NOW + timedelta(minutes=1)) == 0

    def test_the_drawing_hides_what_is_under_ten(self, session, local):
        make_chapter(session, "utrecht")
        for n, who in enumerate(make_members(session, 26)):
            log(session, local, who, rating=1 if n < 12 else 2 if n < 23 else 5)
        chief = organizer(session)
        for who in make_members(session, 4, chapter="utrecht"):
            log(session, chief, who, rating=1)
        found = queries.overview(session, actor=chief, now=NOW)
        rows = {row.name: row for row in found.chapters}
        assert (rows["Amsterdam"].rated, rows["Amsterdam"].cells[1], rows["Amsterdam"].cells[5]) == (
            26,
            12,
            None,
        )
        assert rows["Amsterdam"].cells[2] is None  # else three could be worked out
        assert (rows["Utrecht"].rated, set(rows["Utrecht"].cells.values())) == (None, {None})

    def test_the_member_sees_the_facts_and_takes_the_words(self, session, local):
        make_tag(session)
        who = make_member(session)
        service.put_tag(session, actor=local, slug="nights", member_ids=[who], now=NOW)
        log(session, local, who, note="asks for a leaflet", rating=2)
        me = members.actor_of(session, who)
        page = queries.noted(session, actor=me)
        assert (page.tags[0][0], page.talks[0].noted, page.talks[0].assessed) == ("Nights", True, True)
        kept = queries.own_file(session, actor=me)
        assert (kept["talks"][0]["note"], kept["talks"][0]["assessment"]) == ("asks for a leaflet", 2)
        assert kept["tags"][0]["tag"] == "Nights"


class TestTasks:
    def task(self, session, actor, **facts):
        facts = {
            "title": "Call the garage", "due_at": NOW + timedelta(hours=30), "zone": "Europe/Amsterdam",
            "place": HERE, "assignee_id": None, "now": NOW, **facts,
        }  # fmt: skip
        return service.add_task(session, actor=actor, **facts)

    def test_mine_done_undone(self, session, local):
        who = make_member(session)
        me = members.actor_of(session, who)
        task = self.task(session, local, assignee_id=who)
        assert [one.title for one in queries.waiting_for(session, actor=me)] == ["Call the garage"]
        service.finish_task(session, actor=me, task_id=task, now=NOW)
        assert queries.waiting_for(session, actor=me) == ()
        with pytest.raises(Conflict):
            service.finish_task(session, actor=me, task_id=task, now=NOW)
        service.reopen_task(session, actor=me, task_id=task, now=NOW)
        assert len(queries.waiting_for(session, actor=me)) == 1
        with pytest.raises(NotFound):
            service.finish_task(
                session, actor=members.actor_of(session, make_member(session)), task_id=task, now=NOW
            )
        with pytest.raises(NotAllowed):
            service.change_task(
                session, actor=me, task_id=task, title="x", due_at=NOW + timedelta(days=1), zone="UTC",
                assignee_id=who, now=NOW,
            )  # fmt: skip

    def remind(self, session, now):
        return service.remind_due(session, actor=SYSTEM, now=now, site=SITE)

    def test_the_reminder_is_decided_at_its_moment(self, session, local):
        who, other = make_member(session), make_member(session, zone="Europe/London")
        kept, done, moved, given = (self.task(session, local, assignee_id=who) for _ in range(4))
        assert self.remind(session, NOW) == 0  # too early for all
        service.finish_task(session, actor=local, task_id=done, now=NOW)
        change = {"actor": local, "title": "t", "zone": "Europe/Amsterdam", "now": NOW}
        service.change_task(session, **change, task_id=moved, due_at=NOW + timedelta(days=9), assignee_id=who)
        service.change_task(
            session, **change, task_id=given, due_at=NOW + timedelta(hours=30), assignee_id=other
        )
        later = NOW + timedelta(hours=7)
        assert self.remind(session, later) == 2
        assert self.remind(session, later) == 0
        told = {
            row.ref: row.member_id for row in session.scalars(select(Outbox).where(Outbox.ref.like("task:%")))
        }
        assert told == {f"task:{kept}": who, f"task:{given}": other}
        [london] = [one for one in letters(session) if one["fields"].get("title") == "t"]
        assert "London" in london["fields"]["when"]
        assert "Amsterdam" in london["fields"]["when"]

    def test_a_moved_task_is_reminded_of_again_and_nothing_is_late(self, session, local):
        who = make_member(session)
        task = self.task(session, local, assignee_id=who, due_at=NOW + timedelta(hours=5))
        assert self.remind(session, NOW) == 1
        service.change_task(
            session, actor=local, task_id=task, title="t", due_at=NOW + timedelta(hours=50), zone="UTC",
            assignee_id=who, now=NOW,
        )  # fmt: skip
        assert self.remind(session, NOW + timedelta(hours=27)) == 1
        late = self.task(session, local, assignee_id=who, due_at=NOW + timedelta(hours=1))
        assert late
        assert self.remind(session, NOW + timedelta(hours=1)) == 0

    def test_a_follow_up_shows_its_person_only_to_who_may_see_them(self, session, local):
        who, friend = make_member(session, name="Ann"), make_member(session)
        self.task(session, local, assignee_id=friend, about_id=who)
        [seen] = queries.open_tasks(session, actor=local)
        [hidden] = queries.waiting_for(session, actor=members.actor_of(session, friend))
        assert (seen.about, hidden.about, hidden.about_id) == ("Ann", "", None)


class TestTexts:
    @pytest.fixture
    def people(self, session):
        return {
            "sms": make_member(session, sms=True),
            "stop": make_member(session, sms=True, phone="+31612345678"),
            "mail": make_member(session, language="nl"),
            "nobody": make_member(session, email=False, phone=True),
        }

    def text(self, session, local, **facts):
        return make_list(
            session,
            local,
            **{"kind": Kind.TEXT, "script": "We meet on Friday at eight.", "by_email": True, **facts},
        )

    def test_the_preview_says_whom_it_reaches_and_what_it_costs(self, session, local, people):
        notify.opt_out(
            session, now=NOW, channel=Channel.SMS, to="+31612345678", lists=[Mailing.CAMPAIGNS], reason="stop"
        )
        page = queries.text_page(session, actor=local, list_id=self.text(session, local), now=NOW)
        assert (len(page.people.by_sms), page.stopped, page.segments) == (2, 1, 1)
        # the organizer has an address too
        assert (len(page.people.by_email), page.people.nobody) == (2, 1)
        assert page.samples[0][1] == "We meet on Friday at eight. Reply STOP to stop."

    def test_it_leaves_by_the_outbox_respecting_opt_outs_and_can_be_stopped(self, session, local, people):
        notify.opt_out(
            session, now=NOW, channel=Channel.SMS, to="+31612345678", lists=[Mailing.CAMPAIGNS], reason="stop"
        )
        made = self.text(session, local)
        sent = service.send_text(session, actor=local, list_id=made, now=NOW)
        assert (sent.written, sent.suppressed) == (4, 1)
        rows = session.scalars(select(Outbox).where(Outbox.ref == f"organizing:{made}")).all()
        assert {row.member_id for row in rows} >= {people["sms"], people["mail"]}
        assert all(row.not_before >= NOW + GRACE for row in rows)
        with pytest.raises(Conflict):
            service.send_text(session, actor=local, list_id=made, now=NOW)
        assert service.cancel_text(session, actor=local, list_id=made, now=NOW) == 3
        with pytest.raises(Closed):
            service.cancel_text(session, actor=local, list_id=made, now=NOW)

    def test_at_night_it_waits_for_the_morning(self, session, local, people):
        night = NOW.replace(hour=22)
        made = self.text(session, local)
        service.send_text(session, actor=local, list_id=made, now=night)
        [row] = session.scalars(select(Outbox).where(Outbox.member_id == people["sms"]))
        assert row.not_before == NOW.replace(day=NOW.day + 1, hour=7)

    def test_whom_it_finds_is_asked_when_it_is_sent(self, session, local, people):
        made = self.text(session, local)
        service.refuse_contact(session, actor=local, member_id=people["sms"], now=NOW)
        registry.leave(session, actor=members.actor_of(session, people["stop"]), now=NOW)
        service.send_text(session, actor=local, list_id=made, now=NOW)
        told = set(session.scalars(select(Outbox.member_id).where(Outbox.ref == f"organizing:{made}")))
        assert people["mail"] in told
        assert not {people["sms"], people["stop"]} & told

    def test_who_is_called_is_asked_of_a_settled_round_only_and_of_ten_people(self, session):
        chief = organizer(session)
        slug = make_campaign(session)
        pledge_all(session, slug, [1] * 12, sms=True)
        make_member(session, sms=True, platforms=("rijder",))
        made = self.text(
            session, chief, place=None, wanted=Wanted(called_in=row_of(session, slug).id, called="yes")
        )
        page = queries.text_page(session, actor=chief, list_id=made, now=NOW)
        assert page.people is None
        assert "settled" in page.problem
        campaigning.settle(session, slug=slug, actor=SYSTEM, now=NOW + timedelta(days=7), public_url=SITE)
        page = queries.text_page(session, actor=chief, list_id=made, now=NOW)
        assert len(page.people.by_sms) == 12
        not_called = self.text(
            session, chief, place=None, wanted=Wanted(called_in=row_of(session, slug).id, called="no")
        )
        page = queries.text_page(session, actor=chief, list_id=not_called, now=NOW)
        assert page.people is None
        assert "fewer than ten" in page.problem
        with pytest.raises(Invalid):
            service.send_text(session, actor=chief, list_id=not_called, now=NOW)
        # no row joins a member to the round: a text list keeps nobody
        assert count(session, models.CallEntry) == 0


class TestFiles:
    def test_two_people_a_reason_once_and_all_of_it_in_the_log(self, session, local):
        make_member(session, name="=Ann", phone="+31612345678")
        made = make_list(session, local)
        with pytest.raises(Invalid):
            service.ask_export(session, actor=local, list_id=made, reason="  ", now=NOW)
        asked = service.ask_export(
            session, actor=local, list_id=made, reason="paper list for the van", now=NOW
        )
        with pytest.raises(Closed):
            service.take_export(session, actor=local, export_id=asked, now=NOW)
        chief = organizer(session)
        own = service.ask_export(session, actor=chief, list_id=made, reason="mine", now=NOW)
        with pytest.raises(Conflict):
            service.agree_export(session, actor=chief, export_id=own, now=NOW)
        with pytest.raises(NotAllowed):
            service.agree_export(session, actor=chapter_organizer(session), export_id=asked, now=NOW)
        service.agree_export(session, actor=officer(session), export_id=asked, now=NOW)
        with pytest.raises(NotFound):
            service.take_export(session, actor=chief, export_id=asked, now=NOW)
        text = service.take_export(session, actor=local, export_id=asked, now=NOW)
        assert "'=Ann" in text
        assert "+31612345678" in text
        with pytest.raises(Closed):
            service.take_export(session, actor=local, export_id=asked, now=NOW)
        acts = [one.act for one in audit.newest(session, before=None, subject=f"list/{made}", limit=9)]
        assert acts.count("organizing.take_export") == acts.count("organizing.agree_export") == 1

    def test_a_yes_holds_an_hour_and_a_question_two_days(self, session, local):
        make_member(session, phone=True)
        made = make_list(session, local)
        asked = service.ask_export(session, actor=local, list_id=made, reason="van", now=NOW)
        with pytest.raises(Closed):
            service.agree_export(
                session, actor=officer(session), export_id=asked, now=NOW + timedelta(days=2)
            )
        service.agree_export(session, actor=officer(session), export_id=asked, now=NOW)
        with pytest.raises(Closed):
            service.take_export(session, actor=local, export_id=asked, now=NOW + timedelta(hours=1))


FILE = (
    "name,email,phone,tags,source,agreed,shoe size\n"
    "Anna,anna@example.org,,nights,,2026-05-09,38\n"
    "Bob,,0612345678,,at the gate,,44\n"
    ",member@example.org,,nights,,,\n"
    "Carl,carl@example,,,,,45\n"
    ",nameless@example.org,,,,,\n"
)


class TestProspects:
    @pytest.fixture
    def member(self, session, local):
        make_tag(session)
        return make_member(session, email="member@example.org")

    def run(self, session, actor, text=FILE, **facts):
        return service.import_list(
            session,
            actor=actor,
            text=text,
            **{"source": "stand", "chapter": "amsterdam", "now": NOW, **facts},
        )

    def test_the_dry_run_names_every_bad_row_and_writes_nothing(self, session, local, member):
        plan = service.plan_list(
            session, actor=local, text=FILE, source="stand", chapter="amsterdam", now=NOW
        )
        assert [row.name for row in plan.new] == ["Anna", "Bob"]
        assert [member_id for _, member_id in plan.tagged] == [member]
        assert [(bad.line, bad.column) for bad in plan.bad] == [(5, "email"), (6, "name")]
        assert plan.ignored == ("shoe size",)
        with pytest.raises(Conflict):
            self.run(session, local)
        assert (count(session, models.Prospect), count(session, models.Tagging)) == (0, 0)

    def test_tags_go_on_members_and_the_rest_become_prospects_once(self, session, local, member):
        self.run(session, local, skip_bad=True)
        assert queries.person_page(session, actor=local, member_id=member, now=NOW).tags == (
            ("nights", "Nights"),
        )
        assert count(session, models.Prospect) == 2
        again = self.run(session, local, skip_bad=True)
        assert ([*again.new], sorted(again.known)) == ([], [2, 3])
        raw = session.connection().exec_driver_sql("SELECT name, email FROM prospect").all()
        assert b"anna" not in b"".join(bytes(cell or b"") for row in raw for cell in row).lower()

    def test_members_of_elsewhere_are_left_alone_and_not_told_apart(self, session, local, member):
        far = make_member(session, email="far@example.org", chapter="utrecht")
        plan = self.run(session, local, text="name,email,tags\nFar,far@example.org,nights\n")
        assert (plan.new, plan.tagged, plan.known) == ((), (), (2,))
        assert count(session, models.Tagging) == 0
        assert far
        with pytest.raises(Invalid):
            self.run(session, local, chapter="utrecht")

    def test_an_address_and_a_number_of_two_people_is_a_bad_row(self, session, local, member):
        make_member(session, phone="+31612345678")
        plan = service.plan_list(
            session, actor=local, text="email,phone\nmember@example.org,0612345678\n", source="s",
            chapter="amsterdam", now=NOW,
        )  # fmt: skip
        assert [(bad.line, bad.column) for bad in plan.bad] == [(2, "")]

    def test_an_invitation_goes_once_and_no_erases_everything(self, session, local, member):
        self.run(session, local, skip_bad=True)
        assert service.invite(session, actor=local, chapter="amsterdam", now=NOW, site=SITE).written == 1
        with pytest.raises(Conflict):
            service.invite(session, actor=local, chapter="amsterdam", now=NOW, site=SITE)
        [letter] = letters(session, "invite")
        assert (letter["to"], letter["fields"]["source"], letter["secret"]) == (
            "anna@example.org",
            "stand",
            True,
        )
        token = letter["fields"]["link"].rpartition("/")[2]
        assert queries.invited(session, token=token).name == "Anna"
        service.decline_invitation(session, token=token, now=NOW)
        assert queries.invited(session, token=token) is None
        assert letters(session, "invite")[0].get("to") is None
        with pytest.raises(NotFound):
            service.decline_invitation(session, token=token, now=NOW)

    def test_who_joins_or_never_answers_is_erased(self, session, local, member):
        self.run(session, local, skip_bad=True)
        service.invite(session, actor=local, chapter="amsterdam", now=NOW, site=SITE)
        assert service.forget_prospects(session, actor=SYSTEM, now=NOW) == 0
        make_member(session, email="anna@example.org", state="applicant")
        assert service.forget_prospects(session, actor=SYSTEM, now=NOW) == 1
        assert service.forget_prospects(session, actor=SYSTEM, now=NOW + timedelta(days=59)) == 0
        assert service.forget_prospects(session, actor=SYSTEM, now=NOW + timedelta(days=60)) == 1
        assert count(session, models.Prospect) == 0

    def test_prospects_can_be_called_with_their_own_source(self, session, local, member):
        self.run(session, local, skip_bad=True)
        made = make_list(session, local, prospects=True)
        ada = helper(session, made, by=local)
        entry = service.next_call(session, actor=ada, list_id=made, now=NOW)
        line = queries.call_page(session, actor=ada, list_id=made, now=NOW).on_line
        assert (line.name, line.prospect, line.source) == ("Bob", True, "at the gate")
        service.record_outcome(
            session, actor=ada, list_id=made, entry_id=entry, said=Said(Outcome.REACHED, 1, "joins"), now=NOW
        )
        assert count(session, models.Talk) == 0  # who is no member has no history

    def test_uploads_are_their_owners_for_an_hour(self, session, local, member):
        kept = service.keep_draft(
            session, actor=local, content=FILE.encode(), source="stand", chapter="amsterdam", now=NOW
        )
        for actor, now in ((organizer(session), NOW), (local, NOW + timedelta(hours=1, seconds=1))):
            with pytest.raises(NotFound):
                service.draft_text(session, actor=actor, draft_id=kept, now=now)
        service.import_draft(session, actor=local, draft_id=kept, now=NOW, skip_bad=True)
        assert count(session, models.ListDraft) == 0


class TestForgetting:
    def test_everything_about_an_erased_member_goes(self, session, local):
        make_tag(session)
        who = make_member(session, phone=True)
        service.put_tag(session, actor=local, slug="nights", member_ids=[who], now=NOW)
        log(session, local, who, rating=2, note="n")
        made = make_list(session, local)
        service.next_call(session, actor=local, list_id=made, now=NOW)
        service.refuse_contact(session, actor=local, member_id=who, now=NOW)
        service.add_task(
            session, actor=local, title="Visit", due_at=NOW + timedelta(days=1), zone="UTC", place=HERE,
            assignee_id=None, about_id=who, now=NOW,
        )  # fmt: skip
        assert service.forget_people(session, actor=SYSTEM, now=NOW) == 0
        registry.erase(session, actor=members.actor_of(session, who), now=NOW)
        assert service.forget_people(session, actor=SYSTEM, now=NOW) == 1
        assert left_of(session, who) == []
        assert service.forget_people(session, actor=SYSTEM, now=NOW) == 0

    def test_an_erased_organizers_name_goes_and_the_work_stays(self, session, local):
        who = make_member(session, phone=True)
        log(session, local, who, rating=2)
        made = make_list(session, local)
        service.next_call(session, actor=local, list_id=made, now=NOW)
        registry.erase(session, actor=local, now=NOW)
        assert service.forget_people(session, actor=SYSTEM, now=NOW) == 1
        assert left_of(session, local.member_id) == []
        assert (count(session, models.Talk), count(session, models.CallEntry)) == (1, 1)

    def test_planted_fault_the_look_finds_what_was_left(self, session, local):
        who = make_member(session)
        make_tag(session)
        service.put_tag(session, actor=local, slug="nights", member_ids=[who], now=NOW)
        assert left_of(session, who) == [("tagging", "member_id")]

    def test_a_list_closes_and_a_month_later_keeps_numbers_only(self, session, local):
        make_members(session, 2, phone=True)
        made = make_list(session, local)
        entry = service.next_call(session, actor=local, list_id=made, now=NOW)
        service.record_outcome(
            session, actor=local, list_id=made, entry_id=entry, said=Said(Outcome.REACHED), now=NOW
        )
        ends = NOW + timedelta(days=14)
        assert service.fold_lists(session, actor=SYSTEM, now=ends - timedelta(seconds=1)) == 0
        assert service.fold_lists(session, actor=SYSTEM, now=ends) == 1
        assert count(session, models.CallEntry) == 2
        service.fold_lists(session, actor=SYSTEM, now=ends + timedelta(days=30))
        assert (count(session, models.CallEntry), count(session, models.CallAttempt)) == (0, 0)
        session.expire_all()
        page = queries.list_page(session, actor=local, list_id=made, now=ends + timedelta(days=30))
        assert (page.outcomes, page.card.people, page.card.done) == ({"reached": 1, "waiting": 1}, 2, 1)

    def test_only_the_clock_forgets(self, session, local):
        for verb in (service.fold_talks, service.fold_lists, service.forget_people, service.forget_prospects):
            with pytest.raises(NotAllowed):
                verb(session, actor=local, now=NOW)


def left_of(session, member_id):
    """Columns of this room's tables that still name the member."""
    session.flush()
    found = []
    for table in db.Base.metadata.sorted_tables:
        if table.name not in {mapper.local_table.name for mapper in mappers()}:
            continue
        found += [
            (table.name, column.name)
            for column in table.columns
            if column.name.endswith(("_id", "_by"))
            and session.scalar(select(func.count()).select_from(table).where(column == member_id))
        ]
    return found


def mappers():
    return [
        mapper for mapper in db.Base.registry.mappers if mapper.class_.__module__ == "union.organizing.models"
    ]

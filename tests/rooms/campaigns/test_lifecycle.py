"""From draft to end on a real database: drafts, frozen words, updates, stages, mandates in force."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.conftest import NOW
from tests.factories.campaigns import (
    DRAFT,
    actor,
    draft,
    make_campaign,
    make_demand,
    make_mandate,
    organizer,
    row_of,
)
from tests.factories.platforms import make_platform
from union.audit.models import AuditEntry
from union.campaigns import jobs, queries, service
from union.campaigns.models import Demand, StructureTestYes
from union.core import db
from union.core.actor import SYSTEM, VISITOR
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound

LATER = NOW + timedelta(days=1)


class TestDrafts:
    def test_only_organizers_may(self, session):
        make_platform(session, "rijder")
        for who in (VISITOR, actor(session)):
            with pytest.raises(NotAllowed):
                service.create(session, actor=who, now=NOW, draft=DRAFT)
        slug = service.create(session, actor=organizer(session), now=NOW, draft=DRAFT)
        assert slug == "no-data-without-pay"
        assert service.create(session, actor=SYSTEM, now=NOW, draft=DRAFT).startswith("no-data-without-pay-")

    def test_a_draft_is_seen_by_organizers_and_by_members_once_debated(self, session):
        slug = make_campaign(session, stage="draft")
        rider = actor(session)
        for who in (VISITOR, rider):
            with pytest.raises(NotFound):
                queries.campaign_page(session, slug, who, NOW)
        service.edit(session, slug=slug, actor=SYSTEM, now=NOW, draft=draft(debate_until=LATER))
        assert queries.campaign_page(session, slug, rider, NOW).debate_open
        assert not queries.campaign_page(session, slug, rider, LATER).debate_open
        with pytest.raises(NotFound):
            queries.campaign_page(session, slug, VISITOR, NOW)
        assert queries.listing(session) == []
        assert [card.slug for card in queries.listing(session, actor=rider)] == [slug]

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"pledge_deadline": NOW}, "deadline"),
            ({"threshold": 0}, "threshold"),
            ({"threshold": 601}, "threshold"),
            ({"goal": 601}, "goal"),
            ({"zone": "Mars/Olympus"}, "zone"),
            ({"debate_until": NOW + timedelta(days=8)}, "debate_until"),
        ],
    )
    def test_what_cannot_be_is_named_at_its_field(self, session, facts, field):
        make_platform(session, "rijder")
        with pytest.raises(Invalid) as refused:
            service.create(session, actor=SYSTEM, now=NOW, draft=draft(**facts))
        assert refused.value.field == field

    def test_a_platform_must_exist(self, session):
        with pytest.raises(NotFound):
            service.create(session, actor=SYSTEM, now=NOW, draft=replace(DRAFT, platform_slug="nobody"))


class TestPublishing:
    def test_freezes_the_words_by_a_hash_anybody_can_make(self, session):
        slug = make_campaign(session, stage="draft")
        adopted, proposed = make_demand(session, slug), make_demand(session, slug, status="proposed")
        frozen = service.publish(session, slug=slug, actor=SYSTEM, now=NOW)
        content = queries.frozen_wording(session, slug, VISITOR)
        assert hashlib.sha256(content).hexdigest() == frozen
        facts = json.loads(content)
        assert (facts["pledge"], facts["unit"], facts["threshold"]) == (DRAFT.pledge_text, 600, 3)
        assert facts["demands"] == [hashlib.sha256(b"Pay per thousand points\nA fixed price.").hexdigest()]
        assert session.get(Demand, adopted).frozen_hash == facts["demands"][0]
        assert session.get(Demand, proposed).frozen_hash is None

    def test_fixes_the_draft(self, session):
        slug = make_campaign(session)
        with pytest.raises(Closed):
            service.edit(session, slug=slug, actor=SYSTEM, now=NOW, draft=DRAFT)
        with pytest.raises(Closed, match="published already"):
            service.publish(session, slug=slug, actor=SYSTEM, now=NOW)

    def test_not_past_the_deadline(self, session):
        slug = make_campaign(session, stage="draft")
        with pytest.raises(Invalid):
            service.publish(session, slug=slug, actor=SYSTEM, now=NOW + timedelta(days=8))

    def test_each_turn_leaves_an_audit_entry(self, session):
        slug = make_campaign(session)
        service.win(session, slug=slug, actor=SYSTEM, text="They pay.", now=LATER)
        acts = session.scalars(
            select(AuditEntry.act).where(AuditEntry.subject == f"campaign/{slug}").order_by(AuditEntry.height)
        ).all()
        assert acts == ["campaign.create", "campaign.publish", "campaign.win"]


class TestTheRest:
    def test_news_and_turns_stand_on_one_timeline(self, session):
        slug = make_campaign(session)
        service.add_update(
            session, slug=slug, actor=organizer(session), title="They called", text="At last.", now=LATER
        )
        kinds = [
            (line.kind, line.title) for line in queries.campaign_page(session, slug, VISITOR, LATER).updates
        ]
        assert kinds == [("news", "They called"), ("published", "")]
        with pytest.raises(Closed):
            service.add_update(
                session,
                slug=make_campaign(session, stage="draft"),
                actor=SYSTEM,
                title="x",
                text="y",
                now=NOW,
            )

    def test_ended_is_ended(self, session):
        slug = make_campaign(session)
        service.close(session, slug=slug, actor=SYSTEM, text="Enough.", now=NOW)
        for verb in (service.win, service.close):
            with pytest.raises(Closed):
                verb(session, slug=slug, actor=SYSTEM, text="", now=NOW)

    def test_acting_needs_a_mandate_in_force(self, session):
        slug = make_campaign(session)
        row = row_of(session, slug)
        with pytest.raises(Conflict):
            service.start_acting(session, campaign_id=row.id, actor=SYSTEM, now=NOW)
        make_mandate(session, slug, lasts=timedelta(days=10))
        with pytest.raises(Conflict):
            service.start_acting(session, campaign_id=row.id, actor=SYSTEM, now=NOW + timedelta(days=10))
        service.start_acting(session, campaign_id=row.id, actor=SYSTEM, now=LATER)
        service.start_acting(session, campaign_id=row.id, actor=SYSTEM, now=LATER)
        assert queries.card(session, slug).stage == "acting"
        service.bargain(session, campaign_id=row.id, actor=SYSTEM, now=LATER)
        service.bargain(session, campaign_id=row.id, actor=SYSTEM, now=LATER)
        kinds = [line.kind for line in queries.campaign_page(session, slug, VISITOR, LATER).updates]
        assert kinds == ["bargaining", "acting", "published"]

    def test_which_mandate_is_in_force(self, session):
        slug = make_campaign(session)
        campaign = queries.card(session, slug).id
        assert queries.mandate_in_force(session, campaign, NOW) is None
        make_mandate(session, slug, lasts=timedelta(days=10), must_start_by=NOW + timedelta(days=5))
        assert queries.mandate_in_force(session, campaign, NOW - timedelta(seconds=1)) is None
        found = queries.mandate_in_force(session, campaign, NOW + timedelta(days=4))
        assert (found.counts, found.cast, found.eligible) == (
            (("Yes", 30), ("No", 10), ("Abstain", 0)),
            40,
            50,
        )
        assert queries.mandate_in_force(session, campaign, NOW + timedelta(days=5)) is None
        service.start_acting(session, campaign_id=campaign, actor=SYSTEM, now=NOW + timedelta(days=4))
        assert queries.mandate_in_force(session, campaign, NOW + timedelta(days=9)) is not None
        assert queries.mandate_in_force(session, campaign, NOW + timedelta(days=10)) is None
        service.close(session, slug=slug, actor=SYSTEM, text="", now=NOW + timedelta(days=6))
        assert queries.mandate_in_force(session, campaign, NOW + timedelta(days=6)) is None


class TestStructureTests:
    def open(self, session, slug, **facts):
        facts = {"ask": "Would you log off on Friday?", "closes_at": LATER, "majority": (2, 3), **facts}
        return service.open_test(session, slug=slug, actor=organizer(session), now=NOW, **facts)

    def test_the_count_is_shown_once_the_majority_is_reached(self, session):
        slug = make_campaign(session, stage="draft")
        riders = [actor(session) for _ in range(5)]
        test = self.open(session, slug)  # the organizer is the sixth
        for rider in riders[:3]:
            service.answer_test(session, test_id=test, actor=rider, would=True, now=NOW)
        service.edit(session, slug=slug, actor=SYSTEM, now=NOW, draft=draft(debate_until=LATER))
        [view] = queries.campaign_page(session, slug, riders[0], NOW).tests
        assert (view.yes, view.unit, view.mine, view.reached) == (None, None, True, False)
        service.answer_test(session, test_id=test, actor=riders[3], would=True, now=NOW)
        [view] = queries.campaign_page(session, slug, riders[4], NOW).tests
        assert (view.yes, view.unit, view.mine, view.reached) == (4, 6, False, True)

    def test_organizers_see_no_small_chapter(self, session):
        slug = make_campaign(session)
        test = self.open(session, slug)
        for chapter, n in (("amsterdam", 11), ("utrecht", 12), ("zwolle", 2)):
            for _ in range(n):
                service.answer_test(
                    session, test_id=test, actor=actor(session, chapter=chapter), would=True, now=NOW
                )
        [view] = queries.organize_page(session, slug, organizer(session), NOW).tests
        assert (view.yes, view.areas) == (25, {"amsterdam": None, "utrecht": 12, "zwolle": None})

    def test_thirty_days_later_organizers_see_the_same_and_nobody_knows_who(self, database, settings):
        with db.transaction() as session:
            slug, lead = make_campaign(session), organizer(session)
            test = self.open(session, slug)
            for chapter, n in (("amsterdam", 12), ("zwolle", 10), ("utrecht", 3)):
                for _ in range(n):
                    rider = actor(session, chapter=chapter)
                    service.answer_test(session, test_id=test, actor=rider, would=True, now=NOW)

        def look(at):
            jobs.forget(at, settings)
            with db.reading() as session:
                [view] = queries.organize_page(session, slug, lead, at).tests
                return view.yes, view.areas, session.query(StructureTestYes).count()

        counts = (25, {"amsterdam": 12, "zwolle": None, "utrecht": None})
        over = LATER + timedelta(days=30)
        assert look(over - timedelta(seconds=1)) == (*counts, 25)
        assert look(over + timedelta(seconds=1)) == (*counts, 0)

    def test_one_that_would_run_for_ever_is_refused(self, session):
        with pytest.raises(Invalid, match="90 days at most"):
            self.open(session, make_campaign(session), closes_at=NOW + timedelta(days=91))

    def test_taken_back_ended_and_one_at_a_time(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        test = self.open(session, slug)
        service.answer_test(session, test_id=test, actor=rider, would=True, now=NOW)
        service.answer_test(session, test_id=test, actor=rider, would=True, now=NOW)
        service.answer_test(session, test_id=test, actor=rider, would=False, now=NOW)
        assert queries.organize_page(session, slug, organizer(session), NOW).tests[0].yes == 0
        with pytest.raises(Closed):
            service.answer_test(session, test_id=test, actor=rider, would=True, now=LATER)
        with pytest.raises(Conflict):
            self.open(session, slug)
        with pytest.raises(Invalid):
            self.open(session, slug, closes_at=NOW)

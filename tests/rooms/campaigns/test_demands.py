"""Demands on a real database: who may do what, what leaves a line, how orders are counted."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.factories.campaigns import actor, draft, make_campaign, make_demand, organizer
from union.campaigns import jobs, queries, service
from union.campaigns.service.demands import refresh_ranking
from union.core import db
from union.core.actor import SYSTEM, VISITOR
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound

LATER = NOW + timedelta(days=1)


def propose(session, slug, who, *, title="Pay for waiting", text="Every minute counts.", public=True):
    return service.propose(session, slug=slug, actor=who, title=title, text=text, public=public, now=NOW)


def move(session, demand, who, status, **facts):
    service.move_demand(session, demand_id=demand, actor=who, status=status, now=NOW, **facts)


def seen(session, slug, who):
    return [d.title for d in queries.demands(session, queries.card(session, slug).id, who)]


class TestProposing:
    def test_a_draft_is_the_authors_own_and_reversible(self, session):
        slug = make_campaign(session)
        author, other = actor(session), actor(session)
        demand = propose(session, slug, author, public=False)
        assert seen(session, slug, author) == ["Pay for waiting"]
        assert seen(session, slug, other) == seen(session, slug, organizer(session)) == []
        with pytest.raises(NotFound):
            queries.demand_page(session, demand, other, NOW)
        service.edit_demand(
            session, demand_id=demand, actor=author, title="Paid waiting", text="All of it.", now=NOW
        )
        move(session, demand, author, "proposed")
        assert seen(session, slug, other) == ["Paid waiting"]
        assert seen(session, slug, VISITOR) == []
        with pytest.raises(Closed):
            service.edit_demand(session, demand_id=demand, actor=author, title="Other", text="words", now=NOW)
        move(session, demand, author, "draft")
        assert seen(session, slug, other) == []

    def test_who_may_not(self, session):
        slug = make_campaign(session)
        with pytest.raises(NotAllowed):
            propose(session, slug, VISITOR)
        with pytest.raises(NotAllowed):
            propose(session, slug, actor(session, state="applicant"))
        demand = propose(session, slug, actor(session))
        with pytest.raises(NotAllowed):
            move(session, demand, actor(session), "adopted")
        with pytest.raises(NotAllowed):
            move(session, demand, actor(session), "draft")

    def test_a_debate_ends(self, session):
        slug = make_campaign(session, stage="draft", debate_until=LATER)
        rider = actor(session)
        demand = propose(session, slug, rider)
        with pytest.raises(Closed, match="debate"):
            service.propose(
                session, slug=slug, actor=rider, title="Late", text="words", public=True, now=LATER
            )
        with pytest.raises(Closed, match="debate"):
            service.amend(session, demand_id=demand, actor=rider, title="A", text="b", reason="", now=LATER)
        assert service.endorse(session, demand_id=demand, actor=rider, now=LATER) == 1

    def test_not_before_organizers_open_the_draft(self, session):
        slug = make_campaign(session, stage="draft")
        with pytest.raises(NotFound):
            propose(session, slug, actor(session))
        service.edit(session, slug=slug, actor=SYSTEM, now=NOW, draft=draft(debate_until=LATER))
        propose(session, slug, actor(session))


class TestDeciding:
    def test_every_step_leaves_a_public_line(self, session):
        slug = make_campaign(session)
        lead = organizer(session)
        demand = propose(session, slug, actor(session))
        for status, note in [
            ("adopted", ""),
            ("negotiation", "First round"),
            ("refused", "Too dear, they say"),
            ("conceded", ""),
        ]:
            move(session, demand, lead, status, note=note)
        page = queries.demand_page(session, demand, VISITOR, NOW)
        assert page.demand.status == "conceded"
        assert [(line.kind, line.note) for line in page.history] == [
            ("conceded", ""),
            ("refused", "Too dear, they say"),
            ("negotiation", "First round"),
            ("adopted", ""),
            ("proposed", ""),
        ]
        with pytest.raises(Closed):
            move(session, demand, lead, "withdrawn")

    def test_merging_carries_endorsements_over_once_each(self, session):
        slug = make_campaign(session)
        lead, a, b = organizer(session), actor(session), actor(session)
        kept, merged = propose(session, slug, a), propose(session, slug, b, title="Waiting is work")
        for demand, who in [(kept, a), (merged, a), (merged, b)]:
            service.endorse(session, demand_id=demand, actor=who, now=NOW)
        for wrong in (None, merged, "nowhere"):
            with pytest.raises(Invalid) as refused:
                move(session, merged, lead, "merged", merged_into=wrong)
            assert refused.value.field == "merged_into"
        move(session, merged, lead, "merged", merged_into=kept)
        assert queries.demand_page(session, kept, a, NOW).demand.endorsed_count == 2
        assert queries.demand_page(session, merged, a, NOW).merged_into.id == kept
        with pytest.raises(Closed):
            service.endorse(session, demand_id=merged, actor=a, now=NOW)

    def test_frozen_words_stay(self, session):
        slug = make_campaign(session, stage="draft")
        demand = make_demand(session, slug)
        service.publish(session, slug=slug, actor=SYSTEM, now=NOW)
        with pytest.raises(Closed, match="frozen"):
            service.amend(
                session, demand_id=demand, actor=actor(session), title="X", text="y", reason="", now=NOW
            )
        with pytest.raises(Closed, match="pledged"):
            move(session, demand, organizer(session), "proposed")
        move(session, demand, organizer(session), "negotiation")

    def test_nothing_moves_after_the_end(self, session):
        slug = make_campaign(session)
        demand = make_demand(session, slug)
        service.close(session, slug=slug, actor=SYSTEM, text="", now=NOW)
        with pytest.raises(Closed):
            move(session, demand, organizer(session), "negotiation")


class TestAmending:
    def amend(self, session, demand, text="Every minute counts, and every mile."):
        return service.amend(
            session,
            demand_id=demand,
            actor=actor(session),
            title="Pay for waiting",
            text=text,
            reason="Miles too",
            now=NOW,
        )

    def test_shows_what_changed_and_is_taken_in(self, session):
        slug = make_campaign(session)
        author = actor(session)
        demand = propose(session, slug, author)
        amendment = self.amend(session, demand)
        [view] = queries.demand_page(session, demand, author, NOW).amendments
        assert [(p.kind, p.text) for p in view.text if p.kind != "same"] == [
            ("removed", "counts."),
            ("added", "counts, and every mile."),
        ]
        with pytest.raises(NotAllowed):
            service.decide_amendment(
                session, amendment_id=amendment, actor=actor(session), accept=True, now=NOW
            )
        service.decide_amendment(session, amendment_id=amendment, actor=author, accept=True, now=NOW)
        page = queries.demand_page(session, demand, author, NOW)
        assert (page.demand.text, page.version) == ("Every minute counts, and every mile.", 2)
        with pytest.raises(Conflict):
            service.decide_amendment(session, amendment_id=amendment, actor=author, accept=False, now=NOW)

    def test_one_written_on_older_words_would_undo_what_others_agreed(self, session):
        slug = make_campaign(session)
        lead = organizer(session)
        demand = propose(session, slug, actor(session))
        first, second = self.amend(session, demand), self.amend(session, demand, "Every second counts.")
        service.decide_amendment(session, amendment_id=first, actor=lead, accept=True, now=NOW)
        with pytest.raises(Conflict, match="changed since"):
            service.decide_amendment(session, amendment_id=second, actor=lead, accept=True, now=NOW)
        service.decide_amendment(session, amendment_id=second, actor=lead, accept=False, now=NOW)

    def test_its_author_takes_it_back_until_it_is_decided(self, session):
        slug = make_campaign(session)
        author, other = actor(session), actor(session)
        demand = propose(session, slug, author)
        first, second = (
            service.amend(session, demand_id=demand, actor=other, title="Pay", text=words, reason="", now=NOW)
            for words in ("Every second counts.", "Every hour counts.")
        )
        with pytest.raises(NotFound):
            service.take_back_amendment(session, amendment_id=first, actor=author, now=NOW)
        service.take_back_amendment(session, amendment_id=first, actor=other, now=NOW)
        page = queries.demand_page(session, demand, other, NOW)
        assert [(one.state, one.mine) for one in page.amendments if one.id == first] == [("taken_back", True)]
        assert page.history[0].kind == "amendment_taken_back"
        with pytest.raises(Conflict):
            service.decide_amendment(session, amendment_id=first, actor=author, accept=True, now=NOW)
        service.decide_amendment(session, amendment_id=second, actor=author, accept=True, now=NOW)
        with pytest.raises(Conflict):
            service.take_back_amendment(session, amendment_id=second, actor=other, now=NOW)

    def test_the_same_words_are_no_amendment(self, session):
        slug = make_campaign(session)
        demand = propose(session, slug, actor(session))
        with pytest.raises(Invalid):
            self.amend(session, demand, "Every minute counts.")


class TestOrder:
    def test_endorsing_counts_once(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        demand = make_demand(session, slug)
        assert service.endorse(session, demand_id=demand, actor=rider, now=NOW) == 1
        assert service.endorse(session, demand_id=demand, actor=rider, now=NOW) == 1
        assert queries.demand_page(session, demand, rider, NOW).demand.endorsed
        assert service.withdraw_endorsement(session, demand_id=demand, actor=rider, now=NOW) == 0
        assert service.withdraw_endorsement(session, demand_id=demand, actor=rider, now=NOW) == 0

    def test_the_members_order_is_counted_by_the_job(self, database, settings):
        with db.transaction() as session:
            slug = make_campaign(session)
            a, b, c = (make_demand(session, slug, title=title) for title in ("Alpha", "Bravo", "Charlie"))
            for order in ([b, a], [b, c, a], [a]):
                service.rank(session, slug=slug, actor=actor(session), order=order, now=NOW)
        assert jobs.refresh(NOW, settings) == 1
        assert jobs.refresh(NOW, settings) == 0
        with db.reading() as session:
            found = queries.ranking(session, queries.card(session, slug).id, VISITOR)
        assert found.lists == 3
        assert [[d.title for d in group] for group in found.groups] == [["Bravo"], ["Alpha"], ["Charlie"]]

    def test_an_order_is_ones_own_and_must_hold(self, session):
        slug = make_campaign(session)
        rider = actor(session)
        a, b = make_demand(session, slug, title="Alpha"), make_demand(session, slug, title="Bravo")
        service.rank(session, slug=slug, actor=rider, order=[b, a], now=NOW)
        service.rank(session, slug=slug, actor=rider, order=[b], now=NOW)
        found = queries.ranking(session, queries.card(session, slug).id, rider)
        assert ([d.id for d in found.mine], [d.id for d in found.unranked]) == ([b], [a])
        assert queries.ranking(session, queries.card(session, slug).id, actor(session)).mine == []
        for wrong in ([a, a], ["nowhere"], [make_demand(session, make_campaign(session))]):
            with pytest.raises(Invalid):
                service.rank(session, slug=slug, actor=rider, order=wrong, now=NOW)
        service.rank(session, slug=slug, actor=rider, order=[], now=NOW)
        refresh_ranking(session, slug=slug, actor=SYSTEM, now=NOW)
        assert queries.ranking(session, queries.card(session, slug).id, rider).groups == []

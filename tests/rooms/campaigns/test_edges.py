"""The commands, the jobs, and what a page costs."""

import json
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner
from sqlalchemy import event

from tests.conftest import NOW
from tests.factories.campaigns import actor, make_campaign, make_demand, pledge_all
from union.campaigns import jobs, queries, service
from union.campaigns.cli import campaigns
from union.core import db
from union.core.actor import SYSTEM, VISITOR

AFTER = NOW + timedelta(days=7)


def test_a_page_asks_as_much_of_the_database_at_any_size(database):
    with db.transaction() as session:
        slug = make_campaign(session)
        make_demand(session, slug)

    def cost():
        asked, fetched = [], []
        with db.reading() as session:
            connection = session.connection()

            @event.listens_for(connection, "after_cursor_execute")
            def count(conn, cursor, statement, parameters, context, executemany):
                asked.append(statement)

            page = queries.campaign_page(session, slug, VISITOR, NOW)
            fetched.append(len(page.demands) + len(page.updates))
        return asked, fetched, page.card.pledged

    small = cost()
    with db.transaction() as session:
        pledge_all(session, slug, [5] * 40)
    large = cost()
    assert (small[2], large[2]) == (0, 40)
    assert small[:2] == large[:2]
    assert not any("FROM pledge" in statement for statement in large[0])
    assert len(large[0]) <= 8


class TestJobs:
    def test_do_nothing_when_nothing_is_due(self, database, settings):
        with db.transaction() as session:
            make_campaign(session)
            make_campaign(session, stage="draft")
        for name, seconds, job in jobs.JOBS:
            assert job(NOW, settings) == 0, name
            assert seconds > 0

    def test_refresh_follows_the_register_without_being_asked_by_a_page(self, database, settings):
        with db.transaction() as session:
            slug = make_campaign(session, threshold=30)
            pledge_all(session, slug, [1] * 12)
            pledge_all(session, slug, [1], state="applicant")
        assert jobs.refresh(NOW, settings) == 1
        with db.reading() as session:
            card = queries.card(session, slug)
        assert (card.pledged, card.verified, card.band_more) == (13, 12, 20)
        assert jobs.refresh(NOW, settings) == 0

    def test_what_changed_between_look_and_lock_is_not_lost(self, database):
        with db.transaction() as session:
            slug = make_campaign(session, threshold=30)
            pledge_all(session, slug, [1] * 10)
        with db.reading() as session:
            measured = service.measure(session, slug=slug, actor=SYSTEM)
        with db.transaction() as session:
            pledge_all(session, slug, [1] * 3)
        with db.transaction() as session:
            assert service.refresh(session, slug=slug, actor=SYSTEM, now=NOW, measured=measured)
        with db.transaction() as session:
            card = queries.card(session, slug)
            assert (card.pledged, card.band_more) == (13, 20)
            pledge_all(session, slug, [1] * 7)
            assert service.refresh(session, slug=slug, actor=SYSTEM, now=NOW)

    def test_a_round_that_settled_meanwhile_is_left_alone(self, database, settings):
        with db.transaction() as session:
            slug = make_campaign(session)
            pledge_all(session, slug, [1] * 12)
        with db.reading() as session:
            measured = service.measure(session, slug=slug, actor=SYSTEM)
        jobs.settle_due(AFTER, settings)
        with db.transaction() as session:
            assert not service.refresh(session, slug=slug, actor=SYSTEM, now=AFTER, measured=measured)
            assert queries.card(session, slug).band_more is None


class TestCommands:
    def run(self, settings, *arguments):
        home = db.installed()
        result = CliRunner().invoke(campaigns, arguments, obj=settings, catch_exceptions=False)
        db.install(home)
        return result

    def test_list_show_settle(self, settings, database, monkeypatch):
        monkeypatch.setattr("union.core.opening.db.make_engine", lambda _url, **_facts: database.engine)
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        assert "no public campaign yet" in self.run(settings, "list").output
        with db.transaction() as session:
            slug = make_campaign(session, now=long_ago, pledge_deadline=long_ago + timedelta(days=7))
            pledge_all(session, slug, [1, 1, 1], now=long_ago)
        assert slug in self.run(settings, "list").output
        assert "not settled" in self.run(settings, "show", slug).output
        assert self.run(settings, "settle").output == "1 settled\n"
        assert self.run(settings, "settle").output == "nothing is due\n"
        [row] = json.loads(self.run(settings, "list", "--json").output)
        assert (row["slug"], row["stage"], row["called"]) == (slug, "tipped", 3)


def test_a_pledge_does_not_say_when_it_was_given(session):
    from union.campaigns.models import Pledge

    slug = make_campaign(session)
    service.pledge(session, slug=slug, actor=actor(session), at_least=1, now=NOW)
    assert {column.name for column in Pledge.__table__.columns} == {
        "campaign_id",
        "member_id",
        "at_least",
        "verified",
        "called",
    }

"""What is known of who takes part goes thirty days after the end, never before it: by the real job."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories.actions import SITE, join, make_armed, make_called, make_campaign, make_organizer
from union.actions import jobs, queries, service
from union.actions.models import Action, ActionChoice, CheckinOnce
from union.actions.rules.states import State
from union.campaigns import service as campaigns
from union.campaigns.models import Pledge
from union.core import db
from union.core.actor import SYSTEM
from union.core.errors import Closed
from union.members import queries as members

MOMENT = timedelta(seconds=1)
DAY = timedelta(days=1)


class Long:
    """An action without a fixed end; its start, whom it calls, and what the job leaves at a moment."""

    def __init__(self, settings, now):
        self.settings = settings
        with db.transaction() as session:
            self.first, self.second = make_organizer(session), make_organizer(session)
            self.called = make_called(session, 6)
            self.campaign = make_campaign(session, now, called=self.called)
            self.slug = make_armed(
                session, now, first=self.first, second=self.second, campaign=self.campaign, wall_end=None
            )
            join(session, self.slug, self.called[:1], now)
            self.start = self.row(session).starts_at

    def row(self, session):
        return session.scalars(sa.select(Action).where(Action.slug == self.slug)).one()

    def begin(self):
        with db.reading() as session:
            row = self.row(session)
        for at in (row.briefing_at, row.go_no_go_at, row.starts_at):
            jobs.run_due(at, self.settings)
        with db.reading() as session:
            assert self.row(session).state is State.LIVE

    def do(self, verb, **facts):
        with db.transaction() as session:
            verb(session, **facts)

    def end(self, at):
        self.do(service.end_now, actor=self.first, now=at, slug=self.slug, site=SITE)

    def close_campaign(self, at):
        self.do(campaigns.close, slug=self.campaign, actor=SYSTEM, text="", now=at)

    def left(self, table, at):
        """Run the real job at a moment; return how many rows are there after it."""
        jobs.wipe(at, self.settings)
        with db.reading() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(table))


@pytest.fixture
def long(settings, database, now):
    return Long(settings, now)


def test_who_was_in_is_known_for_thirty_days_after_the_end_however_long_it_lasted(long):
    long.begin()
    end = long.start + 40 * DAY
    assert long.left(ActionChoice, end - MOMENT) == 1
    long.end(end)
    assert long.left(ActionChoice, end + 30 * DAY - MOMENT) == 1
    assert long.left(ActionChoice, end + 30 * DAY + MOMENT) == 0


def test_a_check_in_holds_until_the_end_of_an_action_of_two_months(long):
    long.begin()
    someone = long.called[0]
    with db.transaction() as session:
        actor = members.actor_of(session, someone)
        service.check_in(session, actor=actor, now=long.start + 50 * DAY, slug=long.slug)
    assert long.left(CheckinOnce, long.start + 70 * DAY) == 1
    with db.reading() as session:
        assert [card.slug for card in queries.mine(session, someone, long.start + 70 * DAY)] == [long.slug]
    long.end(long.start + 71 * DAY)
    assert long.left(CheckinOnce, long.start + 71 * DAY) == 0


@pytest.mark.parametrize("verb", [service.cancel, service.postpone])
def test_one_that_is_off_is_over_from_then_on(long, verb):
    """Called off a while before its start, or after forty days: thirty days from then, and no report before one."""
    off = long.start - timedelta(hours=2)
    long.do(verb, actor=long.first, now=off, slug=long.slug, reason="Storm.", site=SITE)
    with db.reading() as session:
        actor = members.actor_of(session, long.called[0])
        with pytest.raises(Closed):
            service.report_retaliation(session, actor=actor, now=off, slug=long.slug, sort="blocked")
    assert long.left(ActionChoice, off + 30 * DAY - MOMENT) == 1
    assert long.left(ActionChoice, off + 30 * DAY + MOMENT) == 0


@pytest.mark.parametrize("verb", [service.cancel, service.postpone])
def test_one_that_ran_for_forty_days_and_is_off(long, verb):
    long.begin()
    off = long.start + 40 * DAY
    long.do(verb, actor=long.first, now=off, slug=long.slug, reason="Storm.", site=SITE)
    assert long.left(ActionChoice, off + 30 * DAY - MOMENT) == 1
    assert long.left(ActionChoice, off + 30 * DAY + MOMENT) == 0


class TestPledges:
    def test_they_wait_for_the_end_of_an_action_that_goes_on(self, long):
        long.begin()
        long.close_campaign(long.start + DAY)
        end = long.start + 60 * DAY
        assert long.left(Pledge, end - MOMENT) == len(long.called)
        long.end(end)
        assert long.left(Pledge, end + MOMENT) == 0

    def test_and_for_one_that_is_armed(self, long):
        long.close_campaign(long.start - 60 * DAY)
        assert long.left(Pledge, long.start - MOMENT) == len(long.called)
        long.do(service.cancel, actor=long.first, now=long.start, slug=long.slug, reason="Won.", site=SITE)
        assert long.left(Pledge, long.start) == 0

    def test_without_one_they_go_a_month_after_the_campaign(self, long):
        closed = long.start + DAY
        long.do(service.cancel, actor=long.first, now=closed, slug=long.slug, reason="Won.", site=SITE)
        long.close_campaign(closed)
        assert long.left(Pledge, closed + 30 * DAY - MOMENT) == len(long.called)
        assert long.left(Pledge, closed + 30 * DAY + MOMENT) == 0

"""Claims that nobody finishes: officers and claimants hear of it in time, then they end, by the real jobs."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from tests.factories.members import make_member
from union.bargaining import jobs as table
from union.core import db
from union.core.actor import SYSTEM, Role
from union.core.errors import Conflict
from union.ledger import jobs, queries, service
from union.ledger.models import StrikeClaim, StrikeFund
from union.ledger.rules import CONTRIBUTIONS, PayRule
from union.ledger.service.funds import Draft
from union.members import queries as members
from union.notify.models import Outbox

DAY, MOMENT = timedelta(days=1), timedelta(seconds=1)
RULE = PayRule("Forty euros a day.", 1, 4000, None, True, date(2026, 11, 16), date(2026, 11, 20))


class Round:
    """A closed round with the claim of one member; officers who do nothing unless told."""

    def __init__(self, settings, now):
        self.settings = settings
        with db.transaction() as session:
            self.officer, self.second = (
                members.actor_of(session, make_member(session, roles=[Role.OFFICER], language=language))
                for language in ("en", "nl")
            )
            self.ann = members.actor_of(session, make_member(session, language="nl"))
            draft = Draft("Week 47", "", "UTC", RULE, now + DAY)
            self.slug = service.create_fund(session, actor=self.officer, now=now, draft=draft)
            service.open_fund(session, actor=self.officer, now=now, slug=self.slug)
            self.claim = service.claim(
                session, actor=self.ann, now=now, slug=self.slug, days=[date(2026, 11, 17)], payee="Ann",
                iban="NL91ABNA0417164300", hardship=True, reason="Rent", consent=True,
            )  # fmt: skip
        self.closed = now + DAY
        jobs.close(self.closed, settings)

    def do(self, verb, **facts):
        with db.transaction() as session:
            return verb(session, **facts)

    def told(self, at):
        """Run the real jobs at a moment; return (kind, whose) of the mails that are new."""
        with db.reading() as session:
            before = set(session.scalars(sa.select(Outbox.id)))
        table.chase_claims(at, self.settings)
        jobs.wipe(at, self.settings)
        with db.reading() as session:
            rows = session.execute(sa.select(Outbox.kind, Outbox.member_id).where(Outbox.id.not_in(before)))
            return sorted((kind, whose) for kind, whose in rows)

    def row(self):
        with db.reading() as session:
            return session.get_one(StrikeClaim, self.claim)


@pytest.fixture
def pay(settings, database, now):
    return Round(settings, now)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_nothing_ends_in_a_round_that_an_officer_has_in_hand(pay):
    """SQLite has one writer at a time; on PostgreSQL a list of payments may be in the making meanwhile."""
    late = pay.closed + 90 * DAY + MOMENT
    pay.do(service.decide, actor=pay.officer, now=pay.closed, claim_id=pay.claim, accept=True)
    with db.installed().engine.begin() as officer:
        officer.execute(sa.select(StrikeFund.id).where(StrikeFund.slug == pay.slug).with_for_update())
        with db.transaction() as session:
            session.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            assert service.lapse(session, actor=SYSTEM, now=late) == []
    assert [one.member_id for one in pay.do(service.lapse, actor=SYSTEM, now=late)] == [pay.ann.member_id]


def test_undecided_officers_hear_then_the_claimant_then_it_ends(pay):
    officers = [pay.officer.member_id, pay.second.member_id]
    assert pay.told(pay.closed + 14 * DAY - MOMENT) == []
    assert pay.told(pay.closed + 14 * DAY + MOMENT) == sorted(("claims_wait", one) for one in officers)
    assert pay.told(pay.closed + 60 * DAY - MOMENT) == []
    due = [*(("claims_due", one) for one in officers), ("claim_waits", pay.ann.member_id)]
    assert pay.told(pay.closed + 60 * DAY + MOMENT) == sorted(due)
    assert pay.told(pay.closed + 90 * DAY - MOMENT) == []
    assert (pay.row().state, pay.row().iban) == ("claimed", "NL91ABNA0417164300")
    assert pay.told(pay.closed + 90 * DAY + MOMENT) == [("claim_ended", pay.ann.member_id)]
    row = pay.row()
    assert (row.state, row.member_id, row.payee, row.iban, row.reason) == ("lapsed", None, None, None, None)
    assert pay.told(pay.closed + 200 * DAY) == []
    with db.transaction() as session, pytest.raises(Conflict, match="over and wiped"):
        service.decide(session, actor=pay.officer, now=pay.closed, claim_id=pay.claim, accept=True)


def test_the_pages_say_until_when(pay):
    ends = pay.closed + 90 * DAY
    with db.reading() as session:
        assert queries.claim_page(session, pay.slug, pay.ann).ends_at == ends
        assert queries.run_page(session, pay.slug, pay.officer).due == ends
    pay.do(service.decide, actor=pay.officer, now=pay.closed + 5 * DAY, claim_id=pay.claim, accept=True)
    with db.reading() as session:
        assert queries.claim_page(session, pay.slug, pay.ann).ends_at == ends + 5 * DAY
        assert queries.run_page(session, pay.slug, pay.officer).due == ends + 5 * DAY


def test_refused_in_time_nobody_is_written_to(pay):
    at = pay.closed + 10 * DAY
    pay.do(service.decide, actor=pay.officer, now=at, claim_id=pay.claim, accept=False, refusal="Not then")
    assert pay.told(at + 90 * DAY - MOMENT) == []
    assert pay.row().member_id == pay.ann.member_id
    assert pay.told(at + 90 * DAY + MOMENT) == []
    assert (pay.row().member_id, pay.row().refusal) == (None, None)


def test_one_made_again_after_it_was_withdrawn_ends_as_well(settings, database, now):
    with db.transaction() as session:
        ann = members.actor_of(session, make_member(session))
        officer = members.actor_of(session, make_member(session, roles=[Role.OFFICER]))
        slug = service.create_fund(
            session, actor=officer, now=now, draft=Draft("Again", "", "UTC", RULE, now + DAY)
        )
        service.open_fund(session, actor=officer, now=now, slug=slug)
        for again in (False, True):
            made = service.claim(
                session, actor=ann, now=now, slug=slug, days=[date(2026, 11, 17)], payee="Ann",
                iban="NL91ABNA0417164300", hardship=False, reason="", consent=True,
            )  # fmt: skip
            if not again:
                service.withdraw(session, actor=ann, now=now, slug=slug)
        service.decide(session, actor=officer, now=now, claim_id=made, accept=False, refusal="Not then")
    for late, left in ((-MOMENT, "NL91ABNA0417164300"), (MOMENT, None)):
        jobs.wipe(now + 90 * DAY + late, settings)
        with db.reading() as session:
            assert session.get_one(StrikeClaim, made).iban == left


class TestLists:
    @pytest.fixture
    def listed(self, pay, now):
        pay.do(
            service.contribute, actor=pay.officer, now=now, booked_on=now.date(), account=CONTRIBUTIONS,
            cents=9000, text="Collected", ref="1",
        )  # fmt: skip
        pay.do(service.decide, actor=pay.officer, now=pay.closed, claim_id=pay.claim, accept=True)
        return pay.do(service.propose, actor=pay.officer, now=pay.closed, slug=pay.slug)

    def test_one_that_nobody_approves_is_dropped_and_its_claim_ends(self, pay, listed):
        at = pay.closed + 90 * DAY
        assert ("claim_waits", pay.ann.member_id) in pay.told(at - MOMENT)
        assert pay.told(at + MOMENT) == [("claim_ended", pay.ann.member_id)]
        with db.reading() as session:
            assert queries.batch_page(session, listed, pay.officer).batch.state == "cancelled"
            assert queries.overview(session).available == 9000

    def test_one_that_is_never_paid_loses_its_account_numbers_and_cannot_be_exported(self, pay, listed):
        approved = pay.closed + 2 * DAY
        pay.do(service.approve, actor=pay.second, now=approved, batch_id=listed)
        due = [
            *(("claims_due", one.member_id) for one in (pay.officer, pay.second)),
            ("claim_waits", pay.ann.member_id),
        ]
        assert pay.told(approved + 90 * DAY - MOMENT) == sorted(due)
        assert pay.row().iban is not None
        assert pay.told(approved + 90 * DAY + MOMENT) == []
        assert (pay.row().iban, pay.row().member_id) == (None, None)
        with db.transaction() as session, pytest.raises(Conflict, match="wiped"):
            service.export(session, actor=pay.officer, now=approved, batch_id=listed)

"""Strike pay on a real database: contributions, claims, lists, two officers, nothing twice."""

import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from union.audit.models import AuditEntry
from union.core.actor import SYSTEM, Actor, Role
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.ledger import jobs, queries, service
from union.ledger.models import JournalEntry, Payout, PayoutBatch, Posting, StrikeClaim, StrikeClaimDay
from union.ledger.rules import BANK, CHART, CONTRIBUTIONS, GIFTS, STRIKE_PAY, BatchState, ClaimState, PayRule
from union.ledger.service.funds import Draft

IBAN = "NL91ABNA0417164300"
OFFICER, SECOND = (
    Actor(member_id=i, name=i, roles=frozenset({Role.MEMBER, Role.OFFICER}), active=True)
    for i in ("ofelia", "otto")
)
RULE = PayRule("Forty euros from day 2.", 2, 4000, None, True, date(2026, 11, 16), date(2026, 11, 20))


def member(name):
    return Actor(member_id=name, name=name, roles=frozenset({Role.MEMBER}), active=True)


def give(session, now, cents, ref="bank-1"):
    return service.contribute(
        session,
        actor=OFFICER,
        now=now,
        booked_on=now.date(),
        account=CONTRIBUTIONS,
        cents=cents,
        text="Collected",
        ref=ref,
    )


def opened(session, now, rule=RULE):
    draft = Draft("Week forty-seven", "action/log-off", "Europe/Amsterdam", rule, now + timedelta(days=3))
    slug = service.create_fund(session, actor=OFFICER, now=now, draft=draft)
    service.open_fund(session, actor=OFFICER, now=now, slug=slug)
    return slug


def claim(session, now, slug, name, days=(17, 18), **facts):
    return service.claim(
        session,
        **{
            "actor": member(name), "now": now, "slug": slug, "days": [date(2026, 11, d) for d in days],
            "payee": name.title(), "iban": IBAN, "hardship": False, "reason": "", "consent": True, **facts,
        },
    )  # fmt: skip


def closed(session, now, slug):
    service.accept_all(session, actor=OFFICER, now=now, slug=slug)
    service.close_fund(session, actor=OFFICER, now=now, slug=slug)


class TestBooks:
    def test_money_that_comes_in(self, session, now):
        give(session, now, 12345)
        books = queries.books(session)
        assert {a.code: a.cents for a in books.accounts if a.cents} == {BANK: 12345, CONTRIBUTIONS: 12345}
        assert books.difference == 0
        assert queries.overview(session).points[-1][1] == 12345

    def test_the_same_line_of_the_bank_is_booked_once(self, session, now):
        give(session, now, 100)
        with pytest.raises(Conflict, match="bank-1 was booked before") as refused:
            give(session, now, 100)
        assert refused.value.field == "ref"

    def test_an_entry_that_does_not_balance(self, session, now):
        with pytest.raises(Invalid, match=r"differ by 0\.01"):
            service.book(
                session, actor=OFFICER, now=now, booked_on=now.date(), text="x", lines={BANK: 100, GIFTS: -99}
            )
        assert session.scalar(select(func.count()).select_from(JournalEntry)) == 0

    @pytest.mark.parametrize("column", ["debit_code = credit_code", "cents = 0", "cents = -5"])
    def test_the_database_itself_refuses_a_lopsided_posting(self, session, now, column):
        give(session, now, 100)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE posting SET {column}"))

    def test_only_officers_write(self, session, now):
        with pytest.raises(NotAllowed):
            service.contribute(
                session,
                actor=member("a"),
                now=now,
                booked_on=now.date(),
                account=GIFTS,
                cents=1,
                text="",
                ref="x",
            )

    def test_tomorrows_money_and_nothing(self, session, now):
        for facts, field in (
            ({"booked_on": now.date() + timedelta(1)}, "booked_on"),
            ({"cents": 0}, "amount"),
            ({"account": STRIKE_PAY}, "account"),
        ):
            asked = {"booked_on": now.date(), "account": GIFTS, "cents": 1, "text": "", "ref": "x", **facts}
            with pytest.raises(Invalid) as refused:
                service.contribute(session, actor=OFFICER, now=now, **asked)
            assert refused.value.field == field

    def test_a_mistake_is_put_right_by_its_mirror_once(self, session, now):
        entry = give(session, now, 100)
        service.correct(session, actor=OFFICER, now=now, entry_id=entry, reason="Typed twice")
        assert not any(a.cents for a in queries.books(session).accounts)
        with pytest.raises(Conflict):
            service.correct(session, actor=OFFICER, now=now, entry_id=entry, reason="Again")

    @settings(
        max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    )
    @given(
        st.lists(st.tuples(st.sampled_from(sorted(CHART)), st.integers(1, 10**9)), min_size=1, max_size=6),
        st.randoms(),
    )
    def test_books_balance_in_any_order(self, session, now, lines, rng):
        def balances(order):
            with session.begin_nested() as inner:
                for code, cents in order:
                    other = BANK if code != BANK else GIFTS
                    service.book(
                        session,
                        actor=OFFICER,
                        now=now,
                        booked_on=now.date(),
                        text="x",
                        lines={code: cents, other: -cents},
                    )
                books = queries.books(session)
                inner.rollback()
            assert books.difference == 0
            return {a.code: a.cents for a in books.accounts}

        shuffled = list(lines)
        rng.shuffle(shuffled)
        assert balances(lines) == balances(shuffled)


class TestClaims:
    def test_a_claim_is_the_members_own(self, session, now):
        slug = opened(session, now)
        claim(session, now, slug, "ann")
        page = queries.fund_page(session, slug, member("ann"), now)
        assert (page.mine.paid_days, page.mine.owed, page.mine.state) == (2, 8000, ClaimState.CLAIMED)
        assert queries.fund_page(session, slug, member("bob"), now).mine is None

    def test_nothing_personal_is_readable_at_rest_or_in_the_log(self, session, now):
        slug = opened(session, now)
        claim(session, now, slug, "ann", hardship=True, reason="Rent is due")
        session.flush()
        raw = session.execute(text("SELECT payee, iban, reason FROM strike_claim")).one()
        assert all(
            b"Ann" not in bytes(v) and b"ABNA" not in bytes(v) and b"Rent" not in bytes(v) for v in raw
        )
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.act.like("%claim%"))):
            assert entry.actor_id is None
            assert "ann" not in str(entry.facts)

    def test_claiming_twice_changes_the_one_claim(self, session, now):
        slug = opened(session, now)
        assert claim(session, now, slug, "ann") == claim(session, now, slug, "ann", days=(17,))
        assert session.scalar(select(func.count()).select_from(StrikeClaimDay)) == 1

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"consent": False}, "consent"), ({"days": ()}, "days"), ({"days": (25,)}, "days"), ({"iban": "NL00"}, "iban"),
            ({"payee": " "}, "payee"), ({"hardship": True}, "reason"),
        ],
    )  # fmt: skip
    def test_what_is_refused_and_where(self, session, now, facts, field):
        slug = opened(session, now)
        with pytest.raises(Invalid) as refused:
            claim(session, now, slug, "ann", **facts)
        assert refused.value.field == field

    def test_a_day_is_counted_in_the_funds_zone(self, session, now):
        rule = PayRule("x", 1, 100, None, False, date(2026, 11, 23), date(2026, 11, 25))
        draft = Draft("Kiritimati", "", "Pacific/Kiritimati", rule, now + timedelta(days=5))
        slug = service.create_fund(session, actor=OFFICER, now=now, draft=draft)
        service.open_fund(session, actor=OFFICER, now=now, slug=slug)
        claim(session, now, slug, "ann", days=(24,))  # 02:00 on the 24th there, noon on the 23rd in UTC
        with pytest.raises(Invalid, match="has not come yet"):
            claim(session, now, slug, "ann", days=(25,))

    def test_not_before_nor_after(self, session, now):
        draft = Draft("Early", "", "UTC", RULE, now + timedelta(days=1))
        slug = service.create_fund(session, actor=OFFICER, now=now, draft=draft)
        with pytest.raises(Closed, match="not open"):
            claim(session, now, slug, "ann")
        service.open_fund(session, actor=OFFICER, now=now, slug=slug)
        with pytest.raises(Closed, match="closed"):
            claim(session, now + timedelta(days=1), slug, "ann")

    def test_the_rule_is_frozen_once_claims_are_open(self, session, now):
        slug = opened(session, now)
        page = queries.fund_page(session, slug, member("ann"), now)
        assert page.rule_hash == RULE.hash == page.rule.hash
        with pytest.raises(Closed, match="fixed"):
            service.edit_fund(
                session,
                actor=OFFICER,
                now=now,
                slug=slug,
                draft=Draft("x", "", "UTC", RULE, now + timedelta(1)),
            )

    def test_withdrawing_wipes(self, session, now):
        slug = opened(session, now)
        claim(session, now, slug, "ann")
        service.withdraw(session, actor=member("ann"), now=now, slug=slug)
        row = session.scalar(select(StrikeClaim))
        assert (row.iban, row.payee, row.state) == (None, None, "withdrawn")
        assert session.scalar(select(func.count()).select_from(StrikeClaimDay)) == 0
        with pytest.raises(NotFound):
            service.withdraw(session, actor=member("ann"), now=now, slug=slug)
        claim(session, now, slug, "ann")
        assert session.scalar(select(StrikeClaim.state)) == "claimed"

    def test_an_officer_decides_but_not_on_their_own(self, session, now):
        slug = opened(session, now)
        own = claim(session, now, slug, "ofelia")
        anns = claim(session, now, slug, "ann")
        with pytest.raises(NotAllowed, match="own claim"):
            service.decide(session, actor=OFFICER, now=now, claim_id=own, accept=True)
        with pytest.raises(Invalid, match="reason"):
            service.decide(session, actor=OFFICER, now=now, claim_id=anns, accept=False)
        service.decide(
            session, actor=OFFICER, now=now, claim_id=anns, accept=False, refusal="Not on those days"
        )
        assert queries.claim_page(session, slug, member("ann")).refusal == "Not on those days"
        with pytest.raises(Conflict, match="decided"):
            claim(session, now, slug, "ann")
        assert service.accept_all(session, actor=OFFICER, now=now, slug=slug) == 0


class TestPayouts:
    def ready(self, session, now, cents=20000):
        give(session, now, cents)
        slug = opened(session, now)
        claim(session, now, slug, "ann", days=(17, 18, 19), hardship=True, reason="Rent")
        claim(session, now, slug, "bob", days=(16, 17, 18))
        claim(session, now, slug, "cem", days=(17, 18))
        closed(session, now, slug)
        return slug

    def test_hardship_first_and_the_rest_to_the_cent(self, session, now):
        slug = self.ready(session, now, 20001)
        batch = queries.batch_page(
            session, service.propose(session, actor=OFFICER, now=now, slug=slug), SECOND
        )
        paid = {line.payee: line.cents for line in batch.lines}
        assert paid["Ann"] == 12000
        assert sorted((paid["Bob"], paid["Cem"])) == [4000, 4001]
        assert batch.batch.total == 20001
        assert batch.batch.owed == 28000

    def test_nothing_is_promised_twice(self, session, now):
        slug = self.ready(session, now)
        service.propose(session, actor=OFFICER, now=now, slug=slug)
        assert queries.overview(session).available == 0
        with pytest.raises(Conflict, match="left to pay"):
            service.propose(session, actor=SECOND, now=now, slug=slug)

    def test_the_database_holds_one_payment_a_claim(self, session, now):
        slug = self.ready(session, now)
        batch = service.propose(session, actor=OFFICER, now=now, slug=slug)
        first = session.scalar(select(Payout).limit(1))
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(Payout(batch_id=batch, claim_id=first.claim_id, cents=1, owed=1))

    def test_two_officers(self, session, now):
        slug = self.ready(session, now)
        batch = service.propose(session, actor=OFFICER, now=now, slug=slug)
        with pytest.raises(Conflict, match="second officer must approve"):
            service.export(session, actor=OFFICER, now=now, batch_id=batch)
        with pytest.raises(NotAllowed, match="second officer"):
            service.approve(session, actor=OFFICER, now=now, batch_id=batch)
        assert session.get(PayoutBatch, batch).state == "proposed"

    def test_the_database_holds_the_two_officers_apart(self, session, now):
        slug = self.ready(session, now)
        service.propose(session, actor=OFFICER, now=now, slug=slug)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text("UPDATE payout_batch SET approved_by = proposed_by"))

    def test_who_is_paid_does_not_approve(self, session, now):
        give(session, now, 20000)
        slug = opened(session, now)
        claim(session, now, slug, "otto")
        closed(session, now, slug)
        batch = service.propose(session, actor=OFFICER, now=now, slug=slug)
        assert "You are paid" in queries.batch_page(session, batch, SECOND).refusal
        with pytest.raises(NotAllowed, match="You are paid"):
            service.approve(session, actor=SECOND, now=now, batch_id=batch)

    def test_from_approval_to_paid_in_the_books(self, session, now):
        slug = self.ready(session, now)
        batch = service.propose(session, actor=OFFICER, now=now, slug=slug)
        service.approve(session, actor=SECOND, now=now, batch_id=batch)
        with pytest.raises(Conflict, match="not waiting"):
            service.approve(session, actor=SECOND, now=now, batch_id=batch)
        once = service.export(session, actor=OFFICER, now=now, batch_id=batch)
        assert once == service.export(session, actor=SECOND, now=now + timedelta(days=2), batch_id=batch)
        rows = list(csv.DictReader(io.StringIO(once)))
        assert sum(round(float(r["InstructedAmount"]) * 100) for r in rows) == 20000
        assert {r["CreditorIBAN"] for r in rows} == {IBAN}
        assert len({r["EndToEndId"] for r in rows}) == 3
        assert "strike" not in once.casefold()
        service.confirm_paid(session, actor=OFFICER, now=now, batch_id=batch)
        with pytest.raises(Conflict, match="confirmed"):
            service.confirm_paid(session, actor=OFFICER, now=now, batch_id=batch)
        books = {a.code: a.cents for a in queries.books(session).accounts}
        assert (books[BANK], books["2000"], books[STRIKE_PAY]) == (0, 0, 20000)
        assert queries.claim_page(session, slug, member("ann")).batch is BatchState.PAID

    def test_a_dropped_list_frees_its_claims(self, session, now):
        slug = self.ready(session, now)
        batch = service.propose(session, actor=OFFICER, now=now, slug=slug)
        service.cancel(session, actor=OFFICER, now=now, batch_id=batch)
        again = service.propose(session, actor=OFFICER, now=now, slug=slug)
        service.approve(session, actor=SECOND, now=now, batch_id=again)
        with pytest.raises(Conflict, match="in the books"):
            service.cancel(session, actor=OFFICER, now=now, batch_id=again)

    def test_not_while_claims_come_in_and_not_from_nothing(self, session, now):
        slug = opened(session, now)
        claim(session, now, slug, "ann")
        with pytest.raises(Conflict, match="not closed"):
            service.propose(session, actor=OFFICER, now=now, slug=slug)
        closed(session, now, slug)
        with pytest.raises(Conflict, match="no money"):
            service.propose(session, actor=OFFICER, now=now, slug=slug)
        assert session.scalar(select(func.count()).select_from(PayoutBatch)) == 0

    def test_money_promised_cannot_be_corrected_away(self, session, now):
        entry = give(session, now, 20000)
        slug = opened(session, now)
        claim(session, now, slug, "ann")
        closed(session, now, slug)
        service.propose(session, actor=OFFICER, now=now, slug=slug)
        with pytest.raises(Conflict, match="promised"):
            service.correct(session, actor=OFFICER, now=now, entry_id=entry, reason="x")


class TestForgetting:
    def test_bank_details_go_ninety_days_after_payment(self, session, now):
        slug = TestPayouts().ready(session, now)
        batch = service.propose(session, actor=OFFICER, now=now, slug=slug)
        service.approve(session, actor=SECOND, now=now, batch_id=batch)
        service.export(session, actor=OFFICER, now=now, batch_id=batch)
        service.confirm_paid(session, actor=OFFICER, now=now, batch_id=batch)
        assert service.wipe(session, actor=SYSTEM, now=now + timedelta(days=90)) == 0
        assert service.wipe(session, actor=SYSTEM, now=now + timedelta(days=91)) == 3
        assert session.scalars(select(StrikeClaim.iban)).all() == [None] * 3
        assert session.scalar(select(func.sum(Payout.cents))) == 20000

    def test_an_erased_member_leaves_no_id_behind(self, session, now):
        slug = opened(session, now)
        claim(session, now, slug, "ann")
        assert service.forget_member(session, now=now, member_id="ann") == 1
        row = session.scalar(select(StrikeClaim))
        assert (row.member_id, row.iban) == (None, None)

    def test_jobs(self, database, now, settings):
        from union.core.db import transaction

        with transaction() as session:
            opened(session, now)
        assert jobs.close(now, settings) == 0
        assert jobs.close(now + timedelta(days=3), settings) == 1
        assert jobs.close(now + timedelta(days=3), settings) == 0
        assert jobs.wipe(now, settings) == 0
        with transaction() as session:
            assert session.scalar(select(func.count()).select_from(Posting)) == 0

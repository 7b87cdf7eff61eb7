"""Books balance whatever is booked in whatever order; strike pay is shared to the cent."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.core.errors import Closed, Conflict, Invalid
from union.ledger import rules
from union.ledger.rules import BatchState, Due, FundState, PayRule, Step

codes = st.sampled_from(sorted(rules.CHART))


@st.composite
def balanced(draw):
    """Lines of an entry that balances."""
    lines = draw(st.dictionaries(codes, st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=5))
    rest = next(code for code in sorted(rules.CHART) if code not in lines)
    lines[rest] = -sum(lines.values())
    return {code: cents for code, cents in lines.items() if cents}


class TestEntries:
    @given(balanced())
    def test_the_movements_are_the_lines(self, lines):
        if not any(lines.values()):
            return
        moves = rules.moves(lines)
        assert {c: n for c, n in rules.balances(moves).items() if n} == lines
        assert all(m.cents > 0 and m.debit != m.credit for m in moves)

    @given(st.lists(balanced(), max_size=8), st.randoms())
    def test_books_always_balance_and_order_does_not_matter(self, entries, rng):
        moves = [m for lines in entries for m in rules.moves(lines)]
        shuffled = list(moves)
        rng.shuffle(shuffled)
        assert sum(rules.balances(moves).values()) == 0
        assert rules.balances(moves) == rules.balances(shuffled)

    @given(balanced(), codes, st.integers(1, 10**6))
    def test_a_line_too_much_is_refused_with_the_difference(self, lines, code, cents):
        lines[code] = lines.get(code, 0) + cents
        with pytest.raises(Invalid, match=rf"differ by {cents // 100}\.{cents % 100:02d}\."):
            rules.moves(lines)

    def test_nothing_is_no_entry(self):
        with pytest.raises(Invalid, match="at least one cent"):
            rules.moves({"1000": 0})


def rule(**facts):
    return PayRule(
        **{
            "text": "Forty euros a day from the third day.", "first_day": 3, "per_day": 4000, "most_days": 5,
            "hardship_first": True, "starts_on": date(2026, 11, 2), "ends_on": date(2026, 11, 13), **facts,
        }
    )  # fmt: skip


class TestRule:
    def test_the_hash_covers_every_number_and_word(self):
        hashes = {
            rule(**change).hash
            for change in (
                {}, {"text": "x"}, {"first_day": 1}, {"per_day": 4001}, {"most_days": None}, {"hardship_first": False},
                {"starts_on": date(2026, 11, 1)}, {"ends_on": date(2026, 11, 14)},
            )
        }  # fmt: skip
        assert len(hashes) == 8
        assert PayRule.thawed(rule().frozen()) == rule()

    def test_days_before_the_first_paid_one_earn_nothing(self):
        assert rule().due([date(2026, 11, 2), date(2026, 11, 3)]) == 0
        assert rule().due([date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 4)]) == 4000

    def test_no_more_than_the_most_days(self):
        assert rule().due(rule().all_days()) == 20000
        assert rule(most_days=None).paid_days(rule().all_days()) == 10

    @pytest.mark.parametrize(
        ("facts", "field"),
        [
            ({"ends_on": date(2026, 11, 1)}, "ends_on"),
            ({"ends_on": date(2028, 11, 1)}, "ends_on"),
            ({"first_day": 0}, "first_day"),
            ({"first_day": 13}, "first_day"),
            ({"per_day": 0}, "per_day"),
            ({"most_days": 0}, "most_days"),
        ],
    )
    def test_what_cannot_be_meant(self, facts, field):
        with pytest.raises(Invalid) as refused:
            rule(**facts).check()
        assert refused.value.field == field

    def test_claimed_days(self):
        today = date(2026, 11, 6)
        days = [date(2026, 11, 5), date(2026, 11, 4)]
        assert rules.check_days(rule(), days, today) == sorted(days)
        for wrong, words in (
            ([], "Tick the days"),
            ([date(2026, 11, 1)], "not a day of this strike"),
            ([date(2026, 11, 7)], "has not come yet"),
        ):
            with pytest.raises(Invalid, match=words):
                rules.check_days(rule(), wrong, today)


dues = st.lists(
    st.builds(Due, st.uuids().map(str), st.integers(0, 10**6), st.booleans()),
    max_size=25,
    unique_by=lambda d: d.claim_id,
)


class TestAllocation:
    @given(st.integers(-1000, 10**7), dues, st.booleans())
    def test_never_more_than_owed_or_there(self, available, owed, first):
        paid = rules.allocate(available, owed, hardship_first=first)
        assert set(paid) == {d.claim_id for d in owed}
        assert all(0 <= paid[d.claim_id] <= d.cents for d in owed)
        assert sum(paid.values()) == min(max(available, 0), sum(d.cents for d in owed))

    @given(st.integers(0, 10**7), dues, st.booleans(), st.randoms())
    def test_order_does_not_matter(self, available, owed, first, rng):
        shuffled = list(owed)
        rng.shuffle(shuffled)
        assert rules.allocate(available, owed, hardship_first=first) == rules.allocate(
            available, shuffled, hardship_first=first
        )

    @given(st.integers(0, 10**6), dues)
    def test_nobody_else_is_paid_before_hardship_is_paid_in_full(self, available, owed):
        paid = rules.allocate(available, owed, hardship_first=True)
        if any(paid[d.claim_id] for d in owed if not d.hardship):
            assert all(paid[d.claim_id] == d.cents for d in owed if d.hardship)

    @given(st.integers(0, 10**6), dues)
    def test_when_money_is_short_everybody_is_within_a_cent_of_their_share(self, available, owed):
        total = sum(d.cents for d in owed)
        if not total or available >= total:
            return
        paid = rules.allocate(available, owed, hardship_first=False)
        assert all(abs(paid[d.claim_id] - Fraction(available * d.cents, total)) < 1 for d in owed)


class TestAccountNumbers:
    @pytest.mark.parametrize(
        "typed",
        ["NL91 ABNA 0417 1643 00", "nl91abna0417164300", "DE89370400440532013000", "GB82WEST12345698765432"],
    )
    def test_good(self, typed):
        assert rules.iban(typed) == typed.replace(" ", "").upper()

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "NL91ABNA0417164301",
            "NL91ABNA041716430",
            "XX00",
            "NL91 ABNA 0417 1643 00 0",
            "12345678",
            "ÑL91ABNA0417164300",
        ],
    )
    def test_bad(self, typed):
        with pytest.raises(Invalid, match="IBAN") as refused:
            rules.iban(typed)
        assert refused.value.field == "iban"

    @given(st.integers(4, 17), st.characters(whitelist_categories=["Nd"], max_codepoint=127))
    def test_one_digit_changed_is_seen(self, place, digit):
        good = "NL91ABNA0417164300"
        bent = good[:place] + digit + good[place + 1 :]
        if bent != good:
            with pytest.raises(Invalid):
                rules.iban(bent)


class TestLists:
    def test_the_table(self):
        allowed = {(s, t) for s in BatchState for t in Step if (s, t) in rules.BATCH_STEPS}
        for state in BatchState:
            for step in Step:
                if (state, step) in allowed:
                    rules.batch_after(state, step)
                else:
                    with pytest.raises(Conflict):
                        rules.batch_after(state, step)
        assert (BatchState.PAID, Step.CONFIRM) not in allowed
        assert (BatchState.APPROVED, Step.CANCEL) not in allowed

    def test_claims_only_while_open(self):
        rules.must_be_open(FundState.OPEN)
        for state, words in ((FundState.DRAFT, "not open"), (FundState.CLOSED, "closed")):
            with pytest.raises(Closed, match=words):
                rules.must_be_open(state)

    @pytest.mark.parametrize("text", ["=1+1", "+31", "-x", "@sum", "\tx"])
    def test_no_cell_is_a_formula(self, text):
        assert rules.cell(text) == f"'{text}"
        assert rules.cell("Ann") == "Ann"

    def test_all_days(self):
        assert rule().all_days()[-1] - rule().all_days()[0] == timedelta(11)

"""Amounts: what people type, what they see, and sharing to the last cent."""

import contextlib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.core import money
from union.core.errors import Invalid

amounts = st.integers(0, money.MOST - 1)


class TestParsing:
    @pytest.mark.parametrize(
        ("typed", "cents"),
        [
            ("12", 1200), ("12.5", 1250), ("12,50", 1250), (" € 0.01 ", 1), ("1234567", 123456700),
            ("1.234,50", 123450), ("1,234.50", 123450), ("1 234,50", 123450), ("1.234.567", 123456700),
            ("1'234.50", 123450), ("0", 0), ("007", 700),
        ],
    )  # fmt: skip
    def test_what_people_type(self, typed, cents):
        assert money.parse(typed) == cents

    @pytest.mark.parametrize("typed", ["12.345", "12,345", "0.001", "1.234,567", "12.5000"])
    def test_too_many_decimals_are_refused_by_name(self, typed):
        with pytest.raises(Invalid, match="too many decimals") as refused:
            money.parse(typed, field="amount")
        assert refused.value.field == "amount"
        assert typed in str(refused.value)

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "abc",
            "-5",
            "+5",
            "1e3",
            "12.",
            ".5",
            "1.2.3",
            "1.23.456",
            "1,234,50",
            "١٢",
            "12 euro",
            "NaN",
            "1.234.567.8",
            "0x10",
        ],
    )
    def test_what_is_no_amount(self, typed):
        with pytest.raises(Invalid, match="an amount such as"):
            money.parse(typed)

    def test_a_billion_is_a_mistake(self):
        with pytest.raises(Invalid, match="too large"):
            money.parse("1000000000")
        assert money.parse("999999999.99") == money.MOST - 1

    @given(amounts)
    def test_what_machines_read_comes_back(self, cents):
        assert money.parse(money.plain(cents)) == cents

    @given(st.text(max_size=30))
    def test_anything_is_an_amount_or_refused(self, typed):
        with contextlib.suppress(Invalid):
            assert 0 <= money.parse(typed) < money.MOST


class TestShowing:
    def test_by_language(self):
        assert money.show(123450, "en") == "€1,234.50"
        assert money.show(123450, "nl").replace("\xa0", " ") == "€ 1.234,50"

    def test_large_amounts_keep_their_cents(self):
        assert money.show(9_007_199_254_740_993, "en") == "€90,071,992,547,409.93"

    def test_negative(self):
        assert money.plain(-5) == "-0.05"
        assert money.show(-5, "en") == "-€0.05"


weights = st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 10**6), min_size=1, max_size=30)


class TestSharing:
    @given(amounts, weights)
    def test_every_cent_is_shared_and_nobody_is_a_cent_off(self, total, given_weights):
        whole = sum(given_weights.values())
        if not whole:
            total = 0
        shared = money.share_out(total, given_weights)
        assert sum(shared.values()) == total
        for name, weight in given_weights.items():
            exact = Fraction(total * weight, whole) if whole else Fraction(0)
            assert abs(shared[name] - exact) < 1

    @given(amounts, weights, st.randoms())
    def test_order_does_not_matter(self, total, given_weights, rng):
        if not sum(given_weights.values()):
            total = 0
        names = list(given_weights)
        rng.shuffle(names)
        assert money.share_out(total, {n: given_weights[n] for n in names}) == money.share_out(
            total, given_weights
        )

    @given(weights, st.data())
    def test_who_shares_less_than_the_whole_gets_no_more_than_due(self, given_weights, data):
        total = data.draw(st.integers(0, sum(given_weights.values())))
        assert all(cents <= given_weights[n] for n, cents in money.share_out(total, given_weights).items())

    def test_nonsense_is_refused(self):
        for total, given_weights in [(1, {}), (-1, {"a": 1}), (1, {"a": -1, "b": 2}), (5, {"a": 0})]:
            with pytest.raises(ValueError):
                money.share_out(total, given_weights)


@pytest.mark.parametrize(
    ("amount", "language", "shown"),
    [
        ("2.765", "en", "€2.77"),
        ("2.764999", "en", "€2.76"),
        ("158", "nl", "€\xa0158,00"),
        ("0", "en", "€0.00"),
    ],
)
def test_what_something_costs_about(amount, language, shown):
    assert money.estimate(Decimal(amount), language, "EUR") == shown

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.core.errors import Invalid
from union.ledger import rules, statements

TODAY = date(2026, 11, 23)


def read(*lines):
    return statements.read("\n".join(lines), TODAY)


@pytest.mark.parametrize("mark", [";", "\t", ","])
def test_lines_in_any_of_three_forms(mark):
    found = read(
        mark.join(("Datum", "Bedrag", "Kenmerk", "Omschrijving")),
        "",
        mark.join(("2026-11-20", "12.50", "B1", "gift")),
        mark.join(("20-11-2026", '"1.250,00"', "B2", "dues")),
    )
    assert [(one.number, one.booked_on, one.cents, one.ref, one.problem) for one in found] == [
        (3, date(2026, 11, 20), 1250, "B1", ""),
        (4, date(2026, 11, 20), 125000, "B2", ""),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2026-11-20;12.345;B1;x", "too many decimals"),
        ("2026-11-20;-5;B1;x", "amount such as"),
        ("2026-11-20;0;B1;x", "at least one cent"),
        ("11/12/2026;5;B1;x", "is no day"),
        ("2026-02-30;5;B1;x", "is no day"),
        ("2026-11-24;5;B1;x", "has not come yet"),
        ("2026-11-20;5;;x", "needs a reference"),
        ("2026-11-20;5;B1", "has %(have)s columns"),
        (f"2026-11-20;5;{'B' * 61};x", "needs a reference"),
    ],
)
def test_what_is_wrong_is_said_of_its_line(line, words):
    good, bad = read("2026-11-20;5;A;x", line)
    assert not good.problem
    assert words in bad.problem
    assert bad.number == 2


def test_twice_in_one_statement():
    lines = read("2026-11-20;5;A;x", "2026-11-20;5;B;x", "20-11-2026;5,00;A;y")
    assert statements.repeated(lines) == {3}
    assert not any(one.problem for one in lines)


@pytest.mark.parametrize("other", ["2026-11-20;7;A;y", "2026-11-19;5;A;y"])
def test_another_payment_under_the_same_reference_is_not_left_out_in_silence(other):
    first, second = read("2026-11-20;5;A;x", other)
    assert not first.problem
    assert "has the reference of line" in second.problem
    assert second.facts == {"n": 1}
    assert statements.repeated((first, second)) == frozenset()


def test_an_entry_booked_as_something_else():
    (line,) = read("2026-11-20;5;A;x")
    assert statements.against(line, date(2026, 11, 20), 500) is line
    assert "was booked before as" in statements.against(line, date(2026, 11, 20), 700).problem


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-23T22:59:59+00:00", date(2026, 11, 23)),
        ("2026-11-23T23:00:00+00:00", date(2026, 11, 24)),
        ("2026-07-01T21:59:59+00:00", date(2026, 7, 1)),
        ("2026-07-01T22:00:00+00:00", date(2026, 7, 2)),
    ],
)
def test_the_day_is_the_bank_s(instant, day):
    assert rules.bank_day(datetime.fromisoformat(instant)) == day


@pytest.mark.parametrize("text", ["", " \n \n", "day;amount;reference;description"])
def test_nothing(text):
    with pytest.raises(Invalid, match="no line"):
        statements.read(text, TODAY)


def test_too_many():
    with pytest.raises(Invalid, match="At most"):
        read(*(["2026-11-20;5;A;x"] * (statements.MOST + 1)))


@given(st.text(alphabet=st.sampled_from('2026-11;,\t"\n\r\0x€.5'), max_size=80) | st.text(max_size=60))
def test_anything_is_read_or_refused(text):
    try:
        found = statements.read(text, TODAY)
    except Invalid:
        return
    assert all(one.problem or (one.booked_on and one.cents > 0 and one.ref) for one in found)

"""A list as people bring it: what is read, and every fault at its line and column."""

from datetime import date

import pytest

from union.core.errors import Invalid
from union.organizing.rules.list_file import Defaults, read

GIVEN = Defaults(
    chapters={"amsterdam": "amsterdam", "de pijp": "de-pijp"},
    tags={"nights": "nights", "rijdt 's nachts": "nights", "van": "van"},
    chapter="amsterdam",
    language="nl",
    zone="Europe/Amsterdam",
    source="stand, 9 May",
    today=date(2026, 11, 23),
)


def test_a_list_as_a_spreadsheet_saves_it():
    text = (
        "Naam;E-mailadres;Mobiel;Labels;Bron;Akkoord op;Afdeling\r\n"
        "Anna;anna@example.org;;nights, van;;9-5-2026;De Pijp\r\n"
        "Bob;;06 12345678;;bij de kraam;2026-05-09;\r\n"
    )
    found = read(text, GIVEN)
    assert found.bad == ()
    anna, bob = found.rows
    assert (anna.chapter, anna.tags, anna.source, anna.agreed) == (
        "de-pijp",
        ("nights", "van"),
        "stand, 9 May",
        date(2026, 5, 9),
    )
    assert (bob.phone, bob.source, bob.language, bob.agreed) == (
        "+31612345678",
        "bij de kraam",
        "nl",
        date(2026, 5, 9),
    )


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("A,a@example,,,,", "email"),
        ("A,,12,,,", "phone"),
        ("A,a@example.org,,unheard of,,", "tags"),
        ("A,a@example.org,,,Mars,", "chapter"),
        ("A,a@example.org,,,,31-2-2026", "agreed"),
        ("A,a@example.org,,,,soon", "agreed"),
        ("A,a@example.org,,,,2027-01-01", "agreed"),
        ("A,,,,,", "email"),
        ("A,a@example.org,,,,,,surplus", ""),
    ],
)
def test_every_fault_has_its_line_and_column(row, column):
    found = read(f"name,email,phone,tags,chapter,agreed\nFine,fine@example.org,,,,\n{row}\n", GIVEN)
    assert [(bad.line, bad.column) for bad in found.bad] == [(3, column)]
    assert [one.name for one in found.rows] == ["Fine"]


def test_nobody_stands_there_twice():
    found = read("email,phone\nA@example.org,\n,0612345678\na@example.org,\n,+31612345678\n", GIVEN)
    assert [(bad.line, bad.column) for bad in found.bad] == [(4, "email"), (5, "phone")]


def test_where_somebody_agreed_is_required():
    nowhere = Defaults(**{**GIVEN.__dict__, "source": ""})
    found = read("email,source\na@example.org,\nb@example.org,meeting\n", nowhere)
    assert [(bad.line, bad.column) for bad in found.bad] == [(2, "source")]
    assert [one.source for one in found.rows] == ["meeting"]


@pytest.mark.parametrize("text", ["", "name\nAnna\n", "tag,source\nx,y\n"])
def test_what_is_no_list_at_all(text):
    with pytest.raises(Invalid) as refused:
        read(text, GIVEN)
    assert refused.value.field == "file"


def test_headings_that_mean_nothing_are_named():
    assert read("email,shoe size\na@example.org,40\n", GIVEN).ignored == ("shoe size",)

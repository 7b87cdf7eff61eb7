"""The register as a CSV file: what spreadsheets write is read, every fault has its line and column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.core.errors import Invalid
from union.members.rules.membership import State, Work
from union.members.rules.register_file import COLUMNS, Known, decode, read, write

KNOWN = Known(
    chapters={"amsterdam": "amsterdam", "den haag": "den-haag"}, platforms=frozenset({"uber", "tiktok"})
)
GOOD = "name,email,phone,state,chapter,language,zone,platforms,sms\n"


def faults(text):
    return [(b.line, b.column, str(b.why)) for b in read(text, KNOWN).bad]


def test_a_full_row():
    row = read(
        GOOD + "Anna,anna@example.org,06 12345678,active,Den Haag,nl,,uber:driver tiktok,yes\n", KNOWN
    ).rows[0]
    assert (row.line, row.name, row.email, row.phone) == (2, "Anna", "anna@example.org", "+31612345678")
    assert (row.state, row.chapter, row.language, row.zone) == (
        State.ACTIVE,
        "den-haag",
        "nl",
        "Europe/Amsterdam",
    )
    assert row.platforms == (("tiktok", Work.USER), ("uber", Work.DRIVER))
    assert row.sms is True


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_as_spreadsheets_save_it(encoding, separator, newline):
    text = newline.join(
        [separator.join(["Naam", "E-mailadres"]), separator.join(["Zoë", "zoe@example.org"]), ""]
    )
    rows = read(decode(text.encode(encoding)), KNOWN).rows
    assert [(row.name, row.email) for row in rows] == [("Zoë", "zoe@example.org")]


def test_excels_separator_line_and_line_numbers_with_line_breaks_in_cells():
    text = 'sep=;\nnaam;email;notitie\n"Anna";anna@example.org;"twee\nregels"\nBob;geen;\n'
    register = read(text, KNOWN)
    assert [row.line for row in register.rows] == [3]
    assert [(b.line, b.column) for b in register.bad] == [(5, "email")]
    assert register.ignored == ("notitie",)


def test_every_fault_is_named_by_line_and_column():
    text = (
        GOOD
        + ",anna@example.org,,,,,,,\n"
        + "Bob,,020 1234567,boss,Atlantis,fr,Mars/Base,ubr:driver,maybe\n"
        + "Carl,,,,,,,,\n"
        + "Dee,dee@example.org,,,,,,,,extra\n"
        + "Eve,eve@example.org,,,,,,uber:pilot,\n"
    )
    found = faults(text)
    assert [(line, column) for line, column, _ in found] == [
        (2, "name"),
        (3, "phone"),
        (3, "state"),
        (3, "chapter"),
        (3, "language"),
        (3, "zone"),
        (3, "platforms"),
        (3, "sms"),
        (4, "email"),
        (5, ""),
        (6, "platforms"),
    ]
    assert "not a mobile" in found[1][2]
    assert "Atlantis" in found[3][2]
    assert read(text, KNOWN).rows == ()


def test_the_second_of_two_alike_is_named_with_the_line_of_the_first():
    text = (
        "name,email,phone\nAnna,Anna@example.org,\nAnn,anna@EXAMPLE.org,\nBob,,0612345678\nBo,,+31612345678\n"
    )
    assert faults(text) == [(3, "email", "The same as in line 2."), (5, "phone", "The same as in line 4.")]


@pytest.mark.parametrize("text", ["", "\n\n", "hello", "name\nAnna\n", "email\na@example.org\n"])
def test_what_is_no_register_is_refused_whole(text):
    with pytest.raises(Invalid) as refusal:
        read(text, KNOWN)
    assert refusal.value.field == "file"


NAMES = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30).filter(
    lambda text: " ".join(text.split()) and " ".join(text.split()).isprintable()
)


@given(st.lists(NAMES, max_size=12))
def test_what_is_written_is_read_back(names):
    people = [
        {"name": " ".join(n.split()), "email": f"m{i}@example.org", "state": "active", "sms": "no"}
        for i, n in enumerate(names)
    ]
    text = write(people, COLUMNS)
    for line in text.splitlines()[1:]:
        assert not line.startswith(("=", "+", "-", "@")), "a spreadsheet would reckon it"
    register = read(decode(text.encode()), KNOWN)
    assert register.bad == ()
    # a leading quote before a formula sign is the spreadsheet's, not the name's
    expected = [
        p["name"][1:] if p["name"][:1] == "'" and p["name"][1:2] in tuple("=+-@") else p["name"]
        for p in people
    ]
    assert [row.name for row in register.rows] == expected


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(content):
    try:
        register = read(decode(content), KNOWN)
    except Invalid:
        return
    assert all(fault.line >= 1 for fault in register.bad)

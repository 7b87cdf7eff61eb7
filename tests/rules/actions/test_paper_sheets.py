"""Counts of many chapters from one file: both layouts, and every fault by line and column."""

import pytest

from union.actions.rules.paper_sheets import read
from union.core.errors import Invalid

CHAPTERS = {"amsterdam": "Amsterdam", "den-haag": "Den Haag", "utrecht": "Utrecht"}


@pytest.mark.parametrize(
    "text",
    [
        "chapter,count\nAmsterdam,34\nDen Haag,5\n",
        "Afdeling;Aantal\r\namsterdam;34\r\n\r\nden-haag; 5\r\n",
        "Amsterdam, 34\nDEN HAAG, 5",
        "Amsterdam\tDen Haag\n20\t5\n14\t\n",
    ],
)
def test_a_line_or_a_column_for_each_chapter(text):
    found = read(text, CHAPTERS, 1000)
    assert (found.counts, found.bad, found.total) == ({"amsterdam": 34, "den-haag": 5}, (), 39)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("chapter,count\nAmsterdam,34\nAmsterdam,1\nAtlantis,2\nUtrecht,3.5\nDen Haag,0",
         [(3, "Amsterdam"), (4, "Atlantis"), (5, "Utrecht"), (6, "Den Haag")]),
        ("Amsterdam,5\nUtrecht,1001\nDen Haag,-3", [(2, "Utrecht"), (3, "Den Haag")]),
        ("Amsterdam,Utrecht,Mars\n600,x,1\n600,4,", [(1, "Amsterdam"), (2, "Utrecht"), (1, "Mars")]),
    ],
)  # fmt: skip
def test_every_fault_is_named_and_the_good_lines_stay(text, faults):
    found = read(text, CHAPTERS, 1000)
    assert [(one.line, one.column) for one in found.bad] == faults
    assert set(found.counts) <= {"amsterdam"}


def test_nothing_in_it():
    with pytest.raises(Invalid) as refused:
        read(" \n\n", CHAPTERS, 1000)
    assert refused.value.field == "sheets"

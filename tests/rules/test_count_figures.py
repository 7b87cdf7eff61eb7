"""Drawings of counts: every number and word in them, nothing unescaped, lengths in proportion."""

import re

from union.web.count_figures import Lap, Profile, duels, letter, merit_profiles, race
from union.web.figures import Bar


def texts(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def bars(svg, kind="bar"):
    return re.findall(rf'<rect class="{kind}" x="[^"]*" y="[^"]*" width="([^"]*)"', svg)


def test_duels_mark_who_won_and_name_every_row():
    svg = duels(["Ada", "<b>"], [[0, 3], [2, 0]], title="Compared")
    assert "Compared" in svg
    assert "&lt;b&gt;" in svg
    assert "<b>" not in svg
    assert {"3", "2", "A", "B"} <= set(texts(svg))
    assert bars(svg) == ["50%"]  # one win, one bar
    assert letter(25) == "Z"
    assert letter(26) == "A2"


def test_a_race_shows_each_round_and_the_quota():
    laps = [
        Lap("Round 1", (Bar("Ada", 6, "6"), Bar("Bob", 3, "3")), "Ada elected."),
        Lap("Round 2", (Bar("Bob", 4.5, "4.5"),), "Bob elected."),
    ]
    svg = race(laps, title="Rounds", quota=4, quota_text="4 needed", whole=9)
    assert bars(svg) == ["52%", "26%", "39%"]
    assert {"Round 1", "Round 2", "4.5", "4 needed", "Bob elected."} <= set(texts(svg))
    assert svg.count('class="stave"') == 4  # one a bar, one in the key


def test_merit_profiles_fill_the_width_in_proportion():
    profiles = [Profile("Ada", (3, 0, 1), "Good"), Profile("Bob", (0, 0, 0), "–")]
    svg = merit_profiles(profiles, ("Good", "Fair", "Bad"), title="Grades", half_text="half")
    assert bars(svg, "grade g1")[0] == "75%"
    assert bars(svg, "grade g3")[0] == "25%"
    assert {"Good", "Fair", "Bad", "half"} <= set(texts(svg))

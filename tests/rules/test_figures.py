"""Server-drawn figures: what is counted is what is drawn, and nothing typed by a member gets out as markup."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from union.web import figures, picket
from union.web.figures import Bar, Mark, Share

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EVIL = '<script>alert("1")</script>&'


def tree(drawing):
    assert isinstance(drawing, Markup)
    return ET.fromstring(drawing)


def marked(drawing, name):
    return [e for e in tree(drawing).iter() if name in (e.get("class") or "").split()]


def strokes(drawing, kind):
    return [e for e in marked(drawing, "stroke") if kind in e.get("class").split()]


def x_of(element):
    return float(re.match(r"M(-?[\d.]+) ", element.get("d"))[1])


class TestPicketMeter:
    def test_fifty_strokes_are_the_goal_in_groups_of_four_and_a_slash(self):
        drawing = picket.meter(3412, 5000, title="t")
        assert len(marked(drawing, "stroke")) == 50
        assert len([e for e in marked(drawing, "stroke") if "slash" in e.get("class")]) == 10

    def test_strokes_earned_are_filled_and_the_next_one_as_far_as_it_is_earned(self):
        drawing = picket.meter(3412, 5000, title="t")
        assert len(strokes(drawing, "on")) == 34
        assert len(strokes(drawing, "off")) == 16
        (partial,) = [e for e in marked(drawing, "on") if "stroke" not in e.get("class")]
        # 12 of the 100 members of the 35th stroke, which is a slash: 12% of 88 to the right.
        assert "l10.56 -6.96" in partial.get("d")

    @pytest.mark.parametrize(
        ("count", "on"), [(0, 0), (1, 0), (99, 0), (100, 1), (4999, 49), (5000, 50), (9000, 50), (-3, 0)]
    )
    def test_a_stroke_is_never_filled_before_it_is_earned(self, count, on):
        assert len(strokes(picket.meter(count, 5000, title="t"), "on")) == on
        assert picket.strokes(count, 5000) == on

    def test_nobody_yet_draws_no_part_of_a_stroke(self):
        assert marked(picket.meter(0, 5000, title="t"), "on") == []

    @pytest.mark.parametrize(
        ("goal", "total"), [(1, 1), (4, 4), (12, 12), (49, 49), (50, 50), (51, 50), (0, 1)]
    )
    def test_a_small_goal_has_a_stroke_for_each_member(self, goal, total):
        assert len(marked(picket.meter(0, goal, title="t"), "stroke")) == total

    def test_the_stave_stands_between_the_last_stroke_that_must_be_filled_and_the_next(self):
        drawing = picket.meter(0, 5000, 3700, title="t")
        (stave,) = marked(drawing, "stave")
        edges = [x_of(e) for e in marked(drawing, "stroke")]
        assert edges[36] + 8 < x_of(stave)
        assert x_of(stave) + 6 < edges[37]

    def test_the_stave_at_the_goal_stands_behind_the_last_stroke_and_inside_the_drawing(self):
        drawing = picket.meter(0, 5000, 5000, title="t")
        assert 988 < x_of(marked(drawing, "stave")[0]) <= 994

    def test_no_threshold_no_stave(self):
        assert marked(picket.meter(10, 100, title="t"), "stave") == []

    def test_a_threshold_above_the_goal_stretches_the_meter(self):
        drawing = picket.meter(50, 50, 100, title="t")
        assert len(strokes(drawing, "on")) == 25 == picket.strokes(50, 50, 100)

    def test_live_meters_say_their_key(self):
        assert 'data-live-strokes="strokes"' in picket.meter(1, 2, title="t", live="strokes")
        assert "data-live" not in picket.meter(1, 2, title="t")

    @given(
        count=st.integers(0, 10**6), goal=st.integers(1, 10**6), threshold=st.none() | st.integers(1, 10**6)
    )
    def test_any_meter_is_well_formed_and_full_only_at_the_goal(self, count, goal, threshold):
        drawing = picket.meter(count, goal, threshold, title="t", desc="d")
        whole = max(goal, threshold or 0)
        full = len(strokes(drawing, "off")) == 0
        assert full == (count >= whole)
        assert len(strokes(drawing, "on")) == picket.strokes(count, goal, threshold)
        for stave in marked(drawing, "stave"):
            assert 0 <= x_of(stave) <= 994


ALL = {
    "meter": lambda text: picket.meter(1, 2, 1, title=text, desc=text),
    "bars": lambda text: figures.bars([Bar(text, 1, text)], title=text, desc=text),
    "progress": lambda text: figures.progress(1, 2, title=text, desc=text),
    "stacked": lambda text: figures.stacked_result(
        [Share(text, 1, text)], title=text, desc=text, threshold=Fraction(1, 2), threshold_text=text
    ),
    "strip": lambda text: figures.timeline_strip([Mark(NOW, text, text)], now=NOW, title=text, desc=text),
    "sparkline": lambda text: figures.sparkline([1, 2], title=text, desc=text),
    "steps": lambda text: figures.steps_over_time(
        [(NOW, 1)], title=text, desc=text, first=text, last=text, top=text
    ),
    "qr": lambda text: figures.qr("x", title=text),
}


@pytest.mark.parametrize("draw", ALL.values(), ids=ALL)
class TestEveryFigure:
    def test_text_is_escaped(self, draw):
        drawing = draw(EVIL)
        assert "<script" not in drawing
        texts = {
            "".join(e.itertext()).strip() for e in tree(drawing).iter() if e.tag in {"title", "desc", "text"}
        }
        assert EVIL in texts or any(EVIL.startswith(t) for t in texts)

    def test_is_an_image_with_a_name(self, draw):
        root = tree(draw("The name"))
        svg = root if root.tag == "svg" else root.find("svg")
        assert svg.get("role") == "img"
        assert svg.find("title").text == "The name"

    def test_has_no_style_and_no_script_to_be_blocked(self, draw):
        for element in tree(draw("t")).iter():
            assert "style" not in element.attrib
            assert not [name for name in element.attrib if name.startswith("on") or name == "id"]


def width(element):
    return float(element.get("width").rstrip("%"))


def test_bars_are_as_long_as_their_values():
    drawing = figures.bars([Bar("a", 200, "200"), Bar("b", 50, "50"), Bar("c", 0, "0")], title="t")
    assert [width(e) for e in marked(drawing, "bar")] == [78, 19.5, 0]
    scaled = figures.bars([Bar("a", 200, "200")], title="t", whole=400)
    assert [width(e) for e in marked(scaled, "bar")] == [39]


def test_bars_without_rows_or_counts_are_drawn_empty():
    assert marked(figures.bars([], title="t"), "bar") == []
    assert [width(e) for e in marked(figures.bars([Bar("a", 0, "0")], title="t"), "bar")] == [0]


def test_a_long_label_is_broken_over_lines_and_kept_whole():
    label = "A chapter with a name so long that it takes more than two lines on a phone of common size"
    texts = ["".join(e.itertext()) for e in tree(figures.bars([Bar(label, 1, "1")], title="t")).iter("text")]
    assert " ".join(texts[:-1]) == label
    assert max(map(len, texts)) <= 34


@pytest.mark.parametrize(("value", "of", "percent"), [(1, 4, 25), (0, 4, 0), (9, 4, 100), (1, 0, 0)])
def test_progress_stays_within_its_bar(value, of, percent):
    assert [width(e) for e in marked(figures.progress(value, of, title="t"), "bar")] == [percent]


def test_shares_stand_end_to_end_and_the_stave_at_the_threshold():
    drawing = figures.stacked_result(
        [Share("yes", 60, "60"), Share("no", 30, "30", "against"), Share("blank", 10, "10", "blank")],
        title="t",
        threshold=Fraction(3, 4),
        threshold_text="75%",
    )
    stacked = [e for e in tree(drawing).iter("rect") if e.get("height") == "40"]
    assert [(e.get("x"), e.get("width"), e.get("class")) for e in stacked] == [
        ("0%", "60%", "bar"),
        ("60%", "30%", "rest"),
        ("90%", "10%", "rest dashed"),
    ]
    assert marked(drawing, "stave")[0].get("x") == "75%"


def test_shares_of_all_entitled_leave_those_who_did_not_vote_open():
    drawing = figures.stacked_result([Share("yes", 50, "50")], title="t", of=200)
    assert marked(drawing, "bar")[0].get("width") == "25%"


def test_a_ballot_without_votes_is_drawn_empty():
    assert marked(figures.stacked_result([Share("yes", 0, "0")], title="t"), "bar")[0].get("width") == "0%"


def test_the_strip_fills_what_is_past_and_orders_by_time():
    day = timedelta(days=1)
    drawing = figures.timeline_strip(
        [Mark(NOW + day, "later", "l"), Mark(NOW - day, "earlier", "e")], now=NOW, title="t"
    )
    posts = [e for e in tree(drawing).iter("rect") if e.get("height") == "36"]
    assert [(e.get("class"), e.get("x")) for e in posts] == [("on", "2%"), ("off", "98%")]
    assert marked(drawing, "stave")[0].get("x") == "50%"


def test_an_empty_strip_and_empty_lines_are_drawn():
    for drawing in (
        figures.timeline_strip([], now=NOW, title="t"),
        figures.steps_over_time([], title="t", first="", last="", top=""),
        figures.sparkline([], title="t"),
        figures.sparkline([0], title="t"),
    ):
        assert tree(drawing).find("title").text == "t"


def test_a_count_over_time_rises_in_steps_from_corner_to_corner():
    drawing = figures.steps_over_time(
        [(NOW, 0), (NOW + timedelta(hours=1), 25), (NOW + timedelta(hours=4), 100)],
        title="t",
        first="a",
        last="b",
        top="100",
    )
    assert marked(drawing, "line")[0].get("d") == "M0 100H25V75H100V0"
    assert marked(figures.sparkline([1, 2], title="t"), "line")[0].get("d") == "M0 50H100V0"


def test_a_qr_code_has_exactly_the_dark_modules_of_its_text_inside_a_quiet_zone():
    text = "https://union.example/b/K7QF9M2DTR4XH8WP"
    root = tree(figures.qr(text, title="t"))
    dark = set()
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1", root.findall("path")[1].get("d")):
        dark |= {(int(x) + i, int(y)) for i in range(int(run))}
    matrix = segno.make(text, error="m", micro=False).matrix
    assert dark == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    size = len(matrix) + 8
    assert root.get("viewBox") == f"0 0 {size} {size}"

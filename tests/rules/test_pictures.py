"""Share cards: their size, the same bytes for the same words, and nothing that runs out of the picture."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from union.web import picket, pictures
from union.web.pictures import HEIGHT, WIDTH, Shape, ShareCard, Words

CARD = ShareCard(
    eyebrow="Petition · Rijder",
    title="No data without pay",
    lede="Rijder pays riders for the data they make.",
    count=34,
    goal=60,
    threshold=48,
    told="34",
    counted="signatures confirmed by email",
    distance="14 to go: we hand over at 48",
    union="Datavakbond",
)
SVG = "{http://www.w3.org/2000/svg}"


def test_a_png_as_social_sites_want_it():
    picture = Image.open(BytesIO(pictures.png(CARD)))
    assert picture.format == "PNG"
    assert picture.size == (1200, 630)
    assert len(pictures.png(CARD)) < 200_000


def test_the_same_words_give_the_same_bytes():
    first = pictures.png(CARD)
    pictures.png.cache_clear()
    assert pictures.png(CARD) == first
    assert pictures.svg(CARD) == pictures.svg(replace(CARD))


@pytest.mark.parametrize("change", [{"count": 35, "told": "35"}, {"title": "Other"}, {"union": "Another"}])
def test_other_words_give_another_picture_and_another_name(change):
    other = replace(CARD, **change)
    assert other.digest != CARD.digest
    assert pictures.png(other) != pictures.png(CARD)


def test_the_meter_shows_what_the_page_shows():
    """As many red strokes as the page's meter has filled ones, and the stave between the same two."""
    shapes = [part for part in pictures.scene(CARD) if isinstance(part, Shape)]
    meter = [shape for shape in shapes if min(y for _x, y in shape.corners) > 370]
    red = [shape for shape in meter if shape.fill == pictures.RED]
    assert len(red) == picket.strokes(34, 60, 48) == 28
    assert len([shape for shape in meter if shape.edge]) == 50 - 28
    [stave] = [shape for shape in meter if shape.fill == pictures.INK]
    left = stave.corners[0][0]
    before = [
        shape
        for shape in meter
        if shape.fill != pictures.INK and max(x for x, _y in shape.corners) <= left + 8
    ]
    assert len(before) == 40


def test_outlines_are_those_of_the_meter():
    drawing = str(picket.meter(50, 50, title="x"))
    for index in (0, 3, 4, 49):
        x, y = picket.outline(index)[0]
        part = f"M{x} 98l" if index % 5 == 4 else f"M{x} {y}v"
        assert part in drawing


def test_the_svg_is_whole_and_holds_its_lines_to_their_length():
    drawing = ET.fromstring(pictures.svg(replace(CARD, title="They <took> & kept")))
    assert drawing.find(f"{SVG}title").text.startswith("They <took> & kept")
    texts = drawing.findall(f"{SVG}text")
    assert "They <took> & kept" in {text.text for text in texts}
    assert all(float(text.get("textLength")) > 0 for text in texts)
    assert "style" not in pictures.svg(CARD)


def test_letters_the_face_lacks_are_written_in_those_it_has():
    shown = [
        part.text for part in pictures.scene(replace(CARD, title="Łódź płaci")) if isinstance(part, Words)
    ]
    assert "Lódz placi" in shown


@settings(max_examples=60)
@given(
    title=st.text(st.characters(blacklist_categories=["C"]), min_size=1, max_size=80),
    lede=st.text(st.characters(blacklist_categories=["C"]), min_size=1, max_size=200),
    count=st.integers(0, 10_000_000),
    goal=st.integers(1, 10_000_000),
)
def test_nothing_leaves_the_picture_or_meets_the_meter(title, lede, count, goal):
    card = replace(CARD, title=title, lede=lede, count=count, goal=goal, threshold=1 + goal // 2)
    for part in pictures.scene(card):
        if isinstance(part, Words):
            length = pictures._length(part.text, part.face)
            left = part.x - length if part.right else part.x
            assert left >= 0
            assert left + length <= WIDTH
            assert part.y <= 378 or part.y >= 580
        else:
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in part.corners)

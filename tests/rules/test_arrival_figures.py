"""The drawing of how a message spreads: every word in it, nothing unescaped, each line in proportion."""

import re
from datetime import UTC, datetime, timedelta

from union.web.arrival_figures import Sign, Span, Spread, spreading

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def drawn(*, until=timedelta(minutes=40), spread=timedelta(minutes=20), ways=None, **facts):
    moments = [NOON, NOON + spread / 2, NOON + spread, NOON + until]
    ways = ways or [Spread("Text <message>", "90, the last at 12:20", [0, 45, 90, 90])]
    return spreading(
        moments, ways, **{"whole": 100, "top": "100 who take part", "spread_at": NOON + spread, "title": "Spread", **facts}
    )  # fmt: skip


def path(svg, n=1):
    """Return the staircase of a way as (x, y) with y upwards."""
    way = re.search(rf'class="line way{n}"[^>]* d="M(\S+) (\S+?)((?:H\S+?V[\d.]+)*)"', svg)
    points = [(float(way[1]), float(way[2]))]
    points += [(float(x), float(y)) for x, y in re.findall(r"H([\d.]+)V([\d.]+)", way[3])]
    return [(x, 100 - y) for x, y in points]


def places(svg):
    return [float(x) for x in re.findall(r'<rect class="stave" x="([\d.]+)%"', svg)]


def test_a_line_rises_in_proportion_and_every_word_is_escaped():
    svg = drawn()
    assert path(svg) == [(2, 0), (26, 45), (50, 90), (98, 90)]
    assert "Text &lt;message&gt;" in svg
    assert "<message>" not in svg
    assert "100 who take part" in svg
    assert "<title>Spread</title>" in svg


def test_what_takes_seconds_of_a_day_has_half_the_width_and_the_rest_its_order():
    begins, know, starts = NOON, NOON + timedelta(hours=23, minutes=50), NOON + timedelta(hours=24)
    signs = [
        Sign(begins, "A", "Begins", "12:00"),
        Sign(know, "B", "Know", "11:50"),
        Sign(starts, "T", "Start", "12:00"),
    ]
    svg = drawn(until=timedelta(hours=24), spread=timedelta(seconds=10), signs=signs)
    first, margin, last = places(svg)
    assert (first, last) == (2, 98)
    assert path(svg)[2][0] > 25, "where the last one has it"
    assert last - margin > 8, "the margin is wide enough to be seen"
    assert re.findall(r">([ABT])</text>", svg) == ["A", "B", "T"] * 2


def test_lines_differ_in_more_than_colour_and_each_is_listed():
    ways = [
        Spread(name, f"{name} of all", [0, n, n, n]) for n, name in enumerate(["Text", "Email", "Push"], 1)
    ]
    svg = drawn(ways=ways)
    assert [len(re.findall(f"line way{n}", svg)) for n in (1, 2, 3)] == [2, 2, 2]
    assert all(f"{name} of all" in svg for name in ("Text", "Email", "Push"))


def test_a_night_and_the_time_that_stays_free_are_set_apart():
    spans = [
        Span(NOON + 5 * MINUTE, NOON + 15 * MINUTE, "night", "Night", "21:00 to 8:00"),
        Span(NOON + 30 * MINUTE, NOON + 40 * MINUTE, "spare"),
    ]
    svg = drawn(spans=spans)
    night = re.search(r'<rect class="band night" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', svg)
    assert (float(night[1]), float(night[2])) == (14, 24)
    assert svg.count('class="band night"') == 2, "in the drawing and in the list"
    assert svg.count('class="band spare"') == 1, "named in the list by another"


def test_nothing_happens_in_no_time():
    assert path(drawn(until=timedelta(0), spread=timedelta(0)))

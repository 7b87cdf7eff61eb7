"""Drawings made on the server: bars, lines, outcomes, strips of time, QR codes; the meter is in `picket`.

Pure: values in, SVG out. Geometry is in attributes and colour in the stylesheet, so a drawing passes the
strictest policy, prints, and follows light, dark and forced colours. Every word arrives translated, every
number formatted; all text is escaped. Drawings with words have no viewBox: `drawing` says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import segno
from markupsafe import Markup

from union.web import drawing


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart. value: its length on the chart's scale; text: the number as people read it."""

    label: str
    value: float
    text: str


@dataclass(frozen=True)
class Share:
    """One outcome of a ballot. kind: `for` is solid, `against` outlined, `blank` dashed."""

    label: str
    value: int
    text: str
    kind: str = "for"


@dataclass(frozen=True)
class Mark:
    """A moment on a strip of time. text: when, as people read it."""

    at: datetime
    label: str
    text: str


# Charts with words


def bars(rows: Sequence[Bar], *, title: str, desc: str = "", whole: float | None = None) -> Markup:
    """Draw one bar a row, its label above and its number at the end.

    whole: what a full bar stands for, when that is not the largest row.
    """
    longest = whole or max((row.value for row in rows), default=0)
    parts: list[Markup] = []
    y = 0.0
    for row in rows:
        lines = drawing.lines(row.label)
        parts.append(drawing.words(lines, "0", y + 17))
        y += drawing.ROW * len(lines)
        # The last fifth of the width belongs to the number.
        length = f"{drawing.plain(0.78 * drawing.percent(row.value, longest))}%"
        parts += [
            drawing.rect("rest", x="0", y=y, width="78%", height=16),
            drawing.rect("bar", x="0", y=y, width=length, height=16),
            Markup('<text x="100%" y="{}" text-anchor="end">{}</text>').format(
                drawing.plain(y + 14), row.text
            ),
        ]
        y += drawing.ROW + 8
    return drawing.rows_svg(max(y, 1), title, desc, parts)


def progress(value: float, of: float, *, title: str, desc: str = "") -> Markup:
    """Draw a single bar filled by `value` out of `of`."""
    filled = f"{drawing.plain(drawing.percent(value, of))}%"
    parts = [
        drawing.rect("rest", x="0", y=1, width="100%", height=14),
        drawing.rect("bar", x="0", y=1, width=filled, height=14),
    ]
    return drawing.rows_svg(16, title, desc, parts)


_SHARE_CLASSES = {"for": "bar", "against": "rest", "blank": "rest dashed"}


def stacked_result(
    rows: Sequence[Share],
    *,
    title: str,
    desc: str = "",
    threshold: Fraction | None = None,
    threshold_text: str = "",
    of: int | None = None,
) -> Markup:
    """Draw the outcome of a ballot as one bar with a stave at the threshold, and a line for each answer.

    threshold: the share needed, of `of`: the sum of the rows unless said otherwise (such as all entitled).
    """
    whole = max(of or 0, sum(row.value for row in rows), 1)
    parts: list[Markup] = []
    start = 0
    for row in rows:
        x, width = drawing.percent(start, whole), drawing.percent(row.value, whole)
        parts.append(
            drawing.rect(
                _SHARE_CLASSES[row.kind],
                x=f"{drawing.plain(x)}%",
                y=36,
                width=f"{drawing.plain(width)}%",
                height=40,
            )
        )
        start += row.value
    if threshold is not None:
        place = drawing.percent(float(threshold), 1)
        anchor = "start" if threshold < Fraction(1, 2) else "end"
        parts.append(drawing.post("stave", place, y=26, width=6, height=60))
        parts.append(
            Markup('<text x="{}%" y="17" text-anchor="{}">{}</text>').format(
                drawing.plain(place), anchor, threshold_text
            )
        )
    legend, height = drawing.legend([(_SHARE_CLASSES[row.kind], 16, row.label, row.text) for row in rows], 96)
    return drawing.rows_svg(height, title, desc, [*parts, *legend])


def timeline_strip(marks: Sequence[Mark], *, now: datetime, title: str, desc: str = "") -> Markup:
    """Draw moments on one line, those past filled and those to come open, a stave at `now`, and list them."""
    marks = sorted(marks, key=lambda mark: mark.at)
    if not marks:
        return drawing.rows_svg(1, title, desc, [])
    first = min(marks[0].at, now)
    span = (max(marks[-1].at, now) - first).total_seconds()

    def place(at: datetime) -> float:
        # Two per cent at each end keep the outermost strokes whole.
        return 2 + 0.96 * drawing.percent((at - first).total_seconds(), span)

    kinds = ["on" if mark.at <= now else "off" for mark in marks]
    parts = [drawing.rect("part", x="0", y=34, width="100%", height=3)]
    parts += [
        drawing.post(kind, place(mark.at), y=18, width=8, height=36)
        for kind, mark in zip(kinds, marks, strict=True)
    ]
    parts.append(drawing.post("stave", place(now), y=6, width=4, height=60))
    listed = [(kind, 8, mark.label, mark.text) for kind, mark in zip(kinds, marks, strict=True)]
    legend, height = drawing.legend(listed, 76)
    return drawing.rows_svg(height, title, desc, [*parts, *legend])


# Lines


def sparkline(values: Sequence[float], *, title: str, desc: str = "") -> Markup:
    """Draw values at equal distances as a small staircase without words."""
    top = max(values, default=0) or 1
    last = max(len(values) - 1, 1)
    points = [(100 * n / last, 100 * value / top) for n, value in enumerate(values)] or [(0.0, 0.0)]
    if len(points) == 1:
        points.append((100.0, points[0][1]))
    return drawing.rows_svg(36, title, desc, [drawing.curve(points, 2, 32)])


def steps_over_time(
    points: Sequence[tuple[datetime, float]],
    *,
    title: str,
    first: str,
    last: str,
    top: str,
    desc: str = "",
    whole: float | None = None,
) -> Markup:
    """Draw a count as it grew. first, last: the ends of the time axis, top: the highest count; in words.

    whole: what the top stands for when it is not the highest count.
    """
    if not points:
        return drawing.rows_svg(1, title, desc, [])
    start = points[0][0]
    span = (points[-1][0] - start).total_seconds() or 1
    highest = whole or max(value for _, value in points) or 1
    placed = [(100 * (at - start).total_seconds() / span, 100 * value / highest) for at, value in points]
    if len(placed) == 1:
        placed.append((100.0, placed[0][1]))
    axis = Markup(
        '<text x="0" y="15">{}</text><rect class="part" x="0" y="188" width="100%" height="2"/>'
        '<text class="note" x="0" y="210">{}</text>'
        '<text class="note" x="100%" y="210" text-anchor="end">{}</text>'
    ).format(top, first, last)
    return drawing.rows_svg(216, title, desc, [axis, drawing.curve(placed, 28, 158)])


def qr(text: str, *, title: str) -> Markup:
    """Draw `text` as a QR code, dark on white in any colour scheme, with its quiet zone of four modules."""
    matrix = segno.make(text, error="m", micro=False).matrix
    size = len(matrix) + 8
    path = "".join(
        f"M{x + 4} {y + 4}h{length}v1h-{length}z" for y, row in enumerate(matrix) for x, length in _runs(row)
    )
    return Markup(
        '<svg class="fig fig--qr" role="img" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<title>{}</title><path fill="#fff" d="M0 0h{}v{}H0z"/><path fill="#000" d="{}"/></svg>'
    ).format(size, size, title, size, size, path)


def _runs(row: Sequence[int]) -> Iterable[tuple[int, int]]:
    start = None
    for x, dark in enumerate([*row, 0]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None

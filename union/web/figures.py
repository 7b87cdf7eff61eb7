"""Drawings made on the server: bars, lines, outcomes, strips of time, QR codes; the meter is in `picket`.

Pure: values in, SVG out. Geometry is in attributes and colour in the stylesheet, so a drawing passes the
strictest policy, prints, and follows light, dark and forced colours. Every word arrives translated, every
number formatted; all text is escaped. Drawings with words have no viewBox: their lengths are percentages, so
letters keep their size on a phone.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import segno
from markupsafe import Markup

_LINE_LETTERS = 34  # what fits beside nothing else at 300 px in 16 px type
_ROW = 24


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


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _named(title: str, desc: str) -> Markup:
    named = Markup("<title>{}</title>").format(title)
    return named + Markup("<desc>{}</desc>").format(desc) if desc else named


def _rows_svg(height: float, title: str, desc: str, parts: Iterable[Markup]) -> Markup:
    return Markup('<svg class="fig" role="img" width="100%" height="{}">{}{}</svg>').format(
        _short(height), _named(title, desc), _join(parts)
    )


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, _LINE_LETTERS) or [""]


def _words(lines: Sequence[str], x: str, y: float) -> Markup:
    return _join(
        Markup('<text x="{}" y="{}">{}</text>').format(x, _short(y + _ROW * n), line)
        for n, line in enumerate(lines)
    )


def _percent(value: float, whole: float) -> float:
    return max(0.0, min(100.0, 100 * value / whole)) if whole > 0 else 0.0


def _rect(kind: str, *, x: str, y: float, width: str, height: float, shift: float = 0) -> Markup:
    """Draw a rectangle; x and width may be percentages, shift moves it sideways by units."""
    moved = Markup(' transform="translate({})"').format(_short(shift)) if shift else ""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"{}/>').format(
        kind, x, _short(y), width, _short(height), moved
    )


def _post(kind: str, percent: float, *, y: float, width: int, height: float) -> Markup:
    """Draw an upright centred at `percent` of the width."""
    return _rect(kind, x=f"{_short(percent)}%", y=y, width=str(width), height=height, shift=-width / 2)


# Charts with words


def bars(rows: Sequence[Bar], *, title: str, desc: str = "", whole: float | None = None) -> Markup:
    """Draw one bar a row, its label above and its number at the end.

    whole: what a full bar stands for, when that is not the largest row.
    """
    longest = whole or max((row.value for row in rows), default=0)
    parts: list[Markup] = []
    y = 0.0
    for row in rows:
        lines = _lines(row.label)
        parts.append(_words(lines, "0", y + 17))
        y += _ROW * len(lines)
        # The last fifth of the width belongs to the number.
        length = f"{_short(0.78 * _percent(row.value, longest))}%"
        parts += [
            _rect("rest", x="0", y=y, width="78%", height=16),
            _rect("bar", x="0", y=y, width=length, height=16),
            Markup('<text x="100%" y="{}" text-anchor="end">{}</text>').format(_short(y + 14), row.text),
        ]
        y += _ROW + 8
    return _rows_svg(max(y, 1), title, desc, parts)


def progress(value: float, of: float, *, title: str, desc: str = "") -> Markup:
    """Draw a single bar filled by `value` out of `of`."""
    filled = f"{_short(_percent(value, of))}%"
    parts = [
        _rect("rest", x="0", y=1, width="100%", height=14),
        _rect("bar", x="0", y=1, width=filled, height=14),
    ]
    return _rows_svg(16, title, desc, parts)


def _legend(entries: Sequence[tuple[str, int, str, str]], y: float) -> tuple[list[Markup], float]:
    """Return a line for each (class and width of its swatch, label, text), and the height reached."""
    parts: list[Markup] = []
    for kind, width, label, text in entries:
        lines = _lines(label)
        parts += [
            _rect(kind, x=_short(10 - width / 2), y=y + 4, width=str(width), height=16),
            _words(lines, "30", y + 18),
            Markup('<text class="note" x="30" y="{}">{}</text>').format(
                _short(y + 18 + _ROW * len(lines)), text
            ),
        ]
        y += _ROW * (len(lines) + 1) + 8
    return parts, y


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
        x, width = _percent(start, whole), _percent(row.value, whole)
        parts.append(
            _rect(_SHARE_CLASSES[row.kind], x=f"{_short(x)}%", y=36, width=f"{_short(width)}%", height=40)
        )
        start += row.value
    if threshold is not None:
        place = _percent(float(threshold), 1)
        anchor = "start" if threshold < Fraction(1, 2) else "end"
        parts.append(_post("stave", place, y=26, width=6, height=60))
        parts.append(
            Markup('<text x="{}%" y="17" text-anchor="{}">{}</text>').format(
                _short(place), anchor, threshold_text
            )
        )
    legend, height = _legend([(_SHARE_CLASSES[row.kind], 16, row.label, row.text) for row in rows], 96)
    return _rows_svg(height, title, desc, [*parts, *legend])


def timeline_strip(marks: Sequence[Mark], *, now: datetime, title: str, desc: str = "") -> Markup:
    """Draw moments on one line, those past filled and those to come open, a stave at `now`, and list them."""
    marks = sorted(marks, key=lambda mark: mark.at)
    if not marks:
        return _rows_svg(1, title, desc, [])
    first = min(marks[0].at, now)
    span = (max(marks[-1].at, now) - first).total_seconds()

    def place(at: datetime) -> float:
        # Two per cent at each end keep the outermost strokes whole.
        return 2 + 0.96 * _percent((at - first).total_seconds(), span)

    kinds = ["on" if mark.at <= now else "off" for mark in marks]
    parts = [_rect("part", x="0", y=34, width="100%", height=3)]
    parts += [
        _post(kind, place(mark.at), y=18, width=8, height=36) for kind, mark in zip(kinds, marks, strict=True)
    ]
    parts.append(_post("stave", place(now), y=6, width=4, height=60))
    listed = [(kind, 8, mark.label, mark.text) for kind, mark in zip(kinds, marks, strict=True)]
    legend, height = _legend(listed, 76)
    return _rows_svg(height, title, desc, [*parts, *legend])


# Lines


def _step_path(points: Sequence[tuple[float, float]]) -> str:
    """Return the path of a staircase through points of a 100 by 100 square, y upwards."""
    (x, y), *others = points
    path = f"M{_short(x)} {_short(100 - y)}"
    for x, y in others:
        path += f"H{_short(x)}V{_short(100 - y)}"
    return path


def _curve(points: Sequence[tuple[float, float]], top: int, height: int) -> Markup:
    return Markup(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none">'
        '<path class="line" vector-effect="non-scaling-stroke" d="{}"/></svg>'
    ).format(top, height, _step_path(points))


def sparkline(values: Sequence[float], *, title: str, desc: str = "") -> Markup:
    """Draw values at equal distances as a small staircase without words."""
    top = max(values, default=0) or 1
    last = max(len(values) - 1, 1)
    points = [(100 * n / last, 100 * value / top) for n, value in enumerate(values)] or [(0.0, 0.0)]
    if len(points) == 1:
        points.append((100.0, points[0][1]))
    return _rows_svg(36, title, desc, [_curve(points, 2, 32)])


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
        return _rows_svg(1, title, desc, [])
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
    return _rows_svg(216, title, desc, [axis, _curve(placed, 28, 158)])


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

"""The drawing of how a message spreads: how many have it over time, a line for each way it goes.

As `figures`, pure: values in, SVG out; it stands beside a table with the same numbers, and every word arrives
translated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup

from union.web import drawing

_TOP, _HEIGHT = 46, 158
_FOOT = _TOP + _HEIGHT
_SPREADING, _REST = 0.5, 0.16
"""The least share of the width for the time until the last has it, and for each time after that."""


@dataclass(frozen=True)
class Spread:
    """One way. reached: how many have it at each moment; text: what is to be said of it below."""

    label: str
    text: str
    reached: Sequence[int]


@dataclass(frozen=True)
class Sign:
    """A moment with a letter above it and its words below. text: when, as people read it."""

    at: datetime
    letter: str
    label: str
    text: str


@dataclass(frozen=True)
class Span:
    """A stretch of time set apart. kind: `night`, or `spare` for what must stay free; listed with a label."""

    starts: datetime
    ends: datetime
    kind: str
    label: str = ""
    text: str = ""


class _Axis:
    """Where a moment stands, in percent: what happens at once has room, and then each stretch to come."""

    def __init__(self, moments: Sequence[datetime], spread_at: datetime, signs: Sequence[Sign]) -> None:
        first, last = moments[0], moments[-1]
        later = {sign.at for sign in signs if spread_at < sign.at < last}
        self._marks = sorted({first, max(spread_at, first), last, *later})
        whole = (last - first).total_seconds() or 1
        shares = [
            max((end - start).total_seconds() / whole, _SPREADING if end <= spread_at else _REST)
            for start, end in pairwise(self._marks)
        ]
        self._places = [0.0]
        for share in shares:
            self._places.append(self._places[-1] + 96 * share / sum(shares))

    def place(self, at: datetime) -> float:
        """Return the percentage of the width; two per cent at each end keep the outermost strokes whole."""
        ends = zip(pairwise(self._marks), pairwise(self._places), strict=True)
        for (start, end), (left, right) in ends:
            if at <= end:
                part = (max(at, start) - start).total_seconds() / (end - start).total_seconds()
                return 2 + left + part * (right - left)
        return 98.0


def spreading(
    moments: Sequence[datetime], ways: Sequence[Spread], *, whole: int, top: str, spread_at: datetime,
    signs: Sequence[Sign] = (), spans: Sequence[Span] = (), title: str, desc: str = "",
) -> Markup:  # fmt: skip
    """Draw how many have a message at each moment, way by way.

    whole: what the full height stands for, in words `top`; spread_at: when the last one has it. Time is drawn
    in stretches: equal within one, but the time of spreading never narrower than half.
    """
    axis = _Axis(moments, spread_at, signs)
    parts = [_band(axis, span) for span in spans]
    parts.append(Markup('<text x="0" y="15">{}</text>').format(top))
    parts.append(drawing.rect("part", x="0", y=_FOOT, width="100%", height=2))
    places = [axis.place(at) for at in moments]
    parts += [_line(n, places, way.reached, whole) for n, way in enumerate(ways, 1)]
    for sign in signs:
        x = axis.place(sign.at)
        parts.append(drawing.post("stave", x, y=_TOP - 4, width=2, height=_HEIGHT + 10))
        parts.append(
            Markup('<text x="{}%" y="{}" text-anchor="middle">{}</text>').format(
                drawing.plain(x), _TOP - 9, sign.letter
            )
        )
    listed, height = _listed(ways, signs, spans)
    return drawing.rows_svg(height, title, desc, [*parts, *listed])


def _band(axis: _Axis, span: Span) -> Markup:
    left, right = axis.place(span.starts), axis.place(span.ends)
    wide = f"{drawing.plain(max(right - left, 0.5))}%"
    return drawing.rect(f"band {span.kind}", x=f"{drawing.plain(left)}%", y=_TOP, width=wide, height=_HEIGHT)


def _line(n: int, places: Sequence[float], reached: Sequence[int], whole: int) -> Markup:
    path = drawing.step_path(
        [(x, 100 * count / max(whole, 1)) for x, count in zip(places, reached, strict=True)]
    )
    return Markup(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none">'
        '<path class="line way{}" vector-effect="non-scaling-stroke" d="{}"/></svg>'
    ).format(_TOP, _HEIGHT, n, path)


def _listed(
    ways: Sequence[Spread], signs: Sequence[Sign], spans: Sequence[Span]
) -> tuple[list[Markup], float]:
    """Return what each line, letter and band stands for, one below the other, and the height reached."""
    y = float(_FOOT + 22)
    rows: list[tuple[Markup, str, str]] = [
        (Markup('<path class="line way{}" d="M0 {{}}h24"/>').format(n), way.label, way.text)
        for n, way in enumerate(ways, 1)
    ]
    rows += [
        (Markup('<text x="6" y="{{}}">{}</text>').format(one.letter), one.label, one.text) for one in signs
    ]
    rows += [
        (Markup('<rect class="band {}" x="2" y="{{}}" width="20" height="16"/>').format(one.kind),
         one.label, one.text)
        for one in spans if one.label
    ]  # fmt: skip
    parts: list[Markup] = []
    for swatch, label, text in rows:
        lines, notes = drawing.lines(label), drawing.lines(text)
        above = 18 if swatch.startswith("<text") else 4 if swatch.startswith("<rect") else 12
        parts.append(swatch.format(drawing.plain(y + above)))
        parts.append(drawing.words(lines, "36", y + 18))
        y += drawing.ROW * len(lines)
        parts += [
            Markup('<text class="note" x="36" y="{}">{}</text>').format(
                drawing.plain(y + 18 + drawing.ROW * n), line
            )
            for n, line in enumerate(notes)
        ]
        y += drawing.ROW * len(notes) + 8
    return parts, y

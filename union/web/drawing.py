"""The pen and paper of the drawings: lengths, lines of words, rectangles, staircases as parts of an SVG.

Pure. Lengths across are percentages, so letters keep their size on a phone; heights are units of 1 px.
"""

import textwrap
from collections.abc import Iterable, Sequence

from markupsafe import Markup

ROW = 24  # the height of a line of words
_LINE_LETTERS = 34  # what fits beside nothing else at 300 px in 16 px type


def plain(number: float) -> str:
    """Return a number as an attribute says it: at most two decimals."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def join(parts: Iterable[Markup]) -> Markup:
    """Put parts one behind the other."""
    return Markup("").join(parts)


def named(title: str, desc: str) -> Markup:
    """Return what a screen reader says of a drawing."""
    said = Markup("<title>{}</title>").format(title)
    return said + Markup("<desc>{}</desc>").format(desc) if desc else said


def rows_svg(height: float, title: str, desc: str, parts: Iterable[Markup]) -> Markup:
    """Return a whole drawing, as wide as there is room and `height` px high."""
    return Markup('<svg class="fig" role="img" width="100%" height="{}">{}{}</svg>').format(
        plain(height), named(title, desc), join(parts)
    )


def lines(text: str) -> list[str]:
    """Fold words so that each line fits a phone."""
    return textwrap.wrap(text, _LINE_LETTERS) or [""]


def words(folded: Sequence[str], x: str, y: float) -> Markup:
    """Write folded words, the first on the line at `y`."""
    return join(
        Markup('<text x="{}" y="{}">{}</text>').format(x, plain(y + ROW * n), line)
        for n, line in enumerate(folded)
    )


def percent(value: float, whole: float) -> float:
    """Return the part of a whole, from 0 to 100; 0 of nothing."""
    return max(0.0, min(100.0, 100 * value / whole)) if whole > 0 else 0.0


def rect(kind: str, *, x: str, y: float, width: str, height: float, shift: float = 0) -> Markup:
    """Draw a rectangle; x and width may be percentages, shift moves it sideways by units."""
    moved = Markup(' transform="translate({})"').format(plain(shift)) if shift else ""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"{}/>').format(
        kind, x, plain(y), width, plain(height), moved
    )


def post(kind: str, at: float, *, y: float, width: int, height: float) -> Markup:
    """Draw an upright centred at `at` percent of the width."""
    return rect(kind, x=f"{plain(at)}%", y=y, width=str(width), height=height, shift=-width / 2)


def legend(entries: Sequence[tuple[str, int, str, str]], y: float) -> tuple[list[Markup], float]:
    """Return a line for each (class and width of its swatch, label, text), and the height reached."""
    parts: list[Markup] = []
    for kind, width, label, text in entries:
        folded = lines(label)
        parts += [
            rect(kind, x=plain(10 - width / 2), y=y + 4, width=str(width), height=16),
            words(folded, "30", y + 18),
            Markup('<text class="note" x="30" y="{}">{}</text>').format(
                plain(y + 18 + ROW * len(folded)), text
            ),
        ]
        y += ROW * (len(folded) + 1) + 8
    return parts, y


def step_path(points: Sequence[tuple[float, float]]) -> str:
    """Return the path of a staircase through points of a 100 by 100 square, y upwards."""
    (x, y), *others = points
    path = f"M{plain(x)} {plain(100 - y)}"
    for x, y in others:
        path += f"H{plain(x)}V{plain(100 - y)}"
    return path


def curve(points: Sequence[tuple[float, float]], top: int, height: int) -> Markup:
    """Draw the staircase of `step_path` between two heights."""
    return Markup(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none">'
        '<path class="line" vector-effect="non-scaling-stroke" d="{}"/></svg>'
    ).format(top, height, step_path(points))

"""The picket meter: how many of a goal are there, as tally strokes with the fifth across. Pure.

Made like the other figures: geometry in attributes, colour in the stylesheet, words translated by the caller.
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil

from markupsafe import Markup

from union.web import drawing

STROKES = 50
_GROUP = 5


def strokes_in(goal: int, threshold: int | None = None) -> int:
    """Return how many strokes the meter has: fifty, or one for each member when fewer are wanted."""
    return min(STROKES, max(goal, threshold or 0, 1))


def strokes(count: int, goal: int, threshold: int | None = None) -> int:
    """Return how many strokes `count` fills; never more than are earned."""
    whole = max(goal, threshold or 0, 1)
    return min(max(count, 0), whole) * strokes_in(goal, threshold) // whole


def _upright(index: int, fraction: float, kind: str) -> Markup:
    group, place = divmod(index, _GROUP)
    height = 80 * fraction
    return Markup('<path class="{}" vector-effect="non-scaling-stroke" d="M{} {}v{}h8v-{}z"/>').format(
        kind,
        group * 100 + 9 + 20 * place,
        drawing.plain(114 - height),
        drawing.plain(height),
        drawing.plain(height),
    )


def _slash(index: int, fraction: float, kind: str) -> Markup:
    return Markup(
        '<path class="{} slash" vector-effect="non-scaling-stroke" d="M{} 98l{} -{}v10l-{} {}z"/>'
    ).format(
        kind,
        index // _GROUP * 100 + 2,
        drawing.plain(88 * fraction),
        drawing.plain(58 * fraction),
        drawing.plain(88 * fraction),
        drawing.plain(58 * fraction),
    )


def _stroke(index: int, fraction: float, kind: str) -> Markup:
    draw = _slash if index % _GROUP == _GROUP - 1 else _upright
    return draw(index, fraction, kind)


def _boundary(strokes_before: int) -> int:
    group, place = divmod(strokes_before, _GROUP)
    return group * 100 - 3 if place == 0 else group * 100 + 3 + 20 * place


def stave_left(threshold: int, goal: int) -> int:
    """Return where the stave at `threshold` begins, in the meter's units: 100 for each five strokes."""
    before = ceil(Fraction(threshold * strokes_in(goal, threshold), max(goal, threshold, 1)))
    return max(_boundary(before) - 3, 0)


def outline(index: int) -> list[tuple[int, int]]:
    """Return the corners of one stroke in the meter's units, for drawings that are no SVG."""
    group, place = divmod(index, _GROUP)
    if place == _GROUP - 1:
        x = group * 100 + 2
        return [(x, 98), (x + 88, 40), (x + 88, 50), (x, 108)]
    x = group * 100 + 9 + 20 * place
    return [(x, 34), (x + 8, 34), (x + 8, 114), (x, 114)]


@lru_cache(maxsize=1024)
def meter(
    count: int,
    goal: int,
    threshold: int | None = None,
    *,
    title: str,
    desc: str = "",
    live: str | None = None,
) -> Markup:
    """Draw `count` of `goal` as tally strokes: filled, open, and the next as far as it is earned.

    threshold: where the stave stands; above the goal it stretches the meter.
    live: the key under which live.mjs finds the number of filled strokes.
    """
    whole = max(goal, threshold or 0, 1)
    total = strokes_in(goal, threshold)
    full, rest = divmod(min(max(count, 0), whole) * total, whole)
    halves: list[list[Markup]] = [[], []]
    for index in range(total):
        half = halves[index // (STROKES // 2)]
        half.append(_stroke(index, 1, "stroke on" if index < full else "stroke off"))
        if index == full and rest:
            half.append(_stroke(index, rest / whole, "on"))
    if threshold:
        before = ceil(Fraction(threshold * total, whole))
        stave = Markup('<path class="stave" d="M{} 4h6v132h-6z"/>').format(stave_left(threshold, goal))
        halves[(before - 1) // (STROKES // 2)].append(stave)
    short = total <= STROKES // 2
    meter = Markup('<svg class="fig" role="img" viewBox="0 0 {} 140"{}>{}<g>{}</g>{}</svg>').format(
        500 if short else 1000,
        Markup(' data-live-strokes="{}"').format(live) if live else "",
        drawing.named(title, desc),
        drawing.join(halves[0]),
        "" if short else Markup('<g class="second">{}</g>').format(drawing.join(halves[1])),
    )
    return Markup('<div class="meter-fig{}">{}</div>').format(" meter-fig--short" if short else "", meter)

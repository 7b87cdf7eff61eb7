"""Drawings of how orders and grades were counted: duels, rounds, merit profiles.

As `figures`, pure: values in, SVG out. Each stands beside a table with the same numbers; words arrive
translated, numbers formatted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from union.web import drawing
from union.web.figures import Bar

_CELL = 34
_TRACK = 0.78  # of the width; the rest belongs to the number


@dataclass(frozen=True)
class Lap:
    """One round of a race. rows: who is still in it; notes: what happened."""

    title: str
    rows: tuple[Bar, ...]
    note: str


@dataclass(frozen=True)
class Profile:
    """The grades of one answer, best first. text: its majority grade, in words."""

    label: str
    counts: tuple[int, ...]
    text: str


def letter(place: int) -> str:
    """Return what stands for an answer in a narrow column: A to Z, then A2 and so on."""
    turn, rest = divmod(place, 26)
    return chr(65 + rest) + (str(turn + 1) if turn else "")


def duels(labels: Sequence[str], wins: Sequence[Sequence[int]], *, title: str, desc: str = "") -> Markup:
    """Draw every two answers compared: a row and a column for each, a bar under the number that won.

    wins[a][b]: how many put a above b; the rows come in the order to be drawn.
    """
    many = max(len(labels), 1)
    width = 100 / many
    parts = [_centred(letter(column), (column + 0.5) * width, 16) for column in range(len(labels))]
    y = 24.0
    for row, label in enumerate(labels):
        lines = drawing.lines(f"{letter(row)}  {label}")
        parts.append(drawing.words(lines, "0", y + 17))
        y += drawing.ROW * len(lines)
        for column in range(len(labels)):
            x, wide = f"{drawing.plain(column * width)}%", f"{drawing.plain(width)}%"
            if row == column:
                parts.append(drawing.rect("part", x=x, y=y, width=wide, height=_CELL))
                continue
            ahead, behind = wins[row][column], wins[column][row]
            parts.append(drawing.rect("rest", x=x, y=y, width=wide, height=_CELL))
            if ahead > behind:
                parts.append(drawing.rect("bar", x=x, y=y + _CELL - 7, width=wide, height=7))
            parts.append(_centred(str(ahead), (column + 0.5) * width, y + 20))
        y += _CELL + 10
    return drawing.rows_svg(max(y, 1), title, desc, parts)


def _centred(text: str, percent: float, y: float) -> Markup:
    return Markup('<text x="{}%" y="{}" text-anchor="middle">{}</text>').format(
        drawing.plain(percent), drawing.plain(y), text
    )


def race(
    laps: Sequence[Lap], *, title: str, quota: float, quota_text: str, whole: float, desc: str = ""
) -> Markup:
    """Draw a count in rounds: a bar for everybody still in it, a stave at the votes that elect."""
    parts: list[Markup] = []
    y = 0.0
    stave = _TRACK * drawing.percent(quota, whole)
    for lap in laps:
        parts.append(drawing.words([lap.title], "0", y + 17))
        y += drawing.ROW
        top = y
        for row in lap.rows:
            lines = drawing.lines(row.label)
            parts.append(drawing.words(lines, "12", y + 17))
            y += drawing.ROW * len(lines)
            filled = f"{drawing.plain(_TRACK * drawing.percent(row.value, whole))}%"
            parts += [
                drawing.rect("rest", x="0", y=y, width=f"{drawing.plain(100 * _TRACK)}%", height=16),
                drawing.rect("bar", x="0", y=y, width=filled, height=16),
                Markup('<text x="100%" y="{}" text-anchor="end">{}</text>').format(
                    drawing.plain(y + 14), row.text
                ),
                drawing.post("stave", stave, y=y - 3, width=4, height=22),
            ]
            y += drawing.ROW + 4
        notes = drawing.lines(lap.note)
        parts.append(_noted(notes, max(y, top) + 15))
        y += drawing.ROW * len(notes) + 16
    parts.append(drawing.post("stave", 1, y=y, width=4, height=22))
    parts.append(drawing.words([quota_text], "14", y + 17))
    return drawing.rows_svg(y + 28, title, desc, parts)


def _noted(lines: Sequence[str], y: float) -> Markup:
    return Markup("").join(
        Markup('<text class="note" x="0" y="{}">{}</text>').format(drawing.plain(y + drawing.ROW * n), line)
        for n, line in enumerate(lines)
    )


def merit_profiles(
    profiles: Sequence[Profile], grades: Sequence[str], *, title: str, half_text: str, desc: str = ""
) -> Markup:
    """Draw each answer's grades as one bar from best to worst, a stave in the middle of all voters."""
    parts: list[Markup] = []
    y = 0.0
    for profile in profiles:
        lines = drawing.lines(profile.label)
        parts.append(drawing.words(lines, "0", y + 17))
        y += drawing.ROW * len(lines)
        whole, start = max(sum(profile.counts), 1), 0
        for grade, count in enumerate(profile.counts, start=1):
            x, wide = (
                f"{drawing.plain(drawing.percent(start, whole))}%",
                f"{drawing.plain(drawing.percent(count, whole))}%",
            )
            if count:
                parts.append(drawing.rect(f"grade g{grade}", x=x, y=y, width=wide, height=24))
            start += count
        parts.append(drawing.post("stave", 50, y=y - 4, width=4, height=32))
        parts.append(_noted([profile.text], y + 44))
        y += 60
    parts.append(drawing.post("stave", 1, y=y, width=4, height=22))
    parts.append(drawing.words([half_text], "14", y + 17))
    legend, height = drawing.legend(
        [(f"grade g{n}", 16, grade, "") for n, grade in enumerate(grades, start=1)], y + 28
    )
    return drawing.rows_svg(height, title, desc, [*parts, *legend])

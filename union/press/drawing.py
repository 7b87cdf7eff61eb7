"""The server's figures on paper: what `union.web.figures` makes, in the colours of print.

Pure. Lengths of a figure are units of a screen or shares of the width; here a unit is 0.22 mm.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fpdf import FPDF

from union.press.cleaning import WORDS, cleaned, turns
from union.press.reading import Node

UNIT = 0.22
BELOW = 3
_SIZE = 9.5
_CODE = 32  # mm, a QR code
_RED, _EDGE, _INK, _MUTED, _WHITE = (196, 18, 47), (111, 100, 86), (23, 19, 15), (92, 83, 76), (255, 255, 255)
_STRENGTH = {"g2": 0.68, "g3": 0.46, "g4": 0.28, "g5": 0.14, "g6": 0.06, "g7": 0.0}
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h")
_STEP = re.compile(r"([MHV])([-\d.]+)(?: ([-\d.]+))?")


@dataclass(frozen=True)
class Part:
    """A rectangle, words or a line of a figure, in millimetres from the figure's corner."""

    kind: str
    classes: frozenset[str]
    left: float
    top: float
    width: float
    height: float
    text: str = ""
    anchor: str = "start"
    points: tuple[tuple[float, float], ...] = ()

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


def height_of(svg: Node, width: float) -> float:
    """Return how high a figure is on a sheet of `width` millimetres."""
    del width
    return _CODE if _is_code(svg) else float(svg.facts.get("height", "0")) * UNIT


def _is_code(svg: Node) -> bool:
    return "fig--qr" in svg.classes


def _length(text: str, whole: float) -> float:
    return float(text[:-1]) * whole / 100 if text.endswith("%") else float(text or 0) * UNIT


def parts_of(svg: Node, width: float) -> list[Part]:
    """Return what a figure consists of, in the order of drawing."""
    return list(_modules(svg) if _is_code(svg) else _parts(svg, width))


def _parts(svg: Node, width: float) -> Iterator[Part]:
    for node in svg.children:
        facts = node.facts
        left, top = _length(facts.get("x", "0"), width), _length(facts.get("y", "0"), width)
        if node.tag == "rect":
            moved = re.search(r"translate\(([-\d.]+)\)", facts.get("transform", ""))
            left += float(moved[1]) * UNIT if moved else 0
            wide, high = _length(facts["width"], width), _length(facts["height"], width)
            yield Part("rect", node.classes, left, top, wide, high)
        elif node.tag == "text":
            words = cleaned("".join(part for part in node.inside if isinstance(part, str)))
            anchor = facts.get("text-anchor", "start")
            yield Part("text", node.classes, left, top - 4, width, 5, words, anchor)
        elif node.tag == "svg":
            yield _curve(node, width, top)


def _curve(svg: Node, width: float, top: float) -> Part:
    height = _length(svg.facts["height"], width)
    path = next(svg.find("path")).facts["d"]
    x = y = 0.0
    points = []
    for letter, first, second in _STEP.findall(path):
        x, y = (
            (float(first), float(second or 0))
            if letter == "M"
            else (float(first), y) if letter == "H" else (x, float(first))
        )  # fmt: skip
        points.append((x * width / 100, top + y * height / 100))
    return Part("line", frozenset({"line"}), 0, top, width, height, points=tuple(points))


def _modules(svg: Node) -> Iterator[Part]:
    size = _CODE / float(svg.facts["viewbox"].split()[2])
    for path in svg.find("path"):
        for x, y, length in _RUN.findall(path.facts["d"]):
            yield Part("rect", frozenset({"ink"}), int(x) * size, int(y) * size, int(length) * size, size)


class Pen:
    """Draws parts of figures at the left margin of a sheet."""

    def __init__(self, sheet: FPDF, left: float) -> None:
        self.sheet, self.left = sheet, left

    def draw(self, part: Part, start: float) -> None:
        """Draw one part of a figure that begins `start` millimetres below the upper edge."""
        {"rect": self._rect, "text": self._text, "line": self._line}[part.kind](part, start)

    def _rect(self, part: Part, start: float) -> None:
        fill, outlined = _colours(part.classes)
        if part.width <= 0:
            return
        self.sheet.set_fill_color(*fill)
        self.sheet.set_draw_color(*_EDGE)
        self.sheet.set_line_width(0.3)
        if "dashed" in part.classes:
            self.sheet.set_dash_pattern(dash=1, gap=1)
        self.sheet.rect(
            self.left + part.left, start + part.top, part.width, part.height, "DF" if outlined else "F"
        )
        self.sheet.set_dash_pattern()

    def _text(self, part: Part, start: float) -> None:
        note = "note" in part.classes
        self.sheet.set_font(WORDS, "" if note else "B", _SIZE - 1 if note else _SIZE)
        self.sheet.set_text_color(*(_MUTED if note else _INK))
        self.sheet.set_text_shaping(use_shaping_engine=turns(part.text))
        wide = self.sheet.get_string_width(part.text)
        shift = {"start": 0.0, "middle": wide / 2, "end": wide}[part.anchor]
        left = min(max(part.left - shift, 0), max(part.width - wide, 0))
        self.sheet.set_xy(self.left + left, start + part.top)
        self.sheet.cell(wide + 1, 5, part.text, align="L")
        self.sheet.set_text_shaping(use_shaping_engine=False)
        self.sheet.set_text_color(*_INK)

    def _line(self, part: Part, start: float) -> None:
        self.sheet.set_draw_color(*_RED)
        self.sheet.set_line_width(0.6)
        self.sheet.polyline([(self.left + x, start + y) for x, y in part.points])


def _colours(classes: frozenset[str]) -> tuple[tuple[int, ...], bool]:
    """Return (red, green, blue) of the inside, and whether it has an outline."""
    if "grade" in classes:
        strength = next((_STRENGTH[one] for one in classes if one in _STRENGTH), 1.0)
        return tuple(round(255 - (255 - c) * strength) for c in _RED), True
    if classes & {"bar", "on"}:
        return _RED, False
    if "part" in classes:
        return _EDGE, False
    if classes & {"stave", "ink"}:
        return _INK, False
    return _WHITE, True

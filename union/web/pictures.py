"""Share cards: what other sites show of a page, drawn by the server in the house's hand.

Pure: values in, bytes out, the same bytes for the same values. One list of shapes is drawn twice: by Pillow
as PNG, because the sites that show link previews take no SVG, and as SVG for print. Nothing is fetched, and
nothing in a picture tells who looks at it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont
from text_unidecode import unidecode

from union.web import picket

WIDTH, HEIGHT = 1200, 630
_VENDOR = Path(__file__).parent / "static" / "vendor"
_FILES = {
    "ui": _VENDOR / "archivo" / "archivo-latin-wdth-normal.woff2",
    "serif": _VENDOR / "source-serif-4" / "source-serif-4-latin-wght-normal.woff2",
}
_FAMILIES = {"ui": "Archivo, 'Arial Narrow', sans-serif", "serif": "'Source Serif 4', Georgia, serif"}
INK, PAPER, RED, EDGE, MUTED = "#17130f", "#faf6ee", "#c4122f", "#6f6456", "#5c5347"
_LEFT, _RIGHT = 64, WIDTH - 64
_FINE = 3  # shapes are drawn this much larger, then made small, so that slanted edges are smooth


@dataclass(frozen=True)
class ShareCard:
    """What a card says, every word translated and every number formatted.

    count, goal, threshold: for the meter; told: the count as people read it, counted: of what.
    """

    eyebrow: str
    title: str
    lede: str
    count: int
    goal: int
    threshold: int
    told: str
    counted: str
    distance: str
    union: str

    @property
    def digest(self) -> str:
        """Name this very picture: the hash of all that stands on it and of how it is drawn."""
        return hashlib.sha256(f"1|{self!r}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Face:
    """A cut of one of the two typefaces. width: per cent of the normal one, 0 where it has only one."""

    family: str
    size: int
    weight: int
    width: int = 0


@dataclass(frozen=True)
class Shape:
    """A filled polygon, with an edge where it has one."""

    corners: tuple[tuple[float, float], ...]
    fill: str
    edge: str = ""


@dataclass(frozen=True)
class Words:
    """A line of text, its baseline at y; x is its left end, or its right end."""

    x: float
    y: float
    text: str
    face: Face
    fill: str
    right: bool = False


@lru_cache(maxsize=64)
def _font(face: Face) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(_FILES[face.family]), face.size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([face.weight, face.width] if face.width else [face.weight])
    return font


@lru_cache(maxsize=2048)
def _known(family: str, letter: str) -> bool:
    """Tell whether the face has a drawing of `letter`: else it would show the box for what is missing."""
    font = _font(Face(family, 40, 400, 100 if family == "ui" else 0))
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask("\U0010ffff"))


def _drawable(text: str, family: str) -> str:
    """Return `text` with letters the face lacks written in those it has."""
    return "".join(c if _known(family, c) else unidecode(c) for c in text)


def _length(text: str, face: Face) -> float:
    return _font(face).getlength(text)


def _wrapped(text: str, face: Face, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _length(longer, face) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _clipped(lines: list[str], most: int, face: Face, width: float) -> list[str]:
    """Return at most `most` lines that fit; what is left out is told by an ellipsis."""
    kept = lines[:most]
    cut = len(lines) > most
    for n, line in enumerate(kept):
        short = line
        last = cut and n == most - 1
        while short and _length(short + "…" if last or short != line else short, face) > width:
            short = short[:-1].rstrip()
        kept[n] = short + "…" if last or short != line else short
    return kept


def _headline(title: str, *, large: bool) -> tuple[list[str], Face]:
    """Return the title's lines, two at most, and the largest cut for them.

    large: whether two lines may be as large as leaves a single line below them.
    """
    width = _RIGHT - _LEFT
    one = Face("ui", 128, 800, 76)
    if _length(title, one) <= width:
        return [title], one
    face = one
    for size in (96, 84, 72) if large else (84, 72):
        face = Face("ui", size, 800, 76)
        lines = _wrapped(title, face, width)
        if len(lines) <= 2 and all(_length(line, face) <= width for line in lines):  # noqa: PLR2004 - see above
            return lines, face
    return _clipped(_wrapped(title, face, width), 2, face, width), face


def _box(x: float, y: float, width: float, height: float, fill: str) -> Shape:
    return Shape(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), fill)


def _meter(card: ShareCard, top: float) -> Iterable[Shape]:
    """Draw the picket meter over the card's width, below `top`."""
    total = picket.strokes_in(card.goal, card.threshold)
    filled = picket.strokes(card.count, card.goal, card.threshold)
    scale = (_RIGHT - _LEFT) / 1000
    for index in range(total):
        corners = tuple((_LEFT + x * scale, top + y * scale) for x, y in picket.outline(index))
        yield Shape(corners, RED) if index < filled else Shape(corners, "#ffffff", EDGE)
    if card.threshold:
        x = _LEFT + picket.stave_left(card.threshold, card.goal) * scale
        yield _box(x, top + 4 * scale, 6 * scale, 132 * scale, INK)


def _mark(x: float, y: float) -> Iterable[Shape]:
    """Draw the house's tally mark, 40 wide."""
    for n in range(4):
        yield _box(x + 4 + n * 9, y, 5, 34, RED)
    yield Shape(((x, y + 25), (x + 40, y + 6), (x + 40, y + 11), (x, y + 30)), INK)


def scene(card: ShareCard) -> list[Shape | Words]:
    """Return the shapes of a card, from back to front."""
    small, tiny = Face("ui", 26, 700, 100), Face("ui", 24, 500, 100)
    number = Face("ui", 84, 900, 76)
    lede = Face("serif", 30, 400)
    said = _clipped(_wrapped(_drawable(card.lede, "serif"), lede, 980), 2, lede, 980)
    lines, face = _headline(_drawable(card.title, "ui"), large=len(said) == 1)
    step = face.size * 0.98
    y = 118 + face.size * 0.80
    eyebrow = _clipped([_drawable(card.eyebrow.upper(), "ui")], 1, small, 700)[0]
    drawn: list[Shape | Words] = [
        _box(0, 0, WIDTH, 12, INK),
        *_mark(_LEFT, 48),
        Words(_LEFT + 54, 76, _drawable(card.union, "ui"), Face("ui", 30, 700, 88), INK),
        Words(_RIGHT, 76, eyebrow, small, RED, right=True),
    ]
    for line in lines:
        drawn.append(Words(_LEFT - 3, y, line, face, INK))
        y += step
    y += face.size * 0.2 + 44 - step
    for line in said:
        drawn.append(Words(_LEFT, y, line, lede, MUTED))
        y += 38
    drawn += _meter(card, 372)
    drawn.append(Words(_LEFT - 2, 590, card.told, number, INK))
    right = _LEFT + _length(card.told, number) + 16
    drawn.append(Words(right, 588, _drawable(card.counted, "ui"), tiny, INK))
    drawn.append(Words(_RIGHT, 588, _drawable(card.distance, "ui"), tiny, INK, right=True))
    return drawn


@lru_cache(maxsize=128)
def png(card: ShareCard) -> bytes:
    """Return the card as a PNG of 1200 by 630 pixels, some 30 kB."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    canvas = ImageDraw.Draw(picture)
    for part in scene(card):
        if isinstance(part, Shape):
            _paint(picture, part)
        else:
            anchor = "rs" if part.right else "ls"
            canvas.text((part.x, part.y), part.text, fill=part.fill, font=_font(part.face), anchor=anchor)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _paint(picture: Image.Image, shape: Shape) -> None:
    """Paint a polygon with smooth edges: drawn larger on a mask of its own, made small, and laid on."""
    left, top = (int(min(c[n] for c in shape.corners)) - 2 for n in (0, 1))
    right, bottom = (int(max(c[n] for c in shape.corners)) + 3 for n in (0, 1))
    size = (right - left, bottom - top)
    corners = [((x - left) * _FINE, (y - top) * _FINE) for x, y in shape.corners]
    large = Image.new("L", (size[0] * _FINE, size[1] * _FINE))
    ImageDraw.Draw(large).polygon(corners, fill=255)
    picture.paste(shape.fill, (left, top), large.resize(size, Image.Resampling.BOX))
    if shape.edge:
        large = Image.new("L", large.size)
        ImageDraw.Draw(large).line([*corners, corners[0]], fill=255, width=2 * _FINE, joint="curve")
        picture.paste(shape.edge, (left, top), large.resize(size, Image.Resampling.BOX))


def svg(card: ShareCard) -> str:
    """Return the card as an SVG for print, every line as long as it was measured, whatever font is there."""
    parts = [_svg_shape(part) if isinstance(part, Shape) else _svg_words(part) for part in scene(card)]
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img"><title>{}</title>'
        '<path fill="{}" d="M0 0h{}v{}H0z"/>{}</svg>'
    ).format(
        WIDTH,
        HEIGHT,
        f"{card.title}: {card.told} {card.counted}",
        PAPER,
        WIDTH,
        HEIGHT,
        Markup("").join(parts),
    )


def _round(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _points(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_round(x)},{_round(y)}" for x, y in corners)


def _svg_shape(shape: Shape) -> Markup:
    edge = Markup(' stroke="{}" stroke-width="2"').format(shape.edge) if shape.edge else ""
    return Markup('<polygon points="{}" fill="{}"{}/>').format(_points(shape.corners), shape.fill, edge)


def _svg_words(words: Words) -> Markup:
    face = words.face
    stretch = Markup(' font-stretch="{}%"').format(face.width) if face.width else ""
    return Markup(
        '<text x="{}" y="{}" fill="{}" font-family="{}" font-size="{}" font-weight="{}"{} text-anchor="{}"'
        ' textLength="{}" lengthAdjust="spacingAndGlyphs">{}</text>'
    ).format(
        _round(words.x),
        _round(words.y),
        words.fill,
        _FAMILIES[face.family],
        face.size,
        face.weight,
        stretch,
        "end" if words.right else "start",
        _round(_length(words.text, face)),
        words.text,
    )

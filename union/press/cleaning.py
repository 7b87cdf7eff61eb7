"""What of a text can stand on paper: no character that acts unseen, none that no font has. Pure."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).parent / "fonts"
WORDS, FALLBACK, CODE = "Archivo", "DejaVu", "Mono"
FILES = {
    (WORDS, ""): "Archivo-Regular.ttf",
    (WORDS, "B"): "Archivo-Bold.ttf",
    (FALLBACK, ""): "DejaVuSans.ttf",
    (CODE, ""): "DejaVuSansMono.ttf",
}
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_JOINERS = frozenset("\u200c\u200d")


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    """Return every character that words can be written with."""
    found: set[int] = set()
    for (family, _), name in FILES.items():
        if family != CODE:
            with TTFont(FONTS / name, lazy=True) as font:
                found |= set(font.getBestCmap())
    return frozenset(found)


def cleaned(text: str) -> str:
    """Return the text without control and format characters; [U+4E2D] stands for what no font can draw.

    Directions that a text orders (bidirectional overrides) are format characters too.
    """
    return "".join(_kept(letter) for letter in unicodedata.normalize("NFC", text))


def has_gaps(text: str) -> bool:
    """Tell whether something of the text cannot be drawn, so that its number stands on paper."""
    return "[U+" in cleaned(text)


def _kept(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter == "\n":
        return letter
    if kind in {"Zs", "Zl", "Zp"} or letter == "\t":
        return "\u00a0" if letter in "\u00a0\u202f" else " "
    if kind in {"Cc", "Cf"} or letter in _JOINERS:
        return ""
    return letter if ord(letter) in _known() else f"[U+{ord(letter):04X}]"


def turns(text: str) -> bool:
    """Tell whether the text has letters that are written from right to left and join: they need shaping."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def begins_right(text: str) -> bool:
    """Tell whether the text's first letter that has a direction is written from right to left."""
    ways = (unicodedata.bidirectional(letter) for letter in text)
    return next((way in _RIGHT_TO_LEFT for way in ways if way == "L" or way in _RIGHT_TO_LEFT), False)

"""The stylesheet and modules keep their budget, their contrast, and the policy that guards them."""

import gzip
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "union/web/static"
CSS = (STATIC / "union.css").read_text()
TOKENS = re.compile(r"--([\w-]+): (#[0-9a-f]{3,6})\b")
LIGHT, DARK = (
    dict(TOKENS.findall(block))
    for block in re.search(
        r"@layer tokens \{(.*?)@media \(prefers-color-scheme: dark\)(.*?)@layer base", CSS, re.DOTALL
    ).groups()
)
SCHEMES = {"light": LIGHT, "dark": {**LIGHT, **DARK}}


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        (front, back, 4.5)
        for front in ("ink", "red-text", "blue", "green", "muted")
        for back in ("paper", "card")
    ]
    + [
        (tint.removesuffix("-tint").replace("red", "red-text"), tint, 4.5)
        for tint in ("red-tint", "blue-tint", "green-tint")
    ]
    # WCAG 2.2, 1.4.11: what one must see to understand, without being text
    + [(front, back, 3) for front in ("edge", "tally") for back in ("paper", "card")],
)
def test_words_and_strokes_stand_out(scheme, front, back, least):
    tokens = SCHEMES[scheme]
    assert contrast(tokens[front], tokens[back]) >= least


def test_fixed_pairs_stand_out():
    assert contrast("#ffffff", LIGHT["red"]) >= 4.5
    assert contrast("#17130f", LIGHT["vest"]) >= 4.5


def test_the_measure_of_contrast_knows_the_ends():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


def test_budgets_hold():
    assert len(gzip.compress(CSS.encode(), 9)) <= 6_000
    assert len(gzip.compress(b"".join(p.read_bytes() for p in STATIC.glob("*.mjs")), 9)) <= 5_000
    assert sum(p.stat().st_size for p in STATIC.rglob("*.woff2")) <= 145_000


def test_every_file_the_stylesheet_names_is_there():
    named = re.findall(r'url\("([^"?]+)', CSS)
    assert named
    assert all((STATIC / name).is_file() for name in named)


@pytest.mark.parametrize("module", sorted(STATIC.glob("*.mjs")), ids=lambda path: path.name)
def test_modules_write_text_and_never_markup(module):
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\.style\b", module.read_text()
    )

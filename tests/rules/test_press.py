"""Documents from HTML: whatever members typed is only text, stays on the paper and gives the same bytes again."""

import re
import shutil
import subprocess
import sys
import time
from datetime import datetime

import pytest
from PIL import Image
from pypdf import PdfReader

from tests.reading_pdf import packed, text_of
from union.press import Document, printed

NAMES = "Łukasz Żółć, Şükrü İnanç, Zoë van ’t Hof, Ελένη, Привет, €"


SCRIPT = """
import sys, time, datetime
from union.press import Document, printed
page = "<article><h1>Łódź</h1><p>محمد علي</p><table><tr><th>a</th></tr><tr><td>b</td></tr></table></article>"
print(printed(Document(page, "t", "u", "en", datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC))).sha256)
"""


def test_two_processes_write_the_same_bytes():
    runs = {
        subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True, env={"PYTHONHASHSEED": seed, "TZ": zone}).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }  # fmt: skip
    assert len(runs) == 1


def article(inside):
    return f"<article>{inside}</article>"


def pdf_of(inside, title="Title"):
    at = datetime.fromisoformat("2026-11-01T12:00:00+00:00")
    return printed(Document(article(inside), title, "Data Union", "en", at)).content


HOSTILE = {
    "control": ("a\x00b\x07c\x1b[31md", "abc[31md"),
    "bidi": ("pay \u202e005\u202c euro \u2066x\u2069 \u200fy", "pay 005 euro x y"),
    "joiners": ("ad\u200bmin\u200d\ufeff\u00ad", "admin"),
    "surrogate": ("x\ud800y", "x[U+D800]y"),
    "no font": ("中 \U0001f4a9", "[U+4E2D]"),
    "alias": ("{nb} \ue000", "{nb} [U+E000]"),
    "syntax": (") Tj (x) \\( endstream endobj %%EOF", ") Tj (x) \\( endstream endobj %%EOF"),
    "markup": ("**bold** __x__ [l](javascript:1)", "**bold** __x__ [l](javascript:1)"),
}


def test_what_cannot_be_drawn_is_numbered_and_explained(tmp_path):
    """Nothing vanishes: a name in Chinese keeps its length, and the reader is told where to see it."""
    gaps = "[U+…] is the number of a character."
    at = datetime.fromisoformat("2026-11-01T12:00:00+00:00")

    def text(inside):
        return text_of(printed(Document(article(inside), "t", "u", "en", at, gaps)).content, tmp_path)

    found = packed(text("<h1>中文</h1><p>ไทย</p><table><tr><th>한</th></tr></table>"))
    for letter in "中文ไทย한":
        assert f"[U+{ord(letter):04X}]" in found
    assert packed(gaps) in found
    assert packed(gaps) not in packed(text(f"<h1>{NAMES}</h1>"))


def test_a_reader_program_is_told_title_and_language(tmp_path):
    path = tmp_path / "told.pdf"
    path.write_bytes(pdf_of("<h1>One</h1><h2>Two</h2>", title="Report: pay"))
    read = PdfReader(path)
    assert read.trailer["/Root"]["/Lang"] == "en"
    assert bool(read.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"])
    assert read.xmp_metadata.dc_title == {"x-default": "Report: pay"}
    assert [one.title for one in read.outline if not isinstance(one, list)] == ["One"]
    if shutil.which("pdfinfo"):
        said = subprocess.run(["pdfinfo", path], capture_output=True, check=True)
        assert (said.stderr, b"Pages:" in said.stdout) == (b"", True)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "frame",
    [
        "<p>{}</p>",
        "<h2>{}</h2>",
        "<ul><li>{}</li></ul>",
        "<dl><dt>{}</dt><dd>v</dd></dl>",
        "<table><tr><th>h</th></tr><tr><td>{}</td></tr></table>",
    ],
)
def test_hostile_text_is_only_text(tmp_path, name, frame):
    typed, shown = HOSTILE[name]
    text = text_of(pdf_of(frame.format(typed), title=typed), tmp_path)
    assert packed(shown) in packed(text)
    assert "\x07" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("unit", ["W", "word ", "中", "م", "سلام ", "ש"])
@pytest.mark.parametrize(
    "frame",
    [
        "<h1>{}</h1>",
        "<p>{}</p>",
        "<p><b>a</b> {}</p>",
        "<dl><dt>{}</dt><dd>{}</dd></dl>",
        "<pre>{}</pre>",
        "<table><tr><th>{}</th><th class='num'>{}</th></tr><tr><td>{}</td><td class='num'>1</td></tr></table>",
        '<div class="signing"><p>{}</p><p>b</p></div>',
    ],
)
def test_ten_thousand_letters_stay_on_the_paper(tmp_path, unit, frame):
    long = unit * (10_000 // len(unit) // (8 if unit == "中" else 1))
    content = pdf_of(frame.replace("{}", long), title=long)
    (tmp_path / "read.pdf").write_bytes(content)
    sheets = PdfReader(tmp_path / "read.pdf").pages
    assert len(sheets) < 90
    boxes = (
        subprocess.run(
            ["pdftotext", "-bbox", tmp_path / "read.pdf", "-"], capture_output=True, check=True
        ).stdout.decode()
        if shutil.which("pdftotext")
        else ""
    )
    assert max((float(x) for x in re.findall(r'xMax="([\d.]+)"', boxes)), default=0) <= 595.3
    assert min((float(x) for x in re.findall(r'xMin="([-\d.]+)"', boxes)), default=0) >= 0
    assert max((float(x) for x in re.findall(r'yMax="([\d.]+)"', boxes)), default=0) <= 842


def effort(unit, length=10_000):
    """Return processor seconds for a document of that many letters, the best of two."""
    spent = []
    for _ in range(2):
        printed.cache_clear()
        started = time.process_time()
        pdf_of(f"<p>{(unit * length)[:length]}</p>")
        spent.append(time.process_time() - started)
    return min(spent)


@pytest.mark.parametrize("unit", ["م", "سلام ", "ש"])
def test_letters_from_right_to_left_cost_a_few_times_what_latin_ones_cost(unit):
    effort("x", 1)
    assert effort(unit) < 12 * effort("word ")


def test_words_from_right_to_left_stay_whole_and_begin_at_the_right(tmp_path):
    long = "onderhandelingsteam"
    content = pdf_of(f"<p>{'שלום ' * 40}{long}</p><p>Latin {'שלום ' * 3}</p>")
    assert long in text_of(content, tmp_path)
    boxes = subprocess.run(
        ["pdftotext", "-bbox", tmp_path / "read.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    edges = [tuple(map(float, edge)) for edge in re.findall(r'xMin="([\d.]+)" .*?xMax="([\d.]+)"', boxes)]
    right = max(edge for _, edge in edges)
    assert 535 < right <= 545, "18 mm from the right edge of 595 points"


def test_every_sheet_has_its_number_and_how_many_there_are(tmp_path):
    text = text_of(pdf_of("<p>word {nb}</p>" * 120), tmp_path)
    sheets = text.split("\f")[:-1]
    assert len(sheets) > 2
    assert [f"{n} / {len(sheets)}" in sheet for n, sheet in enumerate(sheets, start=1)] == [True] * len(
        sheets
    )


FIGURE = '<svg class="fig" height="40"><rect class="bar" x="0" y="0" width="50%" height="20"></rect></svg>'


def test_a_figure_leaves_no_paint_for_numbers_and_tables(tmp_path):
    table = "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>"
    (tmp_path / "read.pdf").write_bytes(pdf_of(f"{FIGURE}{table}{FIGURE}"))
    subprocess.run(["pdftoppm", "-r", "50", "-png", tmp_path / "read.pdf", tmp_path / "sheet"], check=True)
    with Image.open(next(tmp_path.glob("sheet*.png"))) as image:
        sheet = image.convert("RGB")
    width, height = sheet.size
    number = sheet.crop((width // 2, height * 94 // 100, width, height))
    assert min(max(pixel) for _, pixel in number.getcolors(10_000)) < 140, "the number is there, and in ink"
    red = sum(many for many, (r, g, _) in sheet.getcolors(1_000_000) if r > 150 and g < 80)
    assert 0 < red < 2 * 0.55 * width * 12, "two bars and nothing else are red"


def test_names_of_many_countries(tmp_path):
    text = text_of(pdf_of(f"<p>{NAMES}</p><p>محمد علي</p><p>שלום</p>"), tmp_path)
    assert packed(NAMES) in packed(text)
    assert "محمد" in text
    assert "שלום" in text


def test_a_table_goes_on_overleaf_under_its_heading(tmp_path):
    rows = "".join(f"<tr><th>Answer {n}</th><td class='num'>{n}</td></tr>" for n in range(200))
    text = text_of(pdf_of(f"<table><tr><th>Heading of it</th><th>n</th></tr>{rows}</table>"), tmp_path)
    assert text.count("Heading of it") == text.count("\f")
    assert all(f"Answer {n}" in text for n in range(200))


def test_a_page_without_an_article_is_no_document():
    with pytest.raises(ValueError, match="without an article"):
        printed(Document("<p>x</p>", "t", "u", "en", datetime.fromisoformat("2026-11-01T12:00:00+00:00")))

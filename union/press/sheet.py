"""Blocks put on A4 sheets: header, page numbers, outline, tables that go on overleaf. Pure."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from html import escape

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from union.press.cleaning import CODE, FALLBACK, FILES, FONTS, WORDS, begins_right, cleaned, turns
from union.press.drawing import BELOW, Pen, height_of, parts_of
from union.press.lines import lines
from union.press.reading import Block, Drawing, Facts, Heading, Paragraph, Runs, Signing, Table

MARGIN, TOP, BOTTOM = 18, 24, 20
SIZES = {1: 19, 2: 13, 3: 11}
BODY, SMALL, LEADING = 10, 8.5, 1.35
INK, MUTED, LINE = (23, 19, 15), (92, 83, 76), (213, 203, 184)
PAPER = (255, 255, 255)
_TERM = 50  # mm of a list of facts for its names
_MOST_COLUMNS = 7
_WIDE_CELL, _NARROW_CELL = 1000, 160  # letters: a row has to fit on a sheet
_SHAPED_CELL = 160  # letters, of scripts that are shaped
_LONGEST_HEAD = 120  # letters of a title in the header


# the library's own would carry the time of writing
_METADATA = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmp:CreateDate="{at}" xmp:ModifyDate="{at}" xmp:MetadataDate="{at}">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{union}</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


class _Sheet(FPDF):
    """A document with the union's name above and the number of the page below."""

    def __init__(self, *, union: str, title: str) -> None:
        super().__init__(enforce_compliance="PDF/A-2U")
        self.union, self.subject_line = union[:_LONGEST_HEAD], title[:_LONGEST_HEAD]
        self.fitted: dict[str, str] = {}
        for (family, style), name in FILES.items():
            self.add_font(family, style, FONTS / name)
        self.set_fallback_fonts([FALLBACK], exact_match=False)
        # no word stands for the number of sheets: a member could type it
        self.str_alias_nb_pages = ""
        self.set_margins(MARGIN, TOP, MARGIN)
        self.set_auto_page_break(auto=True, margin=BOTTOM)
        self.set_text_color(*INK)
        # a sheet may begin in a narrow column: its header is as wide as ever
        self.across = self.epw

    def close(self) -> None:
        """Close the fonts' files."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def header(self) -> None:
        """Name the union and the document on every sheet."""
        self.set_y(10)
        self.set_font(WORDS, "B", SMALL)
        self._line(self.union, "L")
        self.set_font(WORDS, "", SMALL)
        self.set_text_color(*MUTED)
        self._line(self.subject_line, "R")
        self.set_text_color(*INK)
        self.set_draw_color(*INK)
        self.set_line_width(0.5)
        self.line(MARGIN, 16, self.w - MARGIN, 16)
        self.set_y(TOP)

    def _line(self, text: str, align: str) -> None:
        self.set_text_shaping(use_shaping_engine=turns(text))
        text = self._fitting(text)
        self.set_x(MARGIN if align == "L" else MARGIN + self.across / 2)
        self.cell(self.across / 2, 4, text, align=align, new_x=XPos.RIGHT, new_y=YPos.TOP)
        self.set_text_shaping(use_shaping_engine=False)

    def _fitting(self, text: str) -> str:
        """Return the text cut to half a line; every sheet asks for the same ones."""
        if text not in self.fitted:
            short = text
            while self.get_string_width(short) > self.across / 2 - 4:
                short = short[: len(short) * 9 // 10 - 1].rstrip("… ") + "…"
            self.fitted[text] = short
        return self.fitted[text]

    def number(self) -> None:
        """Write below each sheet which of how many it is, once all are there."""
        self.set_auto_page_break(auto=False)
        for page in range(1, self.pages_count + 1):
            self.page = page
            self.set_font(CODE)  # a font is named on a sheet only when it changes
            self.set_font(WORDS, "", SMALL)
            self.set_fill_color(*PAPER)  # whatever the sheet's last figure was painted with
            self.set_xy(MARGIN, -13)
            self.cell(self.across, 4, f"{page} / {self.pages_count}", align="R")


def drawn(blocks: tuple[Block, ...], *, title: str, union: str, language: str, made_at: datetime) -> bytes:
    """Return the blocks as a PDF. made_at: the date written into the file; nothing else in it is of today."""
    title, union = (" ".join(cleaned(words).split()) for words in (title, union))
    with closing(_Sheet(union=union, title=title)) as sheet:
        sheet.add_page()
        for block in blocks:
            _DRAW[type(block)](sheet, block)
        sheet.number()
        sheet.set_title(title)
        sheet.set_author(union)
        sheet.set_lang(language)
        sheet.viewer_preferences = ViewerPreferences(display_doc_title=True)
        sheet.set_creation_date(made_at)
        sheet.set_xmp_metadata(
            _METADATA.format(title=escape(title), union=escape(union), at=made_at.isoformat())
        )
        return bytes(sheet.output())


def _words(sheet: FPDF, text: str, *, width: float = 0) -> None:
    """Write words that wrap, shaped where their script asks for it."""
    if turns(text):
        _shaped(sheet, text, width or sheet.w - sheet.r_margin - sheet.get_x())
        return
    sheet.multi_cell(
        width,
        sheet.font_size * LEADING,
        text,
        align="L",
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
        wrapmode=WrapMode.CHAR if sheet.font_family == CODE.lower() else WrapMode.WORD,
    )


def _shaped(sheet: FPDF, text: str, width: float) -> None:
    """Write words that are shaped, a line at a time: the library shapes a line anew for each letter.

    Each letter is measured once and by itself; joined ones are narrower.
    """
    room = {letter: sheet.get_string_width(letter) for letter in {*text, " "}}
    sheet.set_text_shaping(use_shaping_engine=True)
    align = "R" if begins_right(text) else "L"
    for paragraph in text.split("\n"):
        for line in lines(paragraph, room, width - 2 * sheet.c_margin):
            sheet.cell(
                width, sheet.font_size * LEADING, line, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
    sheet.set_text_shaping(use_shaping_engine=False)


def _room(sheet: FPDF, height: float) -> None:
    """Begin a new sheet unless `height` millimetres are left."""
    if sheet.get_y() + height > sheet.h - BOTTOM:
        sheet.add_page()


def _heading(sheet: FPDF, block: Heading) -> None:
    sheet.set_font(WORDS, "B", SIZES[block.level])
    if sheet.get_y() > TOP + 1:
        sheet.ln(5 if block.level < 3 else 2)  # noqa: PLR2004 - the smallest of three
    _room(sheet, 24)
    if block.text:
        sheet.start_section(block.text[:_LONGEST_HEAD], level=block.level - 1, strict=False)
    _words(sheet, block.text)
    sheet.ln(1.5)


def _paragraph(sheet: FPDF, block: Paragraph) -> None:
    size = SMALL if block.small else BODY
    indent = 6 if block.mark else 0
    if block.mark:
        sheet.set_font(WORDS, "", size)
        _room(sheet, sheet.font_size * LEADING)
        sheet.cell(indent, sheet.font_size * LEADING, block.mark, new_x=XPos.RIGHT, new_y=YPos.TOP)
    sheet.set_left_margin(MARGIN + indent)
    sheet.set_x(MARGIN + indent)
    _run_on(sheet, block.runs, size)
    sheet.set_left_margin(MARGIN)
    sheet.set_x(MARGIN)
    sheet.ln(1 if block.mark else 2)


def _run_on(sheet: FPDF, runs: Runs, size: float) -> None:
    """Write runs one after the other; several go on in the same line."""
    if any(turns(run.text) for run in runs):
        _type(sheet, mono=False, bold=False, size=size)
        _words(sheet, "".join(run.text for run in runs))
        return
    if len(runs) == 1:
        _type(sheet, mono=runs[0].mono, bold=runs[0].bold, size=size)
        _words(sheet, runs[0].text)
        return
    for run in runs:
        _type(sheet, mono=run.mono, bold=run.bold, size=size)
        sheet.write(size * 0.3528 * LEADING, run.text, wrapmode=WrapMode.CHAR if run.mono else WrapMode.WORD)
    sheet.ln(size * 0.3528 * LEADING)


def _type(sheet: FPDF, *, mono: bool, bold: bool, size: float) -> None:
    if mono:
        sheet.set_font(CODE, "", size * 0.825)  # a fingerprint of 64 letters in one line of a list of facts
    else:
        sheet.set_font(WORDS, "B" if bold else "", size)


def _facts(sheet: FPDF, block: Facts) -> None:
    for term, value in block.rows:
        _room(sheet, 16)
        top, page = sheet.get_y(), sheet.page
        sheet.set_font(WORDS, "B", SMALL + 0.5)
        sheet.set_right_margin(sheet.w - MARGIN - _TERM + 3)
        _words(sheet, term)
        below = sheet.get_y()
        sheet.set_right_margin(MARGIN)
        # a name that went on overleaf has its value below it
        sheet.set_y(top if sheet.page == page else below)
        page = sheet.page
        sheet.set_left_margin(MARGIN + _TERM)
        sheet.set_x(MARGIN + _TERM)
        _run_on(sheet, value, BODY)
        sheet.set_left_margin(MARGIN)
        sheet.set_y(max(below, sheet.get_y()) if sheet.page == page else sheet.get_y())
        sheet.set_draw_color(*LINE)
        sheet.set_line_width(0.2)
        sheet.line(MARGIN, sheet.get_y() + 0.8, sheet.w - MARGIN, sheet.get_y() + 0.8)
        sheet.ln(2)
    sheet.ln(2)


def _table(sheet: FPDF, block: Table) -> None:
    if not block.rows:
        return
    head, *body = block.rows
    many = len(head)
    if block.caption:
        sheet.set_font(WORDS, "B", BODY)
        _room(sheet, 24)
        _words(sheet, block.caption)
        sheet.ln(1)
    if many > _MOST_COLUMNS:
        sheet.set_font(WORDS, "", SMALL)
        _words(sheet, " · ".join(f"{place} = {name}" for place, name in enumerate(head[1:], start=1)))
        sheet.ln(1)
        head = (head[0], *(str(place) for place in range(1, many)))
    sheet.set_font(WORDS, "", SMALL)
    sheet.set_draw_color(*LINE)
    sheet.set_text_shaping(use_shaping_engine=any(turns(cell) for row in block.rows for cell in row))
    widths = tuple(1 if place in block.numeric and many > 1 else 3 for place in range(many))
    with sheet.table(
        width=sheet.epw,
        col_widths=widths,
        text_align=tuple("RIGHT" if place in block.numeric else "LEFT" for place in range(many)),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        line_height=sheet.font_size * LEADING,
        padding=(0.8, 1.2),
    ) as table:
        for row in (head, *body):
            line = table.row()
            for cell in _held(row, block.numeric):
                line.cell(cell)
    sheet.set_text_shaping(use_shaping_engine=False)
    sheet.ln(4)


def _held(row: tuple[str, ...], numeric: frozenset[int]) -> Iterator[str]:
    """Yield the cells of a row, none of them longer than a sheet is high."""
    for place, cell in enumerate(row):
        most = _NARROW_CELL if place in numeric else _SHAPED_CELL if turns(cell) else _WIDE_CELL
        yield cell if len(cell) <= most else cell[: most - 1] + "…"


def _drawing(sheet: FPDF, block: Drawing) -> None:
    """Draw a figure whole where a sheet has room for it, else from sheet to sheet."""
    height, parts = height_of(block.svg, sheet.epw), parts_of(block.svg, sheet.epw)
    if sheet.get_y() + height > sheet.h - BOTTOM and sheet.get_y() > TOP + 1:
        sheet.add_page()
    pen, start = Pen(sheet, MARGIN), sheet.get_y()
    if start + height <= sheet.h - BOTTOM:
        for part in parts:
            pen.draw(part, start)
        _dry(sheet, start + height)
        return
    sheet.set_auto_page_break(auto=False)
    for part in sorted(parts, key=lambda part: part.top):
        if start + part.bottom > sheet.h - BOTTOM:
            sheet.add_page()
            start = TOP - part.top
        pen.draw(part, start)
    sheet.set_auto_page_break(auto=True, margin=BOTTOM)
    _dry(sheet, start + height)


def _dry(sheet: FPDF, bottom: float) -> None:
    """Go on below a figure with no paint left: a table's cells would take it."""
    sheet.set_fill_color(*PAPER)
    sheet.set_y(bottom + BELOW)


def _signing(sheet: FPDF, block: Signing) -> None:
    """Draw columns of lines to sign, all on one sheet."""
    most = max((len(column) for column in block.columns), default=0)
    _room(sheet, 8 * most + 12)
    sheet.set_draw_color(*INK)
    sheet.set_line_width(0.2)
    top, lowest = sheet.get_y() + 4, sheet.get_y()
    width = (sheet.epw - 12) / max(len(block.columns), 1)
    for place, column in enumerate(block.columns):
        left = MARGIN + place * (width + 12)
        sheet.set_y(top)
        for text in column:
            sheet.set_left_margin(left)
            sheet.set_x(left)
            if text is None:
                sheet.ln(10)
                sheet.line(left, sheet.get_y(), left + width, sheet.get_y())
                sheet.ln(1)
            else:
                sheet.set_font(WORDS, "", SMALL)
                _words(sheet, text[:300], width=width)
        lowest = max(lowest, sheet.get_y())
    sheet.set_left_margin(MARGIN)
    sheet.set_y(lowest + 4)


_DRAW: dict[type[Block], Callable[..., None]] = {
    Heading: _heading,
    Paragraph: _paragraph,
    Facts: _facts,
    Table: _table,
    Drawing: _drawing,
    Signing: _signing,
}

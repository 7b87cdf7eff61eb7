"""The text of a web page as people read it: one line per paragraph, no scripts, no menus' markup. Pure."""

import re
from codecs import lookup
from collections import Counter
from html.parser import HTMLParser

_SILENT = frozenset(
    {"script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select", "title"}
)
_BREAKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "fieldset",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav",
        "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLANK = re.compile(r"[^\S\n]+")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_NO_TAG = re.compile(r"<(?![/!?]?[A-Za-z][^<>]{0,5000}>)")
_HTML = ("text/html", "application/xhtml+xml")


class _Reader(HTMLParser):
    """Collects what is said outside silent elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent: list[str] = []
        self._open: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a line where a block starts; go silent where nothing is meant for people."""
        del attrs
        if tag in _BREAKS:
            self.said.append("\n")
        if tag in _SILENT and tag not in _VOID:
            self._silent.append(tag)
            self._open[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        """End a line, or a silence."""
        if self._open[tag]:
            while self._close() != tag:
                pass
        if tag in _BREAKS:
            self.said.append("\n")

    def _close(self) -> str:
        """Close the innermost silent element and return its name."""
        tag = self._silent.pop()
        self._open[tag] -= 1
        return tag

    def handle_data(self, data: str) -> None:
        """Keep what is said."""
        if not self._silent:
            self.said.append(data.replace("\n", " "))


def text_of(page: bytes, content_type: str = "text/html") -> str:
    """Return the readable text of a page: one line per block, no empty lines.

    content_type: the header as sent; anything but HTML is taken as plain text.
    """
    kind = content_type.partition(";")[0].strip().lower()
    written = decode(page, content_type)
    if kind and kind not in _HTML:
        return _lines(written)
    reader = _Reader()
    reader.feed(_plain(written))
    reader.close()
    return _lines("".join(reader.said))


def _plain(page: str) -> str:
    """Return the page without comments, and every "<" that begins no whole tag as text, in linear time.

    The parser itself takes hours over megabytes of unfinished tags.
    """
    kept, place = [], 0
    while (start := page.find("<!--", place)) >= 0:
        kept.append(page[place:start])
        end = page.find("-->", start + 4)
        if end < 0:
            break
        place = end + 3
    else:
        kept.append(page[place:])
    return _NO_TAG.sub("&lt;", "".join(kept))


def _lines(text: str) -> str:
    # NUL cannot be stored as text in PostgreSQL.
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    kept = [_BLANK.sub(" ", line).strip() for line in text.split("\n")]
    return "\n".join(line for line in kept if line)


def _is_text_code(name: str) -> bool:
    """Tell whether `name` is a plain character code; some of Python's codecs are slow or something else."""
    try:
        known = lookup(name).name
    except LookupError:
        return False
    return known.startswith(
        ("utf-8", "utf-16", "ascii", "iso8859", "cp125", "koi8", "shift_jis", "euc", "gb", "big5")
    )


def decode(page: bytes, content_type: str) -> str:
    """Return the page as text: by its header, else by its own word, else as UTF-8 with odd bytes marked."""
    named = re.search(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{2,40})", content_type, re.IGNORECASE)
    inside = _CHARSET.search(page[:2048])
    for name in (named[1] if named else None, inside[1].decode() if inside else None, "utf-8"):
        if name is None:
            continue
        if _is_text_code(name):
            return page.decode(name, errors="replace")
    return page.decode("utf-8", errors="replace")

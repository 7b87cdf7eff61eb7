"""PDF documents made from pages that are already written, byte for byte the same for the same page.

Pure: a page's HTML in, a file out; no Flask, no clock. What a page shows is all a document can hold, so its
words, its language and who may read it are decided once, by the page. `reading` takes the page apart into
blocks, `cleaning` keeps what fonts can draw, `sheet` and `drawing` put blocks on paper.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from union.press.cleaning import has_gaps
from union.press.reading import Paragraph, Run, blocks_of
from union.press.sheet import drawn

_KEPT = 32
"""Files that stay in memory, each of 30 to 200 kB: reports are read by many in the hours after a count."""


@dataclass(frozen=True)
class Document:
    """What becomes a file. page: HTML with an article; made_at: the moment its facts are of, its date.

    gaps: what is said at the end where the number of a character stands for it, in the page's language.
    """

    page: str
    title: str
    union: str
    language: str
    made_at: datetime
    gaps: str = ""


@dataclass(frozen=True)
class File:
    """A finished PDF and its SHA-256 (hex)."""

    content: bytes
    sha256: str


@lru_cache(maxsize=_KEPT)
def printed(document: Document) -> File:
    """Return the document as PDF (A4, PDF/A-2U): the same document gives the same bytes, in every process.

    Raises ValueError when the page has no article.
    """
    blocks = blocks_of(document.page)
    if document.gaps and has_gaps(document.page):
        blocks = (*blocks, Paragraph((Run(document.gaps),), small=True))
    content = drawn(
        blocks,
        title=document.title,
        union=document.union,
        language=document.language,
        made_at=document.made_at,
    )
    return File(content, hashlib.sha256(content).hexdigest())

"""A page as a PDF file: what the page's article says, its fingerprint, and the answer that carries it."""

from datetime import datetime
from threading import Lock

from flask import Response, current_app

from union.core import i18n
from union.core.errors import TooMany
from union.core.i18n import msg
from union.press import Document, File, printed

DRAWING = Lock()
GAPS = msg("[U+…] is the number of a character for which this file has no letters. The web page shows it.")
LONGEST_WAIT = 20
"""Seconds. A document takes a processor for up to a second: strangers must not have many drawn at a time."""


def document(page: str, *, title: str, language: str, made_at: datetime) -> File:
    """Return the article of a rendered page as a file; what stands around it may differ between readers.

    One is drawn at a time in a process. made_at: the moment its facts are of. Raises TooMany when others
    wait already, ValueError for a page without an article.
    """
    article = page[page.find("<article") : page.rfind("</article>") + len("</article>")]
    union: str = current_app.config["SETTINGS"].union_name
    if not DRAWING.acquire(timeout=LONGEST_WAIT):
        raise TooMany(msg("Many documents are asked for at this moment. Try again in a minute."))
    try:
        return printed(Document(article, title, union, language, made_at, i18n.translate(language, GAPS)))
    finally:
        DRAWING.release()


def download(file: File, name: str) -> Response:
    """Return the file for saving as `name`.pdf."""
    response = Response(file.content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response

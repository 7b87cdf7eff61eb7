"""A page as a PDF file: what the page's article says, its fingerprint, and the answer that carries it."""

from datetime import datetime

from flask import Response, current_app

from union.press import Document, File, printed


def document(page: str, *, title: str, language: str, made_at: datetime) -> File:
    """Return the article of a rendered page as a file; what stands around it may differ between readers.

    made_at: the moment its facts are of. Raises ValueError for a page without an article.
    """
    article = page[page.find("<article") : page.rfind("</article>") + len("</article>")]
    union: str = current_app.config["SETTINGS"].union_name
    return printed(Document(article, title, union, language, made_at))


def download(file: File, name: str) -> Response:
    """Return the file for saving as `name`.pdf."""
    response = Response(file.content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response

"""Static files: kept by browsers for ever under their content's hash, and sent compressed.

Only static files are compressed: a page that mixes a secret with what somebody typed must not be.
"""

import gzip
import hashlib
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

_YEAR = 31_536_000
_TEXT = {"text/css", "text/javascript", "application/javascript", "image/svg+xml", "application/json"}


@cache
def fingerprint(path: Path) -> str:
    """Return the first 12 hex digits of the SHA-256 of the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def static(path: str, room: str | None = None) -> str:
    """Return the address of a static file of the web kit, or of `room`'s own folder."""
    endpoint = f"{room}.static" if room else "static"
    folder = current_app.blueprints[room].static_folder if room else current_app.static_folder
    version = fingerprint(Path(str(folder)) / path)
    return url_for(endpoint, filename=path, v=version)


def install(app: Flask) -> None:
    """Give templates `static(path, room=None)` and cache versioned files."""
    app.jinja_env.globals["static"] = static

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint and request.endpoint.rpartition(".")[2] == "static":
            kept = "v" in request.args
            response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if kept else "no-cache"
            _compress(response)
        return response


def _compress(response: Response) -> None:
    """Compress a text file for a browser that takes it: a third of the bytes on a bad line."""
    if response.status_code != 200 or response.mimetype not in _TEXT:  # noqa: PLR2004 - whole files only
        return
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0:
        return
    response.direct_passthrough = False
    close = getattr(response.response, "close", None)
    response.set_data(_compressed(response.get_data()))
    if close is not None:
        close()  # the file was read: a browser that goes away must not leave it open
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.get_etag()[0]:
        response.set_etag(etag, weak=True)


@lru_cache(maxsize=256)
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)

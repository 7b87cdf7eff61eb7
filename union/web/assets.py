"""Static files with their content's hash in the address, so that browsers may keep them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

_YEAR = 31_536_000


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
        return response

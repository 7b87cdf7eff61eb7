"""The booth and the trustees' pages alone, on the real web kit and its headers, for tests in a real browser.

The ballots' own views need a registry and a database; what is tested here is the page. The server side of it keeps what
the browser posts, so that a test can look at the bytes.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Blueprint, Flask, Response, jsonify, render_template, render_template_string, request
from nacl.signing import SigningKey

import union.ballots
from union.app import _plain
from union.ballots.views.counts import votes
from union.web import guards, kit

KAT = json.loads((Path(__file__).parents[1] / "vectors/kat/ballots-and-groups.json").read_text())
ROOM = Path(union.ballots.__file__).parent
KEY = SigningKey(bytes(range(32)))


BOARD = """{% extends "web/base.html" %}{% block title %}Board{% endblock %}{% block content %}<h1>Public board</h1>
{% include "ballots/check_here.html" %}{% endblock %}"""


def fingerprint(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@dataclass
class Booth:
    election: str
    group: str
    title: str = "Strike vote on the data of Veldstra"
    intro: str = "The table agreed on an offer. You decide whether we take it."
    closes_text: str = "Closes Fri 5 Jun 2026 20:00, Amsterdam time."
    election_json_url: str = "/election.json"
    cast_url: str = "/cast"
    credentials_url: str | None = "/credentials.json"
    board_url: str = "/board"
    leave_url: str = "/left"
    help_url: str | None = "/help"
    has_voted: bool = False
    trustees: tuple[str, ...] = ("Anouk", "Bilal", "Chidi")
    server_only: bool = False
    receipt_key: str | None = KEY.verify_key.encode().hex()
    codes_by_officer: bool = False
    weight: int | None = None
    ranked: bool = False
    tells_too_much: bool = False
    holding: object = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.election)


@dataclass
class Seen:
    """What the browser posted, and how the server is to behave."""

    cast: list[str] = field(default_factory=list)
    posts: list[dict] = field(default_factory=list)
    refuse: tuple[int, str, str] | None = None
    drop_next: int = 0
    credentials: list[str] = field(default_factory=list)
    pages: dict = field(default_factory=dict)
    tally: str = ""
    archive: bytes = b""
    tracker: str = ""


def receipt(ballot: str, fp: str) -> dict:
    tracker = fingerprint(ballot)
    head = hashlib.sha256(ballot.encode()).hexdigest()
    signed = f"union-receipt|{fp}|{tracker}|12|{head}"
    signature = KEY.sign(signed.encode()).signature.hex()
    return {
        "tracker": tracker,
        "height": 12,
        "chain_head": head,
        "signature": signature,
        "received_text": "5 June 2026, 14:03, Amsterdam time",
    }


def make_app(settings, booth: Booth, seen: Seen) -> Flask:
    app = Flask("union.web", template_folder="templates", static_folder="static", static_url_path="/static")
    kit.install(app, settings, lambda _: [])
    room = Blueprint(
        "ballots",
        "union.ballots",
        root_path=str(ROOM),
        template_folder="templates",
        static_folder="static",
        static_url_path="/static/ballots",
    )

    room.add_app_template_filter(votes)

    def route(path, view, methods=("GET",)):
        room.add_url_rule(path, view.__name__, guards.public(view), methods=list(methods))

    def booth_page():
        return render_template("ballots/booth.html", booth=booth)

    def election_json():
        return Response(booth.election, mimetype="application/json")

    def credentials_json():
        return jsonify(seen.credentials)

    def cast():
        ballot = request.get_json()["ballot"]
        seen.cast.append(ballot)
        if seen.drop_next:
            seen.drop_next -= 1
            return "", 503
        if seen.refuse:
            status, error, message = seen.refuse
            return jsonify(error=error, message=message), status
        return jsonify(receipt(ballot, booth.fingerprint))

    def trustee_key():
        return render_template("ballots/trustee_key.html", seat=seen.pages["seat"])

    def trustee_shuffle():
        return render_template("ballots/trustee_shuffle.html", shuffle=seen.pages["shuffle"])

    def trustee_decrypt():
        return render_template("ballots/trustee_decrypt.html", share=seen.pages["share"])

    def tally_json():
        return Response(seen.tally, mimetype="application/json")

    def submit():
        seen.posts.append(request.get_json())
        if seen.refuse:
            status, error, message = seen.refuse
            return jsonify(error=error, message=message), status
        return jsonify(fingerprint=fingerprint(request.get_json().get("public_key", "")))

    def board():
        return render_template_string(BOARD, archive_url="/archive.bel", tracker=seen.tracker)

    def archive():
        return Response(seen.archive, mimetype="application/octet-stream")

    def other():
        return "<!doctype html><html lang=en><title>x</title><h1>x</h1></html>"

    for path, view in (
        ("/booth", booth_page),
        ("/election.json", election_json),
        ("/credentials.json", credentials_json),
        ("/key", trustee_key),
        ("/decrypt", trustee_decrypt),
        ("/shuffle", trustee_shuffle),
        ("/tally.json", tally_json),
        ("/left", other),
        ("/board", board),
        ("/archive.bel", archive),
    ):
        route(path, view)
    route("/cast", cast, ("POST",))
    route("/submit", submit, ("POST",))
    app.register_blueprint(room)
    app.view_functions["ballots.static"] = guards.public(_plain(app.view_functions["ballots.static"]))
    return app


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Say nothing: the test tells what went wrong."""


class Served:
    """The app on a free loopback port while the `with` lasts."""

    def __init__(self, app: Flask) -> None:
        self.server = make_server("127.0.0.1", 0, app, server_class=_Server, handler_class=_Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

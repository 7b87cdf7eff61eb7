"""Pages of the directory: search and A-Z, and one platform, on whose page higher rooms may hang panels."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from union.core.actor import Actor
from union.core.clock import utcnow
from union.core.db import Session, reading
from union.platforms import queries
from union.platforms.rules import KIND_WORDS, LETTERS, Kind
from union.web.guards import current_actor, public

blueprint = Blueprint("platforms", __name__, template_folder="templates")

# What higher rooms show on a platform's page, such as its campaigns; the composing app fills this.
PANELS: list[Callable[[Session, str, Actor, datetime], Markup | None]] = []
_LONGEST_QUERY = 80


@blueprint.get("/platforms")
@public
def index() -> ResponseReturnValue:
    """Search the directory, or leaf through it by letter."""
    text = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    kind = next((kind for kind in Kind if kind == request.args.get("kind")), None)
    letter = next((one for one in LETTERS if one == request.args.get("letter")), None)
    page = max(1, request.args.get("page", 1, type=int))
    with reading() as session:
        listing = queries.search(session, text, kind, page, letter=letter)

    def address(**other: str | int | None) -> str:
        asked = {"q": text, "kind": kind, "letter": letter, "page": None, **other}
        query = urlencode({name: value for name, value in asked.items() if value})
        return url_for("platforms.index") + (f"?{query}" if query else "")

    return render_template(
        "platforms/index.html",
        listing=listing,
        text=text,
        kind=kind,
        letter=letter,
        kinds=KIND_WORDS,
        letters=LETTERS,
        address=address,
    )


@blueprint.get("/platforms/<slug>")
@public
def page(slug: str) -> ResponseReturnValue:
    """Show one platform: who it is, how its privacy desk is reached, what members do about it."""
    now = utcnow()
    with reading() as session:
        platform = queries.platform_page(session, slug)
        panels = [panel(session, slug, current_actor(), now) for panel in PANELS]
    return render_template(
        "platforms/page.html",
        platform=platform,
        kind=KIND_WORDS[platform.kind],
        panels=[p for p in panels if p],
    )

"""The pages above all rooms: front page, what now, console, log, privacy, how to verify, source."""

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from union.campaigns.views.common import meter, meter_words
from union.core.clock import utcnow
from union.core.db import reading
from union.core.permissions import Permission
from union.home import queries, source
from union.home.own_file import own_file
from union.web.guards import current_actor, public, require

blueprint = Blueprint("home", __name__, template_folder="templates")


@blueprint.get("/")
@public
def front() -> ResponseReturnValue:
    """Show what this union is and what it does now."""
    with reading() as session:
        found = queries.front_page(session)
    return render_template("home/front.html", found=found, meter=meter, told=meter_words)


@blueprint.get("/home")
@require(Permission.ACCOUNT_OWN)
def mine() -> ResponseReturnValue:
    """Show what waits for the member, as one list."""
    with reading() as session:
        found = queries.mine(session, current_actor(), utcnow())
    return render_template("home/mine.html", found=found)


@blueprint.get("/console")
@require(Permission.CONSOLE_READ)
def console() -> ResponseReturnValue:
    """Show what organizers look after."""
    now = utcnow()
    with reading() as session:
        found = queries.console(session, current_actor(), now)
    return render_template("home/console.html", found=found, now=now)


@blueprint.get("/console/audit")
@require(Permission.AUDIT_READ)
def audit_log() -> ResponseReturnValue:
    """Show the log of what was decided and by whom."""
    before = request.args.get("before", type=int)
    subject = request.args.get("subject", "").strip()[:120]
    with reading() as session:
        found = queries.audit_page(session, current_actor(), before=before, subject=subject)
    return render_template("home/audit.html", found=found, subject=subject, first=before is None)


@blueprint.get("/account/everything.json")
@require(Permission.ACCOUNT_OWN)
def everything() -> ResponseReturnValue:
    """Give the reader a file of all that is kept about them, in every room."""
    with reading() as session:
        kept = own_file(session, actor=current_actor(), now=utcnow())
    answer = jsonify(kept)
    answer.headers["Content-Disposition"] = 'attachment; filename="everything-about-me.json"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/about")
@public
def about() -> ResponseReturnValue:
    """Say what this union is, and how anybody checks what it says."""
    return render_template("home/about.html")


@blueprint.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Say what is stored, who sees it, for how long, and what we do when somebody demands it."""
    carriers = current_app.config["SETTINGS"].carriers
    return render_template("home/privacy.html", carriers=carriers)


@blueprint.get("/verify")
@public
def verify() -> ResponseReturnValue:
    """Show how to check a ballot, with the commands."""
    with reading() as session:
        found = queries.verifiable(session, utcnow())
    return render_template("home/verify.html", ballots=found)


@blueprint.get("/source")
@public
def source_page() -> ResponseReturnValue:
    """Offer the source of this very program."""
    return render_template("home/source.html")


@blueprint.get("/source/union.tar.gz")
@public
def source_file() -> ResponseReturnValue:
    """Give the source as an archive."""
    response = Response(source.archive(), mimetype="application/gzip")
    response.headers["Content-Disposition"] = 'attachment; filename="union-source.tar.gz"'
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response

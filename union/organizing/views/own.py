"""What is noted about a member, for that member: facts on a page, everything in a file."""

from json import dumps

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import queries, service
from union.organizing.views.common import blueprint
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/account/noted")
@require(Permission.ACCOUNT_OWN)
def noted() -> ResponseReturnValue:
    """Show the member that there are tags, talks and calls, and since when."""
    with reading() as session:
        found = queries.noted(session, actor=current_actor())
    return render_template("organizing/noted.html", found=found)


@blueprint.get("/account/noted.json")
@require(Permission.ACCOUNT_OWN)
def noted_file() -> ResponseReturnValue:
    """Give the member all of it, words and assessments included."""
    with reading() as session:
        kept = queries.own_file(session, actor=current_actor())
    answer = Response(dumps(kept, indent=1, ensure_ascii=False, sort_keys=False), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="noted-about-me.json"'
    return answer


@blueprint.post("/account/noted/calls/<wish>")
@require(Permission.ACCOUNT_OWN)
def noted_calls(wish: str) -> ResponseReturnValue:
    """Let organizers call and text the member, or not."""
    actor = current_actor()
    with transaction() as session:
        if wish == "yes":
            service.allow_contact(session, actor=actor, now=utcnow())
        else:
            service.refuse_contact(session, actor=actor, member_id=str(actor.member_id), now=utcnow())
    words = (
        msg("Organizers may call you again.") if wish == "yes" else msg("No organizer will call or text you.")
    )
    flash(gettext(words), "ok")
    return redirect(url_for("organizing.noted"), 303)

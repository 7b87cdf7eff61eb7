"""How delivery is going: what left, what is in doubt, what is held."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.permissions import Permission
from union.notify import queries, words
from union.notify.queries.people import organizers_of
from union.notify.service import desk as organizers
from union.notify.views.common import blueprint, ref_of
from union.web.guards import current_actor, require


@blueprint.get("/deliveries")
@require(Permission.MESSAGES_READ)
def deliveries() -> ResponseReturnValue:
    """Show how far the delivery of everything is, what is in doubt or failed, and which replies wait."""
    now = utcnow()
    with reading() as session:
        page = queries.overview(session, now=now)
        replies = queries.inbox(session)
        beats = queries.heartbeats(session)
        trial = queries.on_trial(session)
        people = organizers_of(session)
    return render_template(
        "notify/deliveries.html", page=page, replies=replies, beats=beats, now=now, tags=words.TAGS,
        states=words.STATES, trial=trial, people=people,
    )  # fmt: skip


@blueprint.get("/deliveries/about")
@require(Permission.MESSAGES_READ)
def about() -> ResponseReturnValue:
    """Show how far the messages about one thing are, and why some did not arrive."""
    ref = ref_of(request.args)
    with reading() as session:
        found = queries.progress(session, ref)
    return render_template(
        "notify/about.html",
        ref=ref,
        progress=found,
        states=words.STATES,
        channels=words.CHANNELS,
        tags=words.TAGS,
    )


@blueprint.post("/deliveries/hold")
@require(Permission.MESSAGES_SEND)
def hold() -> ResponseReturnValue:
    """Hold the messages about something."""
    ref = ref_of(request.form)
    with transaction() as session:
        organizers.hold(session, actor=current_actor(), now=utcnow(), ref=ref)
    return redirect(url_for("notify.about", ref=ref), 303)


@blueprint.post("/deliveries/release")
@require(Permission.MESSAGES_SEND)
def release() -> ResponseReturnValue:
    """Let them go again."""
    ref = ref_of(request.form)
    with transaction() as session:
        organizers.release(session, actor=current_actor(), now=utcnow(), ref=ref)
    return redirect(url_for("notify.about", ref=ref), 303)

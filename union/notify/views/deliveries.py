"""How delivery is going: what left, what is in doubt, what is held."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.i18n import msg
from union.core.permissions import Permission
from union.notify import queries, words
from union.notify.delivery.speed import Speed, speed
from union.notify.queries.people import organizers_of
from union.notify.rules.kinds import State
from union.notify.service import desk as organizers
from union.notify.views.common import blueprint, ref_of
from union.web import i18n
from union.web.guards import current_actor, require
from union.web.i18n import gettext


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
    ref, now = ref_of(request.args), utcnow()
    with reading() as session:
        found = queries.progress(session, ref)
        fast = speed(session, ref, now)
        subject = queries.subjects(session, [ref])[ref]
    return render_template(
        "notify/about.html",
        ref=ref,
        subject=subject,
        progress=found,
        live=_live(found, fast),
        states=words.STATES,
        channels=words.CHANNELS,
        tags=words.TAGS,
    )


@blueprint.get("/deliveries/about.json")
@require(Permission.MESSAGES_READ)
def about_json() -> ResponseReturnValue:
    """Say the numbers of that page anew, while it is open."""
    ref, now = ref_of(request.args), utcnow()
    with reading() as session:
        return _live(queries.progress(session, ref), speed(session, ref, now))


def _live(found: queries.Progress, fast: Speed) -> dict[str, str]:
    """Return the page's numbers in words, by the keys under which it shows them."""
    done = gettext(msg("nothing moves just now")) if fast.left else gettext(msg("nothing waits"))
    if found.paused is None and fast.done_at is not None:
        done = i18n.when(fast.done_at, current_actor().zone)
    numbers = {
        "total": found.total,
        "gone": found.gone,
        "created": found.created,
        "per_minute": fast.per_minute,
        **{f"state-{state.value}": getattr(found, state.value) for state in State},
    }
    return {**{name: i18n.number(value) for name, value in numbers.items()}, "done": done}


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

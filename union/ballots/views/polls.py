"""Shows of hands for chapter meetings: under an address of their own, and never called a ballot."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.run_forms import PollForm
from union.ballots.views.kit import blueprint
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext, span

HOURS = tuple(int(one / timedelta(hours=1)) for one in service.POLL_LENGTHS)


@blueprint.get("/polls")
@require(Permission.BALLOT_CAST)
def polls() -> ResponseReturnValue:
    """List the shows of hands of the reader's chapter."""
    with reading() as session:
        shown = queries.polls(session, current_actor(), utcnow())
    return render_template("ballots/polls.html", polls=shown)


@blueprint.get("/polls/new")
@require(Permission.BALLOT_PLAN)
def new_poll() -> ResponseReturnValue:
    """Show an empty question."""
    form = PollForm(formdata=None)
    form.answers.data = "\n".join(gettext(text) for text in (msg("Yes"), msg("No"), msg("Abstain")))
    return _new(form)


def _new(form: PollForm, status: int = 200) -> ResponseReturnValue:
    _choices(form)
    return render_template("ballots/poll_new.html", form=form), status


def _choices(form: PollForm) -> None:
    form.lasts.choices = options((str(hours), span(hours * 60)) for hours in HOURS)
    with reading() as session:
        form.chapter.choices = options((c.slug, c.name) for c in members.chapters(session))


@blueprint.post("/polls/new")
@require(Permission.BALLOT_PLAN)
def open_poll() -> ResponseReturnValue:
    """Ask it."""
    form = PollForm()
    _choices(form)
    if not form.validate():
        return _new(form, 422)
    try:
        with transaction() as session:
            made = service.open_poll(
                session,
                actor=current_actor(),
                now=utcnow(),
                chapter=form.chapter.data,
                question=form.question.data,
                answers=form.answers.data.splitlines(),
                lasts=timedelta(hours=int(form.lasts.data)),
            )
    except Invalid as refusal:
        form.refuse(refusal)
        return _new(form, 422)
    return redirect(url_for("ballots.poll", poll_id=made), 303)


@blueprint.get("/polls/<poll_id>")
@require(Permission.BALLOT_CAST)
def poll(poll_id: str) -> ResponseReturnValue:
    """Show one, with the names of those who raised a hand."""
    with reading() as session:
        shown = queries.poll_page(session, poll_id, current_actor(), utcnow())
    return render_template("ballots/poll.html", poll=shown)


@blueprint.post("/polls/<poll_id>")
@require(Permission.BALLOT_CAST)
def raise_hand(poll_id: str) -> ResponseReturnValue:
    """Answer, by name."""
    answer = request.form.get("answer", -1, type=int)
    with transaction() as session:
        service.raise_hand(session, actor=current_actor(), now=utcnow(), poll_id=poll_id, answer=answer)
    flash(gettext(msg("Your hand is up. You can change it until the show of hands is over.")), "ok")
    return redirect(url_for("ballots.poll", poll_id=poll_id), 303)


@blueprint.post("/polls/<poll_id>/close")
@require(Permission.BALLOT_PLAN)
def close_poll(poll_id: str) -> ResponseReturnValue:
    """Close it."""
    with transaction() as session:
        service.close_poll(session, actor=current_actor(), now=utcnow(), poll_id=poll_id)
    flash(gettext(msg("The show of hands is over.")), "ok")
    return redirect(url_for("ballots.poll", poll_id=poll_id), 303)

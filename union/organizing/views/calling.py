"""A calling session: one person at a time, a script, buttons for what came of it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import forms, queries, service
from union.organizing.rules.calling import OUTCOME_WORDS, Outcome
from union.organizing.service import Said
from union.organizing.views.common import blueprint
from union.web import figures
from union.web.guards import current_actor, require
from union.web.i18n import gettext, number


def _page(list_id: str, form: forms.OutcomeForm, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        found = queries.call_page(session, actor=current_actor(), list_id=list_id, now=utcnow())
    told = gettext(msg("%(done)s of %(people)s done"), done=number(found.done), people=number(found.people))
    return render_template(
        "organizing/calling.html",
        found=found,
        form=form,
        outcomes=OUTCOME_WORDS,
        told=told,
        drawn=figures.progress(found.done, found.people, title=told),
    ), status


@blueprint.get("/organizing/calling/<list_id>")
@require(Permission.ORGANIZING_CALL)
def calling(list_id: str) -> ResponseReturnValue:
    """Show who is on the line, or how to get the next person."""
    return _page(list_id, forms.OutcomeForm(formdata=None))


@blueprint.post("/organizing/calling/<list_id>/next")
@require(Permission.ORGANIZING_CALL)
def call_next(list_id: str) -> ResponseReturnValue:
    """Put the next person on the helper's line."""
    with transaction() as session:
        found = service.next_call(session, actor=current_actor(), list_id=list_id, now=utcnow())
    if found is None:
        flash(gettext(msg("Nobody can be called right now.")), "news")
    return redirect(url_for("organizing.calling", list_id=list_id), 303)


@blueprint.post("/organizing/calling/<list_id>/outcome")
@require(Permission.ORGANIZING_CALL)
def call_outcome(list_id: str) -> ResponseReturnValue:
    """Write down what came of the call, and go on with the next person."""
    actor, now = current_actor(), utcnow()
    form = forms.OutcomeForm()
    if form.validate_on_submit():
        outcome = Outcome(form.outcome.data)
        try:
            back = outcome is Outcome.CALL_BACK and form.again_at.data
            said = Said(
                outcome,
                int(form.rating.data) if form.rating.data else None,
                form.note.data or "",
                form.moment("again_at", actor.zone) if back else None,
            )
            with transaction() as session:
                service.record_outcome(
                    session, actor=actor, list_id=list_id, entry_id=form.entry.data, said=said, now=now
                )
            flash(gettext(msg("Written down: %(what)s."), what=gettext(OUTCOME_WORDS[outcome])), "ok")
            return call_next(list_id)
        except Invalid as refusal:
            form.refuse(refusal)
    return _page(list_id, form, 422)


@blueprint.post("/organizing/calling/<list_id>/back")
@require(Permission.ORGANIZING_CALL)
def call_back(list_id: str) -> ResponseReturnValue:
    """Give the person back without a call."""
    form = forms.OutcomeForm()
    with transaction() as session:
        service.give_back(
            session, actor=current_actor(), list_id=list_id, entry_id=form.entry.data or "", now=utcnow()
        )
    flash(gettext(msg("Given back. Somebody else may call them.")), "ok")
    return redirect(url_for("organizing.calling", list_id=list_id), 303)


@blueprint.post("/organizing/calling/<list_id>/undo")
@require(Permission.ORGANIZING_CALL)
def call_undo(list_id: str) -> ResponseReturnValue:
    """Take the last outcome back."""
    with transaction() as session:
        service.undo_outcome(session, actor=current_actor(), list_id=list_id, now=utcnow())
    flash(gettext(msg("Taken back. They are on your line again.")), "ok")
    return redirect(url_for("organizing.calling", list_id=list_id), 303)

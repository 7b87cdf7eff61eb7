"""Replies that only a person understands: read, hand out, answer, settle."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.notify import queries
from union.notify.forms import AnswerForm, AssignForm
from union.notify.queries.people import organizers_of
from union.notify.service import desk as organizers
from union.notify.views.common import blueprint
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/deliveries/replies/<int:inbound_id>")
@require(Permission.MESSAGES_READ)
def reply(inbound_id: int) -> ResponseReturnValue:
    """Show one reply, with a form to answer it."""
    return _page(inbound_id, AnswerForm(formdata=None))


def _page(inbound_id: int, form: AnswerForm) -> str:
    with reading() as session:
        found = queries.reply(session, inbound_id)
        people = organizers_of(session)
    assign = AssignForm(formdata=None, organizer=found.assigned_to or "")
    assign.organizer.choices = options([("", gettext(msg("nobody yet"))), *people.items()])
    return render_template("notify/answer.html", reply=found, form=form, assign=assign, people=people)


@blueprint.post("/deliveries/replies/<int:inbound_id>/answer")
@require(Permission.MESSAGES_SEND)
def answer(inbound_id: int) -> ResponseReturnValue:
    """Text back."""
    form = AnswerForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                organizers.answer_reply(
                    session, actor=current_actor(), now=utcnow(), inbound_id=inbound_id,
                    text=form.text.data or "",
                )  # fmt: skip
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("Your answer is on its way.")), "ok")
            return redirect(url_for("notify.deliveries") + "#replies", 303)
    return _page(inbound_id, form), 422


@blueprint.post("/deliveries/replies/<int:inbound_id>/assign")
@require(Permission.MESSAGES_SEND)
def assign(inbound_id: int) -> ResponseReturnValue:
    """Say who deals with it."""
    wanted = AssignForm().organizer.data or None
    with transaction() as session:
        if wanted is not None and wanted not in organizers_of(session):
            wanted = None
        organizers.assign_reply(
            session, actor=current_actor(), now=utcnow(), inbound_id=inbound_id, organizer_id=wanted
        )
    return redirect(url_for("notify.reply", inbound_id=inbound_id), 303)


@blueprint.post("/deliveries/replies/<int:inbound_id>")
@require(Permission.MESSAGES_READ)
def settle(inbound_id: int) -> ResponseReturnValue:
    """Mark a reply as dealt with."""
    with transaction() as session:
        organizers.settle_reply(session, actor=current_actor(), now=utcnow(), inbound_id=inbound_id)
    return redirect(url_for("notify.deliveries"), 303)

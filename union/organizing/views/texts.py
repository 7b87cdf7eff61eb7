"""A text to many: preview with segments, sending, stopping it within the first minutes."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import forms, queries, service
from union.organizing.views.common import blueprint
from union.web.guards import current_actor, require
from union.web.i18n import gettext, ngettext


@blueprint.route("/organizing/texts/<list_id>", methods=["GET", "POST"])
@require(Permission.ORGANIZING_LISTS)
def text(list_id: str) -> ResponseReturnValue:
    """Show what a text is, whom it reaches and what it costs; send it on yes."""
    actor, now = current_actor(), utcnow()
    form = forms.EmptyForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                sent = service.send_text(session, actor=actor, list_id=list_id, now=now)
            flash(
                ngettext(
                    "%(n)s message leaves in five minutes.",
                    "%(n)s messages leave in five minutes.",
                    sent.written,
                ),
                "ok",
            )
            return redirect(url_for("organizing.text", list_id=list_id), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    with reading() as session:
        found = queries.text_page(session, actor=actor, list_id=list_id, now=now)
    return render_template("organizing/text.html", found=found, form=form, now=now), (
        422 if form.form_errors else 200
    )


@blueprint.post("/organizing/texts/<list_id>/stop")
@require(Permission.ORGANIZING_LISTS)
def text_stop(list_id: str) -> ResponseReturnValue:
    """Stop what has not left yet."""
    with transaction() as session:
        n = service.cancel_text(session, actor=current_actor(), list_id=list_id, now=utcnow())
    flash(gettext(msg("Stopped: %(n)s messages will not be sent."), n=n), "ok")
    return redirect(url_for("organizing.text", list_id=list_id), 303)

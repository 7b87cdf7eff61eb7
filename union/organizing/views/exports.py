"""A list as a file: asked with a reason, agreed by a second person, taken once."""

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import transaction
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import forms, service
from union.organizing.views.common import blueprint
from union.organizing.views.lists import show_list
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.post("/organizing/lists/<list_id>/export")
@require(Permission.ORGANIZING_PEOPLE)
def export_ask(list_id: str) -> ResponseReturnValue:
    """Ask for the list's people with their addresses."""
    form = forms.ReasonForm()
    if form.validate_on_submit():
        with transaction() as session:
            service.ask_export(
                session, actor=current_actor(), list_id=list_id, reason=form.reason.data, now=utcnow()
            )
        flash(
            gettext(msg("Asked. Another organizer or an officer has to agree; they see it on their pages.")),
            "ok",
        )
        return redirect(url_for("organizing.list_page", list_id=list_id), 303)
    return show_list(list_id, forms.HelperForm(formdata=None), form, 422)


@blueprint.post("/organizing/exports/<export_id>/agree")
@require(Permission.ORGANIZING_RELEASE)
def export_agree(export_id: str) -> ResponseReturnValue:
    """Agree, as the second person."""
    with transaction() as session:
        service.agree_export(session, actor=current_actor(), export_id=export_id, now=utcnow())
    flash(gettext(msg("Agreed. The file can be taken once, within an hour.")), "ok")
    return redirect(url_for("organizing.exports"), 303)


@blueprint.post("/organizing/exports/<export_id>/file")
@require(Permission.ORGANIZING_PEOPLE)
def export_take(export_id: str) -> ResponseReturnValue:
    """Give the file, once."""
    with transaction() as session:
        text = service.take_export(session, actor=current_actor(), export_id=export_id, now=utcnow())
    name = "attachment; filename=list.csv"
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": name})

"""Tags: what they mean, making one, retiring one."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission, permits
from union.organizing import forms, queries, service
from union.organizing.views.common import blueprint
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/organizing/tags", methods=["GET", "POST"])
@require(Permission.ORGANIZING_PEOPLE)
def tags() -> ResponseReturnValue:
    """List the tags and make new ones."""
    actor = current_actor()
    form = forms.TagForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.make_tag(
                    session,
                    actor=actor,
                    name=form.name.data,
                    meaning=form.meaning.data,
                    harmless=bool(form.harmless.data),
                    now=utcnow(),
                )
            flash(gettext(msg("The tag is there. Put it on people from their list.")), "ok")
            return redirect(url_for("organizing.tags"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    with reading() as session:
        found = queries.tag_page(session, actor=actor)
    retire = permits(actor, Permission.ORGANIZING_PEOPLE)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("organizing/tags.html", form=form, found=found, retire=retire), status


@blueprint.post("/organizing/tags/<slug>/retire")
@require(Permission.ORGANIZING_PEOPLE)
def tag_retire(slug: str) -> ResponseReturnValue:
    """Retire a tag, or use it again."""
    with transaction() as session:
        service.retire_tag(session, actor=current_actor(), slug=slug, now=utcnow())
    return redirect(url_for("organizing.tags"), 303)

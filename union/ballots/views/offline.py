"""An officer's page for voting codes made offline: the roll to take along, the public parts to bring back."""

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.run_forms import CodesForm
from union.ballots.views.kit import blueprint, settings
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, require
from union.web.i18n import gettext, number


@blueprint.get("/ballots/<slug>/run/offline")
@require(Permission.MEMBER_EXPORT)
def offline(slug: str) -> ResponseReturnValue:
    """Say how it is done, step by step."""
    return _page(slug, CodesForm(formdata=None))


def _page(slug: str, form: CodesForm, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        shown = queries.ballot_page(session, slug, current_actor(), utcnow())
    return render_template("ballots/offline.html", page=shown, form=form), status


@blueprint.post("/ballots/<slug>/run/roll.json")
@require(Permission.MEMBER_EXPORT)
def take_roll(slug: str) -> ResponseReturnValue:
    """Give the roll as it stands, to take to the other machine; the export is recorded."""
    with transaction() as session:
        text = service.export_roll(
            session, actor=current_actor(), now=utcnow(), slug=slug, public_url=settings().public_url
        )
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="roll.json"'
    return response


@blueprint.post("/ballots/<slug>/run/offline")
@require(Permission.MEMBER_EXPORT)
def upload(slug: str) -> ResponseReturnValue:
    """Take the public parts and freeze the roll."""
    form = CodesForm()
    if not form.validate():
        return _page(slug, form, 422)
    try:
        with transaction() as session:
            issued = service.upload_credentials(
                session,
                actor=current_actor(),
                now=utcnow(),
                slug=slug,
                text=form.file.data.read().decode(errors="replace"),
            )
    except UnionError as refusal:
        if refusal.field is None:
            raise
        form.refuse(refusal)
        return _page(slug, form, 422)
    flash(
        gettext(
            msg("The roll is frozen: %(n)s members get their code from an officer, none from us."),
            n=number(issued.eligible),
        ),
        "ok",
    )
    return redirect(url_for("ballots.run", slug=slug), 303)

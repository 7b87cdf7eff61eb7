"""The debrief: written by organizers, read by members once published, taken along as a file."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.actions import queries, report, service
from union.actions.forms import DebriefForm
from union.actions.views.common import blueprint, settings
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, language


@blueprint.get("/actions/<slug>/debrief")
@public
def debrief(slug: str) -> ResponseReturnValue:
    """Show the debrief."""
    with reading() as session:
        card, view = queries.debrief_page(session, slug, current_actor())
        names = {one.slug: one.name for one in members.chapters(session)}
    return render_template("actions/debrief.html", card=card, view=view, numbers=view.numbers, chapters=names)


@blueprint.get("/actions/<slug>/debrief.html")
@public
def debrief_file(slug: str) -> ResponseReturnValue:
    """Give the debrief as a file."""
    with reading() as session:
        card, view = queries.debrief_page(session, slug, current_actor())
        names = {one.slug: one.name for one in members.chapters(session)}
    page = report.debrief_html(card, view, names, language=language(), union=settings().union_name)
    response = Response(page, mimetype="text/html")
    response.headers["Content-Disposition"] = f'attachment; filename="debrief-{slug}.html"'
    return response


@blueprint.route("/actions/<slug>/debrief/write", methods=["GET", "POST"])
@require(Permission.ACTION_PLAN)
def write_debrief(slug: str) -> ResponseReturnValue:
    """Write the debrief."""
    with reading() as session:
        card, view = queries.debrief_page(session, slug, current_actor())
    form = DebriefForm()
    if request.method == "GET":
        form.went_well.data, form.went_badly.data = view.went_well, view.went_badly
        form.learn.data, form.publish.data = view.learn, view.published
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.debrief(
                    session,
                    actor=current_actor(),
                    now=utcnow(),
                    slug=slug,
                    went_well=form.went_well.data or "",
                    went_badly=form.went_badly.data or "",
                    learn=form.learn.data,
                    publish=form.publish.data,
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("The debrief is written.")), "ok")
            return redirect(url_for("actions.debrief", slug=slug), 303)
    page = render_template("actions/debrief_form.html", form=form, card=card, numbers=view.numbers)
    return page, 422 if form.errors else 200

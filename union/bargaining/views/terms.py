"""Pages of terms that we read now and then: add one, see what changed, say that it was read."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.bargaining import queries, service
from union.bargaining.fetching import visitor
from union.bargaining.forms import WatchForm
from union.bargaining.views.kit import blueprint, written
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.permissions import Permission
from union.web.fields import translated
from union.web.forms import status_of
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/bargaining/<slug>/terms/new", methods=["GET", "POST"])
@require(Permission.BARGAINING_RUN)
def watch_page(slug: str) -> ResponseReturnValue:
    """Read another page."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.card(session, slug, actor, now)
    form = WatchForm()
    translated(form.every)
    if form.validate_on_submit():
        made = written(
            form,
            lambda s: service.watch_page(
                s, actor=actor, now=now, slug=slug, label=form.label.data, url=form.url.data,
                every_hours=int(form.every.data),
                any_port=visitor(current_app.config["SETTINGS"]).allow_private,
            ),
        )  # fmt: skip
        if made:
            flash(gettext("We read it within a few minutes, and then as often as you said."), "ok")
            return redirect(url_for("bargaining.terms", slug=slug, page_id=made), 303)
    return render_template("bargaining/terms_new.html", form=form, card=card), status_of(form)


@blueprint.get("/bargaining/<slug>/terms/<page_id>")
@require(Permission.BARGAINING_READ)
def terms(slug: str, page_id: str) -> ResponseReturnValue:
    """Show a page's versions and what changed between them."""
    del slug
    with reading() as session:
        page = queries.watch_page(
            session, page_id, current_actor(), utcnow(), request.args.get("version", type=int)
        )
    return render_template("bargaining/terms.html", page=page, card=page.table)


@blueprint.post("/bargaining/<slug>/terms/<page_id>")
@require(Permission.BARGAINING_RUN)
def change_terms(slug: str, page_id: str) -> ResponseReturnValue:
    """Say that a change was read, ask for a visit soon, or stop reading."""
    actor, now = current_actor(), utcnow()
    verbs = {"read": service.acknowledge, "soon": service.visit_soon, "stop": service.stop_page}
    verb = verbs.get(request.form.get("do", ""), service.acknowledge)
    with transaction() as session:
        verb(session, actor=actor, now=now, page_id=page_id)
    return redirect(url_for("bargaining.terms", slug=slug, page_id=page_id), 303)

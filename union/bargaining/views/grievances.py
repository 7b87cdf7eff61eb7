"""Grievances: file one, follow one's own, and for the team the cases of its table."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.bargaining import queries, service
from union.bargaining.forms import GrievanceForm, StepForm
from union.bargaining.rules.grievances import Turn
from union.bargaining.views.kit import TURNS, blueprint, site, written
from union.core.clock import utcnow
from union.core.db import reading
from union.core.permissions import Permission
from union.web.fields import options
from union.web.forms import status_of
from union.web.guards import current_actor, require
from union.web.i18n import gettext

NOTE = "note"


@blueprint.get("/grievances")
@require(Permission.GRIEVANCE_FILE)
def grievances() -> ResponseReturnValue:
    """List one's own cases, and those of the tables one sits at."""
    with reading() as session:
        own, team = queries.cases(session, current_actor(), utcnow())
    return render_template("bargaining/grievances.html", own=own, team=team)


@blueprint.route("/agreements/<slug>/grievances/new", methods=["GET", "POST"])
@require(Permission.GRIEVANCE_FILE)
def file_grievance(slug: str) -> ResponseReturnValue:
    """Say that a clause is not kept."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.agreement_page(session, slug, actor, now)
    form = GrievanceForm()
    form.clause.choices = options((str(c.number), f"{c.number}. {c.heading}") for c in page.terms.clauses)
    if request.method == "GET":
        form.clause.data = request.args.get("clause")
    if form.validate_on_submit():
        case = written(
            form,
            lambda s: service.file_grievance(
                s,
                actor=actor,
                now=now,
                slug=slug,
                clause=int(form.clause.data),
                text=form.text.data,
                public_url=site(),
            ),
        )
        if case:
            flash(gettext("The team has it. You hear from us within fourteen days."), "ok")
            return redirect(url_for("bargaining.grievance", grievance_id=case), 303)
    return render_template("bargaining/grievance_new.html", form=form, page=page), status_of(form)


@blueprint.route("/grievances/<grievance_id>", methods=["GET", "POST"])
@require(Permission.GRIEVANCE_FILE)
def grievance(grievance_id: str) -> ResponseReturnValue:
    """Show a case to its member or the team, and take its next step."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.case_page(session, grievance_id, actor, now)
    form = StepForm()
    steps = [(turn.value, TURNS[turn]) for turn in page.turns]
    if page.is_open:
        steps.insert(0, (NOTE, gettext("Only add a line")))
    form.turn.choices = options(steps)
    if not page.team:
        del form.shared
    if request.method == "GET" and page.is_open:
        form.turn.data = NOTE

    def step(session: Any) -> None:  # noqa: ANN401 - views know no SQLAlchemy
        common: dict[str, Any] = {
            "actor": actor,
            "now": now,
            "grievance_id": grievance_id,
            "public_url": site(),
        }
        if form.turn.data == NOTE:
            shared = bool(form.shared.data) if page.team else True
            service.add_note(session, **common, text=form.note.data or "", shared=shared)
            return
        service.turn_grievance(session, **common, turn=Turn(form.turn.data), note=form.note.data or "")

    if form.validate_on_submit() and written(form, step):
        return redirect(url_for("bargaining.grievance", grievance_id=grievance_id), 303)
    return render_template("bargaining/grievance.html", form=form, page=page, steps=steps), status_of(form)

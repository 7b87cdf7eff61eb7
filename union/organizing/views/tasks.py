"""Tasks: one's own, those of one's places, done and undone."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import forms, queries, scope, service
from union.organizing.views.common import blueprint, looked_up
from union.web.guards import current_actor, require
from union.web.i18n import gettext

_SOON = timedelta(days=2)


@blueprint.get("/tasks")
@require(Permission.ACCOUNT_OWN)
def my_tasks() -> ResponseReturnValue:
    """List the member's own tasks."""
    with reading() as session:
        found = queries.tasks_of(session, actor=current_actor())
    return render_template("organizing/tasks.html", found=found, own=True, form=None, now=utcnow())


@blueprint.route("/organizing/tasks", methods=["GET", "POST"])
@require(Permission.ORGANIZING_LISTS)
def tasks() -> ResponseReturnValue:
    """List the tasks of the reader's places, and give new ones."""
    actor, now = current_actor(), utcnow()
    form = _form()
    if request.method == "GET":
        form.show("due", now + _SOON, actor.zone)
    if form.validate_on_submit():
        try:
            assignee = _assignee(form.assignee.data or "")
            with transaction() as session:
                service.add_task(
                    session,
                    actor=actor,
                    title=form.title.data,
                    due_at=form.moment("due", actor.zone),
                    zone=actor.zone,
                    place=forms.place_of(form.place.data),
                    assignee_id=assignee or actor.member_id,
                    now=now,
                )
            flash(gettext(msg("The task is given.")), "ok")
            return redirect(url_for("organizing.tasks"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    with reading() as session:
        found = queries.open_tasks(session, actor=actor)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("organizing/tasks.html", found=found, own=False, form=form, now=now), status


def _assignee(typed: str) -> str | None:
    """Return the member whose exact address was typed, None for an empty field; raises Invalid, TooMany."""
    return looked_up(typed, "assignee") if typed.strip() else None


def _form() -> forms.TaskForm:
    form = forms.TaskForm()
    with reading() as session:
        places = scope.open_places(session, current_actor())
    form.place.choices = forms.places(places)
    return form


@blueprint.route("/organizing/tasks/<task_id>", methods=["GET", "POST"])
@require(Permission.ORGANIZING_LISTS)
def task_change(task_id: str) -> ResponseReturnValue:
    """Change a task: what, by when, whose."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.task(session, actor=actor, task_id=task_id)
    form = forms.TaskForm()
    del form.place
    form.assignee.description = msg(
        "Leave it empty to keep whose task it is, or give another's exact address."
    )
    if request.method == "GET":
        form.title.data = card.title
        form.show("due", card.due_at, card.zone)
    if form.validate_on_submit():
        try:
            assignee = _assignee(form.assignee.data or "")
            with transaction() as session:
                service.change_task(
                    session,
                    actor=actor,
                    task_id=task_id,
                    title=form.title.data,
                    due_at=form.moment("due", card.zone),
                    zone=card.zone,
                    assignee_id=assignee or card.assignee_id,
                    now=now,
                )
            return redirect(url_for("organizing.tasks"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("organizing/task.html", form=form, card=card), status


@blueprint.post("/tasks/<task_id>/done")
@require(Permission.ACCOUNT_OWN)
def task_done(task_id: str) -> ResponseReturnValue:
    """Mark a task as done."""
    with transaction() as session:
        service.finish_task(session, actor=current_actor(), task_id=task_id, now=utcnow())
    flash(gettext(msg("Done. You find it below, to undo it.")), "ok")
    return _back()


@blueprint.post("/tasks/<task_id>/open")
@require(Permission.ACCOUNT_OWN)
def task_open(task_id: str) -> ResponseReturnValue:
    """Undo that."""
    with transaction() as session:
        service.reopen_task(session, actor=current_actor(), task_id=task_id, now=utcnow())
    return _back()


def _back() -> ResponseReturnValue:
    page = "organizing.my_tasks" if request.form.get("own") else "organizing.tasks"
    return redirect(url_for(page), 303)

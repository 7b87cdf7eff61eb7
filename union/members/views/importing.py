"""Importing a register: upload, dry run, yes."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import forms, service
from union.members.rules.membership import STATE_WORDS
from union.members.views.base import blueprint
from union.web.guards import current_actor, require
from union.web.i18n import gettext, ngettext

_SHOWN = 200


@blueprint.route("/members/import", methods=["GET", "POST"])
@require(Permission.MEMBER_IMPORT)
def register_import() -> ResponseReturnValue:
    """Take a file; it is kept sealed for an hour."""
    form = forms.UploadForm()
    if form.validate_on_submit():
        try:
            if not form.file.data:
                raise Invalid(msg("Choose a file first."), field="file")
            content = form.file.data.read()
            with transaction() as writing:
                kept = service.keep_draft(writing, actor=current_actor(), content=content, now=utcnow())
            return redirect(url_for("members.register_import_check", draft_id=kept), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("members/register/import.html", form=form), status


@blueprint.route("/members/import/<draft_id>", methods=["GET", "POST"])
@require(Permission.MEMBER_IMPORT)
def register_import_check(draft_id: str) -> ResponseReturnValue:
    """Show what the import would do and every bad row; do it on yes."""
    actor, now = current_actor(), utcnow()
    form = forms.ImportForm()
    with reading() as reader:
        text = service.draft_text(reader, actor=actor, draft_id=draft_id, now=now)
        plan = service.plan_import(reader, actor=actor, text=text)
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                done = service.import_draft(
                    writing,
                    actor=actor,
                    draft_id=draft_id,
                    now=now,
                    skip_bad=bool(form.skip_bad.data),
                    confirmed=bool(form.confirmed.data),
                )
            flash(
                ngettext(
                    "%(n)s member imported.",
                    "%(n)s members imported.",
                    len(done.new),
                ),
                "ok",
            )
            return redirect(url_for("members.register"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    bad = [(one.line, one.column, gettext(one.why.text, **one.why.facts)) for one in plan.bad[:_SHOWN]]
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "members/register/import_check.html",
        form=form,
        plan=plan,
        bad=bad,
        more=len(plan.bad) - len(bad),
        bad_lines=len({one.line for one in plan.bad}),
        states=STATE_WORDS,
        draft_id=draft_id,
    ), status


@blueprint.post("/members/import/<draft_id>/drop")
@require(Permission.MEMBER_IMPORT)
def register_import_drop(draft_id: str) -> ResponseReturnValue:
    """Forget an uploaded file."""
    with transaction() as writing:
        service.drop_draft(writing, actor=current_actor(), draft_id=draft_id)
    flash(gettext(msg("The upload is forgotten; nothing was imported.")), "ok")
    return redirect(url_for("members.register_import"), 303)

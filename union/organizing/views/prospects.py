"""Lists from outside: upload, dry run, yes; prospects; the page behind an invitation."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import forms, queries, service
from union.organizing.views.common import blueprint, site
from union.web.fields import options
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, ngettext

_SHOWN = 200


@blueprint.get("/organizing/prospects")
@require(Permission.ORGANIZING_PEOPLE)
def prospects() -> ResponseReturnValue:
    """List who agreed to be contacted and is no member yet."""
    with reading() as session:
        found = queries.prospect_page(session, actor=current_actor())
    return render_template("organizing/prospects.html", found=found)


@blueprint.route("/organizing/import", methods=["GET", "POST"])
@require(Permission.ORGANIZING_PEOPLE)
def list_import() -> ResponseReturnValue:
    """Take a file; it is kept sealed for an hour."""
    actor = current_actor()
    form = forms.UploadForm()
    with reading() as session:
        chapters = queries.prospect_page(session, actor=actor).chapters
    form.chapter.choices = options((one.slug, one.name) for one in chapters)
    if form.validate_on_submit():
        content = form.file.data.read() if form.file.data else b""
        try:
            with transaction() as session:
                kept = service.keep_draft(
                    session,
                    actor=actor,
                    content=content,
                    source=form.source.data or "",
                    chapter=form.chapter.data,
                    now=utcnow(),
                )
            return redirect(url_for("organizing.list_import_check", draft_id=kept), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("organizing/import.html", form=form), status


@blueprint.route("/organizing/import/<draft_id>", methods=["GET", "POST"])
@require(Permission.ORGANIZING_PEOPLE)
def list_import_check(draft_id: str) -> ResponseReturnValue:
    """Show what the import would do and every bad row; do it on yes."""
    actor, now = current_actor(), utcnow()
    form = forms.ImportForm()
    with reading() as session:
        text, source, chapter = service.draft_text(session, actor=actor, draft_id=draft_id, now=now)
        plan = service.plan_list(session, actor=actor, text=text, source=source, chapter=chapter, now=now)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                done = service.import_draft(
                    session, actor=actor, draft_id=draft_id, now=now, skip_bad=bool(form.skip_bad.data)
                )
            people = ngettext("%(n)s new person.", "%(n)s new people.", len(done.new))
            tagged = ngettext("%(n)s member has new tags.", "%(n)s members have new tags.", len(done.tagged))
            flash(f"{people} {tagged}", "ok")
            return redirect(url_for("organizing.prospects"), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    bad = [(one.line, one.column, gettext(one.why.text, **one.why.facts)) for one in plan.bad[:_SHOWN]]
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "organizing/import_check.html",
        form=form,
        plan=plan,
        bad=bad,
        more=len(plan.bad) - len(bad),
        bad_lines=len({one.line for one in plan.bad}),
        draft_id=draft_id,
    ), status


@blueprint.post("/organizing/import/<draft_id>/drop")
@require(Permission.ORGANIZING_PEOPLE)
def list_import_drop(draft_id: str) -> ResponseReturnValue:
    """Forget an upload."""
    with transaction() as session:
        service.drop_draft(session, actor=current_actor(), draft_id=draft_id)
    return redirect(url_for("organizing.list_import"), 303)


@blueprint.post("/organizing/prospects/invite")
@require(Permission.ORGANIZING_PEOPLE)
def prospects_invite() -> ResponseReturnValue:
    """Send a chapter's prospects their invitation."""
    with transaction() as session:
        sent = service.invite(
            session,
            actor=current_actor(),
            chapter=request.form.get("chapter", ""),
            now=utcnow(),
            site=site(),
        )
    flash(
        ngettext("%(n)s invitation is on its way.", "%(n)s invitations are on their way.", sent.written), "ok"
    )
    return redirect(url_for("organizing.prospects"), 303)


@blueprint.post("/organizing/prospects/<prospect_id>/erase")
@require(Permission.ORGANIZING_PEOPLE)
def prospect_erase(prospect_id: str) -> ResponseReturnValue:
    """Erase a prospect."""
    with transaction() as session:
        service.erase_prospect(session, actor=current_actor(), prospect_id=prospect_id, now=utcnow())
    flash(gettext(msg("Erased.")), "ok")
    return redirect(url_for("organizing.prospects"), 303)


@blueprint.get("/invited/<token>")
@public
def invited(token: str) -> ResponseReturnValue:
    """Show who was invited what we have of them, and the way to join or to be forgotten. Changes nothing."""
    with reading() as session:
        found = queries.invited(session, token=token)
    return render_template("organizing/invited.html", found=found, token=token), (
        404 if found is None else 200
    )


@blueprint.post("/invited/<token>/no")
@public
def invited_no(token: str) -> ResponseReturnValue:
    """Forget who was invited, at their word."""
    with transaction() as session:
        service.decline_invitation(session, token=token, now=utcnow())
    return render_template("organizing/invited.html", found=None, token="")

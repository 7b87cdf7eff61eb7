"""Vouching for a colleague, and the page that says good-bye."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import forms, queries, service
from union.members.rules.membership import WORK_WORDS, State
from union.members.views.base import blueprint, site
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext


@blueprint.route("/vouch", methods=["GET", "POST"])
@require(Permission.MEMBER_VOUCH)
def vouch() -> ResponseReturnValue:
    """Ask for the code of a colleague."""
    form = forms.VouchCodeForm()
    if form.validate_on_submit():
        with transaction() as writing:
            code = service.look_up_vouch_code(
                writing, actor=current_actor(), code=form.code.data, now=utcnow()
            )
        if code is not None:
            return redirect(url_for("members.vouch_for", code=code), 303)
        form.refuse(
            Invalid(msg("Nobody waits with that code. Ask your colleague for it again."), field="code")
        )
    status = 422 if form.errors or form.form_errors else 200
    return render_template("members/vouch/code.html", form=form), status


@blueprint.get("/vouch/<code>")
@require(Permission.MEMBER_VOUCH)
def vouch_for(code: str) -> ResponseReturnValue:
    """Show who asks for one's word."""
    with reading() as reader:
        applicant = queries.applicant(reader, actor=current_actor(), code=code)
    return render_template("members/vouch/applicant.html", applicant=applicant, code=code, work=WORK_WORDS)


@blueprint.post("/vouch/<code>")
@require(Permission.MEMBER_VOUCH)
def vouch_given(code: str) -> ResponseReturnValue:
    """Give one's word."""
    with transaction() as writing:
        state = service.vouch(writing, actor=current_actor(), code=code, now=utcnow(), site=site())
    active = state == State.ACTIVE
    flash(
        gettext(msg("Thank you. Your colleague is now a member."))
        if active
        else gettext(msg("Thank you. One more member has to vouch.")),
        "ok",
    )
    return redirect("/home", 303)


@blueprint.get("/goodbye/<how>")
@public
def gone(how: str) -> ResponseReturnValue:
    """Say what happened and what stays."""
    if how not in {"left", "erased"}:
        abort(404)
    return render_template("members/account/gone.html", how=how)

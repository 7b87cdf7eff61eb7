"""The trial: who may be texted while the union is being set up, and its end."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.notify import queries
from union.notify.forms import LiftForm, TrialNumberForm
from union.notify.rules import simulated
from union.notify.rules.causes import reason
from union.notify.service import trial as service
from union.notify.views.common import blueprint
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/deliveries/trial")
@require(Permission.MESSAGES_READ)
def trial() -> ResponseReturnValue:
    """Show who may be texted now."""
    return _page(TrialNumberForm(formdata=None), LiftForm(formdata=None))


def _page(number: TrialNumberForm, lift: LiftForm) -> str:
    with reading() as session:
        page = queries.trial_page(session)
    return render_template(
        "notify/trial.html", page=page, number=number, lift=lift, numbers=simulated.NUMBERS,
        mailboxes=simulated.MAILBOXES, afterwards=simulated.AFTERWARDS, reason=reason,
    )  # fmt: skip


@blueprint.post("/deliveries/trial/numbers")
@require(Permission.MESSAGES_TRIAL)
def trial_number() -> ResponseReturnValue:
    """Add a number to the short list."""
    form = TrialNumberForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.add_number(
                    session, actor=current_actor(), now=utcnow(), number=form.number.data or ""
                )
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("This number may be texted during the trial.")), "ok")
            return redirect(url_for("notify.trial"), 303)
    return _page(form, LiftForm(formdata=None)), 422


@blueprint.post("/deliveries/trial/numbers/<key>/remove")
@require(Permission.MESSAGES_TRIAL)
def trial_number_off(key: str) -> ResponseReturnValue:
    """Take a number off the list."""
    with transaction() as session:
        service.remove_number(session, actor=current_actor(), now=utcnow(), key=key)
    return redirect(url_for("notify.trial"), 303)


@blueprint.post("/deliveries/trial/lift")
@require(Permission.MESSAGES_TRIAL)
def lift_trial() -> ResponseReturnValue:
    """Sign for the end of the trial; the second officer's signature ends it."""
    form = LiftForm()
    form.validate_on_submit()
    try:
        with transaction() as session:
            over = service.lift_trial(session, actor=current_actor(), now=utcnow(), sure=bool(form.sure.data))
    except UnionError as refusal:
        form.refuse(refusal)
        return _page(TrialNumberForm(formdata=None), form), 422
    said = msg("You signed. The trial lasts until another officer confirms it.")
    if over:
        said = msg("The trial is over: texts now go to every member who asked for them.")
    flash(gettext(said), "ok")
    return redirect(url_for("notify.trial"), 303)


@blueprint.post("/deliveries/trial/keep")
@require(Permission.MESSAGES_TRIAL)
def keep_trial() -> ResponseReturnValue:
    """Take the first officer's signature off."""
    with transaction() as session:
        service.keep_trial(session, actor=current_actor(), now=utcnow())
    flash(gettext(msg("The signature was taken off. The trial goes on.")), "ok")
    return redirect(url_for("notify.trial"), 303)

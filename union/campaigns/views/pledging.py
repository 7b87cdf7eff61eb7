"""Give, check, change and take back a pledge; answer a structure test."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import queries, service
from union.campaigns.forms import SHARES, PledgeForm
from union.campaigns.queries import CampaignPage
from union.campaigns.service.pledges import OVER, check_minimum
from union.campaigns.tipping import Minimum
from union.campaigns.views.common import blueprint
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, Invalid
from union.core.permissions import Permission
from union.web.fields import translated
from union.web.guards import current_actor, require
from union.web.i18n import gettext, number


def _page(slug: str) -> CampaignPage:
    with reading() as session:
        found = queries.campaign_page(session, slug, current_actor(), utcnow())
    if not found.gathering:
        raise Closed(OVER)
    return found


@blueprint.route("/campaigns/<slug>/pledge", methods=["GET", "POST"])
@require(Permission.ACCOUNT_OWN)
def pledge(slug: str) -> ResponseReturnValue:
    """Ask for the minimum, show it back with what is stored and who sees it, then keep it."""
    found = _page(slug)
    form = PledgeForm()
    translated(form.share)
    if request.method == "GET":
        if found.mine and found.mine.at_least:
            form.show(found.mine.at_least)
        return render_template("campaigns/pledge.html", form=form, found=found, card=found.card)
    if form.validate_on_submit():
        try:
            minimum = check_minimum(form.at_least(), found.card.unit)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return _keep(slug, minimum) if form.step.data == "keep" else _check(form, found, minimum)
    return render_template("campaigns/pledge.html", form=form, found=found, card=found.card), 422


def _check(form: PledgeForm, found: CampaignPage, minimum: Minimum) -> str:
    return render_template(
        "campaigns/check.html",
        form=form,
        found=found,
        card=found.card,
        minimum=in_words(minimum, found.card.unit),
    )


def _keep(slug: str, minimum: Minimum) -> ResponseReturnValue:
    actor = current_actor()
    with transaction() as session:
        standing = service.pledge(session, slug=slug, actor=actor, at_least=str(minimum), now=utcnow())
    if not standing.new:
        flash(gettext("Your pledge is changed."), "ok")
    elif actor.active:
        flash(gettext("You are in. We tell you when the round settles."), "ok")
    else:
        flash(gettext("Your pledge is kept. It counts from the day your membership is active."), "ok")
    return redirect(url_for("campaigns.page", slug=slug), 303)


def in_words(minimum: Minimum, unit: int) -> str:
    """Say a minimum in the language of the request."""
    if minimum.share is None:
        if minimum.number == 1:
            return gettext("You act, however many do.")
        return gettext("You act if at least %(n)s people act, you included.", n=number(minimum.resolve(unit)))
    return gettext(
        "You act if at least %(n)s of %(unit)s people act, you included (%(share)s).",
        share=gettext(SHARES.get(str(minimum), str(minimum))),
        unit=number(unit),
        n=number(minimum.resolve(unit)),
    )


@blueprint.post("/campaigns/<slug>/pledge/withdraw")
@require(Permission.ACCOUNT_OWN)
def withdraw(slug: str) -> ResponseReturnValue:
    """Take the pledge back."""
    with transaction() as session:
        service.withdraw(session, slug=slug, actor=current_actor(), now=utcnow())
    flash(gettext("Your pledge is gone, and with it your minimum."), "ok")
    return redirect(url_for("campaigns.page", slug=slug), 303)


@blueprint.post("/campaigns/<slug>/tests/<test_id>")
@require(Permission.CAMPAIGN_PLEDGE)
def answer_test(slug: str, test_id: str) -> ResponseReturnValue:
    """Say that one would, or take it back."""
    would = request.form.get("would") == "yes"
    with transaction() as session:
        service.answer_test(session, test_id=test_id, actor=current_actor(), would=would, now=utcnow())
    flash(gettext("You are counted.") if would else gettext("You are no longer counted."), "ok")
    return redirect(url_for("campaigns.page", slug=slug, _anchor="tests"), 303)

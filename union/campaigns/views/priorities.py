"""Let members put the adopted demands in order, in a secret ballot."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries as ballots
from union.campaigns import queries, service
from union.campaigns.forms import PrioritiesForm
from union.campaigns.service import How
from union.campaigns.service.priorities import KIND
from union.campaigns.views.common import blueprint
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/campaigns/<slug>/priorities", methods=["GET", "POST"])
@require(Permission.BALLOT_PLAN)
def priorities(slug: str) -> ResponseReturnValue:
    """Fill in the ballot, with the adopted demands as its answers, and draft it."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, now)
        card = found.card
        choices = ballots.choices(session, kind=KIND, day=now.date(), zones=(card.zone, actor.zone))
        eligible = members.count_active(session, card.platform_slug)
    ranked = [demand for demand in found.demands if demand.status in {"adopted", "negotiation"}]
    form = PrioritiesForm()
    form.offer(choices)
    if request.method == "GET":
        form.suggest(
            now,
            card.zone,
            title=gettext(msg("Order of the demands: %(campaign)s"), campaign=card.title),
            question=gettext(msg("Which demands come first?")),
        )
    if form.validate_on_submit():
        try:
            with transaction() as session:
                ballot = service.launch_priorities(
                    session, slug=slug, actor=actor, now=now, vote=form.vote(), how=How(form.how.data)
                )
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The vote is drafted. Next the trustees make their keys."), "ok")
            return redirect(url_for("ballots.page", slug=ballot), 303)
    page = render_template(
        "campaigns/priorities.html", form=form, card=card, ranked=ranked, eligible=eligible
    )
    return page, 422 if form.is_submitted() else 200

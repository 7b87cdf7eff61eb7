"""Launch the strike vote of a tipped campaign."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import presets
from union.ballots import queries as ballots
from union.ballots.call_forms import CallForm
from union.campaigns import queries, rules, service
from union.campaigns.rules import Turn
from union.campaigns.service.votes import KIND
from union.campaigns.views.common import blueprint
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.permissions import Permission
from union.members import queries as members
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/campaigns/<slug>/vote", methods=["GET", "POST"])
@require(Permission.BALLOT_PLAN)
def launch(slug: str) -> ResponseReturnValue:
    """Fill in the vote, with what the campaign says already in place, and draft it."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.organize_page(session, slug, actor, now)
        card = found.page.card
        choices = ballots.choices(session, kind=KIND, day=now.date(), zones=(card.zone, actor.zone))
        eligible = members.count_active(session, card.platform_slug)
    rules.after(card.stage, Turn.LAUNCH_VOTE)
    form = CallForm()
    form.offer(choices)
    if request.method == "GET":
        form.suggest(
            now,
            card.zone,
            title=gettext("Strike vote: %(campaign)s", campaign=card.title),
            intro=f"{card.demand}\n\n{found.page.pledge_text}",
            question=gettext(
                "Do you give the union a mandate for a data strike at %(platform)s?",
                platform=card.platform_name,
            ),
        )
    if form.validate_on_submit():
        try:
            with transaction() as session:
                ballot = service.launch_strike_vote(
                    session, slug=slug, actor=actor, now=now, vote=form.vote()
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The vote is drafted. Next the trustees make their keys."), "ok")
            return redirect(url_for("ballots.page", slug=ballot), 303)
    page = render_template(
        "campaigns/vote.html", form=form, card=card, eligible=eligible, banner=presets.BANNER
    )
    return page, 422 if form.is_submitted() else 200

"""Votes planned with an action: plan one, take it out, open it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.actions import queries, service
from union.actions.forms import VoteForm
from union.actions.views.common import blueprint, site
from union.ballots import queries as ballots
from union.campaigns.service.votes import KIND
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, require
from union.web.i18n import gettext, language

# What the ballot says of a field by the name its own form gives it.
FIELDS = {"closes": "window", "opens": "after"}


@blueprint.route("/actions/<slug>/votes/new", methods=["GET", "POST"])
@require(Permission.ACTION_PLAN)
def plan_vote(slug: str) -> ResponseReturnValue:
    """Plan a vote on going on, and draft its ballot."""
    with reading() as session:
        found = queries.console(session, slug, current_actor(), utcnow(), language(), site())
        choices = ballots.choices(session, kind=KIND, day=found.card.starts_at.date())
    form = VoteForm()
    form.offer(choices)
    if request.method == "GET":
        ends = found.card.ends_at
        form.suggest(ends - found.card.starts_at if ends else None)
    if form.validate_on_submit() and _written(form, slug):
        flash(gettext(msg("The vote is planned. Its trustees are asked for their keys.")), "ok")
        return redirect(url_for("actions.console", slug=slug), 303)
    page = render_template("actions/vote.html", form=form, card=found.card)
    return page, 422 if form.errors else 200


def _written(form: VoteForm, slug: str) -> bool:
    """Plan the vote as typed; False, with the message at its field, where that cannot be."""
    try:
        with transaction() as session:
            service.plan_vote(
                session, actor=current_actor(), now=utcnow(), slug=slug, vote=form.plan(), site=site()
            )
    except Invalid as refusal:
        refusal.field = FIELDS.get(refusal.field or "steps", refusal.field or "steps")
        form.refuse(refusal)
        return False
    return True


@blueprint.post("/actions/<slug>/votes/<int:number>/drop")
@require(Permission.ACTION_PLAN)
def drop_vote(slug: str, number: int) -> ResponseReturnValue:
    """Take a planned vote out of the plan."""
    with transaction() as session:
        service.drop_vote(session, actor=current_actor(), now=utcnow(), slug=slug, number=number, site=site())
    flash(gettext(msg("The vote is out of the plan.")), "ok")
    return redirect(url_for("actions.console", slug=slug), 303)


@blueprint.post("/actions/<slug>/votes/<int:number>/open")
@require(Permission.ACTION_PLAN)
def launch_vote(slug: str, number: int) -> ResponseReturnValue:
    """Open a planned vote now."""
    places = request.form.get("untested", "").split(",")
    with transaction() as session:
        service.launch_vote(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            number=number,
            site=site(),
            untested=[int(place) for place in places if place.isdecimal() and len(place) < 4],  # noqa: PLR2004 - small
        )
    flash(gettext(msg("The vote is open. Every member gets a voting code.")), "ok")
    return redirect(url_for("actions.console", slug=slug), 303)

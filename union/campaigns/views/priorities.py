"""Let members put the adopted demands in order, in a secret ballot."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import presets
from union.campaigns import queries, service
from union.campaigns.forms import PrioritiesForm
from union.campaigns.queries import CampaignCard
from union.campaigns.service.priorities import KIND, How, PriorityVote
from union.campaigns.views.common import blueprint
from union.core.actor import Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.fields import at_field, in_days, options, zone_choices
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/campaigns/<slug>/priorities", methods=["GET", "POST"])
@require(Permission.BALLOT_PLAN)
def priorities(slug: str) -> ResponseReturnValue:
    """Fill in the ballot, with the adopted demands as its answers, and draft it."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, now)
        holders = members.with_role(session, Role.TRUSTEE)
        names = members.display_names(session, holders)
        zones = [chapter.zone for chapter in members.chapters(session)]
        eligible = members.count_active(session, found.card.platform_slug)
    card = found.card
    ranked = [demand for demand in found.demands if demand.status in {"adopted", "negotiation"}]
    form = PrioritiesForm()
    suiting = [p for p in presets.presets().values() if p.for_ballots and p.suits(KIND)]
    choices = [p for p in suiting if p.valid_on(now.date())]
    choices.sort(key=lambda preset: preset.id != presets.DEFAULT)
    form.preset.choices = options((preset.id, preset.name) for preset in choices)
    form.trustees.choices = options((member, names.get(member, member)) for member in holders)
    form.zone.choices = zone_choices([card.zone, actor.zone, *zones])
    if request.method == "GET":
        _suggest(form, card, now)
    if form.validate_on_submit():
        try:
            ballot = _launch(slug, form)
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The vote is drafted. Next the trustees make their keys."), "ok")
            return redirect(url_for("ballots.page", slug=ballot), 303)
    hints = {preset.id: gettext(preset.summary) for preset in choices}
    page = render_template(
        "campaigns/priorities.html", form=form, card=card, ranked=ranked, hints=hints, eligible=eligible
    )
    return page, 422 if form.is_submitted() else 200


def _suggest(form: PrioritiesForm, card: CampaignCard, now: datetime) -> None:
    form.title.data = gettext(msg("Order of the demands: %(campaign)s"), campaign=card.title)[:120]
    form.question.data = gettext(msg("Which demands come first?"))
    form.preset.data = presets.DEFAULT
    form.zone.data = card.zone
    form.opens.data, form.closes.data = in_days(now, 7, card.zone, 9), in_days(now, 14, card.zone)


def _launch(slug: str, form: PrioritiesForm) -> str:
    vote = PriorityVote(
        how=How(form.how.data),
        title=form.title.data,
        intro=form.intro.data or "",
        question=form.question.data,
        preset=form.preset.data,
        group=form.group.data,
        opens_at=at_field(form.opens.data, form.zone.data, "opens"),
        closes_at=at_field(form.closes.data, form.zone.data, "closes"),
        zone=form.zone.data,
        trustee_ids=form.trustees.data or [],
        server_trustee=bool(form.server_trustee.data),
        rule_confirmed=bool(form.rule_confirmed.data),
    )
    with transaction() as session:
        return service.launch_priorities(session, slug=slug, actor=current_actor(), now=utcnow(), vote=vote)

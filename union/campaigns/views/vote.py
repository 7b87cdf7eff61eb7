"""Launch the strike vote of a tipped campaign."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import presets
from union.campaigns import queries, rules, service
from union.campaigns.forms import VoteForm
from union.campaigns.queries import CampaignCard
from union.campaigns.rules import Turn
from union.campaigns.service.votes import KIND, StrikeVote
from union.campaigns.views.common import blueprint
from union.core.actor import Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.permissions import Permission
from union.members import queries as members
from union.web.fields import at_field, in_days, options, zone_choices
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.route("/campaigns/<slug>/vote", methods=["GET", "POST"])
@require(Permission.BALLOT_PLAN)
def launch(slug: str) -> ResponseReturnValue:
    """Fill in the vote, with what the campaign says already in place, and draft it."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.organize_page(session, slug, actor, now)
        holders = members.with_role(session, Role.TRUSTEE)
        names = members.display_names(session, holders)
        zones = [chapter.zone for chapter in members.chapters(session)]
        eligible = members.count_active(session, found.page.card.platform_slug)
    card = found.page.card
    rules.after(card.stage, Turn.LAUNCH_VOTE)
    choices = [
        p for p in presets.presets().values() if p.for_ballots and p.kind == KIND and p.valid_on(now.date())
    ]
    choices.sort(key=lambda preset: preset.id != presets.DEFAULT)
    form = VoteForm()
    form.preset.choices = options((preset.id, preset.name) for preset in choices)
    form.trustees.choices = options((member, names.get(member, member)) for member in holders)
    form.zone.choices = zone_choices([card.zone, actor.zone, *zones])
    if request.method == "GET":
        _suggest(form, card, found.page.pledge_text, now)
    if form.validate_on_submit():
        try:
            ballot = _launch(slug, form)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The vote is drafted. Next the trustees make their keys."), "ok")
            return redirect(url_for("ballots.page", slug=ballot), 303)
    hints = {
        preset.id: f"{gettext(preset.summary)} {gettext('Source: %(source)s.', source=preset.source_title)}"
        for preset in choices
    }
    status = 422 if form.is_submitted() else 200
    page = render_template(
        "campaigns/vote.html", form=form, card=card, hints=hints, eligible=eligible, banner=presets.BANNER
    )
    return page, status


def _suggest(form: VoteForm, card: CampaignCard, pledge_text: str, now: datetime) -> None:
    form.title.data = gettext("Strike vote: %(campaign)s", campaign=card.title)[:120]
    form.intro.data = f"{card.demand}\n\n{pledge_text}"[:2000]
    form.question.data = gettext(
        "Do you give the union a mandate for a data strike at %(platform)s?", platform=card.platform_name
    )
    form.preset.data = presets.DEFAULT
    form.zone.data = card.zone
    form.opens.data, form.closes.data = in_days(now, 7, card.zone, 9), in_days(now, 14, card.zone)


def _launch(slug: str, form: VoteForm) -> str:
    vote = StrikeVote(
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
        return service.launch_strike_vote(session, slug=slug, actor=current_actor(), now=utcnow(), vote=vote)

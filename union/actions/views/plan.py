"""Planning an action: which campaign, which kind, the plan itself, and changing it."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.actions import queries, service
from union.actions.forms import KindForm, PlanForm
from union.actions.queries import ActionCard
from union.actions.rules.kits import KITS
from union.actions.rules.plan import Plan
from union.actions.rules.states import Kind
from union.actions.views import teaching
from union.actions.views.common import blueprint, settings, site
from union.campaigns import queries as campaigns
from union.campaigns.queries import CampaignCard
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission
from union.core.zones import NoSuchLocalTime
from union.members import queries as members
from union.web.guards import current_actor, require
from union.web.i18n import gettext, language

EVERYBODY = msg("Everybody the campaign calls")


@blueprint.get("/actions")
@require(Permission.ACTION_READ)
def index() -> ResponseReturnValue:
    """List the actions for organizers, those held where they organize."""
    with reading() as session:
        cards = queries.listing(session, actor=current_actor())
    return render_template("actions/index.html", cards=cards)


@blueprint.get("/actions/new")
@require(Permission.ACTION_PLAN)
def choose_campaign() -> ResponseReturnValue:
    """Choose the campaign the new action belongs to."""
    with reading() as session:
        cards = [
            card
            for card in campaigns.listing(session, actor=current_actor())
            if card.ended_at is None and queries.where_planned(session, card.id, current_actor())
        ]
    return render_template("actions/choose.html", cards=cards)


@blueprint.route("/actions/new/<campaign_slug>", methods=["GET", "POST"])
@require(Permission.ACTION_PLAN)
def choose_kind(campaign_slug: str) -> ResponseReturnValue:
    """Choose the kind of action; it brings steps to start from."""
    form = KindForm()
    if form.validate_on_submit():
        return redirect(url_for("actions.new", campaign_slug=campaign_slug, kind=form.kind.data), 303)
    with reading() as session:
        campaign = campaigns.card(session, campaign_slug)
    hints = {kind.value: gettext(kit.hint) for kind, kit in KITS.items()}
    page = render_template("actions/kind.html", form=form, campaign=campaign, hints=hints)
    return page, 422 if form.errors else 200


@blueprint.route("/actions/new/<campaign_slug>/<kind>", methods=["GET", "POST"])
@require(Permission.ACTION_PLAN)
def new(campaign_slug: str, kind: str) -> ResponseReturnValue:
    """Plan a new action."""
    if kind not in set(Kind):
        raise NotFound(msg("There is no such kind of action."))
    form = PlanForm()
    with reading() as session:
        campaign = campaigns.card(session, campaign_slug)
        for_whom = queries.where_planned(session, campaign.id, current_actor())
        _offer(form, campaign, [one.zone for one in members.chapters(session)], for_whom)
    if request.method == "GET":
        kit = KITS[Kind(kind)]
        form.zone.data = campaign.zone
        form.floor.data = campaign.threshold
        form.suggest(kit.before, kit.steps, language())
    if form.validate_on_submit() and (plan := _typed(form, Kind(kind), campaign.platform_slug)):
        try:
            with transaction() as session:
                slug = service.draft(
                    session, actor=current_actor(), now=utcnow(), campaign_slug=campaign_slug, plan=plan
                )
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            return redirect(url_for("actions.console", slug=slug), 303)
    return _page(form, campaign, Kind(kind), None)


@blueprint.route("/actions/<slug>/edit", methods=["GET", "POST"])
@require(Permission.ACTION_PLAN)
def edit(slug: str) -> ResponseReturnValue:
    """Change a planned action."""
    form = PlanForm()
    with reading() as session:
        card, plan = queries.plan_of(session, slug, current_actor())
        campaign = campaigns.card_by_id(session, card.campaign_id)
        zones = [one.zone for one in members.chapters(session)]
        for_whom = queries.where_planned(session, campaign.id, current_actor())
    if request.method == "GET":
        form.show(plan, campaign.platform_slug, language())
    _offer(form, campaign, [plan.zone, *zones], for_whom)
    if form.validate_on_submit() and (typed := _typed(form, plan.kind, campaign.platform_slug)):
        try:
            with transaction() as session:
                version = service.edit(
                    session, actor=current_actor(), now=utcnow(), slug=slug, plan=typed, site=site()
                )
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            if version > card.version:
                flash(gettext(msg("Changed. Everybody who was told is asked again.")), "ok")
            return redirect(url_for("actions.console", slug=slug), 303)
    return _page(form, campaign, plan.kind, card)


def _page(form: PlanForm, campaign: CampaignCard, kind: Kind, card: ActionCard | None) -> ResponseReturnValue:
    with reading() as session:
        kept = queries.lesson(session, kind, without=card.id if card else "").kept
    page = render_template(
        "actions/plan.html",
        form=form,
        campaign=campaign,
        kit=KITS[kind],
        card=card,
        expected=kept.expect(campaign.called or 0),
        share=teaching.words(kept),
    )
    return page, 422 if form.errors else 200


def _offer(form: PlanForm, campaign: CampaignCard, zones: list[str], for_whom: dict[str, str]) -> None:
    if not for_whom:
        raise NotAllowed(msg("Your role in the union does not include this."))
    desk = not settings().carriers
    form.offer(language(), [campaign.zone, current_actor().zone, *zones], desk=desk)
    form.chapter.choices = {slug: name or gettext(EVERYBODY) for slug, name in for_whom.items()}


def _typed(form: PlanForm, kind: Kind, target: str) -> Plan | None:
    """Return the plan typed; None, with the message at its field, where the steps cannot be."""
    try:
        return form.plan(kind, target, language())
    except Invalid as refusal:
        refusal.field = refusal.field or "steps"
        form.refuse(refusal)
        return None


def _refuse(form: PlanForm, refusal: Invalid) -> None:
    if isinstance(refusal, NoSuchLocalTime):
        refusal.field = "wall_start"
    elif refusal.field == "after":
        refusal.field = "wall_end"  # a vote planned with it would come after the end
    form.refuse(refusal)

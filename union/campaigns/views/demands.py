"""Demands: read, propose, amend, endorse, rank, decide."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import queries, service, words
from union.campaigns.forms import AmendForm, DecideForm, DemandForm
from union.campaigns.queries import DemandCard, DemandPage
from union.campaigns.rules import DemandStatus
from union.campaigns.service.demands import NO_DEMAND
from union.campaigns.views.common import Line, blueprint
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, NotFound, UnionError
from union.core.permissions import Permission
from union.web.fields import options
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext


@blueprint.get("/campaigns/<slug>/demands")
@public
def demands(slug: str) -> ResponseReturnValue:
    """List the demands, the members' order of them, and how that order is counted."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, now)
        ranking = queries.ranking(session, found.card.id, actor)
        voted = queries.priorities(session, found.card.id, actor)
    return render_template(
        "campaigns/demands.html",
        found=found,
        card=found.card,
        ranking=ranking,
        voted=voted,
        words=words.DEMANDS,
        now=now,
    )


@blueprint.route("/campaigns/<slug>/demands/new", methods=["GET", "POST"])
@require(Permission.DEMAND_PROPOSE)
def propose(slug: str) -> ResponseReturnValue:
    """Write a demand: kept as a draft, or shown to members at once."""
    actor = current_actor()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, utcnow())
    form = DemandForm()
    if form.validate_on_submit():
        with transaction() as session:
            demand_id = service.propose(
                session,
                slug=slug,
                actor=actor,
                title=form.title.data.strip(),
                text=form.text.data.strip(),
                public=request.form.get("keep") != "draft",
                now=utcnow(),
            )
        return redirect(url_for("campaigns.demand", demand_id=demand_id), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/propose.html", form=form, card=found.card), status


@blueprint.get("/demands/<demand_id>")
@public
def demand(demand_id: str) -> ResponseReturnValue:
    """Show one demand with its amendments and its history."""
    return _show(_page(demand_id))


def _page(demand_id: str) -> DemandPage:
    with reading() as session:
        return queries.demand_page(session, demand_id, current_actor(), utcnow())


def _decide_form(found: DemandPage) -> DecideForm:
    form = DecideForm(prefix="decide")
    form.status.choices = options((then.value, words.DEMAND_ACTS[then]) for then in found.moves)
    form.merged_into.choices = options([("", "—"), *((other.id, other.title) for other in found.others)])
    return form


def _show(found: DemandPage, form: DecideForm | None = None, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        voted = queries.priorities(session, found.campaign.id, current_actor())
    history = [Line(line.at, gettext(words.HISTORY[line.kind]), line.note) for line in found.history]
    page = render_template(
        "campaigns/demand.html",
        found=found,
        card=found.campaign,
        demand=found.demand,
        place=voted.places.get(found.demand.id),
        form=form or _decide_form(found),
        words=words.DEMANDS,
        history=history,
    )
    return page, status


@blueprint.post("/demands/<demand_id>/decide")
@require(Permission.DEMAND_PROPOSE)
def decide(demand_id: str) -> ResponseReturnValue:
    """Give a demand its next status."""
    found = _page(demand_id)
    form = _decide_form(found)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.move_demand(
                    session,
                    demand_id=demand_id,
                    actor=current_actor(),
                    status=form.then().value,
                    note=(form.note.data or "").strip(),
                    merged_into=form.merged_into.data or None,
                    now=utcnow(),
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            if form.then() is DemandStatus.WITHDRAWN and not found.demand.mine:
                return redirect(url_for("campaigns.demands", slug=found.campaign.slug), 303)
            return redirect(url_for("campaigns.demand", demand_id=demand_id), 303)
    return _show(found, form, 422)


@blueprint.route("/demands/<demand_id>/edit", methods=["GET", "POST"])
@require(Permission.DEMAND_PROPOSE)
def edit_demand(demand_id: str) -> ResponseReturnValue:
    """Change one's own draft."""
    found = _page(demand_id)
    if not found.demand.mine:
        raise NotFound(NO_DEMAND)
    form = DemandForm(data={"title": found.demand.title, "text": found.demand.text})
    if form.validate_on_submit():
        with transaction() as session:
            service.edit_demand(
                session,
                demand_id=demand_id,
                actor=current_actor(),
                title=form.title.data.strip(),
                text=form.text.data.strip(),
                now=utcnow(),
            )
        return redirect(url_for("campaigns.demand", demand_id=demand_id), 303)
    status = 422 if form.is_submitted() else 200
    return render_template(
        "campaigns/propose.html", form=form, card=found.campaign, demand=found.demand
    ), status


@blueprint.route("/demands/<demand_id>/amend", methods=["GET", "POST"])
@require(Permission.DEMAND_PROPOSE)
def amend(demand_id: str) -> ResponseReturnValue:
    """Propose another wording."""
    found = _page(demand_id)
    form = AmendForm(data={"title": found.demand.title, "text": found.demand.text})
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.amend(
                    session,
                    demand_id=demand_id,
                    actor=current_actor(),
                    title=form.title.data.strip(),
                    text=form.text.data.strip(),
                    reason=(form.reason.data or "").strip(),
                    now=utcnow(),
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Your amendment stands below the demand, with what it changes marked."), "ok")
            return redirect(url_for("campaigns.demand", demand_id=demand_id, _anchor="amendments"), 303)
    status = 422 if form.is_submitted() else 200
    return render_template(
        "campaigns/amend.html", form=form, card=found.campaign, demand=found.demand
    ), status


@blueprint.post("/amendments/<amendment_id>")
@require(Permission.DEMAND_PROPOSE)
def decide_amendment(amendment_id: str) -> ResponseReturnValue:
    """Take an amendment in, or turn it down."""
    with transaction() as session:
        demand_id = service.decide_amendment(
            session,
            amendment_id=amendment_id,
            actor=current_actor(),
            accept=request.form.get("accept") == "yes",
            now=utcnow(),
        )
    return redirect(url_for("campaigns.demand", demand_id=demand_id, _anchor="amendments"), 303)


@blueprint.post("/amendments/<amendment_id>/back")
@require(Permission.DEMAND_PROPOSE)
def take_back_amendment(amendment_id: str) -> ResponseReturnValue:
    """Take one's own amendment back."""
    with transaction() as session:
        demand_id = service.take_back_amendment(
            session, amendment_id=amendment_id, actor=current_actor(), now=utcnow()
        )
    flash(gettext("Your amendment is taken back. It stays in the history; you can write another."), "ok")
    return redirect(url_for("campaigns.demand", demand_id=demand_id, _anchor="amendments"), 303)


@blueprint.post("/demands/<demand_id>/endorse")
@require(Permission.DEMAND_ENDORSE)
def endorse(demand_id: str) -> ResponseReturnValue:
    """Stand behind a demand, or no longer."""
    verb = service.withdraw_endorsement if request.form.get("back") else service.endorse
    with transaction() as session:
        verb(session, demand_id=demand_id, actor=current_actor(), now=utcnow())
    return redirect(url_for("campaigns.demand", demand_id=demand_id), 303)


@blueprint.route("/campaigns/<slug>/ranking", methods=["GET", "POST"])
@require(Permission.DEMAND_ENDORSE)
def rank(slug: str) -> ResponseReturnValue:
    """Put demands in one's own order, one step a button."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, now)
        ranking = queries.ranking(session, found.card.id, actor)
    if request.method == "POST":
        order = moved(ranking.mine, request.form.get("demand", ""), request.form.get("move", ""))
        try:
            with transaction() as session:
                service.rank(session, slug=slug, actor=actor, order=order, now=now)
        except UnionError as refusal:
            flash(gettext(refusal.text, **refusal.facts), "error")
        anchor = f"rank-{request.form.get('demand', '')}"
        return redirect(url_for("campaigns.rank", slug=slug, _anchor=anchor), 303)
    return render_template(
        "campaigns/ranking.html", found=found, card=found.card, ranking=ranking, words=words.DEMANDS
    )


def moved(mine: list[DemandCard], demand_id: str, move: str) -> list[str]:
    """Return the order after one demand moved: up, down, add at the end, drop."""
    order = [demand.id for demand in mine]
    if move == "add" and demand_id not in order:
        return [*order, demand_id]
    if demand_id not in order:
        return order
    place = order.index(demand_id)
    order.pop(place)
    if move == "drop":
        return order
    step = {"up": -1, "down": 1}.get(move, 0)
    order.insert(min(max(place + step, 0), len(order)), demand_id)
    return order

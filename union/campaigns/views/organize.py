"""What organizers do: draft, preview, publish, post news, test the structure, end, export."""

import csv
from io import StringIO

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import queries, rules, service, words
from union.campaigns.forms import EndForm, RoundForm, TestForm
from union.campaigns.queries import CampaignPage
from union.campaigns.rules import Kind, Turn
from union.campaigns.signing_forms import KindForm, NewsForm, draft_form
from union.campaigns.views import public as public_pages
from union.campaigns.views.common import blueprint, lines, meter, meter_words
from union.campaigns.views.tasks import tasks
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.permissions import Permission
from union.members import queries as members
from union.platforms import queries as platforms
from union.web.fields import at_field, in_days, translated, zone_choices
from union.web.guards import current_actor, require
from union.web.i18n import gettext

_LONGEST_QUERY = 80


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def new() -> ResponseReturnValue:
    """Choose the platform, then what people are asked for, then write the draft."""
    chosen, kind = request.args.get("platform", ""), request.args.get("kind", "")
    actor, now = current_actor(), utcnow()
    if not chosen:
        return _choose_platform()
    if kind not in set(Kind):
        return _choose_kind(chosen, asked="kind" in request.args)
    with reading() as session:
        platform = platforms.platform_card(session, chosen)
        unit = members.count_active(session, chosen)
        zones = [chapter.zone for chapter in members.chapters(session)]
    form = draft_form(Kind(kind))
    form.zone.choices = zone_choices([actor.zone, *zones])
    if request.method == "GET":
        form.zone.data = actor.zone
        if "unit" in form:
            form.unit.data = unit or None
        form.deadline.data = in_days(now, 21, actor.zone)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                slug = service.create(session, actor=actor, now=now, draft=form.draft(chosen))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("campaigns.organize", slug=slug), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/draft.html", form=form, platform=platform, unit=unit, slug=None), status


def _choose_kind(platform_slug: str, *, asked: bool) -> ResponseReturnValue:
    """Ask what people are asked for, each kind with what it entails."""
    with reading() as session:
        platform = platforms.platform_card(session, platform_slug)
    form = KindForm(request.args, meta={"csrf": False})
    if asked:
        form.validate()
    hints = {kind.value: gettext(told.entails) for kind, told in words.KINDS.items()}
    page = render_template("campaigns/kind.html", form=form, platform=platform, hints=hints)
    return page, 422 if asked else 200


def _choose_platform() -> str:
    text = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    with reading() as session:
        cards = platforms.search(session, text).cards if text else tuple(platforms.own(session))
    return render_template("campaigns/platform.html", cards=cards, text=text)


@blueprint.route("/campaigns/<slug>/edit", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def edit(slug: str) -> ResponseReturnValue:
    """Change a draft."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        draft = queries.organize_page(session, slug, actor, now).draft
        platform = platforms.platform_card(session, draft.platform_slug)
        unit = members.count_active(session, draft.platform_slug)
        zones = [chapter.zone for chapter in members.chapters(session)]
    form = draft_form(Kind(draft.kind))
    form.zone.choices = zone_choices([draft.zone, actor.zone, *zones])
    if request.method == "GET":
        form.show(draft)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.edit(session, slug=slug, actor=actor, now=now, draft=form.draft(draft.platform_slug))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("campaigns.organize", slug=slug), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/draft.html", form=form, platform=platform, unit=unit, slug=slug), status


@blueprint.get("/campaigns/<slug>/preview")
@require(Permission.CAMPAIGN_PLAN)
def preview(slug: str) -> ResponseReturnValue:
    """Show the draft as everybody will see it."""
    now = utcnow()
    with reading() as session:
        found = queries.campaign_page(session, slug, current_actor(), now)
    return public_pages.show(found, [], now, preview=True)


@blueprint.get("/campaigns/<slug>/organize")
@require(Permission.CAMPAIGN_PLAN)
def organize(slug: str) -> ResponseReturnValue:
    """Show the numbers, what comes next, and what can be done."""
    return _organize(slug)


def organize_again(slug: str, **forms: object) -> ResponseReturnValue:
    """Show the page with a form that needs another look; what was typed stays."""
    return _organize(slug, 422, **forms)


def _organize(slug: str, status: int = 200, **forms: object) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.organize_page(session, slug, actor, now)
        chapters = {chapter.slug: chapter.name for chapter in members.chapters(session)}
    card = found.page.card
    test = TestForm(prefix="test")
    translated(test.majority)
    again = RoundForm(prefix="round")
    if request.method == "GET":
        test.closes.data = in_days(now, 7, card.zone)
        again.deadline.data = in_days(now, 14, card.zone)
    given = {
        "update": NewsForm(prefix="update"),
        "end": EndForm(prefix="end"),
        "test": test,
        "round": again,
    }
    page = render_template(
        "campaigns/organize.html",
        found=found,
        page=found.page,
        card=card,
        meter=meter(card),
        told=meter_words(card),
        tasks=tasks(found, now),
        chapters=chapters,
        timeline=lines(found.page.updates),
        may={turn.value: rules.possible(card.stage, turn, card.kind) for turn in Turn},
        live=card.stage in rules.LIVE,
        over=card.stage in rules.ENDED,
        **{**given, **forms},
    )
    return page, status


@blueprint.route("/campaigns/<slug>/publish", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def publish(slug: str) -> ResponseReturnValue:
    """Show what will be frozen, ask once, publish."""
    actor, now = current_actor(), utcnow()
    if request.method == "POST":
        with transaction() as session:
            service.publish(session, slug=slug, actor=actor, now=now)
        flash(gettext("The campaign is public. Its words are frozen."), "ok")
        return redirect(url_for("campaigns.organize", slug=slug), 303)
    with reading() as session:
        found = queries.organize_page(session, slug, actor, now)
    rules.after(found.page.card.stage, Turn.PUBLISH)
    frozen = [d for d in found.page.demands if d.status in rules.PUBLIC_DEMANDS]
    return render_template(
        "campaigns/publish.html", found=found, card=found.page.card, frozen=frozen, now=now
    )


@blueprint.post("/campaigns/<slug>/end")
@require(Permission.CAMPAIGN_PLAN)
def end(slug: str) -> ResponseReturnValue:
    """End the campaign, won or not."""
    form = EndForm(prefix="end")
    if not form.validate_on_submit():
        return _organize(slug, 422, end=form)
    verb = service.win if form.how.data == "won" else service.close
    with transaction() as session:
        verb(session, slug=slug, actor=current_actor(), text=form.text.data.strip(), now=utcnow())
    return redirect(url_for("campaigns.organize", slug=slug), 303)


@blueprint.post("/campaigns/<slug>/bargain")
@require(Permission.CAMPAIGN_PLAN)
def bargain(slug: str) -> ResponseReturnValue:
    """Say that the company is at the table."""
    with transaction() as session:
        found = queries.card(session, slug)
        service.bargain(session, campaign_id=found.id, actor=current_actor(), now=utcnow())
    return redirect(url_for("campaigns.organize", slug=slug), 303)


@blueprint.post("/campaigns/<slug>/round")
@require(Permission.CAMPAIGN_PLAN)
def gather_again(slug: str) -> ResponseReturnValue:
    """Open another pledge round."""
    form = RoundForm(prefix="round")
    zone = _zone(slug)
    if form.validate_on_submit():
        try:
            deadline = at_field(form.deadline.data, zone, "deadline")
            with transaction() as session:
                service.gather_again(
                    session, slug=slug, actor=current_actor(), deadline=deadline, now=utcnow()
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("campaigns.organize", slug=slug), 303)
    return _organize(slug, 422, round=form)


@blueprint.post("/campaigns/<slug>/tests")
@require(Permission.CAMPAIGN_PLAN)
def open_test(slug: str) -> ResponseReturnValue:
    """Open a structure test."""
    form = TestForm(prefix="test")
    translated(form.majority)
    zone = _zone(slug)
    if form.validate_on_submit():
        try:
            closes = at_field(form.closes.data, zone, "closes")
            with transaction() as session:
                service.open_test(
                    session,
                    slug=slug,
                    actor=current_actor(),
                    ask=form.ask.data.strip(),
                    closes_at=closes,
                    majority=form.share(),
                    now=utcnow(),
                )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("campaigns.organize", slug=slug, _anchor="tests"), 303)
    return _organize(slug, 422, test=form)


def _zone(slug: str) -> str:
    with reading() as session:
        return queries.card(session, slug).zone


@blueprint.get("/campaigns/<slug>/numbers.csv")
@require(Permission.CAMPAIGN_PLAN)
def export(slug: str) -> ResponseReturnValue:
    """Give the campaign's numbers and its demands as CSV; no names, no minimums."""
    with reading() as session:
        found = queries.organize_page(session, slug, current_actor(), utcnow())
    answer = Response(numbers_csv(found.page), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.page.card.slug}.csv"'
    return answer


def numbers_csv(page: CampaignPage) -> str:
    """Return one row a fact: kind, name, value, of how many."""
    card = page.card
    rows: list[tuple[object, ...]] = [
        ("kind", "name", "value", "of"),
        ("campaign", "stage", card.stage.value, ""),
        ("pledges", "pledged", card.pledged, card.unit),
        ("pledges", "verified", card.verified, card.pledged),
        ("pledges", "called", "" if card.called is None else card.called, card.verified),
        ("pledges", "threshold", card.threshold, card.unit),
        ("pledges", "goal", card.goal, card.unit),
        ("pledges", "deadline", card.pledge_deadline.isoformat(), ""),
    ]
    rows += [
        ("demand", plain(d.title), d.status.value, "")
        for d in page.demands
        if not d.mine or d.status != "draft"
    ]
    rows += [("endorsements", plain(d.title), d.endorsed_count, "") for d in page.demands]
    if page.mandate:
        rows += [("vote", plain(label), n, page.mandate.cast) for label, n in page.mandate.counts]
        rows += [("vote", "turnout", page.mandate.cast, page.mandate.eligible)]
    out = StringIO()
    csv.writer(out).writerows(rows)
    return "\ufeff" + out.getvalue()


def plain(text: str) -> str:
    """Keep a spreadsheet from reading a text as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

"""What organizers do: draft, preview, publish, post news, test the structure, end, export."""

import csv
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import queries, rules, service, words
from union.campaigns.forms import (
    CampaignForm,
    EndForm,
    RoundForm,
    TestForm,
    UpdateForm,
    at_field,
    in_days,
    translated,
    zone_choices,
)
from union.campaigns.queries import CampaignPage, OrganizePage
from union.campaigns.rules import Stage, Turn
from union.campaigns.views import public as public_pages
from union.campaigns.views.common import blueprint, lines, meter, meter_words
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.permissions import Permission
from union.members import queries as members
from union.platforms import queries as platforms
from union.web.guards import current_actor, require
from union.web.i18n import gettext, when

_LONGEST_QUERY = 80


@dataclass(frozen=True)
class Task:
    """One next step on the organizers' page."""

    label: str
    status: str
    kind: str
    url: str | None = None
    detail: str | None = None


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def new() -> ResponseReturnValue:
    """Choose the platform, then write the draft."""
    chosen = request.args.get("platform", "")
    actor, now = current_actor(), utcnow()
    if not chosen:
        return _choose_platform()
    with reading() as session:
        platform = platforms.platform_card(session, chosen)
        unit = members.count_active(session, chosen)
        zones = [chapter.zone for chapter in members.chapters(session)]
    form = CampaignForm()
    form.zone.choices = zone_choices([actor.zone], zones, ["UTC"])
    if request.method == "GET":
        form.zone.data = actor.zone
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
    form = CampaignForm()
    form.zone.choices = zone_choices([draft.zone, actor.zone], zones, ["UTC"])
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


def _organize(slug: str, status: int = 200, **forms: object) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.organize_page(session, slug, actor, now)
        chapters = {chapter.slug: chapter.name for chapter in members.chapters(session)}
    card = found.page.card
    test = TestForm(prefix="test")
    translated(test.majority, gettext)
    again = RoundForm(prefix="round")
    if request.method == "GET":
        test.closes.data = in_days(now, 7, card.zone)
        again.deadline.data = in_days(now, 14, card.zone)
    given = {
        "update": UpdateForm(prefix="update"),
        "end": EndForm(prefix="end"),
        "test": test,
        "round": again,
    }
    page = render_template(
        "campaigns/organize.html",
        found=found,
        page=found.page,
        card=card,
        stage=words.STAGES[card.stage],
        meter=meter(card),
        told=meter_words(card),
        tasks=tasks(found, now),
        chapters=chapters,
        timeline=lines(found.page.updates),
        may={turn.value: rules.possible(card.stage, turn) for turn in Turn},
        live=card.stage in rules.LIVE,
        over=card.stage in rules.ENDED,
        **{**given, **forms},
    )
    return page, status


def tasks(found: OrganizePage, now: datetime) -> list[Task]:
    """Return the next steps, each with where it stands and where it is done."""
    page, card = found.page, found.page.card
    slug, stage = card.slug, card.stage
    done, open_, later = (
        (gettext("Done"), "agreed"),
        (gettext("To do"), "waiting"),
        (gettext("Later"), "neutral"),
    )
    published = stage is not Stage.DRAFT
    settled = card.settled_at is not None
    mandated = page.mandate is not None and page.mandate.in_force(now)
    voting = stage is Stage.BALLOT
    return [
        Task(
            gettext("Write the campaign"), *done,
            url=None if published else url_for("campaigns.edit", slug=slug),
            detail=None if published else gettext("Title, demand, pledge, goal and deadline"),
        ),
        Task(
            gettext("Settle the demands"),
            *(done if found.adopted and not found.proposed and not found.amendments else open_),
            url=url_for("campaigns.demands", slug=slug),
            detail=gettext(
                "%(adopted)s adopted, %(proposed)s proposed, %(amendments)s amendments waiting",
                adopted=found.adopted, proposed=found.proposed, amendments=found.amendments,
            ),
        ),
        Task(
            gettext("Publish and freeze the words"), *(done if published else open_),
            url=None if published else url_for("campaigns.publish", slug=slug),
            detail=gettext("Members can pledge from then on"),
        ),
        Task(
            gettext("Gather pledges"),
            *(done if settled else (gettext("Under way"), "live") if published else later),
            url=url_for("campaigns.poster", slug=slug) if published and not settled else None,
            detail=gettext("Settles %(when)s", when=when(card.pledge_deadline, card.zone)),
        ),
        Task(
            gettext("Launch the strike vote"),
            *((gettext("Under way"), "live") if voting else done if mandated
              else open_ if rules.possible(stage, Turn.LAUNCH_VOTE) else later),
            url=url_for("campaigns.launch", slug=slug) if rules.possible(stage, Turn.LAUNCH_VOTE) else
            url_for("ballots.page", slug=card.ballot_slug) if card.ballot_slug else None,
            detail=gettext("Only a passed vote gives a mandate to act"),
        ),
        Task(
            gettext("Act"),
            *((gettext("Under way"), "live") if stage is Stage.ACTING else open_ if mandated else later),
            detail=gettext("Mandate until %(when)s", when=when(page.mandate.expires_at, card.zone))
            if page.mandate and mandated else gettext("Needs a mandate in force"),
        ),
    ]  # fmt: skip


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


@blueprint.post("/campaigns/<slug>/updates")
@require(Permission.CAMPAIGN_PLAN)
def update(slug: str) -> ResponseReturnValue:
    """Post news."""
    form = UpdateForm(prefix="update")
    if not form.validate_on_submit():
        return _organize(slug, 422, update=form)
    with transaction() as session:
        service.add_update(
            session,
            slug=slug,
            actor=current_actor(),
            title=form.title.data.strip(),
            text=form.text.data.strip(),
            now=utcnow(),
        )
    flash(gettext("Your news is on the campaign page and in its feed."), "ok")
    return redirect(url_for("campaigns.organize", slug=slug), 303)


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
    translated(form.majority, gettext)
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
        ("demand", _plain(d.title), d.status.value, "")
        for d in page.demands
        if not d.mine or d.status != "draft"
    ]
    rows += [("endorsements", _plain(d.title), d.endorsed_count, "") for d in page.demands]
    if page.mandate:
        rows += [("vote", _plain(label), n, page.mandate.cast) for label, n in page.mandate.counts]
        rows += [("vote", "turnout", page.mandate.cast, page.mandate.eligible)]
    out = StringIO()
    csv.writer(out).writerows(rows)
    return "\ufeff" + out.getvalue()


def _plain(text: str) -> str:
    """Keep a spreadsheet from reading a text as a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text

"""Pages of the table: open it, see it, seat the team, meet, keep minutes, name points and deadlines."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.bargaining import queries, service
from union.bargaining.forms import (
    ClauseForm,
    ContactForm,
    DeadlineForm,
    MeetingForm,
    MinutesForm,
    SeatForm,
    end_of_day,
)
from union.bargaining.views.kit import blueprint, must_help, written
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.web.fields import at_field, local, options, zone_choices
from union.web.forms import status_of
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/bargaining")
@require(Permission.BARGAINING_READ)
def index() -> ResponseReturnValue:
    """List the tables, and for organizers the campaigns without one."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        tables = queries.listing(session, actor, now)
        waiting = queries.without_table(session, actor)
    return render_template(
        "bargaining/index.html", tables=tables, waiting=waiting, runs=actor.can(Permission.BARGAINING_RUN)
    )


@blueprint.post("/bargaining/open")
@require(Permission.BARGAINING_RUN)
def open_table() -> ResponseReturnValue:
    """Set up a campaign's table."""
    with transaction() as session:
        slug = service.open_table(
            session, actor=current_actor(), now=utcnow(), campaign_slug=request.form.get("campaign", "")
        )
    flash(gettext("The table is set. Seat the team first: only who sits can bargain."), "ok")
    return redirect(url_for("bargaining.team", slug=slug), 303)


@blueprint.get("/bargaining/<slug>")
@require(Permission.BARGAINING_READ)
def table(slug: str) -> ResponseReturnValue:
    """Show a table."""
    with reading() as session:
        page = queries.table_page(session, slug, current_actor(), utcnow())
    return render_template("bargaining/table.html", page=page, card=page.card)


@blueprint.post("/bargaining/<slug>/close")
@require(Permission.BARGAINING_RUN)
def close_table(slug: str) -> ResponseReturnValue:
    """Close a table."""
    with transaction() as session:
        service.close_table(session, actor=current_actor(), now=utcnow(), slug=slug)
    return redirect(url_for("bargaining.table", slug=slug), 303)


@blueprint.route("/bargaining/<slug>/contact", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def contact(slug: str) -> ResponseReturnValue:
    """Say whom we write to."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.card(session, slug, actor, now)
        known = queries.contact(session, slug, actor)
    must_help(card)
    form = ContactForm()
    if request.method == "GET":
        form.name.data, form.email.data, form.postal.data = known
    if form.validate_on_submit() and written(
        form,
        lambda s: service.set_contact(
            s, actor=actor, now=now, slug=slug, name=form.name.data, email=form.email.data or "",
            postal=form.postal.data or "",
        ),
    ):  # fmt: skip
        return redirect(url_for("bargaining.table", slug=slug), 303)
    return render_template("bargaining/contact.html", form=form, card=card), status_of(form)


@blueprint.route("/bargaining/<slug>/team", methods=["GET", "POST"])
@require(Permission.BARGAINING_READ)
def team(slug: str) -> ResponseReturnValue:
    """Show who sits with which mandate; organizers seat members."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card, seats = queries.team(session, slug, actor, now)
        ids = members.eligible(session, platform_slug=card.campaign.platform_slug) if card.runs else []
        names = members.display_names(session, ids)
    if request.method == "POST" and not card.runs:
        raise NotAllowed(msg("Organizers seat members."))
    form = SeatForm()
    form.member.choices = options(sorted(((i, names.get(i, i)) for i in ids), key=lambda p: p[1].casefold()))
    if request.method == "GET" and request.args.get("member") in ids:
        form.member.data = request.args["member"]
    if form.validate_on_submit() and written(
        form,
        lambda s: service.seat(
            s, actor=actor, now=now, slug=slug, member_id=form.member.data, mandate=form.mandate.data,
            until=end_of_day(form.until.data, card.zone),
        ),
    ):  # fmt: skip
        return redirect(url_for("bargaining.team", slug=slug), 303)
    return render_template("bargaining/team.html", form=form, card=card, seats=seats), status_of(form)


@blueprint.post("/bargaining/<slug>/team/<member_id>/leave")
@require(Permission.BARGAINING_SIT)
def unseat(slug: str, member_id: str) -> ResponseReturnValue:
    """End a seat."""
    with transaction() as session:
        service.unseat(session, actor=current_actor(), now=utcnow(), slug=slug, member_id=member_id)
    return redirect(url_for("bargaining.team", slug=slug), 303)


@blueprint.route("/bargaining/<slug>/meetings/new", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def plan_meeting(slug: str) -> ResponseReturnValue:
    """Plan a meeting."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.card(session, slug, actor, now)
    must_help(card)
    form = MeetingForm()
    form.zone.choices = zone_choices([card.zone, actor.zone])
    if request.method == "GET":
        form.starts.data = local(now + timedelta(days=7), card.zone).replace(hour=10, minute=0)
    if form.validate_on_submit() and written(
        form,
        lambda s: service.plan_meeting(
            s, actor=actor, now=now, slug=slug,
            starts_at=at_field(form.starts.data, form.zone.data, "starts"),
            zone=form.zone.data, place=form.place.data or "", agenda=form.agenda.data or "",
        ),
    ):  # fmt: skip
        return redirect(url_for("bargaining.table", slug=slug), 303)
    return render_template("bargaining/meeting_edit.html", form=form, card=card, back=None), status_of(form)


@blueprint.get("/bargaining/<slug>/meetings/<meeting_id>")
@require(Permission.BARGAINING_READ)
def meeting(slug: str, meeting_id: str) -> ResponseReturnValue:
    """Show a meeting with its agenda and minutes."""
    del slug
    now = utcnow()
    with reading() as session:
        card, found = queries.meeting_page(session, meeting_id, current_actor(), now)
    return render_template("bargaining/meeting.html", card=card, meeting=found, begun=now >= found.starts_at)


@blueprint.route("/bargaining/<slug>/meetings/<meeting_id>/edit", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def edit_meeting(slug: str, meeting_id: str) -> ResponseReturnValue:
    """Move a meeting or change its agenda."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card, found = queries.meeting_page(session, meeting_id, actor, now)
    must_help(card)
    back = url_for("bargaining.meeting", slug=slug, meeting_id=meeting_id)
    form = MeetingForm()
    form.zone.choices = zone_choices([found.zone, card.zone, actor.zone])
    if request.method == "GET":
        form.starts.data, form.place.data = local(found.starts_at, found.zone), found.place
        form.agenda.data = found.agenda
    if form.validate_on_submit() and written(
        form,
        lambda s: service.change_meeting(
            s, actor=actor, now=now, meeting_id=meeting_id, zone=form.zone.data, place=form.place.data or "",
            starts_at=at_field(form.starts.data, form.zone.data, "starts"), agenda=form.agenda.data or "",
        ),
    ):  # fmt: skip
        return redirect(back, 303)
    return render_template("bargaining/meeting_edit.html", form=form, card=card, back=back), status_of(form)


@blueprint.post("/bargaining/<slug>/meetings/<meeting_id>/off")
@require(Permission.BARGAINING_SIT)
def call_off_meeting(slug: str, meeting_id: str) -> ResponseReturnValue:
    """Call a meeting off."""
    with transaction() as session:
        service.call_off_meeting(session, actor=current_actor(), now=utcnow(), meeting_id=meeting_id)
    return redirect(url_for("bargaining.table", slug=slug), 303)


@blueprint.route("/bargaining/<slug>/meetings/<meeting_id>/minutes", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def minutes(slug: str, meeting_id: str) -> ResponseReturnValue:
    """Write the minutes."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card, found = queries.meeting_page(session, meeting_id, actor, now)
    must_help(card)
    form = MinutesForm()
    if not card.sits:
        del form.team_notes
    if request.method == "GET":
        form.minutes.data = found.minutes or found.agenda
        if card.sits:
            form.team_notes.data = found.team_notes or ""
    if form.validate_on_submit() and written(
        form,
        lambda s: service.write_minutes(
            s, actor=actor, now=now, meeting_id=meeting_id, minutes=form.minutes.data,
            team_notes=(form.team_notes.data or "") if card.sits else "",
        ),
    ):  # fmt: skip
        return redirect(url_for("bargaining.meeting", slug=slug, meeting_id=meeting_id), 303)
    page = render_template("bargaining/minutes.html", form=form, card=card, meeting=found)
    return page, status_of(form)


@blueprint.route("/bargaining/<slug>/points/new", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def add_clause(slug: str) -> ResponseReturnValue:
    """Put a point on the table."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.card(session, slug, actor, now)
        demands = queries.demands_of(session, slug, actor)
    must_help(card)
    form = ClauseForm()
    form.demand.choices = options(
        [("", gettext("None: it stands by itself")), *((d.id, d.title) for d in demands)]
    )
    if form.validate_on_submit() and written(
        form,
        lambda s: service.add_clause(
            s, actor=actor, now=now, slug=slug, heading=form.heading.data, demand_id=form.demand.data or None
        ),
    ):
        return redirect(url_for("bargaining.table", slug=slug), 303)
    return render_template("bargaining/clause.html", form=form, card=card), status_of(form)


@blueprint.get("/bargaining/<slug>/points/<clause_id>")
@require(Permission.BARGAINING_READ)
def point(slug: str, clause_id: str) -> ResponseReturnValue:
    """Show how the words of a point changed from offer to offer."""
    del slug
    with reading() as session:
        page = queries.point_page(session, clause_id, current_actor(), utcnow())
    return render_template("bargaining/point.html", page=page, card=page.table)


@blueprint.route("/bargaining/<slug>/deadlines/new", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def add_deadline(slug: str) -> ResponseReturnValue:
    """Write down when something is due."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.card(session, slug, actor, now)
    must_help(card)
    form = DeadlineForm()
    form.zone.choices = zone_choices([card.zone, actor.zone])
    if form.validate_on_submit() and written(
        form,
        lambda s: service.add_deadline(
            s, actor=actor, now=now, slug=slug, title=form.title.data, zone=form.zone.data,
            due_at=at_field(form.due.data, form.zone.data, "due"),
        ),
    ):  # fmt: skip
        return redirect(url_for("bargaining.table", slug=slug), 303)
    return render_template("bargaining/deadline.html", form=form, card=card), status_of(form)


@blueprint.post("/bargaining/<slug>/deadlines/<deadline_id>")
@require(Permission.BARGAINING_SIT)
def close_deadline(slug: str, deadline_id: str) -> ResponseReturnValue:
    """Say that a deadline was met, or lift it."""
    met = request.form.get("met") == "yes"
    with transaction() as session:
        service.close_deadline(session, actor=current_actor(), now=utcnow(), deadline_id=deadline_id, met=met)
    return redirect(url_for("bargaining.table", slug=slug), 303)

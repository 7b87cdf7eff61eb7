"""What organizers do with signatures: look, take the list, enter paper, change the words, hand over."""

import csv
from datetime import UTC, datetime, time
from io import StringIO
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form as PlainForm

from union.campaigns import queries, service
from union.campaigns.service.handing import Refused
from union.campaigns.signing_forms import ExportForm, HandOverForm, PaperForm, ReviseForm
from union.campaigns.views.common import address, blueprint, site, visitor
from union.campaigns.views.organize import plain
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.permissions import Permission
from union.web import figures
from union.web.guards import current_actor, require
from union.web.i18n import gettext, ngettext, take_along


@blueprint.get("/campaigns/<slug>/signatures")
@require(Permission.CAMPAIGN_PLAN)
def signatures(slug: str) -> ResponseReturnValue:
    """Show how many signed, and what to do with them."""
    return _signatures(slug)


def _signatures(slug: str, status: int = 200, **forms: PlainForm) -> ResponseReturnValue:
    with reading() as session:
        found = queries.signatures_page(session, slug, current_actor())
    given = {"export": ExportForm(prefix="export"), "over": HandOverForm(prefix="over"), **forms}
    if request.method == "GET":
        given["over"]["at"].data = utcnow().astimezone(ZoneInfo(found.card.zone)).date()
    page = render_template("campaigns/signatures.html", found=found, card=found.card, **given)
    return page, status


@blueprint.post("/campaigns/<slug>/signatures.csv")
@require(Permission.CAMPAIGN_PLAN)
def signatures_csv(slug: str) -> ResponseReturnValue:
    """Give the list as CSV, without addresses, and write down who took it and what for."""
    form, actor = ExportForm(prefix="export"), current_actor()
    if not form.validate_on_submit():
        return _signatures(slug, 422, export=form)
    with transaction() as session:
        rows = list(queries.signature_rows(session, slug, actor))
        service.note_export(
            session, slug=slug, actor=actor, reason=form.reason.data, rows=len(rows), now=utcnow()
        )
    out = StringIO()
    sheet = csv.writer(out)
    sheet.writerow(("name", "place", "public", "source", "version", "confirmed", "checked_in"))
    for row in rows:
        sheet.writerow(
            (
                plain(row.name),
                plain(row.place),
                "yes" if row.public else "no",
                "paper" if row.paper else "web",
                row.version,
                row.confirmed_on,
                "yes" if row.checked_in else "no",
            )
        )
    answer = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-signatures.csv"'
    return answer


@blueprint.route("/campaigns/<slug>/paper", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def paper(slug: str) -> ResponseReturnValue:
    """Take in lines of a paper sheet; those refused stay in the form, each with its reason."""
    form, actor = PaperForm(), current_actor()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, utcnow())
    refused: list[Refused] = []
    asked = 0
    if form.validate_on_submit():
        try:
            with transaction() as session:
                asked, refused = service.enter_paper(
                    session, slug=slug, actor=actor, lines=form.typed(), visitor=visitor(), now=utcnow()
                )
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            told = ngettext(
                "%(n)s address is asked to confirm.", "%(n)s addresses are asked to confirm.", asked
            )
            if not refused:
                flash(told, "ok")
                return redirect(url_for("campaigns.paper", slug=slug), 303)
            form.lines.data = "\n".join(one.line.text for one in refused)
            take_along(form.lines.name, form.lines.data)
            flash(told, "ok" if asked else "neutral")
    status = 422 if form.errors or refused else 200
    page = render_template(
        "campaigns/paper.html",
        form=form,
        card=found.card,
        refused=[(one.line.number, one.line.text, gettext(one.why.text, **one.why.facts)) for one in refused],
    )
    return page, status


@blueprint.route("/campaigns/<slug>/revise", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def revise(slug: str) -> ResponseReturnValue:
    """Change the words people sign from now on; those who signed are asked again."""
    form, actor = ReviseForm(), current_actor()
    with reading() as session:
        found = queries.signatures_page(session, slug, actor)
    if request.method == "GET":
        form.text.data = found.text
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.revise(
                    session,
                    slug=slug,
                    actor=actor,
                    text=form.text.data.strip().replace("\r\n", "\n"),
                    reason=form.reason.data.strip(),
                    public_url=site(),
                    now=utcnow(),
                )
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The new words are signed from now on. Who signed before is asked by email."), "ok")
            return redirect(url_for("campaigns.text", slug=slug), 303)
    status = 422 if form.is_submitted() else 200
    return render_template("campaigns/revise.html", form=form, found=found, card=found.card), status


@blueprint.route("/campaigns/<slug>/hand-over", methods=["GET", "POST"])
@require(Permission.CAMPAIGN_PLAN)
def hand_over(slug: str) -> ResponseReturnValue:
    """Show the document to print; record that it was handed over."""
    if request.method == "GET":
        return _document(slug, None)
    form, actor = HandOverForm(prefix="over"), current_actor()
    if not form.validate_on_submit():
        return _signatures(slug, 422, over=form)
    now = utcnow()
    try:
        with transaction() as session:
            zone = ZoneInfo(queries.card(session, slug).zone)
            # a day long past is told as its noon
            today = form.at.data == now.astimezone(zone).date()
            at = now if today else datetime.combine(form.at.data, time(12), zone).astimezone(UTC)
            done = service.hand_over(
                session,
                slug=slug,
                actor=actor,
                at=at,
                to_whom=form.to_whom.data.strip(),
                note=(form.note.data or "").strip(),
                now=now,
            )
    except UnionError as refusal:
        form.refuse(refusal)
        return _signatures(slug, 422, over=form)
    flash(gettext("The hand-over stands on the campaign's page."), "ok")
    return redirect(url_for("campaigns.handed_over", slug=slug, hand_over_id=done), 303)


@blueprint.get("/campaigns/<slug>/hand-over/<hand_over_id>")
@require(Permission.CAMPAIGN_PLAN)
def handed_over(slug: str, hand_over_id: str) -> ResponseReturnValue:
    """Show the document of a recorded hand-over."""
    return _document(slug, hand_over_id)


def _document(slug: str, hand_over_id: str | None) -> ResponseReturnValue:
    actor = current_actor()
    with reading() as session:
        found = queries.signatures_page(session, slug, actor, every_name=True)
        over = queries.hand_over(session, slug, hand_over_id, actor) if hand_over_id else None
    link = address(url_for("campaigns.page", slug=slug))
    return render_template(
        "campaigns/hand_over.html",
        found=found,
        card=found.card,
        over=over,
        link=link,
        code=figures.qr(link, title=gettext("QR code of %(link)s", link=link)),
        now=utcnow(),
    )


@blueprint.post("/campaigns/<slug>/hand-over/<hand_over_id>/undo")
@require(Permission.CAMPAIGN_PLAN)
def undo_hand_over(slug: str, hand_over_id: str) -> ResponseReturnValue:
    """Take back a record that was a mistake."""
    with transaction() as session:
        service.undo_hand_over(
            session, slug=slug, hand_over_id=hand_over_id, actor=current_actor(), now=utcnow()
        )
    flash(gettext("The record is taken back; the log keeps both."), "ok")
    return redirect(url_for("campaigns.signatures", slug=slug), 303)

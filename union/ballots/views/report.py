"""The certified report of a ballot: as a page, as a file, and its file's fingerprint noted in the log."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.forms import KINDS
from union.ballots.queries import BallotPage, Noted
from union.ballots.rules import State
from union.ballots.views.counts import drawn, told
from union.ballots.views.kit import blueprint, settings
from union.core.actor import Actor
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Conflict
from union.core.i18n import msg
from union.core.permissions import Permission
from union.press import File
from union.web import figures
from union.web.documents import document, download
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, language


@dataclass(frozen=True)
class Report:
    """A report as everybody sees it, and where its file's fingerprint was noted. as_of: its newest fact."""

    page: BallotPage
    as_of: datetime
    noted: Noted | None


def _report(slug: str) -> Report:
    """Return the report as a stranger reads it, so that all readers of a language hold the same file."""
    with reading() as session:
        page = queries.ballot_page(session, slug, Actor(), utcnow())
        moments = [page.concluded_at or page.closes_at]
        moments += [at for line in page.objections for at in (line.raised_at, line.answered_at) if at]
        noted = queries.noted_report(session, page.slug, language=language(), as_of=max(moments))
    return Report(page, max(moments), noted)


def _rendered(report: Report, *, on_screen: bool) -> str:
    page = report.page
    address = f"{settings().public_url}{url_for('ballots.page', slug=page.slug)}"
    return render_template(
        "ballots/report.html",
        page=page,
        kinds=KINDS,
        drawings=[drawn(page, result) for result in page.results],
        told=[told(result) for result in page.results],
        address=address,
        code=figures.qr(address, title=gettext(msg("Address of the ballot as a QR code"))),
        as_of=report.as_of,
        on_screen=on_screen,
        noted=report.noted,
    )


def _file(report: Report) -> File:
    title = gettext(msg("Report of a ballot: %(title)s"), title=report.page.title)
    page = _rendered(report, on_screen=False)
    return document(page, title=title, language=language(), made_at=report.as_of)


@blueprint.get("/ballots/<slug>/report")
@public
def report(slug: str) -> ResponseReturnValue:
    """Show the certified report of a concluded ballot; its file is drawn only when somebody takes it."""
    found = _report(slug)
    if found.page.state != State.CONCLUDED:
        return redirect(url_for("ballots.page", slug=found.page.slug), 303)
    return _rendered(found, on_screen=True)


@blueprint.get("/ballots/<slug>/report.pdf")
@public
def report_file(slug: str) -> ResponseReturnValue:
    """Give the report as PDF: the same bytes to everybody who reads the same language."""
    found = _report(slug)
    if found.page.state != State.CONCLUDED:
        return redirect(url_for("ballots.page", slug=found.page.slug), 303)
    return download(_file(found), f"{found.page.slug}-{language()}")


@blueprint.post("/ballots/<slug>/report/note")
@require(Permission.BALLOT_RUN)
def note_report(slug: str) -> ResponseReturnValue:
    """Note in the log which file the report is now, for a notary or a court to compare with."""
    found = _report(slug)
    if found.page.state != State.CONCLUDED:
        raise Conflict(msg("Only a decided ballot has a report."))
    sha256 = _file(found).sha256
    with transaction() as session:
        service.note_report(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            language=language(),
            as_of=found.as_of,
            sha256=sha256,
        )
    flash(gettext(msg("Noted in the log.")), "ok")
    return redirect(url_for("ballots.report", slug=found.page.slug), 303)

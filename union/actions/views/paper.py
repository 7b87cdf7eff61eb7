"""Counts from paper lists of many chapters at once: a file or a paste, a dry run, then yes."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.actions import queries, service
from union.actions.forms import SheetsForm
from union.actions.rules import paper_sheets
from union.actions.rules.paper_sheets import Sheets
from union.actions.service.checkin import MOST_ON_PAPER
from union.actions.views.common import blueprint, worded
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.permissions import Permission
from union.members.rules.register_file import decode
from union.web.guards import current_actor, require
from union.web.i18n import ngettext


@blueprint.route("/actions/<slug>/paper-sheets", methods=["GET", "POST"])
@require(Permission.ACTION_PLAN)
def paper_sheets_page(slug: str) -> ResponseReturnValue:
    """Take the sheets of many chapters; nothing is counted before the organizer has seen the dry run."""
    form = SheetsForm()
    with reading() as session:
        found = queries.on_paper(session, slug, current_actor())
    names = found.chapters
    back = url_for("actions.console" if found.console else "actions.page", slug=slug)
    sheets: Sheets | None = None
    if form.validate_on_submit():
        try:
            sheets = paper_sheets.read(_typed(form), names, MOST_ON_PAPER)
            if form.sure.data and not sheets.bad:
                _add(slug, sheets)
                return redirect(back, 303)
        except Invalid as refusal:
            form.refuse(refusal)
    form.sure.data = ""
    faults = (
        [(one.line, one.column, worded(one.why.text, one.why.facts)) for one in sheets.bad] if sheets else []
    )
    page = render_template(
        "actions/paper_sheets.html", form=form, card=found.card, sheets=sheets, names=names, faults=faults,
        back=back,
    )  # fmt: skip
    return page, 422 if form.errors or form.form_errors or faults else 200


def _typed(form: SheetsForm) -> str:
    """Return what was uploaded, else what was pasted; the next page shows it to be mended."""
    content = form.file.data.read() if form.file.data else b""
    if content:
        form.sheets.data = decode(content)
    return form.sheets.data or ""


def _add(slug: str, sheets: Sheets) -> None:
    with transaction() as session:
        for chapter, count in sheets.counts.items():
            service.add_paper(
                session, actor=current_actor(), now=utcnow(), slug=slug, chapter_slug=chapter, count=count
            )
    flash(ngettext("%(n)s counted from paper.", "%(n)s counted from paper.", sheets.total), "ok")

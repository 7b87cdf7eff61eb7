"""Booking many contributions at once: paste a statement, see what each line comes to, book what is new."""

from collections.abc import Container
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Conflict, Invalid
from union.core.permissions import Permission
from union.ledger import service, statements
from union.ledger.forms import StatementForm
from union.ledger.rules import bank_day
from union.ledger.statements import Line
from union.ledger.views.fund import blueprint
from union.web.guards import current_actor, require
from union.web.i18n import gettext, ngettext

NEW, KNOWN, REPEATED, WRONG = "new", "known", "repeated", "wrong"


@dataclass(frozen=True)
class Row:
    """A line with what comes of it: new, known (booked before), repeated (twice in here) or wrong."""

    line: Line
    state: str
    problem: str


@blueprint.route("/fund/books/statement", methods=["GET", "POST"])
@require(Permission.FUND_RUN)
def statement() -> ResponseReturnValue:
    """Read a statement; book its new lines once they were looked at and none is wrong."""
    form = StatementForm()
    rows: list[Row] = []
    if form.validate_on_submit():
        try:
            lines = statements.read(form.lines.data, bank_day(utcnow()))
            rows = _rows(lines)
            if request.form.get("do") == "book":
                return _book(form, lines)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    counts = {state: sum(1 for row in rows if row.state == state) for state in (NEW, KNOWN, REPEATED, WRONG)}
    total = sum(row.line.cents for row in rows if row.state == NEW)
    page = render_template("ledger/statement.html", form=form, rows=rows, counts=counts, total=total)
    return page, 422 if form.errors or counts[WRONG] else 200


def _rows(lines: tuple[Line, ...]) -> list[Row]:
    with reading() as session:
        known = service.booked(session, [line.ref for line in lines])
    lines = service.compared(lines, known)
    again = statements.repeated(lines)
    return [
        Row(line, _state(line, known, again), gettext(line.problem, **line.facts) if line.problem else "")
        for line in lines
    ]


def _state(line: Line, known: Container[str], again: frozenset[int]) -> str:
    if line.problem:
        return WRONG
    if line.number in again:
        return REPEATED
    return KNOWN if line.ref in known else NEW


def _book(form: StatementForm, lines: tuple[Line, ...]) -> ResponseReturnValue:
    with transaction() as session:
        booked = service.contribute_all(
            session, actor=current_actor(), now=utcnow(), account=form.account.data, lines=lines
        )
    flash(ngettext("%(n)s line booked.", "%(n)s lines booked.", booked), "ok")
    return redirect(url_for("ledger.books"), 303)

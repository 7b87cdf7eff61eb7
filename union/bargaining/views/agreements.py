"""Agreements: write, agree, put to the vote, print for signing, hold them to it."""

from collections.abc import Sequence
from functools import partial

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries as ballots
from union.ballots.call_forms import CallForm
from union.bargaining import queries, service
from union.bargaining.forms import AgreementForm, CheckForm, ClauseRow, DutyRow, WhyForm
from union.bargaining.queries import AgreementPage
from union.bargaining.rules import agreements as rules
from union.bargaining.rules import wording
from union.bargaining.rules.agreements import Terms, Turn
from union.bargaining.service.agreements import NO_AGREEMENT
from union.bargaining.service.ratifying import KIND
from union.bargaining.views.kit import blueprint, must_be_seated, site, union_name, written
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, Invalid, NotFound
from union.core.i18n import translate
from union.core.permissions import Permission
from union.web.documents import document, download
from union.web.fields import options, translated
from union.web.forms import status_of
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext

BLANK_ROWS = 2
MOST_ROWS = 60


@blueprint.post("/bargaining/<slug>/agreements")
@require(Permission.BARGAINING_SIT)
def draft_agreement(slug: str) -> ResponseReturnValue:
    """Begin an agreement, from an accepted offer or empty."""
    with transaction() as session:
        made = service.draft_agreement(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            union_name=union_name(),
            from_offer=request.form.get("offer", type=int),
        )
    return redirect(url_for("bargaining.edit_agreement", slug=made), 303)


@blueprint.get("/agreements/<slug>")
@public
def agreement(slug: str) -> ResponseReturnValue:
    """Show an agreement: to all once members ratified it."""
    actor = current_actor()
    with reading() as session:
        page = queries.agreement_page(session, slug, actor, utcnow())
    clauses = {str(c.number): c.heading for c in page.terms.clauses}
    return render_template(
        "bargaining/agreement.html",
        page=page,
        Turn=Turn,
        possible=rules.possible,
        clauses=clauses,
        every=wording.EVERY,
    )


@blueprint.get("/agreements/<slug>/print")
@public
def print_agreement(slug: str) -> ResponseReturnValue:
    """Show the text to print and sign, with its hash."""
    return _sheet(_read(slug))


@blueprint.get("/agreements/<slug>/agreement.pdf")
@public
def agreement_file(slug: str) -> ResponseReturnValue:
    """Give the text as PDF to sign, in its own language; dated when it was agreed on, a draft today."""
    page = _read(slug)
    made_at = page.agreed_at or utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    file = document(_sheet(page), title=page.terms.title, language=page.language, made_at=made_at)
    return download(file, page.slug)


def _read(slug: str) -> AgreementPage:
    with reading() as session:
        return queries.agreement_page(session, slug, current_actor(), utcnow())


def _sheet(page: AgreementPage) -> str:
    return render_template(
        "bargaining/agreement_print.html",
        page=page,
        say=partial(translate, page.language),
        link=f"{site()}/agreements/{page.slug}",
        every=wording.EVERY,
        who=wording.WHO,
    )


@blueprint.get("/agreements/<slug>/text")
@public
def agreement_text(slug: str) -> ResponseReturnValue:
    """Give the very bytes that are hashed, for anybody to hash again."""
    with reading() as session:
        page = queries.agreement_page(session, slug, current_actor(), utcnow())
    if page.text is None:
        raise NotFound(NO_AGREEMENT)
    return Response(page.text.encode(), mimetype="text/plain; charset=utf-8")


def _rows(terms: Terms, demands: Sequence[tuple[str, str]]) -> tuple[list[ClauseRow], list[DutyRow]]:
    """Return the rows of fields for clauses and obligations: as sent, else as written, and empty ones."""
    sent = request.method == "POST"
    off = {"csrf": False}

    def count(name: str, written_before: int) -> int:
        asked = request.form.get(name, type=int) if sent else None
        return min(asked if asked is not None else written_before + BLANK_ROWS, MOST_ROWS)

    clauses = [
        ClauseRow(prefix=f"clause-{n}-", meta=off)
        for n in range(1, count("clause_rows", len(terms.clauses)) + 1)
    ]
    duties = [
        DutyRow(prefix=f"duty-{n}-", meta=off)
        for n in range(1, count("duty_rows", len(terms.obligations)) + 1)
    ]
    for row in clauses:
        translated(row.concession)
        row.demand.choices = options([("", gettext("None")), *demands])
    for line in duties:
        translated(line.who)
        translated(line.every)
    if not sent:
        for row, clause in zip(clauses, terms.clauses, strict=False):
            row.heading.data, row.text.data = clause.heading, clause.text
            row.demand.data, row.concession.data = clause.demand_id or "", clause.concession.value
        for line, duty in zip(duties, terms.obligations, strict=False):
            line.title.data, line.clause.data, line.who.data = duty.title, duty.clause, duty.who.value
            line.due_on.data, line.every.data = duty.due_on, duty.every.value
    return clauses, duties


def _terms(form: AgreementForm, clauses: Sequence[ClauseRow], duties: Sequence[DutyRow]) -> Terms:
    """Return what was written; raises Invalid for a row with a mistake in it."""
    for row in (*clauses, *duties):
        if not row.empty and not row.validate():
            name, problems = next(iter(row.errors.items()))
            raise Invalid(str(problems[0]), field=str(row[name].name) if name else None)
    written_clauses = [row for row in clauses if not row.empty]
    return form.terms(
        [row.clause(n) for n, row in enumerate(written_clauses, 1)], [d.duty() for d in duties if not d.empty]
    )


@blueprint.route("/agreements/<slug>/edit", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def edit_agreement(slug: str) -> ResponseReturnValue:
    """Write what is agreed, clause by clause."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.agreement_page(session, slug, actor, now)
        must_be_seated(queries.card(session, page.campaign_slug, actor, now))
    if page.state not in rules.EDITABLE:
        raise Closed(rules.REFUSED[Turn.REOPEN])
    form = AgreementForm()
    clauses, duties = _rows(page.terms, sorted(page.demands.items(), key=lambda pair: pair[1]))
    if request.method == "GET":
        form.show(page.terms, page.language)
    if form.validate_on_submit() and written(
        form,
        lambda s: service.edit_agreement(
            s,
            actor=actor,
            now=now,
            slug=slug,
            terms=_terms(form, clauses, duties),
            language=form.language.data,
        ),
    ):
        more = request.form.get("then") == "more"
        return redirect(
            url_for("bargaining.edit_agreement" if more else "bargaining.agreement", slug=slug), 303
        )
    return (
        render_template(
            "bargaining/agreement_edit.html", form=form, page=page, clauses=clauses, duties=duties
        ),
        status_of(form),
    )


@blueprint.post("/agreements/<slug>/agree")
@require(Permission.BARGAINING_SIT)
def agree(slug: str) -> ResponseReturnValue:
    """Freeze the text as a tentative agreement."""
    with transaction() as session:
        service.agree(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext("The text is frozen. Members decide now."), "ok")
    return redirect(url_for("bargaining.agreement", slug=slug), 303)


@blueprint.post("/agreements/<slug>/reopen")
@require(Permission.BARGAINING_SIT)
def reopen(slug: str) -> ResponseReturnValue:
    """Take a text back to a draft."""
    with transaction() as session:
        service.reopen(session, actor=current_actor(), now=utcnow(), slug=slug)
    return redirect(url_for("bargaining.edit_agreement", slug=slug), 303)


@blueprint.route("/agreements/<slug>/end", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def end_agreement(slug: str) -> ResponseReturnValue:
    """Give a text up, or terminate an agreement, and say why."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.agreement_page(session, slug, actor, now)
        must_be_seated(queries.card(session, page.campaign_slug, actor, now))
    terminating = page.state in rules.PUBLIC
    verb = service.terminate if terminating else service.abandon
    form = WhyForm()
    if form.validate_on_submit() and written(
        form, lambda s: verb(s, actor=actor, now=now, slug=slug, why=form.why.data)
    ):
        target = url_for("bargaining.agreement", slug=slug)
        return redirect(target if terminating else url_for("bargaining.table", slug=page.campaign_slug), 303)
    return (
        render_template("bargaining/agreement_end.html", form=form, page=page, terminating=terminating),
        status_of(form),
    )


@blueprint.route("/agreements/<slug>/ratify", methods=["GET", "POST"])
@require(Permission.BALLOT_PLAN)
def ratify(slug: str) -> ResponseReturnValue:
    """Fill in the vote on a tentative agreement and draft it."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.agreement_page(session, slug, actor, now)
        choices = ballots.choices(session, kind=KIND, day=now.date(), zones=(page.zone, actor.zone))
    rules.after(page.state, Turn.LAUNCH)
    form = CallForm()
    form.offer(choices)
    if request.method == "GET":
        form.suggest(
            now,
            page.zone,
            title=gettext("Ratify: %(title)s", title=page.terms.title),
            question=gettext("Do you accept this agreement with %(platform)s?", platform=page.platform_name),
        )
    if form.validate_on_submit():
        ballot = written(
            form,
            lambda s: service.launch_ratification(
                s, actor=actor, now=now, slug=slug, public_url=site(), vote=form.vote()
            ),
        )
        if ballot:
            flash(gettext("The vote is drafted. Next the trustees make their keys."), "ok")
            return redirect(f"/ballots/{ballot}", 303)
    return render_template("bargaining/ratify.html", form=form, page=page), status_of(form)


@blueprint.route("/agreements/<slug>/obligations/<obligation_id>", methods=["GET", "POST"])
@require(Permission.BARGAINING_READ)
def obligation(slug: str, obligation_id: str) -> ResponseReturnValue:
    """Show an obligation with what was found; those at the table add what they see."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page, duty, checks = queries.obligation_page(session, slug, obligation_id, actor, now)
    form = CheckForm()
    if form.validate_on_submit() and written(
        form,
        lambda s: service.check_obligation(
            s, actor=actor, now=now, obligation_id=obligation_id, result=form.result.data, note=form.note.data
        ),
    ):
        return redirect(url_for("bargaining.obligation", slug=slug, obligation_id=obligation_id), 303)
    return (
        render_template(
            "bargaining/obligation.html",
            form=form,
            page=page,
            duty=duty,
            checks=checks,
            every=wording.EVERY,
            who=wording.WHO,
        ),
        status_of(form),
    )

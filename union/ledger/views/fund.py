"""Pages of the strike fund: claim as a member; as an officer book, decide, propose, approve, export."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import SelectChoice

from union.core import money
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.ledger import queries, service
from union.ledger.forms import ClaimForm, ContributeForm, CorrectForm, FundForm, RefuseForm
from union.ledger.queries import Overview
from union.ledger.rules import BatchState, ClaimState, FundState
from union.web import figures
from union.web.forms import Form, status_of
from union.web.guards import current_actor, require
from union.web.i18n import gettext, language

blueprint = Blueprint("ledger", __name__, template_folder="../templates")

FUNDS = {
    FundState.DRAFT: (msg("Draft"), "neutral"),
    FundState.OPEN: (msg("Claims are open"), "live"),
    FundState.CLOSED: (msg("Claims are closed"), "neutral"),
}
CLAIMS = {
    ClaimState.CLAIMED: (msg("Claimed"), "waiting"),
    ClaimState.ACCEPTED: (msg("Accepted"), "agreed"),
    ClaimState.REFUSED: (msg("Refused"), "refused"),
    ClaimState.WITHDRAWN: (msg("Withdrawn"), "neutral"),
    ClaimState.LAPSED: (msg("Ended, not decided or paid in time"), "refused"),
}
BATCHES = {
    BatchState.PROPOSED: (msg("Waits for a second officer"), "waiting"),
    BatchState.APPROVED: (msg("Approved"), "agreed"),
    BatchState.EXPORTED: (msg("Exported for the bank"), "agreed"),
    BatchState.PAID: (msg("Paid"), "agreed"),
    BatchState.CANCELLED: (msg("Dropped"), "neutral"),
}


@blueprint.app_context_processor
def words() -> dict[str, object]:
    """Give this room's templates their words, amounts and days."""
    return {
        "fund_words": FUNDS,
        "claim_words": CLAIMS,
        "batch_words": BATCHES,
        "euros": lambda cents: money.show(cents, language()),
    }


def _written(form: Form, verb: Callable[[Any], object]) -> object | None:
    """Run a service verb in a transaction; a refusal is shown in the form, where what was typed stays."""
    try:
        with transaction() as session:
            answer = verb(session)
    except (Invalid, Conflict, Closed) as refusal:
        form.refuse(refusal)
        return None
    return True if answer is None else answer


def _course(overview: Overview, now: datetime) -> Markup | None:
    """Draw how the fund grew until today, once there is something to draw."""
    if not overview.points:
        return None
    points = [*overview.points, (max(now, overview.points[-1][0]), overview.points[-1][1])]
    first, last = points[0], points[-1]
    top = max(cents for _, cents in points)
    return figures.steps_over_time(
        [(at, cents / 100) for at, cents in points],
        title=gettext("What the fund holds"),
        first=format_date(first[0], "d MMM", locale=language()),
        last=format_date(last[0], "d MMM", locale=language()),
        top=money.show(top, language()),
        desc=gettext("Now %(amount)s.", amount=money.show(last[1], language())),
    )


@blueprint.get("/fund")
@require(Permission.FUND_CLAIM)
def index() -> ResponseReturnValue:
    """Show the fund and its rounds."""
    actor = current_actor()
    with reading() as session:
        overview = queries.overview(session)
        funds = queries.listing(session, actor)
    return render_template(
        "ledger/index.html",
        overview=overview,
        funds=funds,
        course=_course(overview, utcnow()),
        runs=actor.can(Permission.FUND_RUN),
    )


@blueprint.get("/fund/<slug>")
@require(Permission.FUND_CLAIM)
def fund(slug: str) -> ResponseReturnValue:
    """Show a round, its frozen rule and one's own claim."""
    actor = current_actor()
    with reading() as session:
        page = queries.fund_page(session, slug, actor, utcnow())
    return render_template("ledger/fund.html", page=page, card=page.card, runs=actor.can(Permission.FUND_RUN))


@blueprint.route("/fund/<slug>/claim", methods=["GET", "POST"])
@require(Permission.FUND_CLAIM)
def claim(slug: str) -> ResponseReturnValue:
    """Claim strike pay."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.fund_page(session, slug, actor, now)
    today = now.astimezone(ZoneInfo(page.card.zone)).date()
    form = ClaimForm()
    form.days.choices = [
        SelectChoice(day.isoformat(), format_date(day, "EEEE d MMMM", locale=language()))
        for day in page.rule.all_days()
        if day <= today
    ]
    if request.method == "GET" and page.mine:
        form.days.data = [day.isoformat() for day in page.mine.days]
        form.hardship.data, form.reason.data = page.mine.hardship, page.mine.reason
        form.payee.data, form.iban.data = page.mine.payee, page.mine.iban
    if form.validate_on_submit() and _written(
        form,
        lambda s: service.claim(
            s, actor=actor, now=now, slug=slug, days=form.claimed(), payee=form.payee.data,
            iban=form.iban.data, hardship=bool(form.hardship.data), reason=form.reason.data or "",
            consent=bool(form.consent.data),
        ),
    ):  # fmt: skip
        flash(gettext("Your claim is in. An officer looks at it."), "ok")
        return redirect(url_for("ledger.fund", slug=slug), 303)
    return render_template("ledger/claim.html", form=form, page=page, card=page.card), status_of(form)


@blueprint.post("/fund/<slug>/withdraw")
@require(Permission.FUND_CLAIM)
def withdraw(slug: str) -> ResponseReturnValue:
    """Take one's claim back."""
    with transaction() as session:
        service.withdraw(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext("Your claim is withdrawn, and what was personal in it is gone."), "ok")
    return redirect(url_for("ledger.fund", slug=slug), 303)


@blueprint.get("/fund/books")
@require(Permission.FUND_RUN)
def books() -> ResponseReturnValue:
    """Show accounts and journal."""
    page = max(1, request.args.get("page", 1, type=int))
    with reading() as session:
        found = queries.books(session)
        overview = queries.overview(session)
        entries, pages = queries.journal(session, page)
    return render_template(
        "ledger/books.html",
        books=found,
        overview=overview,
        entries=entries,
        page=page,
        pages=pages,
        course=_course(overview, utcnow()),
    )


@blueprint.route("/fund/contribute", methods=["GET", "POST"])
@require(Permission.FUND_RUN)
def contribute() -> ResponseReturnValue:
    """Book money that came in."""
    actor, now = current_actor(), utcnow()
    form = ContributeForm()
    if form.validate_on_submit() and _written(
        form,
        lambda s: service.contribute(
            s, actor=actor, now=now, booked_on=form.booked_on.data, account=form.account.data,
            cents=form.cents(),
            text=form.text.data, ref=form.ref.data.strip(),
        ),
    ):  # fmt: skip
        flash(gettext("Booked."), "ok")
        return redirect(url_for("ledger.books"), 303)
    return render_template("ledger/contribute.html", form=form), status_of(form)


@blueprint.route("/fund/books/<int:entry_id>/correct", methods=["GET", "POST"])
@require(Permission.FUND_RUN)
def correct(entry_id: int) -> ResponseReturnValue:
    """Undo an entry by its mirror image."""
    actor, now = current_actor(), utcnow()
    form = CorrectForm()
    if form.validate_on_submit() and _written(
        form, lambda s: service.correct(s, actor=actor, now=now, entry_id=entry_id, reason=form.reason.data)
    ):
        return redirect(url_for("ledger.books"), 303)
    return render_template("ledger/correct.html", form=form, entry_id=entry_id), status_of(form)


@blueprint.route("/fund/new", methods=["GET", "POST"])
@require(Permission.FUND_RUN)
def new_fund() -> ResponseReturnValue:
    """Write a round of strike pay."""
    return _edit(None)


@blueprint.route("/fund/<slug>/edit", methods=["GET", "POST"])
@require(Permission.FUND_RUN)
def edit_fund(slug: str) -> ResponseReturnValue:
    """Change a round's draft."""
    return _edit(slug)


def _edit(slug: str | None) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    form = FundForm()
    form.zone.choices = [
        SelectChoice(z, z.replace("_", " ")) for z in dict.fromkeys((actor.zone, "Europe/Amsterdam", "UTC"))
    ]
    if slug is not None:
        with reading() as session:
            draft = queries.draft_of(session, slug, actor)
        if request.method == "GET":
            form.show(draft)
    if form.validate_on_submit():
        made = _written(
            form,
            lambda s: (
                service.create_fund(s, actor=actor, now=now, draft=form.draft())
                if slug is None
                else service.edit_fund(s, actor=actor, now=now, slug=slug, draft=form.draft())
            ),
        )
        if made:
            return redirect(url_for("ledger.run", slug=slug or made), 303)
    return render_template("ledger/fund_edit.html", form=form, slug=slug), status_of(form)


@blueprint.get("/fund/<slug>/run")
@require(Permission.FUND_RUN)
def run(slug: str) -> ResponseReturnValue:
    """Run a round: decide on claims, propose payments."""
    with reading() as session:
        page = queries.run_page(session, slug, current_actor())
    return render_template(
        "ledger/run.html", page=page, card=page.card, ready=page.card.state is FundState.CLOSED
    )


@blueprint.post("/fund/<slug>/run")
@require(Permission.FUND_RUN)
def run_step(slug: str) -> ResponseReturnValue:
    """Open, close, accept all that waits, or propose payments."""
    actor, now, what = current_actor(), utcnow(), request.form.get("do", "")
    with transaction() as session:
        if what == "open":
            service.open_fund(session, actor=actor, now=now, slug=slug)
        elif what == "close":
            service.close_fund(session, actor=actor, now=now, slug=slug)
        elif what == "accept":
            service.accept_all(session, actor=actor, now=now, slug=slug)
        elif what == "propose":
            made = service.propose(session, actor=actor, now=now, slug=slug)
        else:
            raise Invalid(msg("Choose a step."))
    if what == "propose":
        return redirect(url_for("ledger.batch", batch_id=made), 303)
    return redirect(url_for("ledger.run", slug=slug), 303)


@blueprint.post("/fund/<slug>/claims/<claim_id>/accept")
@require(Permission.FUND_RUN)
def accept(slug: str, claim_id: str) -> ResponseReturnValue:
    """Accept a claim."""
    with transaction() as session:
        service.decide(session, actor=current_actor(), now=utcnow(), claim_id=claim_id, accept=True)
    return redirect(url_for("ledger.run", slug=slug), 303)


@blueprint.route("/fund/<slug>/claims/<claim_id>/refuse", methods=["GET", "POST"])
@require(Permission.FUND_RUN)
def refuse(slug: str, claim_id: str) -> ResponseReturnValue:
    """Refuse a claim, with a reason."""
    actor, now = current_actor(), utcnow()
    form = RefuseForm()
    if form.validate_on_submit() and _written(
        form,
        lambda s: service.decide(
            s, actor=actor, now=now, claim_id=claim_id, accept=False, refusal=form.refusal.data
        ),
    ):
        return redirect(url_for("ledger.run", slug=slug), 303)
    return render_template("ledger/refuse.html", form=form, slug=slug), status_of(form)


@blueprint.get("/fund/payments/<batch_id>")
@require(Permission.FUND_RUN)
def batch(batch_id: str) -> ResponseReturnValue:
    """Show a list of payments."""
    with reading() as session:
        page = queries.batch_page(session, batch_id, current_actor())
    return render_template("ledger/batch.html", page=page, batch=page.batch)


@blueprint.post("/fund/payments/<batch_id>")
@require(Permission.FUND_RUN)
def batch_step(batch_id: str) -> ResponseReturnValue:
    """Approve a list, drop it, or confirm that the bank carried it out."""
    verbs = {"approve": service.approve, "cancel": service.cancel, "paid": service.confirm_paid}
    what = request.form.get("do", "")
    if what not in verbs:
        raise Invalid(msg("Choose a step."))
    with transaction() as session:
        verbs[what](session, actor=current_actor(), now=utcnow(), batch_id=batch_id)
    return redirect(url_for("ledger.batch", batch_id=batch_id), 303)


@blueprint.post("/fund/payments/<batch_id>/export")
@require(Permission.FUND_RUN)
def export(batch_id: str) -> ResponseReturnValue:
    """Give the approved list as a file for the bank."""
    with transaction() as session:
        content = service.export(session, actor=current_actor(), now=utcnow(), batch_id=batch_id)
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="payments-{batch_id}.csv"'},
    )

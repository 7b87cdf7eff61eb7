"""An action as members meet it: the page, joining and withdrawing, checking in, the calendar file."""

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.actions import queries, service
from union.actions.forms import CodeForm, RetaliationForm
from union.actions.rules import calendar
from union.actions.rules.retaliation import EVIDENCE
from union.actions.rules.states import Choice, State, VoteState
from union.actions.views.common import blueprint, site
from union.actions.views.panel import count_words, meter_of
from union.campaigns import queries as campaigns
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, language


@blueprint.get("/actions/<slug>")
@require(Permission.ACTION_CHECK_IN)
def page(slug: str) -> ResponseReturnValue:
    """Show what we do, when, how, and the member's own part in it."""
    actor = current_actor()
    with reading() as session:
        found = queries.action_page(session, slug, actor, utcnow(), language())
    board = found.board
    return render_template(
        "actions/page.html",
        found=found,
        card=found.card,
        words=count_words(board) if board else {},
        meter=meter_of(board) if board else None,
        State=State,
        evidence=EVIDENCE,
        retaliation_form=RetaliationForm() if found.watching else None,
    )


@blueprint.get("/actions/<slug>.ics")
@require(Permission.ACTION_CHECK_IN)
def calendar_file(slug: str) -> ResponseReturnValue:
    """Give the action as a calendar file."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.action_page(session, slug, actor, now, language())
    card, address = found.card, f"{site()}{url_for('actions.page', slug=slug)}"
    passed = [vote for vote in found.votes if vote.state is VoteState.PASSED]
    listed = [*found.steps, *(step for vote in passed for step in vote.steps)]
    steps = "\n".join(f"{n}. {gettext(step)}" for n, step in enumerate(listed, 1))
    event = calendar.Event(
        uid=f"{card.id}@{site().partition('://')[2]}",
        version=card.version + len(passed),
        title=card.title,
        text=f"{steps}\n\n{address}",
        url=address,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        cancelled=card.state in {State.CANCELLED, State.POSTPONED},
    )
    response = Response(calendar.write(event, now=now), mimetype="text/calendar")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}.ics"'
    return response


def _choose(slug: str, choice: Choice, said: str) -> ResponseReturnValue:
    with transaction() as session:
        service.choose(session, actor=current_actor(), now=utcnow(), slug=slug, choice=choice, site=site())
    flash(gettext(said), "ok")
    return redirect(url_for("actions.page", slug=slug), 303)


@blueprint.post("/actions/<slug>/join")
@require(Permission.ACTION_CHECK_IN)
def join(slug: str) -> ResponseReturnValue:
    """Say "I'm in"."""
    return _choose(slug, Choice.IN, msg("You are in."))


@blueprint.post("/actions/<slug>/withdraw")
@require(Permission.ACTION_CHECK_IN)
def withdraw(slug: str) -> ResponseReturnValue:
    """Withdraw from the action."""
    return _choose(slug, Choice.OUT, msg("You have withdrawn. We write to you about this action no more."))


@blueprint.post("/actions/<slug>/out")
@require(Permission.ACTION_CHECK_IN)
def check_in(slug: str) -> ResponseReturnValue:
    """Say "I'm out": be counted."""
    with transaction() as session:
        service.check_in(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext(msg("You are counted. Nobody can see that it was you.")), "ok")
    return redirect(url_for("actions.page", slug=slug), 303)


@blueprint.post("/actions/<slug>/done")
@require(Permission.ACTION_CHECK_IN)
def complete(slug: str) -> ResponseReturnValue:
    """Say that all steps are done."""
    with transaction() as session:
        service.complete(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext(msg("All steps done: counted.")), "ok")
    return redirect(url_for("actions.page", slug=slug), 303)


@blueprint.post("/actions/<slug>/undo")
@require(Permission.ACTION_CHECK_IN)
def undo(slug: str) -> ResponseReturnValue:
    """Take the check-in back."""
    with transaction() as session:
        service.undo(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext(msg("Taken back. You are not counted.")), "ok")
    return redirect(url_for("actions.page", slug=slug), 303)


@blueprint.route("/actions/<slug>/point", methods=["GET", "POST"])
@require(Permission.ACTION_CHECK_IN)
def point(slug: str) -> ResponseReturnValue:
    """Check in with the code of a meeting point."""
    actor = current_actor()
    form = CodeForm(code=request.args.get("code", "")) if request.method == "GET" else CodeForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.check_in_at_point(session, actor=actor, now=utcnow(), slug=slug, code=form.code.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("You are counted. Nobody can see that it was you.")), "ok")
            return redirect(url_for("actions.page", slug=slug), 303)
    with reading() as session:
        found = queries.action_page(session, slug, actor, utcnow(), language())
    return render_template("actions/point.html", form=form, card=found.card), 422 if form.errors else 200


@blueprint.post("/actions/<slug>/retaliation")
@require(Permission.ACTION_CHECK_IN)
def retaliation(slug: str) -> ResponseReturnValue:
    """Count a report that the platform hit back."""
    form = RetaliationForm()
    if not form.validate_on_submit():
        raise Invalid(msg("Choose what happened."))
    with transaction() as session:
        service.report_retaliation(
            session, actor=current_actor(), now=utcnow(), slug=slug, sort=form.sort.data
        )
    flash(gettext(msg("Counted, without your name. Keep your evidence.")), "ok")
    return redirect(url_for("actions.page", slug=slug), 303)


@blueprint.get("/actions/live/<campaign_slug>.json")
@public
def live_json(campaign_slug: str) -> ResponseReturnValue:
    """Give the numbers of one of the campaign's actions, else the newest, as far as anybody may know them."""
    wanted = request.args.get("action")
    with reading() as session:
        boards = queries.live(session, campaigns.card(session, campaign_slug).id)
    boards = tuple(one for one in boards if wanted in {None, one.slug})
    return jsonify(count_words(boards[0]) if boards else {})

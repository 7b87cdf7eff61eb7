"""The organizers' page of one ballot and what its forms change."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.forms import ALL, KINDS, SOME, ExtensionForm, ThresholdForm, TimesForm
from union.ballots.queries import BallotPage
from union.ballots.rules import State
from union.ballots.run_forms import GiveUpForm, ReissueForm
from union.ballots.views.acts import ACTS
from union.ballots.views.exceptions import (
    change_clause,
    replace_code,
    say_uncountable,
    smaller_forms,
)
from union.ballots.views.kit import STATES, STEP_OF, STEPS, blueprint
from union.ballots.views.standing import checklist, steps
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, NotFound, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.fields import local
from union.web.forms import Form
from union.web.guards import current_actor, require
from union.web.i18n import gettext

FormType = TypeVar("FormType", bound=Form)


@blueprint.get("/ballots/<slug>/run")
@require(Permission.BALLOT_RUN)
def run(slug: str) -> ResponseReturnValue:
    """Show the checklist and the steps of one ballot."""
    return _run(slug, None)


def _run(
    slug: str,
    form: TimesForm | None,
    status: int = 200,
    needed: ThresholdForm | None = None,
    typed: Mapping[str, Form] | None = None,
) -> ResponseReturnValue:
    """Render the page; typed: forms by their name in the template, with what was wrong in them."""
    with reading() as session:
        shown = queries.run_page(session, slug, current_actor(), utcnow())
    page = shown.page
    if form is None:
        form = TimesForm(formdata=None)
        form.opens.data, form.closes.data = local(page.opens_at, page.zone), local(page.closes_at, page.zone)
    return render_template(
        "ballots/run.html",
        run=shown,
        page=page,
        states=STATES,
        checks=checklist(shown),
        steps_to_do=steps(page),
        steps=[gettext(text) for text in STEPS],
        step=STEP_OF.get(State(page.state)),
        form=form,
        threshold_form=needed or _threshold_form(page),
        kinds=KINDS,
        **{**smaller_forms(page), **(typed or {})},
    ), status


def _threshold_form(page: BallotPage) -> ThresholdForm:
    form = ThresholdForm(formdata=None)
    form.needed.data = ALL if page.threshold is None else SOME
    form.threshold.data = page.threshold
    return form


@blueprint.post("/ballots/<slug>/run/<what>")
@require(Permission.BALLOT_RUN)
def act(slug: str, what: str) -> ResponseReturnValue:
    """Do one step."""
    if what not in ACTS:
        raise NotFound(msg("There is no such step."))
    flash(ACTS[what](current_actor(), utcnow(), slug), "ok")
    return redirect(url_for("ballots.run", slug=slug), 303)


@blueprint.post("/ballots/<slug>/run/times")
@require(Permission.BALLOT_RUN)
def times(slug: str) -> ResponseReturnValue:
    """Change opening and closing before the ballot opens."""
    actor = current_actor()
    form = TimesForm()
    with reading() as session:
        zone = queries.ballot_page(session, slug, actor, utcnow()).zone
    if not form.validate():
        return _run(slug, form, 422)
    try:
        with transaction() as session:
            service.reschedule(
                session,
                actor=actor,
                now=utcnow(),
                slug=slug,
                opens_at=form.moment("opens", zone),
                closes_at=form.moment("closes", zone),
            )
    except UnionError as refusal:
        form.refuse(refusal)
        return _run(slug, form, 422)
    flash(
        gettext(
            msg("The times are changed. Members with a code were told the old ones: hand out new codes.")
        ),
        "ok",
    )
    return redirect(url_for("ballots.run", slug=slug), 303)


@blueprint.post("/ballots/<slug>/run/threshold")
@require(Permission.BALLOT_RUN)
def threshold(slug: str) -> ResponseReturnValue:
    """Change how many of a draft's trustees are needed to count."""
    form = ThresholdForm()
    if not form.validate():
        return _run(slug, None, 422, form)
    try:
        with transaction() as session:
            service.set_threshold(
                session, actor=current_actor(), now=utcnow(), slug=slug, threshold=form.chosen()
            )
    except Invalid as refusal:
        form.refuse(refusal)
        return _run(slug, None, 422, form)
    flash(gettext(msg("Who is needed to count is changed.")), "ok")
    return redirect(url_for("ballots.run", slug=slug) + "#trustees", 303)


def _small(slug: str, name: str, form: FormType, act: Callable[[FormType], str]) -> ResponseReturnValue:
    """Do what one of the page's smaller forms asks; refused, the page shows what was typed and why."""
    if not form.validate():
        return _run(slug, None, 422, typed={name: form})
    try:
        said = act(form)
    except UnionError as refusal:
        if refusal.field is None:
            raise
        form.refuse(refusal)
        return _run(slug, None, 422, typed={name: form})
    flash(said, "ok")
    return redirect(url_for("ballots.run", slug=slug), 303)


@blueprint.post("/ballots/<slug>/run/extension")
@require(Permission.BALLOT_RUN)
def extension(slug: str) -> ResponseReturnValue:
    """Say whether the close may move, before voting opens."""
    return _small(slug, "extension_form", ExtensionForm(), partial(change_clause, slug))


@blueprint.post("/ballots/<slug>/run/cannot-be-counted")
@require(Permission.BALLOT_RUN)
def ask_to_give_up(slug: str) -> ResponseReturnValue:
    """Say, as the first of two officers, that a closed ballot cannot be counted."""
    return _small(slug, "give_up_form", GiveUpForm(), partial(say_uncountable, slug))


@blueprint.post("/ballots/<slug>/run/code")
@require(Permission.MEMBER_EXPORT)
def reissue(slug: str) -> ResponseReturnValue:
    """Replace a member's lost voting code, as an officer."""
    return _small(slug, "reissue_form", ReissueForm(), partial(replace_code, slug))

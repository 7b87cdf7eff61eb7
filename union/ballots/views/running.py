"""The organizers' page of one ballot: its steps, each with the reason where it is not possible yet."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.forms import (
    ALL,
    KINDS,
    SOME,
    ExtensionForm,
    GiveUpForm,
    ReissueForm,
    ThresholdForm,
    TimesForm,
)
from union.ballots.queries import BallotPage, RunPage
from union.ballots.rules import State
from union.ballots.views.exceptions import (
    change_clause,
    giving_up,
    replace_code,
    say_uncountable,
    smaller_forms,
)
from union.ballots.views.keyholders import (
    anew,
    cautions,
    ceremony_words,
    opening,
    shuffles,
    tests,
    while_shuffling,
)
from union.ballots.views.kit import STATES, STEP_OF, STEPS, Check, Step, blueprint, settings
from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, NotFound, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.fields import local
from union.web.forms import Form
from union.web.guards import current_actor, require
from union.web.i18n import gettext, number, when

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
        checks=_checklist(shown),
        steps_to_do=_steps(page),
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


def _checklist(run: RunPage) -> list[Check]:
    page = run.page
    keys = len(page.seats) - page.keys_missing
    rule_words: str = page.rule["name"]
    rule_name = gettext(rule_words)
    fresh = not page.rule_stale or page.rule_confirmed
    found = [
        Check(
            gettext(msg("Rule: %(name)s"), name=rule_name),
            fresh,
            "" if fresh else gettext(msg("past its review date; an officer must confirm it")),
        ),
        Check(
            gettext(msg("Trustees' keys")),
            True if not page.keys_missing else None,
            ceremony_words(page) or gettext(msg("%(there)s of %(all)s"), there=keys, all=len(page.seats)),
        ),
    ]
    found += tests(page)
    found += cautions(page)
    sent = run.credentials
    if page.codes_by_officer:
        share = gettext(msg("%(n)s made offline: they come from the officer"), n=number(page.eligible))
        found.append(Check(gettext(msg("Voting codes")), ok=True, detail=share))
    elif sent.total:
        share = gettext(
            msg("%(delivered)s of %(all)s handed over"),
            delivered=number(sent.delivered + sent.accepted),
            all=number(sent.total),
        )
        found.append(
            Check(
                gettext(msg("Voting codes")),
                True if sent.delivered + sent.accepted == sent.total else None,
                share,
            )
        )
    else:
        share = gettext(msg("%(n)s members are entitled now"), n=number(run.entitled))
        found.append(Check(gettext(msg("Voting codes")), None, share))
    if page.unreachable:
        missing = gettext(
            msg("%(n)s members on the roll have no confirmed channel and get no code"), n=page.unreachable
        )
        found.append(Check(gettext(msg("Reaching everybody")), ok=False, detail=missing))
    opened = page.opened_at is not None
    found.append(
        Check(
            gettext(msg("Opening")),
            True if opened else None,
            when(page.opened_at or page.opens_at, page.zone),
        )
    )
    closed = page.closed_at is not None
    found.append(
        Check(
            gettext(msg("Closing")),
            True if closed else None,
            when(page.closed_at or page.closes_at, page.zone),
        )
    )
    if page.ranked:
        found.append(shuffles(page))
    there = page.shares_needed - page.shares_missing
    shares = gettext(msg("%(there)s of %(needed)s needed"), there=there, needed=page.shares_needed)
    found.append(
        Check(
            gettext(msg("Trustees' shares of the count")), True if not page.shares_missing else None, shares
        )
    )
    return found


def _steps(page: BallotPage) -> list[Step]:
    """Return the buttons that belong to the state, each with the reason why it is off, where it is."""
    state = State(page.state)
    found: list[Step] = []
    if page.rule_stale and not page.rule_confirmed and not page.opened_at:
        officer = Role.OFFICER in current_actor().roles
        reason = None if officer else gettext(msg("Only an officer can do this."))
        found.append(Step("confirm-rule", gettext(msg("Confirm the rule")), "secondary", reason))
    if state is State.DRAFT:
        found.append(Step("ask-keys", gettext(msg("Ask the trustees for their keys")), "primary"))
    if state in {State.KEYS, State.CREDENTIALS}:
        found += _before_opening(page, state)
    if page.given_up and state is State.CLOSED:
        found += giving_up(page.given_up)
    if page.may_be_held_again:
        same = gettext(
            msg("This drafts a new ballot: same paper, rule, trustees and electorate. Nothing is sent yet.")
        )
        found.append(Step("again", gettext(msg("Hold this ballot again")), "primary", confirm=same))
    if page.shuffling and page.turn is not None:
        found += while_shuffling(page, page.turn)
    if state is State.OPEN:
        found.append(Step("remind", gettext(msg("Remind those who have not voted")), "secondary"))
    if state in {State.DRAFT, State.KEYS, State.CREDENTIALS, State.OPEN}:
        sure = gettext(msg("This cannot be undone: no vote is counted, and everybody with a code is told."))
        found.append(Step("cancel", gettext(msg("Call the ballot off")), "danger", confirm=sure))
    return found


def _before_opening(page: BallotPage, state: State) -> list[Step]:
    missing = (
        gettext(msg("%(n)s trustees' keys are missing."), n=page.keys_missing) if page.keys_missing else None
    )
    again = state is State.CREDENTIALS
    warn = (
        gettext(msg("All codes handed out so far stop working, and everybody gets a new one."))
        if again
        else gettext(msg("This freezes the roll and sends every member on it a personal voting code."))
    )
    text = (
        gettext(msg("Hand out new voting codes"))
        if again
        else gettext(msg("Freeze the roll and hand out voting codes"))
    )
    codes = Step("credentials", text, "secondary" if again else "primary", missing, warn)
    return [codes, opening(page, missing, again=again), *anew(page, again=again)]


Act = Callable[[Actor, datetime, str], str]


def _ask_keys(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        service.ask_for_keys(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("The trustees are asked for their keys."))


def _credentials(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        issued = service.issue_credentials(
            session, actor=actor, now=now, slug=slug, public_url=settings().public_url
        )
    return gettext(msg("The roll is frozen: %(n)s members get a voting code."), n=number(issued.eligible))


def _open(actor: Actor, now: datetime, slug: str) -> str:
    untested = [int(n) for n in request.form.get("untested", "").split(",") if n.isdecimal() and len(n) < 4]  # noqa: PLR2004 - small
    with transaction() as session:
        service.open_ballot(session, actor=actor, now=now, slug=slug, untested=untested)
    return gettext(msg("Voting is open."))


def _remind(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        written = service.remind(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("%(n)s members who have not voted are reminded."), n=number(written))


def _cancel(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        service.cancel(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("The ballot is called off."))


def _confirm_rule(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        service.confirm_rule(session, actor=actor, now=now, slug=slug)
    return gettext(msg("The rule is confirmed."))


def _drop_trustee(actor: Actor, now: datetime, slug: str) -> str:
    position = request.form.get("position", 0, type=int)
    with transaction() as session:
        service.drop_trustee(
            session,
            actor=actor,
            now=now,
            slug=slug,
            position=position,
            public_url=settings().public_url,
        )
    return gettext(msg("The trustee is taken off the list."))


def _keys_anew(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        service.begin_again(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("All keys are made anew; the trustees are told."))


def _leave_out(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        name = service.leave_out(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("The count goes on without the shuffle of %(name)s."), name=name)


def _let_in(actor: Actor, now: datetime, slug: str) -> str:
    position = request.form.get("position", 0, type=int)
    with transaction() as session:
        service.let_in(
            session, actor=actor, now=now, slug=slug, position=position, public_url=settings().public_url
        )
    return gettext(msg("The trustee can shuffle again, and is told so."))


def _remind_shuffler(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        written = service.remind_shuffler(
            session, actor=actor, now=now, slug=slug, public_url=settings().public_url
        )
    return gettext(
        msg("The trustee is reminded.") if written else msg("The trustee was written to today already.")
    )


def _give_up(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        service.give_up(session, actor=actor, now=now, slug=slug, public_url=settings().public_url)
    return gettext(msg("The ballot is ended without a count; everybody on the roll is told."))


def _keep_counting(actor: Actor, now: datetime, slug: str) -> str:
    with transaction() as session:
        service.keep_counting(session, actor=actor, now=now, slug=slug)
    return gettext(msg("It is taken back: the count goes on."))


ACTS: dict[str, Act] = {
    "ask-keys": _ask_keys,
    "credentials": _credentials,
    "open": _open,
    "remind": _remind,
    "cancel": _cancel,
    "give-up": _give_up,
    "keep-counting": _keep_counting,
    "confirm-rule": _confirm_rule,
    "drop-trustee": _drop_trustee,
    "keys-anew": _keys_anew,
    "leave-out": _leave_out,
    "let-in": _let_in,
    "remind-shuffler": _remind_shuffler,
}


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

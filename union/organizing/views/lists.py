"""Lists: making one, how it goes, who helps, closing it."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from union.campaigns import queries as campaigns
from union.core.actor import Actor, Place, PlaceKind
from union.core.clock import utcnow
from union.core.db import Session, reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.organizing import forms, queries, scope, service
from union.organizing.queries import ListPage
from union.organizing.rules.calling import OUTCOME_WORDS, Kind
from union.organizing.rules.wanted import Wanted
from union.organizing.service import ListDraft
from union.organizing.views.common import Question, blueprint, looked_up, questions
from union.platforms import queries as platforms
from union.web import figures
from union.web.figures import Bar
from union.web.guards import current_actor, require
from union.web.i18n import gettext, number

_USUAL = timedelta(days=14)
_OTHER_ENDS = {"waiting": msg("Waiting"), "gone": msg("No longer to be reached")}


@blueprint.get("/organizing/lists")
@require(Permission.ORGANIZING_LISTS)
def lists() -> ResponseReturnValue:
    """List the lists of the reader's places."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.lists(session, actor=actor, now=now)
        calling = {one.id for one in queries.my_lists(session, actor=actor, now=now)}
    return render_template("organizing/lists.html", found=found, calling=calling)


@blueprint.route("/organizing/lists/new/<kind>", methods=["GET", "POST"])
@require(Permission.ORGANIZING_LISTS)
def list_new(kind: Kind | str) -> ResponseReturnValue:
    """Make a list of those whom the filter in the address finds."""
    actor, now = current_actor(), utcnow()
    kind = Kind.TEXT if kind == Kind.TEXT else Kind.CALL
    wanted = Wanted.read(request.form if request.method == "POST" else request.args)
    form = forms.ListForm()
    with reading() as session:
        places = scope.open_places(session, actor)
        asked = _questions(session, actor, wanted, places, kind)
    form.place.choices = forms.places(places)
    if request.method == "GET":
        form.show("closes", now + _USUAL, actor.zone)
    if form.validate_on_submit():
        try:
            with transaction() as session:
                made = service.make_list(
                    session,
                    actor=actor,
                    draft=ListDraft(
                        kind=kind,
                        title=form.title.data,
                        script=form.script.data,
                        place=forms.place_of(form.place.data),
                        wanted=wanted,
                        closes_at=form.moment("closes", actor.zone),
                        prospects=bool(form.prospects.data),
                        by_email=bool(form.by_email.data),
                    ),
                    now=now,
                )
            page = "organizing.text" if kind is Kind.TEXT else "organizing.list_page"
            return redirect(url_for(page, list_id=made), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "organizing/list_new.html",
        form=form,
        kind=kind,
        questions=asked,
    ), status


def _questions(
    session: Session, actor: Actor, wanted: Wanted, places: list[tuple[Place | None, str]], kind: Kind
) -> list[Question]:
    """Return what the filter of a new list can ask; only a text may ask who is called by a round."""
    everywhere = any(place is None for place, _ in places)
    mine = {place.key for place, _ in places if place and place.kind is PlaceKind.CHAPTER}
    rounds = [(card.id, card.title) for card in campaigns.listing(session) if card.settled_at]
    return questions(
        wanted,
        chapters=[one for one in members.chapters(session) if everywhere or one.slug in mine],
        platforms=[(card.slug, card.name) for card in platforms.own(session)],
        tags=queries.tags(session, actor=actor),
        rounds=rounds if kind is Kind.TEXT else (),
    )


def show_list(
    list_id: str, form: forms.HelperForm, ask: forms.ReasonForm, status: int = 200
) -> ResponseReturnValue:
    """Show a call list with its forms as they are."""
    with reading() as session:
        found = queries.list_page(session, actor=current_actor(), list_id=list_id, now=utcnow())
    return render_template(
        "organizing/list.html", found=found, form=form, ask=ask, drawn=_drawn(found)
    ), status


def _drawn(found: ListPage) -> Markup | None:
    words = {str(outcome): words for outcome, words in OUTCOME_WORDS.items()} | _OTHER_ENDS
    bars = [
        Bar(gettext(words[name]), found.outcomes[name], number(found.outcomes[name]))
        for name in words
        if found.outcomes.get(name)
    ]
    return figures.bars(bars, title=gettext(msg("What came of the calls"))) if bars else None


@blueprint.get("/organizing/lists/<list_id>")
@require(Permission.ORGANIZING_LISTS)
def list_page(list_id: str) -> ResponseReturnValue:
    """Show how a call list goes, who helps, and what came of the calls."""
    form = forms.HelperForm(formdata=None)
    form.show("until", utcnow() + timedelta(days=7), current_actor().zone)
    return show_list(list_id, form, forms.ReasonForm(formdata=None))


@blueprint.post("/organizing/lists/<list_id>/helpers")
@require(Permission.ORGANIZING_LISTS)
def helper_add(list_id: str) -> ResponseReturnValue:
    """Let a member call from this list."""
    actor = current_actor()
    form = forms.HelperForm()
    if form.validate_on_submit():
        try:
            member_id = looked_up(form.who.data, "who")
            with transaction() as session:
                service.add_helper(
                    session,
                    actor=actor,
                    list_id=list_id,
                    member_id=member_id,
                    until=form.moment("until", actor.zone),
                    now=utcnow(),
                )
            flash(gettext(msg("They find the list on their own page now.")), "ok")
            return redirect(url_for("organizing.list_page", list_id=list_id), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    return show_list(list_id, form, forms.ReasonForm(formdata=None), 422)


@blueprint.post("/organizing/lists/<list_id>/helpers/<grant_id>/end")
@require(Permission.ORGANIZING_LISTS)
def helper_end(list_id: str, grant_id: str) -> ResponseReturnValue:
    """End a helper's access."""
    with transaction() as session:
        service.end_helper(session, actor=current_actor(), list_id=list_id, grant_id=grant_id, now=utcnow())
    return redirect(url_for("organizing.list_page", list_id=list_id), 303)


@blueprint.post("/organizing/lists/<list_id>/close")
@require(Permission.ORGANIZING_LISTS)
def list_close(list_id: str) -> ResponseReturnValue:
    """End a list now."""
    with transaction() as session:
        service.close_list(session, actor=current_actor(), list_id=list_id, now=utcnow())
    flash(gettext(msg("Closed. Nobody calls from it any more.")), "ok")
    return redirect(url_for("organizing.lists"), 303)

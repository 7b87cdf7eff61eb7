"""People of one's places: filter, tag many at once, one person with talks and tasks."""

from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid, UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.members import queries as members
from union.members.rules.membership import WORK_WORDS
from union.organizing import forms, queries, scope, service
from union.organizing.rules.talks import RATINGS
from union.organizing.rules.wanted import Wanted
from union.organizing.views.common import blueprint, questions
from union.platforms import queries as platforms
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext, ngettext

_MOST_AT_ONCE = 5000


def people_url(wanted: Wanted, page: int = 1) -> str:
    """Return the address of a page of people."""
    query = urlencode({**wanted.asked(), **({"page": page} if page > 1 else {})})
    return url_for("organizing.people") + (f"?{query}" if query else "")


@blueprint.get("/organizing/people")
@require(Permission.ORGANIZING_PEOPLE)
def people() -> ResponseReturnValue:
    """List the people of the reader's chapters whom the filter in the address finds."""
    return _people(Wanted.read(request.args))


def _people(wanted: Wanted, problem: str = "") -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    with reading() as session:
        slugs = scope.chapters_of(actor)
        found = queries.people_page(
            session, actor=actor, wanted=wanted, now=now, page=request.args.get("page", 1, type=int)
        )
        tags = queries.tags(session, actor=actor)
        kept = queries.saved_filters(session, actor=actor)
        chapters = [one for one in members.chapters(session) if slugs is None or one.slug in slugs]
        named = [(card.slug, card.name) for card in platforms.own(session)]
    return render_template(
        "organizing/people.html",
        found=found,
        wanted=wanted,
        problem=problem,
        tags=tags,
        kept=kept,
        questions=questions(wanted, chapters=chapters, platforms=named, tags=tags),
        work=WORK_WORDS,
        ratings=RATINGS,
        address=people_url,
    ), (422 if problem else 200)


@blueprint.post("/organizing/people/tag")
@require(Permission.ORGANIZING_PEOPLE)
def people_tag() -> ResponseReturnValue:
    """Put a tag on those ticked, or on everybody found, or take it off."""
    actor, now = current_actor(), utcnow()
    wanted = Wanted.read({name.removeprefix("wanted_"): value for name, value in request.form.items()})
    chosen = request.form.getlist("person")[:_MOST_AT_ONCE]
    verb = service.take_tag if request.form.get("act") == "take" else service.put_tag
    try:
        with transaction() as session:
            if request.form.get("everybody"):
                chosen = list(queries.people_page(session, actor=actor, wanted=wanted, now=now).ids)
            n = verb(session, actor=actor, slug=request.form.get("tag", ""), member_ids=chosen, now=now)
    except Invalid as refusal:
        return _people(wanted, gettext(refusal.text, **refusal.facts))
    if verb is service.put_tag:
        flash(ngettext("%(n)s person has the tag now.", "%(n)s people have the tag now.", n), "ok")
    else:
        flash(ngettext("Taken off %(n)s person.", "Taken off %(n)s people.", n), "ok")
    return redirect(people_url(wanted), 303)


@blueprint.post("/organizing/filters")
@require(Permission.ORGANIZING_PEOPLE)
def filter_keep() -> ResponseReturnValue:
    """Keep a filter under a name."""
    wanted = Wanted.read({name.removeprefix("wanted_"): value for name, value in request.form.items()})
    try:
        with transaction() as session:
            service.keep_filter(
                session, actor=current_actor(), name=request.form.get("name", ""), wanted=wanted, now=utcnow()
            )
    except Invalid as refusal:
        return _people(wanted, gettext(refusal.text, **refusal.facts))
    flash(gettext(msg("The filter is kept. You find it above the list.")), "ok")
    return redirect(people_url(wanted), 303)


@blueprint.post("/organizing/filters/<filter_id>/forget")
@require(Permission.ORGANIZING_PEOPLE)
def filter_forget(filter_id: str) -> ResponseReturnValue:
    """Forget a kept filter."""
    with transaction() as session:
        service.forget_filter(session, actor=current_actor(), filter_id=filter_id)
    return redirect(url_for("organizing.people"), 303)


def _person(member_id: str, form: forms.TalkForm, status: int = 200) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.person_page(session, actor=actor, member_id=member_id, now=now)
        tags = queries.tags(session, actor=actor)
    worn = {slug for slug, _ in found.tags}
    put = forms.PutTagForm(formdata=None)
    put.tag.choices = options((one.slug, one.name) for one in tags if one.slug not in worn)
    return render_template(
        "organizing/person.html", found=found, form=form, put=put, ratings=RATINGS, work=WORK_WORDS
    ), status


@blueprint.get("/organizing/people/<member_id>")
@require(Permission.ORGANIZING_PEOPLE)
def person(member_id: str) -> ResponseReturnValue:
    """Show one person: tags, talks, tasks; never an address."""
    form = forms.TalkForm(formdata=None)
    form.show("at", utcnow(), current_actor().zone)
    return _person(member_id, form)


@blueprint.post("/organizing/people/<member_id>/talks")
@require(Permission.ORGANIZING_PEOPLE)
def talk_log(member_id: str) -> ResponseReturnValue:
    """Write a talk down, and the task that was agreed."""
    actor, now = current_actor(), utcnow()
    form = forms.TalkForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                slug = scope.person_here(session, actor, member_id)
                service.log_talk(
                    session,
                    actor=actor,
                    member_id=member_id,
                    at=form.moment("at", actor.zone),
                    note=form.note.data or "",
                    rating=int(form.rating.data) if form.rating.data else None,
                    now=now,
                )
                if form.due.data or (form.follow_up.data or "").strip():
                    _follow_up(form)
                    service.add_task(
                        session,
                        actor=actor,
                        title=form.follow_up.data,
                        due_at=form.moment("due", actor.zone),
                        zone=actor.zone,
                        place=scope.chapter(slug) if slug else None,
                        assignee_id=actor.member_id,
                        about_id=member_id,
                        now=now,
                    )
            flash(gettext(msg("Written down. You can change it for a day.")), "ok")
            return redirect(url_for("organizing.person", member_id=member_id), 303)
        except Invalid as refusal:
            if refusal.field == "title":
                refusal.field = "follow_up"
            form.refuse(refusal)
    return _person(member_id, form, 422)


def _follow_up(form: forms.TalkForm) -> None:
    """Raise Invalid when only one half of a follow-up is there."""
    if not form.due.data:
        raise Invalid(msg("Give a date and a time."), field="due")
    if not (form.follow_up.data or "").strip():
        raise Invalid(msg("Say what is to be done."), field="follow_up")


@blueprint.route("/organizing/talks/<talk_id>", methods=["GET", "POST"])
@require(Permission.ORGANIZING_PEOPLE)
def talk_change(talk_id: str) -> ResponseReturnValue:
    """Correct one's own talk of today."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.talk(session, actor=actor, talk_id=talk_id, now=now)
    form = forms.TalkForm()
    if request.method == "GET":
        form.show("at", card.at, actor.zone)
        form.note.data, form.rating.data = card.note or "", str(card.rating or "")
    if form.validate_on_submit():
        try:
            with transaction() as session:
                service.change_talk(
                    session,
                    actor=actor,
                    talk_id=talk_id,
                    at=form.moment("at", actor.zone),
                    note=form.note.data or "",
                    rating=int(form.rating.data) if form.rating.data else None,
                    now=now,
                )
            return redirect(url_for("organizing.person", member_id=card.member_id), 303)
        except UnionError as refusal:
            form.refuse(refusal)
    status = 422 if form.errors or form.form_errors else 200
    return render_template("organizing/talk.html", form=form, card=card), status


@blueprint.post("/organizing/talks/<talk_id>/undo")
@require(Permission.ORGANIZING_PEOPLE)
def talk_undo(talk_id: str) -> ResponseReturnValue:
    """Take a talk back."""
    with transaction() as session:
        member_id = service.undo_talk(session, actor=current_actor(), talk_id=talk_id, now=utcnow())
    flash(gettext(msg("Taken back. Nothing of it is kept.")), "ok")
    return redirect(url_for("organizing.person", member_id=member_id), 303)


@blueprint.post("/organizing/people/<member_id>/tags")
@require(Permission.ORGANIZING_PEOPLE)
def person_tag(member_id: str) -> ResponseReturnValue:
    """Put one tag on one person, or take it off."""
    verb = service.take_tag if request.form.get("act") == "take" else service.put_tag
    with transaction() as session:
        verb(
            session,
            actor=current_actor(),
            slug=request.form.get("tag", ""),
            member_ids=[member_id],
            now=utcnow(),
        )
    return redirect(url_for("organizing.person", member_id=member_id), 303)


@blueprint.post("/organizing/people/<member_id>/no-contact")
@require(Permission.ORGANIZING_PEOPLE)
def person_refuses(member_id: str) -> ResponseReturnValue:
    """Note that somebody wants no calls and texts of organizers."""
    with transaction() as session:
        service.refuse_contact(session, actor=current_actor(), member_id=member_id, now=utcnow())
    flash(gettext(msg("Noted. They are on no list any more; only they can change that.")), "ok")
    return redirect(url_for("organizing.person", member_id=member_id), 303)

"""The page where an organizer says what votes weigh, and an officer tries a list of weights."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.run_forms import ChapterWeightsForm, FileWeightsForm
from union.ballots.service import DryRun
from union.ballots.views.kit import blueprint
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import UnionError
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.get("/ballots/<slug>/weights")
@require(Permission.BALLOT_RUN)
def weights(slug: str) -> ResponseReturnValue:
    """Show what votes weigh and how that can be changed."""
    return _page(slug)


def _page(
    slug: str,
    chapter: ChapterWeightsForm | None = None,
    file: FileWeightsForm | None = None,
    dry: DryRun | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    with reading() as session:
        shown = queries.ballot_page(session, slug, current_actor(), utcnow())
    return render_template(
        "ballots/weights.html",
        page=shown,
        chapter=chapter or ChapterWeightsForm(formdata=None, prefix="chapter"),
        file=file or FileWeightsForm(formdata=None),
        dry=dry,
    ), status


def _done(slug: str) -> ResponseReturnValue:
    flash(gettext(msg("What votes weigh is changed. It is frozen with the roll.")), "ok")
    return redirect(url_for("ballots.weights", slug=slug), 303)


@blueprint.post("/ballots/<slug>/weights/equal")
@require(Permission.BALLOT_RUN)
def weigh_equally(slug: str) -> ResponseReturnValue:
    """Let all votes count the same."""
    with transaction() as session:
        service.weigh_equally(session, actor=current_actor(), now=utcnow(), slug=slug)
    return _done(slug)


@blueprint.post("/ballots/<slug>/weights/chapter")
@require(Permission.BALLOT_RUN)
def weigh_by_chapter(slug: str) -> ResponseReturnValue:
    """Let votes weigh by the size of the chapter."""
    form = ChapterWeightsForm(prefix="chapter")
    if not form.validate():
        return _page(slug, chapter=form, status=422)
    try:
        with transaction() as session:
            service.weigh_by_chapter(
                session,
                actor=current_actor(),
                now=utcnow(),
                slug=slug,
                per=form.per.data,
                smallest=form.smallest.data,
            )
    except UnionError as refusal:
        if refusal.field is None:
            raise
        form.refuse(refusal)
        return _page(slug, chapter=form, status=422)
    return _done(slug)


@blueprint.post("/ballots/<slug>/weights/file")
@require(Permission.MEMBER_EXPORT)
def weigh_by_file(slug: str) -> ResponseReturnValue:
    """Try a list of weights, or take it once every row is good; what was typed stays either way."""
    form = FileWeightsForm()
    text = form.content()
    form.text.data = text
    if not form.validate():
        return _page(slug, file=form, status=422)
    facts = {"slug": slug, "text": text, "smallest": form.smallest.data}
    try:
        if not form.take.data:
            with reading() as session:
                dry = service.try_weights(session, actor=current_actor(), **facts)
            return _page(slug, file=form, dry=dry)
        with transaction() as session:
            service.take_weights(session, actor=current_actor(), now=utcnow(), **facts)
    except UnionError as refusal:
        if refusal.field is None:
            raise
        form.refuse(refusal)
        return _page(slug, file=form, status=422)
    return _done(slug)

"""What everybody may see: the list, a ballot's page, its board, its archive; and objections."""

from collections.abc import Iterator

from flask import Response, flash, jsonify, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.forms import KINDS
from union.ballots.rules import State
from union.ballots.run_forms import AnswerForm, ObjectionForm, ObserverForm
from union.ballots.views.counts import drawn, told
from union.ballots.views.kit import STATES, STEP_OF, STEPS, blueprint, signer
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext


@blueprint.get("/ballots")
@public
def index() -> ResponseReturnValue:
    """List the ballots, those that still need the reader first."""
    with reading() as session:
        listing = queries.listing(session, current_actor(), utcnow())
    return render_template("ballots/index.html", listing=listing, states=STATES, kinds=KINDS)


@blueprint.get("/ballots/<slug>")
@public
def page(slug: str) -> ResponseReturnValue:
    """Show one ballot: where it stands, under which rule, how to check it, and in the end its result."""
    return _page(slug, ObjectionForm())


def _page(slug: str, form: ObjectionForm, status: int = 200) -> tuple[str, int]:
    actor = current_actor()
    with reading() as session:
        shown = queries.ballot_page(session, slug, actor, utcnow())
    steps = [gettext(text) for text in STEPS]
    return render_template(
        "ballots/page.html",
        page=shown,
        states=STATES,
        kinds=KINDS,
        steps=steps,
        step=STEP_OF.get(State(shown.state)),
        drawings=[drawn(shown, result) for result in shown.results],
        told=[told(result) for result in shown.results],
        form=form,
        answer_form=AnswerForm(formdata=None),
        receipt_key=signer().public_key,
    ), status


@blueprint.get("/ballots/<slug>/board")
@public
def board(slug: str) -> ResponseReturnValue:
    """Show the board page by page, and where a tracker stands on it."""
    typed = request.args.get("tracker", "")
    number_of_page = request.args.get("page", 1, type=int)
    with reading() as session:
        found = queries.find_tracker(session, slug, typed) if typed else None
        shown = queries.board(session, slug, max(number_of_page, 1))
    return render_template(
        "ballots/board.html",
        board=shown,
        typed=typed,
        found=found,
        receipt_key=signer().public_key,
        observer_form=ObserverForm(formdata=None),
    )


@blueprint.get("/ballots/<slug>/head.json")
@public
def head(slug: str) -> ResponseReturnValue:
    """Give the newest event's number and hash: what observers keep."""
    with reading() as session:
        now_at = queries.head(session, slug)
    return jsonify(uuid=now_at.uuid, fingerprint=now_at.fingerprint, height=now_at.height, head=now_at.head)


@blueprint.get("/ballots/<slug>/archive.bel")
@public
def archive(slug: str) -> ResponseReturnValue:
    """Give the whole archive as it is now; it only ever grows."""
    with reading() as session:
        uuid = queries.head(session, slug).uuid

    def content() -> Iterator[bytes]:
        with reading() as session:
            yield from queries.archive(session, slug)

    response = Response(stream_with_context(content()), mimetype="application/x-tar")
    response.headers["Content-Disposition"] = f'attachment; filename="{uuid}.bel"'
    return response


@blueprint.get("/ballots/<slug>/roll.txt")
@require(Permission.MEMBER_EXPORT)
def roll(slug: str) -> ResponseReturnValue:
    """Give the frozen roll to an officer for the scrutineer: the exact bytes whose SHA-256 is published."""
    with reading() as session:
        lines = queries.roll(session, slug)
    return Response("".join("\t".join(line) + "\n" for line in lines), mimetype="text/plain")


@blueprint.post("/ballots/<slug>/objections")
@require(Permission.BALLOT_CAST)
def objections(slug: str) -> ResponseReturnValue:
    """Take an objection of a member on the roll."""
    form = ObjectionForm()
    if not form.validate():
        return _page(slug, form, 422)
    try:
        with transaction() as session:
            service.raise_objection(
                session, actor=current_actor(), now=utcnow(), slug=slug, text=form.text.data
            )
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(slug, form, 422)
    flash(gettext(msg("Your objection is published, without your name.")), "ok")
    return redirect(url_for("ballots.page", slug=slug) + "#objections", 303)


@blueprint.post("/ballots/<slug>/objections/<objection_id>")
@require(Permission.BALLOT_RUN)
def answer(slug: str, objection_id: str) -> ResponseReturnValue:
    """Answer an objection in public."""
    form = AnswerForm()
    if not form.validate():
        raise Invalid(msg("Write an answer of at most 4000 characters."), field="text")
    with transaction() as session:
        service.answer_objection(
            session,
            actor=current_actor(),
            now=utcnow(),
            slug=slug,
            objection_id=objection_id,
            text=form.text.data,
        )
    flash(gettext(msg("The answer is published.")), "ok")
    return redirect(url_for("ballots.page", slug=slug) + "#objections", 303)

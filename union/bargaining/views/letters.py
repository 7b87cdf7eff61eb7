"""Letters: choose a template, write, send once, print, follow the clock."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.bargaining import queries, service
from union.bargaining.forms import AnswerForm, ExtendForm, LetterForm, LetterStartForm, SendForm
from union.bargaining.queries import LetterPage
from union.bargaining.views.kit import blueprint, must_be_seated, union_name, written
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.i18n import when
from union.core.permissions import Permission
from union.web.documents import document, download
from union.web.fields import at_field, local, options
from union.web.forms import status_of
from union.web.guards import current_actor, require
from union.web.i18n import gettext, language


@blueprint.route("/bargaining/<slug>/letters/new", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def draft_letter(slug: str) -> ResponseReturnValue:
    """Choose a letter and its language."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        card = queries.card(session, slug, actor, now)
    must_be_seated(card)
    known = queries.letter_templates()
    form = LetterStartForm()
    form.template.choices = options((one.id, one.in_language(language()).name) for one in known)
    if request.method == "GET":
        form.language.data = language()
    if form.validate_on_submit():
        made = written(
            form,
            lambda s: service.draft_letter(
                s, actor=actor, now=now, slug=slug, template=form.template.data, language=form.language.data,
                union_name=union_name(),
            ),
        )  # fmt: skip
        if made:
            return redirect(url_for("bargaining.letter", slug=slug, letter_id=made), 303)
    hints = {one.id: f"{gettext(one.law)}, {gettext('art. %(n)s', n=one.article)}" for one in known}
    return render_template("bargaining/letter_new.html", form=form, card=card, hints=hints), status_of(form)


@blueprint.get("/bargaining/<slug>/letters/<letter_id>")
@require(Permission.BARGAINING_READ)
def letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Show a letter, and what can be done with it now."""
    del slug
    now = utcnow()
    with reading() as session:
        page = queries.letter_page(session, letter_id, current_actor(), now)
    template = next((t for t in queries.letter_templates() if t.id == page.template), None)
    return render_template(
        "bargaining/letter.html",
        page=page,
        card=page.table,
        stale=template is not None and template.stale(now.date()),
    )


@blueprint.get("/bargaining/<slug>/letters/<letter_id>/print")
@require(Permission.BARGAINING_READ)
def print_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Show a letter as it goes into the envelope."""
    del slug
    return _sheet(_read(letter_id))


@blueprint.get("/bargaining/<slug>/letters/<letter_id>/letter.pdf")
@require(Permission.BARGAINING_READ)
def letter_file(slug: str, letter_id: str) -> ResponseReturnValue:
    """Give a letter as PDF, in its own language; a draft's file is dated today, a sent one's when it went."""
    page = _read(letter_id)
    made_at = page.sent_at or utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    file = document(_sheet(page), title=page.subject, language=page.language, made_at=made_at)
    return download(file, f"{slug}-{page.kind}")


def _read(letter_id: str) -> LetterPage:
    with reading() as session:
        return queries.letter_page(session, letter_id, current_actor(), utcnow())


def _sheet(page: LetterPage) -> str:
    sent = when(page.sent_at, page.table.zone, page.language) if page.sent_at else ""
    return render_template("bargaining/letter_print.html", page=page, union=union_name(), sent=sent)


@blueprint.route("/bargaining/<slug>/letters/<letter_id>/edit", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def edit_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Change the words of a draft."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.letter_page(session, letter_id, actor, now)
    form = LetterForm()
    back = url_for("bargaining.letter", slug=slug, letter_id=letter_id)
    if request.method == "GET":
        form.recipient.data, form.subject.data, form.body.data = page.recipient, page.subject, page.body
    if form.validate_on_submit() and written(
        form,
        lambda s: service.edit_letter(
            s, actor=actor, now=now, letter_id=letter_id, recipient=form.recipient.data or "",
            subject=form.subject.data, body=form.body.data,
        ),
    ):  # fmt: skip
        return redirect(back, 303)
    return render_template("bargaining/letter_edit.html", form=form, card=page.table, back=back), status_of(
        form
    )


@blueprint.post("/bargaining/<slug>/letters/<letter_id>/drop")
@require(Permission.BARGAINING_SIT)
def drop_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Throw a draft away."""
    with transaction() as session:
        service.drop_letter(session, actor=current_actor(), now=utcnow(), letter_id=letter_id)
    return redirect(url_for("bargaining.table", slug=slug), 303)


@blueprint.route("/bargaining/<slug>/letters/<letter_id>/send", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def send_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Send a letter, or write down how it went."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.letter_page(session, letter_id, actor, now)
        contact = queries.contact(session, slug, actor)
    form = SendForm()
    ours = page.basis["basis"] == "ours"
    if not ours:
        del form.answer_on
    if request.method == "GET":
        form.how.data = "email" if contact[1] else "post"
        form.sent.data = local(now, page.table.zone)
    zone = page.table.zone
    if form.validate_on_submit() and written(
        form,
        lambda s: service.send_letter(
            s, actor=actor, now=now, letter_id=letter_id, how=form.how.data, note=form.note.data or "",
            sent_at=at_field(form.sent.data, zone, "sent") if form.sent.data else now,
            answer_on=form.answer_on.data if ours else None,
        ),
    ):  # fmt: skip
        flash(gettext("Sent. The clock runs."), "ok")
        return redirect(url_for("bargaining.letter", slug=slug, letter_id=letter_id), 303)
    return (
        render_template(
            "bargaining/letter_send.html", form=form, page=page, card=page.table, email=contact[1], ours=ours
        ),
        status_of(form),
    )


@blueprint.route("/bargaining/<slug>/letters/<letter_id>/answer", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def answer_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Write down their answer."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.letter_page(session, letter_id, actor, now)
    form, zone = AnswerForm(), page.table.zone
    back = url_for("bargaining.letter", slug=slug, letter_id=letter_id)
    if request.method == "GET":
        form.answered.data = local(now, zone)
    if form.validate_on_submit() and written(
        form,
        lambda s: service.answer_letter(
            s, actor=actor, now=now, letter_id=letter_id, answer=form.answer.data,
            answered_at=at_field(form.answered.data, zone, "answered"),
        ),
    ):  # fmt: skip
        return redirect(back, 303)
    return render_template("bargaining/letter_answer.html", form=form, card=page.table, back=back), status_of(
        form
    )


@blueprint.route("/bargaining/<slug>/letters/<letter_id>/extend", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def extend_letter(slug: str, letter_id: str) -> ResponseReturnValue:
    """Write down that they prolong the time."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        page = queries.letter_page(session, letter_id, actor, now)
    form, zone = ExtendForm(), page.table.zone
    back = url_for("bargaining.letter", slug=slug, letter_id=letter_id)
    if request.method == "GET":
        form.told.data = local(now, zone)
    if form.validate_on_submit() and written(
        form,
        lambda s: service.extend_letter(
            s, actor=actor, now=now, letter_id=letter_id, told_at=at_field(form.told.data, zone, "told")
        ),
    ):
        return redirect(back, 303)
    return render_template("bargaining/letter_extend.html", form=form, card=page.table, back=back), status_of(
        form
    )

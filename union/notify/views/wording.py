"""Organizers' own wording: the list of texts, one text with its preview, saving, going back."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.core.actor import Actor
from union.core.clock import utcnow
from union.core.db import Session, reading, transaction
from union.core.errors import NotFound, UnionError
from union.core.i18n import msg
from union.core.money import estimate
from union.core.permissions import Permission
from union.core.settings import price_of
from union.notify import queries, texts, words
from union.notify.forms import WHOSE, TextForm
from union.notify.rules.kinds import Channel
from union.notify.service import wording as service
from union.notify.titles import title_of
from union.notify.views.common import blueprint, settings
from union.web.fields import options
from union.web.guards import current_actor, require
from union.web.i18n import gettext, language

_USUAL = 1000


@blueprint.get("/texts")
@require(Permission.MESSAGES_WORD)
def texts_page() -> ResponseReturnValue:
    """List the texts that can be worded, and which are."""
    with reading() as session:
        listed = queries.texts_listed(session)
    return render_template("notify/texts.html", listed=listed, channels=words.CHANNELS, title_of=title_of)


def _base(room: str, short: str, language: str, channel: str) -> texts.Text:
    if channel not in {Channel.SMS.value, Channel.EMAIL.value}:
        raise NotFound(msg("There is no such text to word."))
    return service.built_in(f"{room}/{short}", language, Channel(channel))


@blueprint.route("/texts/<room>/<short>/<language>/<channel>", methods=["GET", "POST"])
@require(Permission.MESSAGES_WORD)
def text_page(room: str, short: str, language: str, channel: str) -> ResponseReturnValue:
    """Show one text; a POST shows what was typed as a member would get it, and changes nothing."""
    base = _base(room, short, language, channel)
    form = TextForm()
    with reading() as session:
        page = queries.text_page(session, base)
        if not form.is_submitted():
            form.subject.data, form.body.data = page.used.subject, page.used.body
    shown = _preview(base, form)
    return _shown(page, form, shown), 422 if form.errors or form.form_errors else 200


def _preview(base: texts.Text, form: TextForm) -> queries.Preview | None:
    """Return what a member would get of what stands in the form; None, and the refusal at its field."""
    if form.is_submitted() and not form.validate():
        return None
    actor, price = current_actor(), price_of(settings().sms_price)
    try:
        text = service.checked(base, service.Words(form.subject.data or "", form.body.data or ""))
        with transaction() as session:
            return queries.preview(
                session, text, member_id=_whose(session, actor, text, form),
                zone=actor.zone, union_name=settings().union_name, now=utcnow(),
                recipients=form.recipients.data or _USUAL, price=price[0] if price else None,
            )  # fmt: skip
    except UnionError as refusal:
        form.refuse(refusal)
        return None


def _whose(session: Session, actor: Actor, text: texts.Text, form: TextForm) -> str | None:
    """Return the member whose values are to be shown, None for whoever got it last; another's is logged."""
    if form.whose.data == "last":
        return None
    if form.whose.data != "address":
        return actor.member_id
    address = form.address.data or ""
    return service.member_at(session, actor=actor, now=utcnow(), text=text, address=address)


def _shown(page: queries.TextPage, form: TextForm, shown: queries.Preview | None) -> str:
    price = price_of(settings().sms_price)
    room, _, short = page.base.name.partition("/")
    where = {"room": room, "short": short, "language": page.base.language, "channel": page.base.channel.value}
    form.whose.choices = options((value, gettext(label)) for value, label in WHOSE)
    if form.recipients.data is None and not form.recipients.errors:
        form.recipients.data = _USUAL
    return render_template(
        "notify/text.html", page=page, form=form, preview=shown, where=where,
        channels=words.CHANNELS, title_of=title_of,
        cost=estimate(shown.cost, language(), price[1]) if shown and shown.cost is not None and price else "",
        email=page.base.channel is Channel.EMAIL,
    )  # fmt: skip


@blueprint.post("/texts/<room>/<short>/<language>/<channel>/save")
@require(Permission.MESSAGES_WORD)
def save_text(room: str, short: str, language: str, channel: str) -> ResponseReturnValue:
    """Use what was typed from now on."""
    base = _base(room, short, language, channel)
    form = TextForm()
    if form.validate_on_submit():
        try:
            with transaction() as session:
                version = service.save_text(
                    session, actor=current_actor(), now=utcnow(), base=base,
                    words=service.Words(form.subject.data or "", form.body.data or ""),
                )  # fmt: skip
        except UnionError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext(msg("Version %(n)s is in use from now on."), n=version), "ok")
            return redirect(url_for("notify.texts_page"), 303)
    with reading() as session:
        page = queries.text_page(session, base)
    return _shown(page, form, None), 422


@blueprint.post("/texts/<room>/<short>/<language>/<channel>/back")
@require(Permission.MESSAGES_WORD)
def withdraw_text(room: str, short: str, language: str, channel: str) -> ResponseReturnValue:
    """Go back to the text that comes with the software."""
    base = _base(room, short, language, channel)
    with transaction() as session:
        service.withdraw_text(session, actor=current_actor(), now=utcnow(), base=base)
    flash(gettext(msg("The built-in text is in use again. Your versions are kept.")), "ok")
    return redirect(url_for("notify.texts_page"), 303)

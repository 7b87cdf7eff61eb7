"""Offers: write ours, keep theirs, read the differences, answer."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.bargaining import queries, service
from union.bargaining.forms import OfferForm
from union.bargaining.rules.agreements import Side
from union.bargaining.views.kit import blueprint, must_be_seated, written
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.permissions import Permission
from union.web.fields import at_field
from union.web.forms import status_of
from union.web.guards import current_actor, require


@blueprint.route("/bargaining/<slug>/offers/new", methods=["GET", "POST"])
@require(Permission.BARGAINING_SIT)
def make_offer(slug: str) -> ResponseReturnValue:
    """Write an offer point by point, with that side's last words in place."""
    actor, now = current_actor(), utcnow()
    side = Side.PLATFORM if request.values.get("side") == Side.PLATFORM else Side.UNION
    with reading() as session:
        card = queries.card(session, slug, actor, now)
        points = queries.points(session, slug, actor)
    must_be_seated(card)
    form = OfferForm()
    last = {p.id: (p.ours if side is Side.UNION else p.theirs) or "" for p in points}
    sent = {p.id: request.form.get(f"point-{p.id}", "") for p in points}
    # A point that never had words and still has none is left out, not struck.
    texts = {name: text for name, text in sent.items() if text.strip() or last[name]}
    if form.validate_on_submit():
        number = written(
            form,
            lambda s: service.make_offer(
                s, actor=actor, now=now, slug=slug, side=side, texts=texts, note=form.note.data or "",
                answer_by=at_field(form.answer_by.data, card.zone, "answer_by")
                if form.answer_by.data
                else None,
            ),
        )  # fmt: skip
        if number:
            return redirect(url_for("bargaining.offer", slug=slug, number=number), 303)
    page = render_template(
        "bargaining/offer_edit.html",
        form=form,
        card=card,
        points=points,
        side=side,
        shown=sent if form.is_submitted() else last,
    )
    return page, status_of(form)


@blueprint.get("/bargaining/<slug>/offers/<int:number>")
@require(Permission.BARGAINING_READ)
def offer(slug: str, number: int) -> ResponseReturnValue:
    """Show an offer against what that side said before."""
    with reading() as session:
        page = queries.offer_page(session, slug, number, current_actor(), utcnow())
    return render_template("bargaining/offer.html", page=page, card=page.table)


@blueprint.post("/bargaining/<slug>/offers/<int:number>/answer")
@require(Permission.BARGAINING_SIT)
def answer_offer(slug: str, number: int) -> ResponseReturnValue:
    """Accept, refuse or take back an offer."""
    actor, now, what = current_actor(), utcnow(), request.form.get("answer")
    with transaction() as session:
        if what == "withdraw":
            service.withdraw_offer(session, actor=actor, now=now, slug=slug, number=number)
        else:
            service.answer_offer(
                session, actor=actor, now=now, slug=slug, number=number, accept=what == "accept"
            )
    return redirect(url_for("bargaining.offer", slug=slug, number=number), 303)

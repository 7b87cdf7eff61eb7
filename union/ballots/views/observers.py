"""Observers of a board: ask for the head every hour, confirm, stop."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from union.ballots import queries, service
from union.ballots.run_forms import ObserverForm
from union.ballots.views.kit import blueprint, settings
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext, language


@blueprint.post("/ballots/<slug>/observe")
@require(Permission.ACCOUNT_OWN)
def observe(slug: str) -> ResponseReturnValue:
    """Send the head to the member's own address."""
    with transaction() as session:
        service.observe(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext(msg("The head of this board comes to your email address every hour.")), "ok")
    return redirect(url_for("ballots.board", slug=slug), 303)


@blueprint.post("/ballots/<slug>/observe/address")
@public
def observe_from_outside(slug: str) -> ResponseReturnValue:
    """Ask whoever holds an address; the answer is the same for a known one."""
    form = ObserverForm()
    if not form.validate():
        flash(gettext(msg("Give an email address.")), "error")
        return redirect(url_for("ballots.board", slug=slug) + "#observe", 303)
    with transaction() as session:
        service.ask_to_observe(
            session,
            now=utcnow(),
            slug=slug,
            email=form.email.data,
            language=language(),
            public_url=settings().public_url,
        )
    flash(gettext(msg("We have sent a link to this address. The heads come once it is followed.")), "ok")
    return redirect(url_for("ballots.board", slug=slug), 303)


@blueprint.get("/ballots/observers/<token>")
@public
def observer(token: str) -> ResponseReturnValue:
    """Show what comes to whose link this is, with a button to begin or to stop."""
    with reading() as session:
        shown = queries.observer_page(session, token)
    return render_template("ballots/observer.html", observer=shown, token=token)


@blueprint.post("/ballots/observers/<token>/confirm")
@public
def confirm_observer(token: str) -> ResponseReturnValue:
    """Begin."""
    with transaction() as session:
        service.confirm_observer(session, now=utcnow(), token=token)
    flash(gettext(msg("The head comes every hour until voting closes. Then we forget your address.")), "ok")
    return redirect(url_for("ballots.observer", token=token), 303)


@blueprint.post("/ballots/observers/<token>/stop")
@public
def stop_observing(token: str) -> ResponseReturnValue:
    """Stop, and forget the address."""
    with transaction() as session:
        service.stop_observing(session, token=token)
    flash(gettext(msg("We have forgotten your address. Nothing more comes.")), "ok")
    return redirect(url_for("ballots.index"), 303)

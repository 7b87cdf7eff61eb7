"""A member's own messages: how they are shown, and notifications in this browser.

The page that asks the browser to show notifications has a policy of its own: it may make one trusted address,
that of our worker (ADR 11).
"""

from pathlib import Path

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission
from union.notify import queries
from union.notify.channels.web_push import public_key
from union.notify.rules import push
from union.notify.service import devices
from union.notify.views.common import blueprint, settings
from union.web.guards import current_actor, public, require
from union.web.i18n import gettext
from union.web.kit import csrf

_WORKER = Path(__file__).parent.parent / "static" / "sw.js"


@blueprint.get("/sw.js")
@public
def worker() -> ResponseReturnValue:
    """Give the worker that shows notifications; at the top, so that it may serve the whole site."""
    answer = Response(_WORKER.read_bytes(), mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/account/messages")
@require(Permission.ACCOUNT_OWN)
def own_messages() -> ResponseReturnValue:
    """Show how the member's messages look and where they come."""
    g.trusted_types = "union-worker"
    with reading() as session:
        page = queries.own_messages(session, actor=current_actor())
    private = settings().push_key()
    return render_template("notify/own.html", page=page, key=public_key(private) if private else "")


def _subscription() -> push.Subscription:
    """Return the subscription a browser filled in; raises Invalid."""
    return push.checked(
        request.form.get("endpoint", ""), request.form.get("p256dh", ""), request.form.get("auth", ""),
        settings().push_hosts,
    )  # fmt: skip


def _back(text: str) -> ResponseReturnValue:
    flash(gettext(text), "ok")
    return redirect(url_for("notify.own_messages"), 303)


@blueprint.post("/account/messages/devices")
@require(Permission.ACCOUNT_OWN)
def device_on() -> ResponseReturnValue:
    """Let this browser show notifications."""
    if settings().push_key() is None:
        raise Invalid(msg("Notifications are not set up here."))
    with transaction() as session:
        devices.subscribe(
            session, actor=current_actor(), now=utcnow(), subscription=_subscription(),
            label=push.label_of(request.user_agent.string),
        )  # fmt: skip
    return _back(msg("This device shows notifications from now on."))


@blueprint.post("/account/messages/devices/<device_id>/remove")
@require(Permission.ACCOUNT_OWN)
def device_remove(device_id: str) -> ResponseReturnValue:
    """Send nothing more to a device."""
    with transaction() as session:
        devices.unsubscribe_device(session, actor=current_actor(), device_id=device_id)
    return _back(msg("That device gets no more notifications."))


@blueprint.post("/account/messages/devices/<device_id>/test")
@require(Permission.ACCOUNT_OWN)
def device_test(device_id: str) -> ResponseReturnValue:
    """Send a test notification."""
    actor = current_actor()
    with transaction() as session:
        devices.test_push(
            session, actor=actor, now=utcnow(), device_id=device_id, zone=actor.zone, language=actor.language
        )
    return _back(msg("A test is on its way. It should show within a minute."))


@blueprint.post("/account/messages/shown")
@require(Permission.ACCOUNT_OWN)
def shown_as() -> ResponseReturnValue:
    """Show the union's name on messages, or keep them neutral."""
    named = request.form.get("named") == "1"
    with transaction() as session:
        devices.set_named(session, actor=current_actor(), now=utcnow(), named=named)
    if named:
        return _back(msg("Your messages show from now on that they are from us."))
    return _back(msg("Your messages tell nothing at a glance from now on."))


@blueprint.post("/push/renew")
@public
def device_renew() -> ResponseReturnValue:
    """Take over the new address of a browser whose push service moved it; it proves itself by the old one."""
    with transaction() as session:
        devices.renew(session, old=request.form.get("old", "")[: push.LONGEST], subscription=_subscription())
    return Response(status=204, mimetype="text/plain")


# Called by the worker, which has no page to take a token from; the old address is what only it knows.
csrf.exempt(device_renew)

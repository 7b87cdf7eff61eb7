"""One click out of a mailing list, and back."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from union.core.clock import utcnow
from union.core.db import transaction
from union.notify import service, words
from union.notify.rules.kinds import Mailing
from union.notify.service.consent import read_token, resubscribe
from union.notify.views.common import blueprint
from union.web.guards import public
from union.web.kit import csrf


@blueprint.get("/u/<token>")
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    """Show the button; mail scanners follow links, so a GET changes nothing."""
    _, mailing = read_token(token)
    return _subscription(token, mailing, "ask")


@blueprint.post("/u/<token>")
@public
def unsubscribe_now(token: str) -> ResponseReturnValue:
    """Take the address off its list (RFC 8058): no cookie, no question, no redirect, any number of times."""
    with transaction() as session:
        mailing = service.unsubscribe(
            session, now=utcnow(), token=token, everything=request.form.get("everything") == "1"
        )
    return _subscription(token, mailing, "done")


@blueprint.post("/u/<token>/back")
@public
def subscribe_again(token: str) -> ResponseReturnValue:
    """Undo it, for who clicked by mistake."""
    with transaction() as session:
        mailing = resubscribe(session, token=token)
    return _subscription(token, mailing, "back")


def _subscription(token: str, mailing: Mailing, step: str) -> ResponseReturnValue:
    return render_template(
        "notify/subscription.html", token=token, mailing=words.MAILINGS[mailing], step=step,
        campaigns=mailing is Mailing.CAMPAIGNS,
    )  # fmt: skip


# Called from mailboxes, without a cookie (RFC 8058): there is no session that a forged form could use.
for _view in (unsubscribe_now, subscribe_again):
    csrf.exempt(_view)

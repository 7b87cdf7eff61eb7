"""Hold a ballot again that settled nothing."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from union.ballots import service
from union.ballots.views.kit import blueprint
from union.core.clock import utcnow
from union.core.db import transaction
from union.core.i18n import msg
from union.core.permissions import Permission
from union.web.guards import current_actor, require
from union.web.i18n import gettext


@blueprint.post("/ballots/<slug>/run/again")
@require(Permission.BALLOT_PLAN)
def again(slug: str) -> ResponseReturnValue:
    """Draft the repeated ballot and show where it stands."""
    with transaction() as session:
        made = service.hold_again(session, actor=current_actor(), now=utcnow(), slug=slug)
    flash(gettext(msg("The ballot that repeats it is drafted. Look at its times before you go on.")), "ok")
    return redirect(url_for("ballots.run", slug=made), 303)

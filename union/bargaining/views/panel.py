"""The table's place on its campaign's page: how far talks are, and what has been agreed."""

from datetime import datetime

from flask import render_template
from markupsafe import Markup

from union.bargaining import queries
from union.core.actor import Actor
from union.core.db import Session


def panel(session: Session, campaign_id: str, actor: Actor, now: datetime) -> Markup | None:
    """Return what the campaign page shows of its table; None for nothing to show."""
    found = queries.standing(session, campaign_id, actor, now)
    if found is None or not (found.link or found.agreements):
        return None
    return Markup(  # noqa: S704 - the template escapes
        render_template("bargaining/panel.html", found=found, actor=actor)
    )

"""Campaigns' place on a platform's page: what members ask of it, and where they work together."""

from datetime import datetime

from flask import render_template
from markupsafe import Markup

from union.campaigns import queries
from union.campaigns.words import STAGES
from union.core.actor import Actor
from union.core.db import Session


def panel(session: Session, platform_slug: str, actor: Actor, now: datetime) -> Markup | None:
    """Return the list of campaigns about a platform; None where there is none."""
    del now
    cards = queries.listing(session, actor=actor, platform_slug=platform_slug)
    if not cards:
        return None
    return Markup(  # noqa: S704 - the template escapes
        render_template("campaigns/on_platform.html", cards=cards, stages=STAGES)
    )

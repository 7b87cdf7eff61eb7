"""Attic: the rooms composed into one Flask application.

The only module that knows every room; only the roof (wsgi, command line, scheduler) imports it.
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Flask, url_for

from union.actions import queries as actions
from union.actions.views.panel import panel as actions_panel
from union.actions.views.panel import turnout
from union.actions.views.teaching import teach
from union.ballots import queries as ballots
from union.bargaining.views.panel import panel as bargaining_panel
from union.campaigns import queries as campaigned
from union.campaigns import views as campaigns
from union.campaigns.views.panel import panel as campaigns_panel
from union.core.actor import Actor
from union.core.i18n import msg
from union.core.opening import open_database
from union.core.permissions import Permission, permits, reaches
from union.core.settings import Settings
from union.members import login
from union.members import queries as members
from union.notify.queries import people
from union.notify.queries.subjects import TITLES
from union.platforms import views as platforms
from union.web import guards, kit

ROOMS = (
    "notify",
    "platforms",
    "ledger",
    "members",
    "ballots",
    "campaigns",
    "actions",
    "bargaining",
    "organizing",
    "home",
)


def start(settings: Settings, *, patience: float | None = None) -> None:
    """Install the data key and the database for this process; raises BadSettings in an unsafe production.

    patience: seconds after which a database that says nothing is given up; None for as long as it takes.
    """
    settings.require_safe()
    settings.keep_private()
    open_database(settings, patience=patience)


def create_app(settings: Settings) -> Flask:
    """Return the web application; `start` must have run."""
    app = Flask("union.web", template_folder="templates", static_folder="static", static_url_path="/static")
    kit.install(app, settings, navigation)
    for room in ROOMS:
        if find_spec(f"union.{room}.views") is None:
            continue
        blueprint = import_module(f"union.{room}.views").blueprint
        app.register_blueprint(blueprint)
        if blueprint.static_folder:
            app.view_functions[f"{room}.static"] = guards.public(_plain(app.view_functions[f"{room}.static"]))
    login.install(app)
    _hang_panels()
    return app


def _hang_panels() -> None:
    """Hand lower rooms what higher rooms draw and know: panels, lessons, names and titles."""
    for panel in (actions_panel, bargaining_panel):
        if panel not in campaigns.PANELS:
            campaigns.PANELS.append(panel)
    if teach not in campaigns.TEACHERS:
        campaigns.TEACHERS.append(teach)
    if turnout not in campaigns.TURNOUT:
        campaigns.TURNOUT.append(turnout)
    if members.organizer_names not in people.PEOPLE:
        people.PEOPLE.append(members.organizer_names)
    TITLES.update(
        ballot=ballots.titles, action=actions.titles, test=actions.titles, campaign=campaigned.titles
    )
    if campaigns_panel not in platforms.PANELS:
        platforms.PANELS.append(campaigns_panel)


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a bound method as a function: a guard's mark can be set on it."""

    @wraps(method)
    def view(**facts: str) -> object:
        return method(**facts)

    return view


def navigation(actor: Actor) -> list[tuple[str, str]]:
    """Return the main navigation for `actor` as (message id, address)."""
    links = [(msg("Campaigns"), url_for("campaigns.index")), (msg("Votes"), url_for("ballots.index"))]
    if actor.known:
        links.insert(0, (msg("What now"), url_for("home.mine")))
    if permits(actor, Permission.CONSOLE_READ):
        links.append((msg("Organize"), url_for("home.console")))
    elif reaches(actor, Permission.ORGANIZING_LISTS):
        links.append((msg("Organize"), url_for("organizing.index")))
    return links

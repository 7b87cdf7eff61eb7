"""What the pages of this room share: the blueprint, conditions in words, the site's address."""

from dataclasses import dataclass

from flask import Blueprint, current_app

from union.actions.rules.readiness import Check, Count, Moment
from union.core.settings import Settings
from union.web.i18n import gettext, ngettext, number, when

blueprint = Blueprint("actions", __name__, template_folder="../templates")


@dataclass(frozen=True)
class Row:
    """One line of the checklist in the language of the request."""

    label: str
    ok: bool | None
    detail: str


def worded(text: str, facts: object) -> str:
    """Return a condition's text with moments and numbers as this request reads them."""
    told: dict[str, object] = {}
    for name, value in dict(facts or {}).items():  # type: ignore[call-overload]
        if isinstance(value, Moment):
            told[name] = when(value.instant, value.zone)
        elif isinstance(value, Count):
            told[name] = ngettext(*value.forms, value.n)
        else:
            told[name] = number(value) if isinstance(value, int) else value
    return gettext(text, **told) if text else ""


def row_of(check: Check) -> Row:
    """Return a condition as a line: what it is, by how much it fails, and whose turn it is."""
    detail = worded(check.detail, check.facts)
    if not check.ok and check.who:
        detail = f"{detail} {gettext(check.who)}".strip()
    return Row(worded(check.label, check.facts), check.ok, detail)


def settings() -> Settings:
    """Return the settings of this app."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def site() -> str:
    """Return the public address that links in messages begin with."""
    return settings().public_url

"""What the pages of delivery share: the blueprint, settings, and names that templates use."""

from collections.abc import Mapping

from flask import Blueprint, current_app

from union.core.settings import Settings
from union.notify import words

blueprint = Blueprint("notify", __name__, template_folder="../templates", static_folder="../static",
                      static_url_path="/notify/static")  # fmt: skip


@blueprint.app_context_processor
def _names() -> dict[str, object]:
    return {"notify_words": words}


def ref_of(among: Mapping[str, str]) -> str:
    """Return what messages are asked about, as it can stand in a column."""
    return "".join(character for character in among.get("ref", "") if character.isprintable())[:80]


def settings() -> Settings:
    """Return this process's settings."""
    found: Settings = current_app.config["SETTINGS"]
    return found

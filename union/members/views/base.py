"""What the pages of the registry share: the blueprint, who asks from where, and what waits in the cookie."""

import base64
import binascii
from urllib.parse import urlsplit

from flask import Blueprint, current_app, request
from flask import session as cookie

from union.core.i18n import msg
from union.core.sealing import CannotOpen, vault
from union.core.settings import Settings
from union.members.rules.joining import Draft
from union.web.i18n import gettext

blueprint = Blueprint("members", __name__, template_folder="../templates")
_DRAFT = "join"
_SEAL = "cookie.join"


def site() -> str:
    """Return our public address, for links in messages."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.public_url


def label() -> str:
    """Return how a member recognizes this device in the list: browser and system, from a fixed list."""
    agent = request.user_agent.string
    browsers = {
        "Edg/": "Edge",
        "OPR/": "Opera",
        "Firefox/": "Firefox",
        "Chrome/": "Chrome",
        "Safari/": "Safari",
    }
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS": "macOS",
        "Linux": "Linux",
    }
    browser = next((name for sign, name in browsers.items() if sign in agent), "")
    system = next((name for sign, name in systems.items() if sign in agent), "")
    return " · ".join(part for part in (browser, system) if part) or gettext(msg("Unknown device"))


def local(address: str | None) -> str:
    """Return `address` if it is a page of ours, else "" (a link must not lead elsewhere after signing in)."""
    text = (address or "").strip()
    if not text.startswith("/") or text.startswith(("//", "/\\")) or not text.isprintable():
        return ""
    parts = urlsplit(text)
    return "" if parts.scheme or parts.netloc or "\\" in text else text[:300]


def draft() -> Draft:
    """Return the answers of somebody who is joining; a cookie we cannot open starts afresh."""
    try:
        return Draft.from_json(vault().open(base64.b64decode(cookie.get(_DRAFT, "")), _SEAL))
    except (CannotOpen, binascii.Error, ValueError):
        return Draft()


def keep(answers: Draft) -> None:
    """Keep the answers sealed in the browser's own cookie: not even a borrowed cookie jar shows them."""
    cookie[_DRAFT] = base64.b64encode(vault().seal(answers.to_json(), _SEAL)).decode()


def drop_draft() -> None:
    """Forget the answers."""
    cookie.pop(_DRAFT, None)

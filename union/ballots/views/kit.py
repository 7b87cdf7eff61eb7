"""What the ballots' pages share: the blueprint, words for states and kinds, answers in JSON."""

from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, Response, current_app, jsonify, request

from union.ballots.receipts import Signer
from union.ballots.rules import State
from union.ballots.service import Refusal
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.settings import Settings
from union.web.i18n import gettext

blueprint = Blueprint(
    "ballots",
    __name__.rpartition(".")[0].rpartition(".")[0],
    template_folder="templates",
    static_folder="static",
    static_url_path="/ballots/static",
)

LARGEST = 128 * 2**20
"""Bytes of a shuffle or share: of each vote in order it holds half a kilobyte, in the finite field five."""

STATES: dict[str, tuple[str, str]] = {
    State.DRAFT: (msg("Draft"), "neutral"),
    State.KEYS: (msg("Waiting for keys"), "waiting"),
    State.CREDENTIALS: (msg("Opens soon"), "waiting"),
    State.OPEN: (msg("Open"), "live"),
    State.CLOSED: (msg("Being counted"), "waiting"),
    State.CONCLUDED: (msg("Decided"), "agreed"),
    State.CANCELLED: (msg("Called off"), "refused"),
    State.UNCOUNTABLE: (msg("Cannot be counted"), "refused"),
}
STEPS = (msg("Keys"), msg("Voting codes"), msg("Voting"), msg("Counting"), msg("Result"))
STEP_OF = {
    State.DRAFT: 1,
    State.KEYS: 1,
    State.CREDENTIALS: 2,
    State.OPEN: 3,
    State.CLOSED: 4,
    State.CONCLUDED: 5,
    State.UNCOUNTABLE: 4,
}


@dataclass(frozen=True)
class Check:
    """One line of the checklist. ok is None while it waits."""

    label: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Step:
    """A button. reason: why it is off. confirm: what is asked first. fields: what it sends along."""

    what: str
    text: str
    kind: str
    reason: str | None = None
    confirm: str | None = None
    fields: dict[str, str] | None = None


def settings() -> Settings:
    """Return the settings of the running application."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def signer() -> Signer:
    """Return the signer of receipts; kept, because its key is derived and read from a file."""
    return _signer(current_app.config["SECRET_KEY"])


@lru_cache(maxsize=1)
def _signer(secret: bytes) -> Signer:
    return Signer(secret)


def posted(*names: str) -> list[str]:
    """Return the named strings of a JSON body. Raises Invalid when one is missing or no string."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # lists in lists in lists
        body = None
    values = [body.get(name) for name in names] if isinstance(body, dict) else []
    if not values or not all(isinstance(value, str) and _whole(value) for value in values):
        raise Invalid(msg("We could not read what was sent."))
    return [str(value) for value in values]


def _whole(text: str) -> bool:
    """Tell whether there is no half of a character in the text: JSON can write one, nothing can keep it."""
    return not any("\ud800" <= one <= "\udfff" for one in text) if not text.isascii() else True


def refused(refusal: Refusal) -> tuple[Response, int]:
    """Return a refusal as the booth and the trustees' pages read it."""
    return jsonify(error=refusal.code, message=gettext(refusal.text, **refusal.facts)), refusal.status


def raw_json(content: bytes, *, keep: bool = False) -> Response:
    """Return bytes of a record as they are. keep: they never change, browsers may keep them an hour."""
    response = Response(content, mimetype="application/json")
    if keep:
        response.headers["Cache-Control"] = "public, max-age=3600"
    return response

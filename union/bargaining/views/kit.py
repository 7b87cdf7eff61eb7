"""What the pages of this room share: the blueprint, writing with a form, words for states."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app

from union.bargaining.queries import TableCard
from union.bargaining.rules.agreements import Kept, Side, State
from union.bargaining.rules.grievances import State as CaseState
from union.bargaining.rules.grievances import Turn as CaseTurn
from union.bargaining.rules.watching import WHY, Seen
from union.core.db import transaction
from union.core.errors import Closed, Conflict, Invalid, NotAllowed
from union.core.i18n import msg
from union.web.forms import Form

blueprint = Blueprint(
    "bargaining",
    __name__,
    template_folder="../templates",
    static_folder="../static",
    static_url_path="/static/bargaining",
)

Word = tuple[str, str]
SIDES = {Side.UNION: msg("Ours"), Side.PLATFORM: msg("Theirs")}
OFFERS: dict[str, Word] = {
    "standing": (msg("Stands"), "live"),
    "superseded": (msg("Replaced"), "neutral"),
    "withdrawn": (msg("Taken back"), "neutral"),
    "accepted": (msg("Accepted"), "agreed"),
    "refused": (msg("Refused"), "refused"),
    "lapsed": (msg("Lapsed"), "refused"),
}
LETTERS: dict[str, Word] = {
    "draft": (msg("Draft"), "neutral"),
    "sent": (msg("Sent"), "waiting"),
    "answered": (msg("Answered"), "agreed"),
}
AGREEMENTS: dict[State, Word] = {
    State.DRAFT: (msg("Draft"), "neutral"),
    State.TENTATIVE: (msg("Tentative"), "waiting"),
    State.RATIFYING: (msg("Members are voting"), "live"),
    State.RATIFIED: (msg("Ratified"), "agreed"),
    State.REJECTED: (msg("Rejected by members"), "refused"),
    State.IN_FORCE: (msg("In force"), "agreed"),
    State.ENDED: (msg("Ended"), "neutral"),
    State.TERMINATED: (msg("Terminated"), "refused"),
    State.ABANDONED: (msg("Given up"), "neutral"),
}
DUTIES: dict[Kept, Word] = {
    Kept.OPEN: (msg("Open"), "waiting"),
    Kept.KEPT: (msg("Kept"), "agreed"),
    Kept.LATE: (msg("Late"), "refused"),
    Kept.BREACHED: (msg("Breached"), "refused"),
}
PAGES: dict[Seen, Word] = {
    Seen.NEW: (msg("Not read yet"), "neutral"),
    Seen.OK: (msg("Unchanged"), "agreed"),
    Seen.CHANGED: (msg("Changed"), "live"),
    Seen.BLOCKED: (msg("We are kept out"), "refused"),
    Seen.GONE: (msg("Gone"), "refused"),
    Seen.TOO_LARGE: (msg("Too large"), "refused"),
    Seen.UNREACHABLE: (msg("Not reached"), "refused"),
    Seen.REFUSED: (msg("Not visited"), "refused"),
}
CASES: dict[CaseState, Word] = {
    CaseState.FILED: (msg("Filed"), "waiting"),
    CaseState.TAKEN_UP: (msg("Taken up"), "live"),
    CaseState.RAISED: (msg("Raised"), "live"),
    CaseState.SETTLED: (msg("Settled"), "agreed"),
    CaseState.DISMISSED: (msg("Not taken further"), "neutral"),
    CaseState.WITHDRAWN: (msg("Withdrawn"), "neutral"),
}
TURNS: dict[CaseTurn, str] = {
    CaseTurn.TAKE_UP: msg("Take it up"),
    CaseTurn.RAISE: msg("Raise it with the platform"),
    CaseTurn.SETTLE: msg("Settle it"),
    CaseTurn.DISMISS: msg("Do not take it further"),
    CaseTurn.WITHDRAW: msg("Withdraw it"),
    CaseTurn.REOPEN: msg("Open it again"),
}
WAYS = {
    "email": msg("by email"),
    "post": msg("by post"),
    "hand": msg("by hand"),
    "form": msg("through their form"),
}


@blueprint.app_context_processor
def words() -> dict[str, object]:
    """Give this room's templates their words for states."""
    return {
        "bargaining_words": {
            "sides": SIDES,
            "offers": OFFERS,
            "letters": LETTERS,
            "agreements": AGREEMENTS,
            "duties": DUTIES,
            "pages": PAGES,
            "cases": CASES,
            "turns": TURNS,
            "ways": WAYS,
            "why": {trouble.value: text for trouble, text in WHY.items()},
        },
    }


def site() -> str:
    """Return our public address."""
    return str(current_app.config["SETTINGS"].public_url)


def union_name() -> str:
    """Return the name the union goes by."""
    return str(current_app.config["SETTINGS"].union_name)


def must_be_seated(card: TableCard) -> None:
    """Let those pass who help, or whose mandate ran out: the verb tells the day, what they typed stays."""
    if card.mandate_ended is None:
        must_help(card)


def must_help(card: TableCard) -> None:
    """Let those pass who do the paperwork of a table: a form that would be refused is not shown either."""
    if not card.helps:
        raise NotAllowed(msg("You do not sit at this table: ask an organizer to seat you with a mandate."))


def written(form: Form, verb: Callable[[Any], object]) -> object | None:
    """Run a service verb in a transaction; a refusal is shown in the form, where what was typed stays.

    Returns what the verb gave, or True for nothing; None when it refused.
    """
    try:
        with transaction() as session:
            answer = verb(session)
    except (Invalid, Conflict, Closed) as refusal:
        form.refuse(refusal)
        return None
    return True if answer is None else answer

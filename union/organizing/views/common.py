"""What the pages of this room share: the blueprint, the public address, who asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, current_app

from union.core.actor import PlaceKind
from union.core.clock import utcnow
from union.core.db import transaction
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.settings import Settings
from union.members.queries import ChapterCard
from union.members.rules.membership import WORK_WORDS
from union.organizing import service
from union.organizing.queries import TagCard
from union.organizing.rules.talks import RATINGS
from union.organizing.rules.wanted import CALLED, TALKED, UNRATED, Wanted
from union.web.guards import current_actor
from union.web.i18n import gettext

blueprint = Blueprint(
    "organizing",
    __name__,
    template_folder="../templates",
    static_folder="../static",
    static_url_path="/static/organizing",
)

PLACE_WORDS = {
    PlaceKind.CHAPTER: msg("Chapter"),
    PlaceKind.CAMPAIGN: msg("Campaign"),
    PlaceKind.LIST: msg("List"),
}


def site() -> str:
    """Return our public address, for links in messages."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.public_url


def looked_up(typed: str, field: str) -> str:
    """Return the id of the member with the exact address typed; raises Invalid at `field` for nobody's.

    In a transaction of its own: a failed try counts too, and few are enough.
    """
    with transaction() as session:
        found = service.look_up(session, actor=current_actor(), who=typed, now=utcnow())
    if found is None:
        raise Invalid(msg("No member has that address. It has to be the exact one."), field=field)
    return found


@dataclass(frozen=True)
class Question:
    """One question of a filter: a list to choose from, what is chosen now."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...]
    now: str


def questions(
    wanted: Wanted,
    *,
    chapters: Sequence[ChapterCard],
    platforms: Iterable[tuple[str, str]],
    tags: Sequence[TagCard],
    rounds: Sequence[tuple[str, str]] = (),
) -> list[Question]:
    """Return the questions a filter can ask here, in the language of the request.

    rounds: campaigns (id, title) that settled, where nobody sees who is found.
    """
    every, either = ("", gettext(msg("All"))), ("", gettext(msg("With or without")))
    worn = [(one.slug, one.name) for one in tags]
    rated = [(str(rating), gettext(words)) for rating, words in RATINGS.items()]
    asked = [
        ("chapter", msg("Chapter"), [every, *((one.slug, one.name) for one in chapters)]),
        ("platform", msg("Platform"), [every, *platforms]),
        (
            "work",
            msg("As what"),
            [every, *((one.value, gettext(words)) for one, words in WORK_WORDS.items())],
        ),
        ("tag", msg("With the tag"), [either, *worn]),
        ("without", msg("Without the tag"), [either, *worn]),
        ("rating", msg("Assessment"), [every, *rated, (UNRATED, gettext(msg("Not assessed")))]),
        ("talked", msg("Talked with"), [every, *((name, gettext(words)) for name, words in TALKED.items())]),
        ("called_in", msg("Pledge round that settled"), [every, *rounds]),
        (
            "called",
            msg("Of that round"),
            [every, *((name, gettext(words)) for name, words in CALLED.items())],
        ),
    ]
    left_out = {"called_in", "called"} if not rounds else set[str]()
    if not worn:
        left_out |= {"tag", "without"}
    now = wanted.asked()
    return [
        Question(name, gettext(label), tuple(choices), now.get(name, ""))
        for name, label, choices in asked
        if name not in left_out
    ]

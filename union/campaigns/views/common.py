"""What the pages of this room share: the blueprint, what higher rooms hang on it, the meter, events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app
from markupsafe import Markup

from union.campaigns import rules, words
from union.campaigns.queries import CampaignCard, Panel, UpdateView
from union.web import figures
from union.web.i18n import gettext, number
from union.web.kit import csrf

blueprint = Blueprint("campaigns", __name__, template_folder="../templates")

# What higher rooms show on a campaign's page, such as live check-in numbers; the composing app fills this.
PANELS: list[Panel] = []

__all__ = [
    "PANELS",
    "TEACHERS",
    "Line",
    "Taught",
    "address",
    "blueprint",
    "csrf",
    "lines",
    "meter",
    "meter_words",
]


@dataclass(frozen=True)
class Taught:
    """How many of those who pledge take part: `num` of `den`, and in words what that rests on."""

    num: int
    den: int
    words: str

    def expect(self, pledged: int) -> int:
        """Return how many of `pledged` to count on, rounded down."""
        return pledged * self.num // self.den


# What a higher room has learned from past actions; the composing app fills this.
TEACHERS: list[Callable[[], Taught]] = []


def taught() -> Taught:
    """Return the share of pledges to count on: as learned, else the usual one."""
    for teacher in TEACHERS:
        return teacher()
    return Taught(*rules.PLANNING_FACTOR, gettext("three quarters, as is usual"))


@blueprint.context_processor
def _planning() -> dict[str, Callable[[], Taught]]:
    return {"taught": taught}


@dataclass(frozen=True)
class Line:
    """One line of a timeline as the template shows it."""

    at: datetime
    title: str
    text: str
    status: str = ""
    kind: str = "neutral"


def lines(updates: list[UpdateView]) -> list[Line]:
    """Word the timeline in the language of the request."""
    found = []
    for update in updates:
        if update.kind == "news":
            found.append(Line(update.at, update.title, update.text))
            continue
        title, text, kind = words.EVENTS[update.kind]
        facts = {
            name: number(value) if isinstance(value, int) else value for name, value in update.facts.items()
        }
        told = gettext(text, **facts) if text else ""
        found.append(Line(update.at, gettext(title), " ".join(filter(None, (told, update.text))), "", kind))
    return found


def meter_words(card: CampaignCard) -> dict[str, str]:
    """Return the words beside the meter, as the page first shows them and as live.mjs keeps them."""
    if card.to_threshold:
        distance = gettext(
            "%(missing)s to go to the threshold of %(threshold)s",
            missing=number(card.to_threshold),
            threshold=number(card.threshold),
        )
    else:
        distance = gettext("The threshold of %(threshold)s is reached", threshold=number(card.threshold))
    return {
        "count": number(card.counted),
        "distance": distance,
        "pledged": number(card.pledged),
        "verified": number(card.verified),
    }


def meter(card: CampaignCard, live: str | None = None) -> Markup:
    """Draw the picket meter of a campaign with a title and description in words."""
    told = meter_words(card)
    title = gettext("%(count)s of %(goal)s", count=told["count"], goal=number(card.goal))
    return figures.picket_meter(
        card.counted, card.goal, card.threshold, title=title, desc=told["distance"] + ".", live=live
    )


def address(path: str) -> str:
    """Return the public address of a path, as it stands on paper and in other sites."""
    return f"{current_app.config['SETTINGS'].public_url}{path}"

"""What the pages of this room share: the blueprint, what higher rooms hang on it, the meter, events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app
from markupsafe import Markup

from union.campaigns import queries, rules, words
from union.campaigns.queries import CampaignCard, Panel, TurnoutOf, UpdateView
from union.campaigns.service import Visitor
from union.core.db import reading
from union.core.errors import NotFound
from union.core.i18n import msg
from union.web import picket
from union.web.i18n import gettext, language, number
from union.web.kit import csrf
from union.web.origin import device

blueprint = Blueprint(
    "campaigns",
    __name__.rpartition(".")[0].rpartition(".")[0],
    template_folder="templates",
    static_folder="static",
    static_url_path="/campaigns/static",
)

# What higher rooms show on a campaign's page, such as live check-in numbers; the composing app fills this.
PANELS: list[Panel] = []
# Who took part in the latest action, asked of a higher room; filled by the composing app, too.
TURNOUT: list[TurnoutOf] = []

__all__ = [
    "PANELS",
    "TEACHERS",
    "TURNOUT",
    "Line",
    "Taught",
    "address",
    "blueprint",
    "csrf",
    "lines",
    "meter",
    "meter_words",
    "published",
    "site",
    "union_name",
    "visitor",
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


@blueprint.app_template_global("kind_words")
def kind_words(card: CampaignCard) -> words.KindWords:
    """Return how this kind of campaign speaks."""
    return words.KINDS[card.kind]


@blueprint.app_template_global("stage_of")
def stage_of(card: CampaignCard) -> tuple[str, str]:
    """Return the name of the campaign's stage and its kind of tag."""
    return words.stage_of(card.stage, card.kind)


@dataclass(frozen=True)
class Line:
    """One line of a timeline as the template shows it."""

    at: datetime
    title: str
    text: str
    status: str = ""
    kind: str = "neutral"
    url: str | None = None
    edited: bool = False
    id: int = 0


def lines(updates: list[UpdateView]) -> list[Line]:
    """Word the timeline in the language of the request."""
    found = []
    for update in updates:
        if update.kind == "news":
            found.append(Line(update.at, update.title, update.text, edited=update.version > 1, id=update.id))
            continue
        title, text, kind = words.EVENTS[update.kind]
        facts = {
            name: number(value) if isinstance(value, int) else value for name, value in update.facts.items()
        }
        told = gettext(text, **facts) if text else ""
        said = " ".join(filter(None, (told, update.text)))
        found.append(Line(update.at, gettext(title), said, "", kind, id=update.id))
    return found


def meter_words(card: CampaignCard) -> dict[str, str]:
    """Return the words beside the meter, as the page first shows them and as live.mjs keeps them."""
    facts = {"missing": number(card.to_threshold), "threshold": number(card.threshold)}
    if card.signed and card.to_threshold:
        distance = gettext("%(missing)s to go: we hand over at %(threshold)s", **facts)
    elif card.to_threshold:
        distance = gettext("%(missing)s to go to the threshold of %(threshold)s", **facts)
    elif card.signed:
        distance = gettext("The %(threshold)s we wanted are in", threshold=facts["threshold"])
    else:
        distance = gettext("The threshold of %(threshold)s is reached", threshold=facts["threshold"])
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
    return picket.meter(
        card.counted, card.goal, card.threshold, title=title, desc=told["distance"] + ".", live=live
    )


def address(path: str) -> str:
    """Return the public address of a path, as it stands on paper and in other sites."""
    return f"{site()}{path}"


def site() -> str:
    """Return our public address, without a slash at the end."""
    return str(current_app.config["SETTINGS"].public_url)


def union_name() -> str:
    """Return what the union calls itself."""
    return str(current_app.config["SETTINGS"].union_name)


def published(slug: str) -> CampaignCard:
    """Return the card of a campaign that everybody may see; raises NotFound for a draft."""
    with reading() as session:
        found = queries.card(session, slug)
    if found.published_at is None:
        raise NotFound(msg("There is no such campaign."))
    return found


def visitor() -> Visitor:
    """Return who asks: the network address, of which only a keyed hash is ever stored, and the language."""
    return Visitor(device=device(), language=language(), site=site())

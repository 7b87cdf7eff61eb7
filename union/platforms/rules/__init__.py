"""What a platform record may say: kinds, letters, and how two sources join. Pure: values in, values out."""

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

from union.core.i18n import msg

SLUG = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*-*")
PAGE_SIZE = 60
LETTERS = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "#")


class Kind(StrEnum):
    """What members do there, or what is done with their data."""

    GIG = "gig"
    SOCIAL = "social"
    MEDIA = "media"
    MARKET = "market"
    TRAVEL = "travel"
    SEARCH = "search"
    ADS = "ads"
    MONEY = "money"
    TELECOM = "telecom"
    PUBLIC = "public"
    OTHER = "other"


KIND_WORDS = {
    Kind.GIG: msg("Work through an app"),
    Kind.SOCIAL: msg("Social network and messages"),
    Kind.MEDIA: msg("Video, music and play"),
    Kind.MARKET: msg("Shop and marketplace"),
    Kind.TRAVEL: msg("Travel and stay"),
    Kind.SEARCH: msg("Search, maps and software"),
    Kind.ADS: msg("Advertising and address trade"),
    Kind.MONEY: msg("Money, credit and insurance"),
    Kind.TELECOM: msg("Telephone, internet and energy"),
    Kind.PUBLIC: msg("Public body, school, church, party"),
    Kind.OTHER: msg("Other"),
}


@dataclass(frozen=True)
class Facts:
    """What we know of one platform; an empty text is "not known".

    country: ISO 3166, upper case. source_as_of: year and month, or day. postal: lines.
    """

    slug: str
    name: str
    kind: Kind = Kind.OTHER
    legal_name: str = ""
    country: str = ""
    web: str = ""
    description: str = ""
    email: str = ""
    phone: str = ""
    postal: str = ""
    webform: str = ""
    privacy_contact: str = ""
    source: str = ""
    source_as_of: str = ""


def joined(first: Facts, second: Facts) -> Facts:
    """Return `first` with what it leaves empty taken from `second`; slug, name and kind stay."""
    empty = {name: getattr(second, name) for name, value in vars(first).items() if value == ""}
    return replace(first, **empty)


def folded(text: str) -> str:
    """Return `text` without accents and case, as the search compares it."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def words(facts: Facts) -> str:
    """Return what the search looks through; the name comes first, so that it also sorts."""
    return folded(f"{facts.name} {facts.legal_name} {facts.slug}")


def initial(name: str) -> str:
    """Return the letter under which `name` is listed, or # for what starts with none."""
    first = folded(name)[:1].upper()
    return first if "A" <= first <= "Z" else "#"

"""What may be noted about people and for how long: tags, talks, the assessment from 1 to 5. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from union.core.errors import Closed, Invalid
from union.core.i18n import msg

RATINGS = {
    1: msg("1 · Leader: others follow, and acts"),
    2: msg("2 · Supporter: takes part"),
    3: msg("3 · Undecided"),
    4: msg("4 · Rather against"),
    5: msg("5 · Opposed: works against it"),
}
"""The scale of five that organizers share: 1 leads, 5 works against (1 is best, as everywhere it is used)."""

EDIT_FOR = timedelta(hours=24)
TALKS_KEPT = timedelta(days=180)
SMALL = 10
NOTE_LENGTH = 500
TAG_LENGTH = 40
MEANING_LENGTH = 200
_FUTURE = timedelta(minutes=10)


def tidy_note(text: str) -> str | None:
    """Return the note without surplus space, None for none; raises Invalid (field note) for a long one."""
    note = "\n".join(" ".join(line.split()) for line in text.strip().splitlines()).strip()
    if len(note) > NOTE_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="note", n=NOTE_LENGTH)
    return note or None


def check_rating(rating: int | None) -> None:
    """Raise Invalid (field rating) for what is not on the scale."""
    if rating is not None and rating not in RATINGS:
        raise Invalid(msg("Choose an assessment from 1 to 5."), field="rating")


def check_when(at: datetime, now: datetime) -> None:
    """Raise Invalid (field at) for a talk in the future, or so long ago that it would be erased at once."""
    if at > now + _FUTURE:
        raise Invalid(msg("That is in the future. Log a talk when it was held."), field="at")
    if at <= now - TALKS_KEPT:
        raise Invalid(msg("That is more than half a year ago; talks that old are erased."), field="at")


def may_change(written_at: datetime, now: datetime) -> None:
    """Raise Closed when a talk was written down too long ago to be changed."""
    if now >= written_at + EDIT_FOR:
        raise Closed(msg("A talk can be changed for a day after it was written down. Log another instead."))


def tidy_tag(name: str) -> str:
    """Return a tag's name without surplus space; raises Invalid (field name)."""
    tag = " ".join(name.split())
    if not tag or not tag.isprintable():
        raise Invalid(msg("Give the tag a name."), field="name")
    if len(tag) > TAG_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="name", n=TAG_LENGTH)
    return tag


def distribution(ratings: Iterable[int]) -> dict[int, int]:
    """Return how many were assessed 1, 2, 3, 4 and 5."""
    found = dict.fromkeys(RATINGS, 0)
    for rating in ratings:
        found[rating] += 1
    return found


def shown(counts: Mapping[int, int]) -> dict[int, int | None]:
    """Return a distribution with cells under ten hidden, and more until what is hidden adds up to ten.

    Nought is hidden too: that nobody is opposed tells something about each.
    """
    left = sorted((n, rating) for rating, n in counts.items() if n >= SMALL)
    hidden = {rating for rating, n in counts.items() if n < SMALL}
    while hidden and left and sum(counts[rating] for rating in hidden) < SMALL:
        hidden.add(left.pop(0)[1])
    return {rating: None if rating in hidden else n for rating, n in counts.items()}


@dataclass(frozen=True)
class Period:
    """Months on end (as 2026-05) in which so many were assessed, and so many of them as 1 or 2."""

    first: str
    last: str
    rated: int
    support: int

    @property
    def shown(self) -> bool:
        """Whether both parts are large enough to show."""
        return self.support >= SMALL and self.rated - self.support >= SMALL

    def __add__(self, later: "Period") -> "Period":
        return Period(self.first, later.last, self.rated + later.rated, self.support + later.support)


def periods(months: Iterable[Period]) -> list[Period]:
    """Join months, given in order, until each period can be shown; what is left over joins the last one."""
    found: list[Period] = []
    rest: Period | None = None
    for month in months:
        rest = month if rest is None else rest + month
        if rest.shown:
            found.append(rest)
            rest = None
    if rest is not None and found:
        found[-1] += rest
    return found

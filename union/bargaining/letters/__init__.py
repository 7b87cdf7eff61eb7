"""Letters to the other side, as dated data: read from the TOML files beside this module.

A letter never claims damages and asks one right at a time. What the law says about answers is never a
constant in code: each file names its source, when somebody last looked, and how sure they were.
"""

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from union.bargaining.rules.clocks import Span, Unit
from union.bargaining.rules.wording import places
from union.core.dated import read_folder
from union.core.errors import NotFound
from union.core.i18n import DEFAULT_LANGUAGE, LANGUAGES, msg

_FOLDER = Path(__file__).parent
PLACES = frozenset({"union", "platform", "campaign", "demands", "deadline", "members", "sender"})


class Kind(StrEnum):
    """What a letter is."""

    ULTIMATUM = "ultimatum"
    INFORMATION = "information"


class Basis(StrEnum):
    """Who sets the time for an answer."""

    LAW = "law"
    OURS = "ours"


@dataclass(frozen=True)
class Words:
    """A letter in one language."""

    name: str
    subject: str
    body: str


@dataclass(frozen=True)
class Letter:
    """One dated template.

    clock: how long the other side has; basis: whether the law says so or we do. extension: by how much it
    may prolong, when it tells us in time. valid_from: from when the rule applies. After review_by somebody
    must look again.
    """

    id: str
    kind: Kind
    law: str
    article: str
    basis: Basis
    clock: Span
    source_title: str
    source_url: str
    source_date: str
    as_of: date
    review_by: date
    confidence: str
    words: dict[str, Words]
    caution: str = ""
    extension: Span | None = None
    valid_from: date | None = None

    def stale(self, day: date) -> bool:
        """Tell whether `day` is past the review date."""
        return day > self.review_by

    def in_language(self, language: str) -> Words:
        """Return the words in `language`, else in English."""
        return self.words.get(language, self.words[DEFAULT_LANGUAGE])

    def frozen(self) -> dict[str, Any]:
        """Return what a letter keeps of its template: plain values, without the words."""
        facts = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}
        del facts["words"]
        return facts


@cache
def letters() -> dict[str, Letter]:
    """Return all templates by id, in the order of the files."""
    return read_folder(_FOLDER, "letter", read)


def read(facts: dict[str, Any]) -> Letter:
    """Make a template of one TOML table.

    Raises TypeError, KeyError or ValueError on a missing, unknown or odd field, a place nothing fills, or a
    language left out.
    """
    ready = dict(facts)
    words = {language: Words(**ready.pop(language)) for language in LANGUAGES}
    for language, said in words.items():
        if odd := (places(said.body) | places(said.subject)) - PLACES:
            text = f"{ready['id']} in {language} has a place that nothing fills: {min(odd)}"
            raise ValueError(text)
    for name in ("clock", "extension"):
        if name in ready:
            ready[name] = Span(ready[name]["n"], Unit(ready[name]["unit"]))
    ready["kind"], ready["basis"] = Kind(ready["kind"]), Basis(ready["basis"])
    return Letter(words=words, **ready)


def letter(name: str) -> Letter:
    """Return one template; raises NotFound."""
    if name not in letters():
        raise NotFound(msg("We do not know this letter."))
    return letters()[name]


def thaw_span(stored: dict[str, Any] | None) -> Span | None:
    """Read a period back from a frozen template."""
    return Span(int(stored["n"]), Unit(stored["unit"])) if stored else None

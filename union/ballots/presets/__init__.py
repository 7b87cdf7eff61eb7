"""Rules a ballot can be held under, as dated data: read from the TOML files beside this module.

A preset is never a constant in code. It says what its numbers measure, where they come from and when
somebody must look at them again; a ballot freezes a copy.
"""

from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from union.ballots.extension import Clause
from union.ballots.rules import Kind, Of, Rule, Share
from union.core.dated import read_folder
from union.core.errors import Invalid
from union.core.i18n import msg

DEFAULT = "union-default"
BANNER = msg(
    "A data strike by consumers is not a strike in labour law; these rules are offered as good practice"
    " unless a lawyer tells you that they bind you."
)
NOT_MADE_FOR: dict[str, str] = {
    Kind.STRIKE_VOTE: msg("This rule is not made for a strike vote. Choose one that is."),
    Kind.RATIFICATION: msg("This rule is not made for a vote on an agreement. Choose one that is."),
    Kind.DEMANDS: msg("This rule is a law's for another kind of vote. Choose one of our own rules."),
    Kind.GENERAL: msg("This rule is a law's for another kind of vote. Choose one of our own rules."),
}
PLACES = {
    msg("Rules of European countries"): ("NL", "DE", "FR", "IE", "ES", "SE"),
    msg("Rules of the United Kingdom"): ("GB",),
    msg("Rules of the United States and Canada"): ("US", "CA"),
    msg("Rules of Australia"): ("AU",),
}
"""Where the rules come from that are not our own: title → countries."""
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Span:
    """A length of time in the unit the source uses: hours, days, working_days, clear_days, months."""

    n: int
    unit: str


@dataclass(frozen=True)
class Preset:
    """One dated rule.

    id: this version. family: the versions that follow each other; a ballot takes the one valid on the day
    it opens. kind: strike_vote, ratification, demands, or (not for ballots) recognition, notice. As-of is
    the day somebody last looked at the source; after review_by an officer must confirm its use. extension:
    when the close may move, where the source says so; none of ours does.
    """

    id: str
    family: str
    name: str
    summary: str
    jurisdiction: str
    applies_to: str
    kind: str
    denominator: Of
    source_title: str
    source_url: str
    source_date: str
    as_of: date
    review_by: date
    confidence: str
    threshold: Share | None = None
    turnout: Share | None = None
    second: Share | None = None
    secret: bool = True
    window_days: int | None = None
    ballot_notice: Span | None = None
    action_notice: Span | None = None
    mandate_months: int | None = None
    must_start_within: Span | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    banner: str = ""
    extension: Clause | None = None

    @property
    def for_ballots(self) -> bool:
        """Whether a ballot can be decided by it."""
        return self.threshold is not None

    @property
    def own(self) -> bool:
        """Whether it is the union's own and no law's."""
        return self.jurisdiction == "internal"

    @property
    def place(self) -> str:
        """Where it comes from, a title of PLACES; empty for the union's own. Raises KeyError elsewhere."""
        country = self.jurisdiction.partition("-")[0]
        return "" if self.own else {c: title for title, all_ in PLACES.items() for c in all_}[country]

    @property
    def rule(self) -> Rule:
        """What decides."""
        if self.threshold is None:
            raise Invalid(msg("This rule asks for no vote; choose another."), field="preset")
        return Rule(self.denominator, self.threshold, self.turnout, self.second)

    def valid_on(self, day: date) -> bool:
        """Tell whether a ballot that opens on `day` falls under this version."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    def suits(self, kind: str) -> bool:
        """Tell whether a ballot of `kind` can be held under it.

        A rule made for the kind does; the union's own rules also serve choices of demands and other
        questions, for which there is no law.
        """
        return self.kind == kind or (kind in {Kind.DEMANDS, Kind.GENERAL} and self.own)

    def stale(self, day: date) -> bool:
        """Tell whether `day` is past the review date."""
        return day > self.review_by

    def frozen(self) -> dict[str, Any]:
        """Return the copy a ballot keeps: plain values."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
        }


@cache
def presets() -> dict[str, Preset]:
    """Return all presets by id, in the order of the files."""
    return read_folder(_FOLDER, "preset", read)


def read(facts: dict[str, Any]) -> Preset:
    """Make a preset of one TOML table. Raises TypeError or ValueError on a missing, unknown or odd field."""
    ready = dict(facts)
    ready["denominator"] = Of(ready["denominator"])
    for name in ("threshold", "turnout", "second"):
        if name in ready:
            ready[name] = Share(**ready[name])
    for name in ("ballot_notice", "action_notice", "must_start_within"):
        if name in ready:
            ready[name] = Span(**ready[name])
    if "extension" in ready:
        clause = dict(ready["extension"])
        clause["turnout"] = Share(**clause["turnout"]) if "turnout" in clause else None
        ready["extension"] = Clause(**clause)
    ready.setdefault("family", ready["id"])
    return Preset(**ready)


def selectable() -> dict[str, list[Preset]]:
    """Return the families a ballot can be held under, each with its versions."""
    families: dict[str, list[Preset]] = {}
    for preset in presets().values():
        if preset.for_ballots:
            families.setdefault(preset.family, []).append(preset)
    return families


def in_force(name: str, opens: date) -> Preset:
    """Return the version of `name` (a family, or one version's id) for a ballot that opens on `opens`.

    Raises Invalid when there is no such preset, it decides no ballot, or it is not valid on that day.
    """
    versions = selectable().get(name) or [p for p in presets().values() if p.id == name and p.for_ballots]
    if not versions:
        raise Invalid(msg("We do not know the rule %(name)s."), field="preset", name=name)
    valid = [preset for preset in versions if preset.valid_on(opens)]
    if not valid:
        raise Invalid(
            msg("The rule %(name)s is not valid for a ballot that opens on %(day)s."),
            field="preset",
            name=name,
            day=opens.isoformat(),
        )
    return valid[-1]


def check_kind(preset: Preset, kind: str) -> None:
    """Raise Invalid at the field "preset" unless a ballot of `kind` can be held under `preset`."""
    if not preset.suits(kind):
        raise Invalid(NOT_MADE_FOR[kind], field="preset")

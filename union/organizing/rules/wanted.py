"""Which people somebody looks for: a filter that can be kept and asked again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta

from union.core.errors import Invalid
from union.core.i18n import msg
from union.members.rules.membership import Work
from union.organizing.rules.talks import RATINGS

UNRATED = "none"
LONG_AGO = timedelta(days=60)
TALKED = {"never": msg("Never talked with"), "long": msg("Not for two months"), "lately": msg("Lately")}
CALLED = {"yes": msg("Called by the round they pledged in"), "no": msg("Not called by it")}
_LONGEST = 80


@dataclass(frozen=True)
class Wanted:
    """A filter; an empty field asks nothing.

    called_in: a campaign's id whose round settled; called: whether its members are called. Only a text list
    may ask that, as nobody sees who is on it.
    """

    chapter: str = ""
    platform: str = ""
    work: str = ""
    tag: str = ""
    without: str = ""
    rating: str = ""
    talked: str = ""
    called_in: str = ""
    called: str = ""

    @classmethod
    def read(cls, said: Mapping[str, object]) -> "Wanted":
        """Return the filter in an address or in what was kept; what is not known is left out."""
        asked = {one.name: str(said.get(one.name) or "").strip()[:_LONGEST] for one in fields(cls)}
        choices: dict[str, set[str]] = {
            "work": {work.value for work in Work},
            "rating": {str(rating) for rating in RATINGS} | {UNRATED},
            "talked": set(TALKED),
            "called": set(CALLED),
        }
        for name, known in choices.items():
            if asked[name] not in known:
                asked[name] = ""
        return cls(**asked)

    def asked(self) -> dict[str, str]:
        """Return the fields that ask something."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}

    def seen_by_name(self) -> None:
        """Raise Invalid where people are shown by name and the filter would tell who is called."""
        if self.called_in or self.called:
            raise Invalid(
                msg("Who is called by a pledge round is nobody's to see; only a text list may ask that."),
                field="called",
            )

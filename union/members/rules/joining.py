"""What somebody tells us while joining, step by step. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from union.core.errors import Invalid
from union.core.i18n import msg
from union.members.rules.membership import Work

STEPS = ("name", "contact", "chapter", "platforms", "work", "language", "sms", "check")
MOST_PLATFORMS = 20


@dataclass(frozen=True)
class Draft:
    """The answers so far. platforms: slug → kinds of work there. campaign: where the person came from.

    consent: the words under which SMS was asked for, once it was.
    """

    name: str = ""
    email: str = ""
    phone: str = ""
    chapter: str | None = None
    platforms: Mapping[str, tuple[str, ...]] | None = None
    language: str = ""
    zone: str = ""
    sms: bool | None = None
    campaign: str = ""
    consent: str = ""

    def with_(self, **answers: Any) -> "Draft":  # noqa: ANN401 - any of the fields above
        """Return the draft with these answers."""
        return replace(self, **answers)

    def to_json(self) -> str:
        """Return the draft as text for keeping."""
        return json.dumps({**vars(self), "platforms": self.platforms and dict(self.platforms)})

    @classmethod
    def from_json(cls, text: str) -> "Draft":
        """Read a kept draft; unknown answers are dropped."""
        known = {name: value for name, value in json.loads(text).items() if name in cls.__dataclass_fields__}
        if known.get("platforms") is not None:
            known["platforms"] = {slug: tuple(kinds) for slug, kinds in known["platforms"].items()}
        return cls(**known)

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps this person passes: no work to tell without a platform, no SMS without a number."""
        left_out = set()
        if self.platforms is not None and not self.platforms:
            left_out.add("work")
        if self.email and not self.phone:
            left_out.add("sms")
        return tuple(step for step in STEPS if step not in left_out)

    def unanswered(self, step: str) -> bool:
        """Tell whether `step` still needs an answer."""
        return {
            "name": not self.name,
            "contact": not (self.email or self.phone),
            "chapter": self.chapter is None,
            "platforms": self.platforms is None,
            "work": any(not kinds for kinds in (self.platforms or {}).values()),
            "language": not (self.language and self.zone),
            "sms": self.sms is None,
            "check": True,
        }[step]

    @property
    def next_step(self) -> str:
        """The first step that needs an answer."""
        return next(step for step in self.steps if self.unanswered(step))

    def before(self, step: str) -> str | None:
        """Return the step before `step`, None for the first."""
        at = self.steps.index(step) if step in self.steps else 0
        return self.steps[at - 1] if at else None


def chosen_platforms(platforms: Mapping[str, tuple[str, ...]]) -> list[tuple[str, Work]]:
    """Return (slug, kind) pairs in order; raises Invalid (field platforms) for too many and unknown kinds."""
    if len(platforms) > MOST_PLATFORMS:
        raise Invalid(msg("Choose at most %(n)s platforms."), field="platforms", n=MOST_PLATFORMS)
    known = {work.value: work for work in Work}
    if any(kind not in known for kinds in platforms.values() for kind in kinds):
        raise Invalid(msg("Choose what you are there from the list."), field="platforms")
    return [(slug, known[kind]) for slug in sorted(platforms) for kind in sorted(set(platforms[slug]))]

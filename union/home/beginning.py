"""How a union begins: what its first officer sets up, in the order that works. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from union.core.i18n import msg


@dataclass(frozen=True)
class Step:
    """One thing to set up. text, detail: message ids; path: where it is done, None where on the server."""

    text: str
    detail: str
    path: str | None
    needed: int


STEPS: Mapping[str, Step] = {
    "platforms": Step(
        msg("Fill the directory of platforms"),
        msg("Whoever runs the server does it with: union platforms load"),
        None,
        1,
    ),
    "chapters": Step(
        msg("Found a chapter"),
        msg("A city, a depot, a group: members choose theirs when they join."),
        "/members/chapters",
        1,
    ),
    "members": Step(
        msg("Bring in the first members"),
        msg("Import a register, or let colleagues join and admit them. From three on, two can vouch."),
        "/members/import",
        3,
    ),
    "organizers": Step(
        msg("Name a second organizer"),
        msg("On the member's own page. No action starts on one person's word."),
        "/members",
        2,
    ),
    "trustees": Step(
        msg("Name three trustees"),
        msg("On the member's own page. Together they hold the key of a vote; nobody alone can open it."),
        "/members",
        3,
    ),
    "campaigns": Step(
        msg("Start the first campaign"),
        msg("A demand, a platform, and how many must stand behind it."),
        "/campaigns/new",
        1,
    ),
}


@dataclass(frozen=True)
class Begun:
    """A step and whether it is done."""

    step: Step
    done: bool


def steps(there: Mapping[str, int]) -> tuple[Begun, ...]:
    """Return what to set up, given how many there are of each; nothing once every step is done."""
    found = tuple(Begun(step, there[name] >= step.needed) for name, step in STEPS.items())
    return () if all(one.done for one in found) else found

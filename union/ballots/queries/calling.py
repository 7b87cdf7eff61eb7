"""What an organizer can choose from when a vote is called."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from union.ballots import presets
from union.ballots.presets import Preset
from union.core.actor import Role
from union.members import queries as members


@dataclass(frozen=True)
class Choices:
    """What a vote of one kind can be held under and by whom.

    rules: that suit, the usual one first, then our own. trustees: (member id, name). zones: of the subject,
    the organizer and the chapters.
    """

    rules: tuple[Preset, ...]
    trustees: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]


def choices(session: Session, *, kind: str, day: date, zones: Iterable[str] = ()) -> Choices:
    """Return what can be chosen for a vote of `kind` that opens on `day`."""
    holders = members.with_role(session, Role.TRUSTEE)
    names = members.display_names(session, holders)
    rules = [p for p in presets.presets().values() if p.for_ballots and p.suits(kind) and p.valid_on(day)]
    rules.sort(key=lambda rule: (rule.id != presets.DEFAULT, not rule.own))
    return Choices(
        rules=tuple(rules),
        trustees=tuple((one, names.get(one, one)) for one in holders),
        zones=tuple(dict.fromkeys((*zones, *(chapter.zone for chapter in members.chapters(session))))),
    )

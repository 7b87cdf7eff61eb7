"""Counts from the paper lists of many chapters in one file, every fault named by line and column. Pure.

Two layouts, as people keep them: a line per chapter (chapter, count), or a column per chapter with its name
on top and below it one number for each sheet. Names of people have no place in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from union.core.errors import Invalid
from union.core.i18n import msg
from union.members.rules.register_file import Bad, folded, records

_CHAPTER = frozenset({"chapter", "afdeling"})
_COUNT = frozenset({"count", "aantal", "number", "out"})


@dataclass(frozen=True)
class Sheets:
    """What a file says: chapter slug → people, in the file's order; and every cell that cannot be used."""

    counts: dict[str, int]
    bad: tuple[Bad, ...]

    @property
    def total(self) -> int:
        """How many people, all chapters together."""
        return sum(self.counts.values())


def read(text: str, chapters: Mapping[str, str], most: int) -> Sheets:
    """Return the counts in the file. chapters: slug → name; most: people one chapter may bring at once.

    Raises Invalid (field sheets) when there is nothing in it.
    """
    known = {folded(word): slug for slug, name in chapters.items() for word in (slug, name)}
    lines = list(records(text))
    if not lines:
        raise Invalid(msg("There is nothing in it yet."), field="sheets")
    first = [folded(cell) for cell in lines[0][1]]
    if len(first) >= 2 and first[0] in _CHAPTER and first[1] in _COUNT:  # noqa: PLR2004 - chapter and count
        return _by_line(lines[1:], known, most)
    if len(lines[0][1]) == 2 and _number(lines[0][1][1]) is not None:  # noqa: PLR2004 - the same, no heading
        return _by_line(lines, known, most)
    return _by_column(lines, known, most)


def _by_line(lines: list[tuple[int, list[str]]], known: Mapping[str, str], most: int) -> Sheets:
    counts: dict[str, int] = {}
    bad: list[Bad] = []
    for line, cells in lines:
        name, typed = cells[0].strip(), cells[1] if len(cells) > 1 else ""
        slug, people = known.get(folded(name)), _number(typed)
        if slug is None:
            bad.append(_unknown(line, name))
        elif slug in counts:
            bad.append(Bad(line, name, Invalid(msg("This chapter is there twice. Add the two up."))))
        elif people is None or not 0 < people <= most:
            bad.append(_no_number(line, name, most))
        else:
            counts[slug] = people
    return Sheets(counts, tuple(bad))


def _by_column(lines: list[tuple[int, list[str]]], known: Mapping[str, str], most: int) -> Sheets:
    top, heading = lines[0]
    counts: dict[str, int] = {}
    bad: list[Bad] = []
    for place, cell in enumerate(heading):
        name = cell.strip()
        slug = known.get(folded(name))
        below = [
            (line, cells[place]) for line, cells in lines[1:] if place < len(cells) and cells[place].strip()
        ]
        numbers = [(line, _number(typed)) for line, typed in below]
        wrong = [line for line, people in numbers if people is None or not 0 < people <= most]
        total = sum(people or 0 for _line, people in numbers)
        if slug is None:
            bad += [_unknown(top, name)] if name or below else []
        elif slug in counts:
            bad.append(Bad(top, name, Invalid(msg("This chapter is there twice. Add the two up."))))
        elif wrong or not 0 < total <= most:
            bad += [_no_number(line, name, most) for line in wrong or [top]]
        else:
            counts[slug] = total
    return Sheets(counts, tuple(bad))


def _number(typed: str) -> int | None:
    plain = typed.strip()
    return int(plain) if plain.isascii() and plain.isdecimal() and len(plain) < 7 else None  # noqa: PLR2004


def _unknown(line: int, name: str) -> Bad:
    return Bad(line, name, Invalid(msg("There is no such chapter.")))


def _no_number(line: int, name: str, most: int) -> Bad:
    return Bad(line, name, Invalid(msg("Give a whole number from 1 to %(most)s."), most=most))

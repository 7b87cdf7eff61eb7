"""Lines of a bank statement as people paste them: each read, or refused with its reason. Pure.

A line is day, amount, reference and description, parted by tabs, semicolons or commas; a first line of
headings is left out. Nothing is guessed: a day that could be two days and an amount that could be two amounts
are refused.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import StringIO

from union.core import money
from union.core.errors import Invalid
from union.core.i18n import msg

MOST = 2000
COLUMNS = 4
LONGEST_REF, LONGEST_TEXT = 60, 160
HEADINGS = frozenset({"day", "date", "datum", "dag", "boekdatum"})
DAYS = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y")


TWO_UNDER_ONE = msg("has the reference of line %(n)s, but another day or amount: give it its own")
BOOKED_OTHERWISE = msg("was booked before as %(amount)s on %(day)s: give it another reference if it is new")


@dataclass(frozen=True)
class Line:
    """One line. number: counted from 1 as pasted. problem: message id with `facts`, empty for a good line."""

    number: int
    booked_on: date | None
    cents: int
    ref: str
    text: str
    problem: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def read(pasted: str, today: date) -> tuple[Line, ...]:
    """Return the lines of a statement; raises Invalid for none and for too many."""
    rows = [row for row in _rows(pasted) if any(cell.strip() for cell in row[1])]
    if rows and rows[0][1][0].strip().casefold() in HEADINGS:
        rows = rows[1:]
    if not rows:
        raise Invalid(msg("There is no line to read."), field="lines")
    if len(rows) > MOST:
        raise Invalid(msg("At most %(most)s lines at a time."), field="lines", most=MOST)
    return _told_apart(_line(number, [cell.strip() for cell in row], today) for number, row in rows)


def _told_apart(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Refuse a line with the reference of an earlier one that is not the same line again."""
    first: dict[str, Line] = {}
    found = []
    for line in lines:
        before = line if line.problem else first.setdefault(line.ref, line)
        same = before.booked_on == line.booked_on and before.cents == line.cents
        found.append(line if same else replace(line, problem=TWO_UNDER_ONE, facts={"n": before.number}))
    return tuple(found)


def against(line: Line, booked_on: date, cents: int) -> Line:
    """Return the line beside the entry that has its reference: as it is, or refused as not the same."""
    if line.problem or (line.booked_on, line.cents) == (booked_on, cents):
        return line
    facts = {"day": booked_on.isoformat(), "amount": money.plain(cents)}
    return replace(line, problem=BOOKED_OTHERWISE, facts=facts)


def _rows(pasted: str) -> list[tuple[int, list[str]]]:
    first = pasted.lstrip("\ufeff\r\n ").partition("\n")[0]
    mark = next((one for one in ("\t", ";") if one in first), ",")
    reader = csv.reader(StringIO(pasted.lstrip("\ufeff")), delimiter=mark)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as broken:
        raise Invalid(msg("Line %(n)s cannot be read."), field="lines", n=reader.line_num) from broken


def _line(number: int, cells: list[str], today: date) -> Line:
    if len(cells) != COLUMNS:
        told = {"have": len(cells), "want": COLUMNS}
        return Line(number, None, 0, "", "", msg("has %(have)s columns, not %(want)s"), told)
    day, amount, ref, text = cells
    booked_on = _day(day)
    try:
        cents = money.parse(amount)
    except Invalid as refused:
        return Line(number, booked_on, 0, ref, text, refused.text, refused.facts)
    problem, facts = _problem(booked_on, cents, ref, day, today)
    return Line(number, booked_on, cents, ref, text[:LONGEST_TEXT], problem, facts)


def _day(typed: str) -> date | None:
    for form in DAYS:
        try:
            return datetime.strptime(typed, form).date()  # noqa: DTZ007 - a day on a statement has no zone
        except ValueError:
            continue
    return None


def _problem(
    booked_on: date | None, cents: int, ref: str, day: str, today: date
) -> tuple[str, dict[str, object]]:
    if booked_on is None:
        return msg("%(day)s is no day: write 2026-11-23 or 23-11-2026"), {"day": day[:40] or "?"}
    if booked_on > today:
        return msg("money that has not come yet cannot be booked"), {}
    if cents < 1:
        return msg("the amount is at least one cent"), {}
    if not ref or len(ref) > LONGEST_REF:
        return msg("needs a reference of at most %(most)s characters"), {"most": LONGEST_REF}
    return "", {}


def repeated(lines: tuple[Line, ...]) -> frozenset[int]:
    """Return the numbers of lines whose reference stood in an earlier line of the same statement."""
    seen: set[str] = set()
    again = set()
    for line in lines:
        if line.ref in seen and not line.problem:
            again.add(line.number)
        seen.add(line.ref)
    return frozenset(again)

"""A list of people as a CSV file: whom to tag or to invite, every fault named by line and column. Pure.

Read as spreadsheets write it, by the rules of the register's own file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from union.core.errors import Invalid
from union.core.i18n import LANGUAGES, msg
from union.members.rules.contact import Reach, country_of, email, key, mobile
from union.members.rules.membership import tidy_name
from union.members.rules.register_file import HEADINGS, Bad, folded, plain, records

COLUMNS = ("name", "email", "phone", "chapter", "language", "tags", "source", "agreed")
SOURCE_LENGTH = 200
MOST_ROWS = 20_000
_OWN = {
    "tag": "tags",
    "tags": "tags",
    "label": "tags",
    "labels": "tags",
    "source": "source",
    "bron": "source",
    "agreed": "agreed",
    "agreed on": "agreed",
    "akkoord": "agreed",
    "akkoord op": "agreed",
}
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_NO_DATE = msg("Write the date as 2026-05-31.")


@dataclass(frozen=True)
class Person:
    """One row. source: where the person agreed to be contacted, agreed: when, as the file says it."""

    line: int
    name: str
    email: str
    phone: str
    chapter: str
    language: str
    tags: tuple[str, ...]
    source: str
    agreed: date | None

    @property
    def addresses(self) -> list[tuple[Reach, str]]:
        """How the row is found again."""
        pairs = ((Reach.EMAIL, self.email), (Reach.SMS, self.phone))
        return [(reach, to) for reach, to in pairs if to]


@dataclass(frozen=True)
class Defaults:
    """What a file may refer to, and what its empty cells mean. chapters and tags: folded word → slug."""

    chapters: Mapping[str, str]
    tags: Mapping[str, str]
    chapter: str
    language: str
    zone: str
    source: str
    today: date


@dataclass(frozen=True)
class PeopleFile:
    """A file that was read: good rows, faults, headings that mean nothing to us."""

    rows: tuple[Person, ...]
    bad: tuple[Bad, ...]
    ignored: tuple[str, ...]


def read(text: str, given: Defaults) -> PeopleFile:
    """Return the people in the file and every fault; raises Invalid (field file) when it is no such file."""
    lines = records(text)
    heading = next(lines, None)
    if heading is None:
        raise Invalid(msg("The file is empty."), field="file")
    names = [cell.strip() for cell in heading[1]]
    columns = [_column(name) for name in names]
    if not {"email", "phone"} & set(columns):
        raise Invalid(msg("The first line has to name a column email or phone."), field="file")
    rows: list[Person] = []
    bad: list[Bad] = []
    seen: dict[tuple[Reach, str], int] = {}
    for line, cells in lines:
        found = _person(line, cells, names, columns, given)
        faults = found if isinstance(found, list) else _twice(found, seen)
        bad += faults
        if isinstance(found, Person) and not faults:
            rows.append(found)
        if len(rows) > MOST_ROWS:
            raise Invalid(msg("The file has more than %(n)s lines."), field="file", n=MOST_ROWS)
    ignored = tuple(name for name, column in zip(names, columns, strict=True) if column is None and name)
    return PeopleFile(tuple(rows), tuple(bad), ignored)


def _column(name: str) -> str | None:
    word = folded(name)
    column = _OWN.get(word, HEADINGS.get(word))
    return column if column in COLUMNS else None


def _person(
    line: int, cells: list[str], names: list[str], columns: list[str | None], given: Defaults
) -> Person | list[Bad]:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return [Bad(line, "", Invalid(msg("This row has more cells than the first line has columns.")))]
    said = {column: plain(cell) for column, cell in zip(columns, cells, strict=False) if column}
    called = {column: name for column, name in zip(columns, names, strict=True) if column}
    values: dict[str, object] = {}
    bad: list[Bad] = []
    for column, cell in _readers(said, given):
        try:
            values[column] = cell()
        except Invalid as why:
            bad.append(Bad(line, called.get(column, column), why))
    if not bad and not values["email"] and not values["phone"]:
        column = called.get("email", called.get("phone", ""))
        bad.append(Bad(line, column, Invalid(msg("Neither an email address nor a mobile number."))))
    return bad or Person(line=line, **values)  # type: ignore[arg-type]


def _readers(said: Mapping[str, str], given: Defaults) -> tuple[tuple[str, Callable[[], object]], ...]:
    get = said.get
    return (
        ("name", lambda: tidy_name(get("name", "")) if get("name") else ""),
        ("email", lambda: email(get("email", "")) if get("email") else ""),
        ("phone", lambda: mobile(get("phone", ""), country_of(given.zone)) if get("phone") else ""),
        ("chapter", lambda: _chapter(get("chapter", ""), given)),
        ("language", lambda: _language(get("language", ""), given)),
        ("tags", lambda: _tags(get("tags", ""), given)),
        ("source", lambda: check_source(get("source") or given.source)),
        ("agreed", lambda: _agreed(get("agreed", ""), given.today)),
    )


def _chapter(text: str, given: Defaults) -> str:
    if not text:
        return given.chapter
    found = given.chapters.get(text.casefold())
    if found is None:
        raise Invalid(msg("There is no chapter %(name)s that you organize."), name=text)
    return found


def _language(text: str, given: Defaults) -> str:
    code = (text or given.language).casefold()[:2]
    if code not in LANGUAGES:
        raise Invalid(msg("We do not speak %(name)s; use en or nl."), name=text)
    return code


def _tags(text: str, given: Defaults) -> tuple[str, ...]:
    found = []
    for word in filter(None, (part.strip() for part in re.split(r"[,;|]", text))):
        slug = given.tags.get(word.casefold())
        if slug is None:
            raise Invalid(msg("There is no tag %(name)s. Make it first, then try again."), name=word)
        found.append(slug)
    return tuple(dict.fromkeys(found))


def check_source(text: str) -> str:
    """Return where somebody agreed to be contacted; raises Invalid (field source) when nobody says it."""
    source = " ".join(text.split())
    if not source:
        raise Invalid(msg("Say where this person agreed to be contacted."), field="source")
    if len(source) > SOURCE_LENGTH:
        raise Invalid(msg("Use at most %(n)s characters."), field="source", n=SOURCE_LENGTH)
    return source


def _agreed(text: str, today: date) -> date | None:
    if not text:
        return None
    year_first, day_first = _YEAR_FIRST.fullmatch(text), _DAY_FIRST.fullmatch(text)
    try:
        if year_first:
            agreed = date(int(year_first[1]), int(year_first[2]), int(year_first[3]))
        elif day_first:
            agreed = date(int(day_first[3]), int(day_first[2]), int(day_first[1]))
        else:
            raise Invalid(_NO_DATE)
    except ValueError as problem:
        raise Invalid(_NO_DATE) from problem
    if agreed > today:
        raise Invalid(msg("That day has not come yet."))
    return agreed


def _twice(row: Person, seen: dict[tuple[Reach, str], int]) -> list[Bad]:
    bad = []
    for reach, address in row.addresses:
        earlier = seen.setdefault((reach, key(address)), row.line)
        if earlier != row.line:
            column = "email" if reach == Reach.EMAIL else "phone"
            bad.append(Bad(row.line, column, Invalid(msg("The same as in line %(n)s."), n=earlier)))
    return bad

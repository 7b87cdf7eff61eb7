"""A register as a CSV file, read as spreadsheets write it, every fault named by line and column. Pure."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import BinaryIO

from union.core.errors import Invalid
from union.core.i18n import LANGUAGES, msg
from union.core.zones import is_zone
from union.members.rules.contact import Reach, country_of, email, key, mobile
from union.members.rules.joining import chosen_platforms
from union.members.rules.membership import State, Work, tidy_name

COLUMNS = ("name", "email", "phone", "state", "chapter", "language", "zone", "platforms", "sms")
HEADINGS = {
    "name": "name",
    "naam": "name",
    "roepnaam": "name",
    "email": "email",
    "email address": "email",
    "e mail": "email",
    "e mailadres": "email",
    "emailadres": "email",
    "mail": "email",
    "phone": "phone",
    "phone number": "phone",
    "mobile": "phone",
    "mobile number": "phone",
    "telefoon": "phone",
    "telefoonnummer": "phone",
    "mobiel": "phone",
    "mobiele nummer": "phone",
    "state": "state",
    "status": "state",
    "chapter": "chapter",
    "afdeling": "chapter",
    "language": "language",
    "taal": "language",
    "zone": "zone",
    "time zone": "zone",
    "timezone": "zone",
    "tijdzone": "zone",
    "platform": "platforms",
    "platforms": "platforms",
    "sms": "sms",
    "sms opt in": "sms",
}
_STATES = {
    "": State.APPLICANT,
    "applicant": State.APPLICANT,
    "aspirant": State.APPLICANT,
    "kandidaat": State.APPLICANT,
    "active": State.ACTIVE,
    "actief": State.ACTIVE,
    "suspended": State.SUSPENDED,
    "geschorst": State.SUSPENDED,
}
_YES = {"yes": True, "ja": True, "y": True, "j": True, "1": True, "true": True, "x": True}
_NO = {"": False, "no": False, "nee": False, "n": False, "0": False, "false": False}
_SEPARATORS = (";", "\t", ",")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_ROWS = 200_000
MOST_COLUMNS = 200
"""A list of people that a spreadsheet wrote has fewer; each one more is shown as a column not used."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a file given to a command; a page takes less."""


@dataclass(frozen=True)
class Row:
    """One person of the file, as we would write them down.

    Line: where the row begins, the heading being 1.
    """

    line: int
    name: str
    email: str = ""
    phone: str = ""
    state: State = State.APPLICANT
    chapter: str | None = None
    language: str = "en"
    zone: str = "Europe/Amsterdam"
    platforms: tuple[tuple[str, Work], ...] = ()
    sms: bool = False


@dataclass(frozen=True)
class Bad:
    """A cell that keeps its row out. column: as the file's heading calls it, "" for the whole row."""

    line: int
    column: str
    why: Invalid


@dataclass(frozen=True)
class Known:
    """What the file may refer to.

    Chapters by folded name and slug, platform slugs, defaults for empty cells.
    """

    chapters: Mapping[str, str] = field(default_factory=dict)
    platforms: frozenset[str] = frozenset()
    language: str = "en"
    zone: str = "Europe/Amsterdam"


@dataclass(frozen=True)
class Register:
    """A file that was read: good rows, faults, headings that mean nothing to us."""

    rows: tuple[Row, ...]
    bad: tuple[Bad, ...]
    ignored: tuple[str, ...]


def load(file: BinaryIO) -> str:
    """Return the text of a file that somebody opened, as `decode` does; raises Invalid for a larger one."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Invalid(msg("The file is larger than any list of people."), field="file")
    return decode(content)


def decode(content: bytes) -> str:
    """Return the text of a file as spreadsheets save it: UTF-8, UTF-16, else Windows-1252."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as problem:
                raise Invalid(
                    msg("The file breaks off in the middle of a character."), field="file"
                ) from problem
    if content[1:2] == b"\0":
        return content.decode("utf-16-le", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read(text: str, known: Known) -> Register:
    """Return the people in the file and every fault.

    Raises Invalid (field file) when it is no such file at all.
    """
    lines = records(text)
    heading = next(lines, None)
    if heading is None:
        raise Invalid(msg("The file is empty."), field="file")
    names = [cell.strip() for cell in heading[1]]
    columns = [HEADINGS.get(folded(name)) for name in names]
    if "name" not in columns or not {"email", "phone"} & set(columns):
        raise Invalid(
            msg("The first line has to name the columns: name, and email or phone at least."), field="file"
        )
    rows: list[Row] = []
    bad: list[Bad] = []
    seen: dict[tuple[Reach, str], int] = {}
    for line, cells in lines:
        found = _row(line, cells, names, columns, known)
        faults = found if isinstance(found, list) else _twice(found, seen, names, columns)
        bad += faults
        if isinstance(found, Row) and not faults:
            rows.append(found)
    ignored = tuple(name for name, column in zip(names, columns, strict=True) if column is None and name)
    return Register(tuple(rows), tuple(bad), ignored)


def folded(heading: str) -> str:
    """Return a column's heading as HEADINGS knows it: lower case, words parted by single spaces."""
    return " ".join(re.split(r"[\W_]+", heading.casefold())).strip()


def records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give (line where it begins, cells) of every record that is not blank."""
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.strip().casefold().startswith("sep="):
        text, skipped = rest, 1
        first = rest.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
    begins = skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as problem:
            raise Invalid(msg("Line %(n)s cannot be read as CSV."), field="file", n=begins) from problem
        if cells is None:
            return
        if begins > MOST_ROWS:
            raise Invalid(msg("The file has more than %(n)s lines."), field="file", n=MOST_ROWS)
        if len(cells) > MOST_COLUMNS:
            raise Invalid(
                msg("Line %(n)s has more than %(most)s columns."), field="file", n=begins, most=MOST_COLUMNS
            )
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = skipped + reader.line_num + 1


def _row(
    line: int, cells: list[str], names: list[str], columns: list[str | None], known: Known
) -> Row | list[Bad]:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return [Bad(line, "", Invalid(msg("This row has more cells than the first line has columns.")))]
    said = {c: plain(cell) for c, cell in zip(columns, cells, strict=False) if c}
    called = {c: name for c, name in zip(columns, names, strict=True) if c}
    bad: list[Bad] = []
    values: dict[str, object] = {}
    zone = said.get("zone") or known.zone
    for column, cell in _readers(said, known, zone):
        try:
            values[column] = cell()
        except Invalid as why:
            bad.append(Bad(line, called.get(column, column), why))
    if not bad and not values["email"] and not values["phone"]:
        bad.append(Bad(line, called.get("email", called.get("phone", "")), Invalid(_NEITHER)))
    return bad or Row(line=line, **values)  # type: ignore[arg-type]


_NEITHER = msg("Neither an email address nor a mobile number.")


def _readers(
    said: Mapping[str, str], known: Known, zone: str
) -> tuple[tuple[str, Callable[[], object]], ...]:
    """Give, per column, what reads its cell or raises Invalid."""
    get = said.get
    return (
        ("name", lambda: tidy_name(get("name", ""))),
        ("email", lambda: email(get("email", "")) if get("email") else ""),
        ("phone", lambda: mobile(get("phone", ""), country_of(zone)) if get("phone") else ""),
        ("state", lambda: _one_of(get("state", ""), _STATES, msg("Use applicant, active or suspended."))),
        ("chapter", lambda: _chapter(get("chapter", ""), known)),
        ("language", lambda: _language(get("language", ""), known)),
        ("zone", lambda: _zone(zone)),
        ("platforms", lambda: _platforms(get("platforms", ""), known)),
        ("sms", lambda: _one_of(get("sms", ""), {**_YES, **_NO}, msg("Use yes or no."))),
    )


def plain(cell: str) -> str:
    """Return the cell without surplus space and without the quote that keeps a spreadsheet from reckoning."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text


def _one_of(text: str, words: Mapping[str, object], otherwise: str) -> object:
    found = words.get(text.casefold())
    if found is None:
        raise Invalid(otherwise)
    return found


def _chapter(text: str, known: Known) -> str | None:
    if not text:
        return None
    found = known.chapters.get(text.casefold())
    if found is None:
        raise Invalid(msg("There is no chapter %(name)s."), name=text)
    return found


def _language(text: str, known: Known) -> str:
    code = (text or known.language).casefold()[:2]
    if code not in LANGUAGES:
        raise Invalid(msg("We do not speak %(name)s; use en or nl."), name=text)
    return code


def _zone(text: str) -> str:
    if not is_zone(text):
        raise Invalid(msg("We do not know the time zone %(zone)s."), zone=text)
    return text


def _platforms(text: str, known: Known) -> tuple[tuple[str, Work], ...]:
    """Read "uber:driver tiktok:creator"; without a kind it is a user."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in re.split(r"[\s,;|]+", text.casefold()):
        if entry:
            slug, _, kind = entry.partition(":")
            if slug not in known.platforms:
                raise Invalid(msg("There is no platform %(name)s in the directory."), name=slug)
            found[slug] = (*found.get(slug, ()), kind or Work.USER.value)
    return tuple(chosen_platforms(found))


def _twice(
    row: Row, seen: dict[tuple[Reach, str], int], names: list[str], columns: list[str | None]
) -> list[Bad]:
    """Name an address that an earlier line has."""
    bad = []
    for reach, address, column in ((Reach.EMAIL, row.email, "email"), (Reach.SMS, row.phone, "phone")):
        if address:
            earlier = seen.setdefault((reach, key(address)), row.line)
            if earlier != row.line:
                why = Invalid(msg("The same as in line %(n)s."), n=earlier)
                bad.append(Bad(row.line, names[columns.index(column)], why))
    return bad


def write(rows: Iterable[Mapping[str, str]], columns: tuple[str, ...]) -> str:
    """Return a CSV text for spreadsheets (with a byte order mark).

    Cells that look like formulas get a quote.
    """
    out = StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _safe(name, row.get(name, "")) for name in columns})
    return "\ufeff" + out.getvalue()


def _safe(column: str, text: str) -> str:
    return f"'{text}" if column != "phone" and text.startswith(_FORMULA) else text

"""What each column holds about people, and for how long: one word a column, one sentence a table.

Most columns need no word: numbers, moments, days, yes or no, words of a fixed list and keys to other tables
say nothing of anybody; a key to a member says who; a sealed type is sealed; some names mean the same in every
room. Any other text, JSON or bytes says it itself (`info=PUBLIC`), or a house test fails. Every table that
holds something of a person says until when, and what erasing that person does to it (`__kept__ = Kept(…)`).
`docs/what-is-stored.md` and a member's own file are made from this.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from union.core.db import Base, Instant, SealedText


class Holds(StrEnum):
    """What may stand in a column."""

    NOTHING = "nothing of a person"
    PUBLIC = "published on purpose"
    INSIDE = "the union's own words, in clear"
    CLEAR = "of a person, in clear"
    MEMBER = "which member, by a random id"
    ACTOR = "who did it, by a random id"
    HASHED = "keyed hash, or hash of a secret"
    SEALED = "sealed"


NOTHING, PUBLIC, INSIDE, CLEAR, MEMBER, ACTOR, HASHED = (
    {"holds": what} for what in Holds if what is not Holds.SEALED
)
"""For `mapped_column(…, info=PUBLIC)`."""


class Erased(StrEnum):
    """What becomes of a member's rows when the member is erased, within the hour."""

    GOES = "the row goes"
    UNLINKED = "the row loses the member"
    STAYS = "the row stays, under an id that names nobody any more"
    NOBODYS = "the row names no member"


@dataclass(frozen=True)
class Kept:
    """Until when a table's rows tell of a person, and what erasing does to them.

    why_not: why they are missing in the member's own file. but: columns that are missing there, because only
    a program opens them, for one purpose. part_of: the table by whose row one tells which member these are
    of; shown: of such rows those are in the file for which one of these columns is true, and why_not says of
    the others why they are not.
    """

    until: str
    erased: Erased
    why_not: str = ""
    but: tuple[str, ...] = ()
    part_of: str = ""
    shown: tuple[str, ...] = ()


_PLAIN = (sa.Integer, sa.Boolean, sa.Date, sa.Enum, Instant)
_NAMES = (
    (re.compile(r"(member|person)_id"), Holds.MEMBER),
    (re.compile(r"(actor|author|by|helper|officer|owner|assignee)_id|\w+_by|by"), Holds.ACTOR),
    (
        re.compile(
            r"(\w+_)?(id|slug|kind|state|stage|status|zone|language|country|channel|provider)|uuid|hash|digest|lane"
            r"|role|template|place_key|wall_(start|end)|keyword|ref"
        ),
        Holds.NOTHING,
    ),
)  # fmt: skip


def holds(column: sa.Column[Any]) -> Holds | None:
    """Return what a column holds; None for one that nobody classified."""
    if "holds" in column.info:
        return Holds(column.info["holds"])
    if isinstance(column.type, SealedText):
        return Holds.SEALED
    named = next((what for name, what in _NAMES if name.fullmatch(column.name)), None)
    if any(key.column.table.name == "member" for key in column.foreign_keys):
        return Holds.ACTOR if named is Holds.ACTOR else Holds.MEMBER
    if column.foreign_keys or isinstance(column.type, _PLAIN):
        return Holds.NOTHING
    if isinstance(column.type, sa.LargeBinary) and column.name.endswith("_hash"):
        return Holds.HASHED
    return named if isinstance(column.type, sa.String) else None


PERSONAL = {Holds.CLEAR, Holds.MEMBER, Holds.HASHED, Holds.SEALED}
"""What obliges a table to say until when."""


@dataclass(frozen=True)
class Stored:
    """One table. why: the first sentence of its model; kept: None where no column is of a person."""

    room: str
    name: str
    why: str
    kept: Kept | None
    columns: dict[str, Holds | None]
    table: sa.Table

    @property
    def personal(self) -> bool:
        """Tell whether a column, or what the row is a part of, holds something of a person."""
        return bool(PERSONAL & set(self.columns.values())) or bool(self.kept and self.kept.part_of)

    def of(self, what: Holds) -> list[str]:
        """Return the columns that hold this."""
        return [name for name, held in self.columns.items() if held is what]


def stored() -> Iterator[Stored]:
    """Yield every table whose model is loaded, by room and name."""
    models = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    tables = Base.metadata.tables.values()
    for table in sorted(tables, key=lambda one: (_room(models[one]), one.name)):
        model = models[table]
        yield Stored(
            _room(model),
            table.name,
            re.split(r"(?<=\.)\s", " ".join((model.__doc__ or "").split()))[0],
            getattr(model, "__kept__", None),
            {column.name: holds(column) for column in table.columns},
            table,
        )


def _room(model: type) -> str:
    return model.__module__.split(".")[1]


def as_markdown() -> str:
    """Return what is stored, room by room, as the page in `docs/`."""
    lines = [_HEAD]
    room = ""
    for one in stored():
        if one.room != room:
            room = one.room
            lines.append(f"## {room}\n")
        lines.append(f"**`{one.name}`** {one.why}\n")
        if one.kept:
            which = "some rows" if one.kept.shown else ""
            own = (
                f"{which} not in the member's own file: {one.kept.why_not}".strip()
                if one.kept.why_not
                else ""
            )
            who = one.kept.erased.value if one.of(Holds.MEMBER) else ""
            part = f"*part of:* `{one.kept.part_of}`, so of its member" if one.kept.part_of else ""
            facts = "; ".join(
                filter(None, (f"*Kept* {one.kept.until}", who and f"*erased:* {who}", part, own))
            )
            lines.append(f"{facts}.\n")
        lines.append("| holds | columns |\n|---|---|")
        lines += [
            f"| {_said(one, what)} | {', '.join(one.of(what))} |" for what in reversed(Holds) if one.of(what)
        ]
        lines.append("")
    return "\n".join(lines)


def _said(one: Stored, what: Holds) -> str:
    """Return the word for a column; beside a member's id a number or a time is that member's."""
    if what is Holds.NOTHING and one.of(Holds.MEMBER):
        return "numbers, times, states said of that id"
    return what


_HEAD = """# What is stored

Every table and column, made from the models by `union db what-is-stored`; a test fails when it is behind.
What the words mean:

| | |
|---|---|
| sealed | encrypted with the data key, which is not in the database (AES-256-GCM) |
| keyed hash, or hash of a secret | finds an exact address, code or device again; tells nobody which |
| who did it, which member | a random id; whoever was erased leaves an id that names nobody |
| of a person, in clear | nothing is, at the moment |
| the union's own words, in clear | plans, minutes, offers, titles: a thief of the disk reads them |
| published on purpose | anybody may read it on the site anyway |
| nothing of a person | numbers, times, states, settings |
"""

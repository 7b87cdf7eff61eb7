"""Dated data that stands beside code: TOML files of one kind of record, each with an id of its own."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar


class Named(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str:
        """What names it."""
        ...


_Record = TypeVar("_Record", bound=Named)


def read_folder(folder: Path, table: str, read: Callable[[dict[str, Any]], _Record]) -> dict[str, _Record]:
    """Return the records of every TOML file's array `table` by id, in the order of the files.

    read: makes a record of one table. Raises ValueError for an id that stands twice, and what `read` raises.
    """
    found: dict[str, _Record] = {}
    for path in sorted(folder.glob("*.toml")):
        for facts in tomllib.loads(path.read_text(encoding="utf-8"))[table]:
            record = read(facts)
            if record.id in found:
                text = f"{record.id} stands in {path.name} a second time"
                raise ValueError(text)
            found[record.id] = record
    return found

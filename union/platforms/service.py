"""Fill the directory: our own records, and the datenanfragen archive read without ever being unpacked."""

import gzip
import tarfile
import tomllib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.platforms.models import Platform
from union.platforms.rules import Facts, Kind, archive, initial, joined, words

DIRECTORY = Path(__file__).parent / "directory.toml"
_LARGEST_ARCHIVE = 512 * 1024 * 1024
_CHUNK = 1024 * 1024

Progress = Callable[[int], None]


@dataclass(frozen=True)
class BadRecord:
    """A file of the archive with a fault; `why` is what is wrong in it."""

    file: str
    why: Invalid


@dataclass(frozen=True)
class Imported:
    """What an import did. bad: left out. flawed: kept, without what was wrong in them."""

    added: int
    changed: int
    same: int
    bad: tuple[BadRecord, ...]
    flawed: tuple[BadRecord, ...]


@cache
def directory() -> dict[str, Facts]:
    """Return our own records by slug."""
    return {slug: entry for slug, (entry, _) in _directory().items()}


@cache
def _directory() -> dict[str, tuple[Facts, str]]:
    """Return slug → (facts, slug of the same company in the archive)."""
    found = {}
    for slug, table in tomllib.loads(DIRECTORY.read_text("utf-8")).items():
        entry = dict(table)
        there = entry.pop("archive", slug)
        kind = Kind(entry.pop("kind"))
        found[slug] = (Facts(slug=slug, kind=kind, source_as_of=entry.pop("as_of"), **entry), there)
    return found


def load_directory(session: Session, *, actor: Actor, now: datetime) -> int:
    """Put our own records in, keeping what an archive added; returns how many were new or changed."""
    allow(actor, Permission.PLATFORM_EDIT)
    rows = {row.slug: row for row in session.scalars(select(Platform).with_for_update())}
    done = 0
    for slug, facts in directory().items():
        known = rows.get(slug)
        record = known.record if known else None
        full = joined(facts, archive.facts(record)) if record else facts
        done += _write(session, known, full, record) != "same"
    if done:
        audit.record(
            session, actor=actor, now=now, act="platforms.load", subject="platforms/directory", records=done
        )
    return done


def import_archive(
    session: Session, *, actor: Actor, now: datetime, path: Path, progress: Progress | None = None
) -> Imported:
    """Read all company records of the archive at `path`: a .tar.gz, a folder, or a folder's `companies`.

    Our own records keep what they say and gain what they leave out. A second run changes nothing. Bad
    records are left out and named, so are wrong web addresses. progress: called with how many were read.
    Raises Invalid, having written nothing, when the archive itself cannot be read or holds no record.
    """
    allow(actor, Permission.PLATFORM_EDIT)
    rows = {row.slug: row for row in session.scalars(select(Platform).with_for_update())}
    ours = {there: facts for facts, there in _directory().values()}
    tally = {"added": 0, "changed": 0, "same": 0}
    bad: list[BadRecord] = []
    flawed: list[BadRecord] = []
    seen: set[str] = set()
    for n, (file, content) in enumerate(_files(path), 1):
        try:
            record = archive.read(file, content)
            _refuse_taken(record["slug"], seen, ours)
        except Invalid as why:
            bad.append(BadRecord(file, why))
            continue
        seen.add(record["slug"])
        flawed += [BadRecord(file, flaw) for flaw in archive.flaws(record)]
        facts = archive.facts(record)
        own = ours.get(facts.slug)
        full = joined(own, facts) if own else facts
        tally[_write(session, rows.get(full.slug), full, record)] += 1
        if progress:
            progress(n)
    if not seen:
        raise Invalid(msg("There is no company record in %(path)s."), path=path.name)
    session.flush()
    if tally["added"] or tally["changed"]:
        audit.record(
            session,
            actor=actor,
            now=now,
            act="platforms.import",
            subject="platforms/archive",
            added=tally["added"],
            changed=tally["changed"],
            bad=len(bad),
        )
    return Imported(**tally, bad=tuple(bad), flawed=tuple(flawed))


def _refuse_taken(slug: str, seen: set[str], ours: dict[str, Facts]) -> None:
    if slug in seen:
        raise Invalid(msg("the slug %(slug)s was there before"), slug=slug)
    if slug in directory() and slug not in ours:
        raise Invalid(msg("our own directory uses the slug %(slug)s for another company"), slug=slug)


def _write(session: Session, known: Platform | None, facts: Facts, record: dict[str, Any] | None) -> str:
    """Insert or update one row; returns added, changed or same."""
    values = {
        **vars(facts),
        "kind": facts.kind.value,
        "own": facts.slug in directory(),
        "initial": initial(facts.name),
        "words": words(facts),
        "record": record,
    }
    if known is None:
        session.add(Platform(**values))
        return "added"
    different = {name: value for name, value in values.items() if getattr(known, name) != value}
    for name, value in different.items():
        setattr(known, name, value)
    return "changed" if different else "same"


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give (path inside, content) of every company record, in order of name for a folder."""
    if path.is_dir():
        folder = path / "companies" if (path / "companies").is_dir() else path
        for file in sorted(folder.glob("*.json")):
            if not file.is_file() or file.is_symlink():
                continue
            with file.open("rb") as opened:
                yield f"companies/{file.name}", opened.read(archive.LARGEST_RECORD + 1)
    else:
        yield from _packed(path)


def _packed(path: Path) -> Iterator[tuple[str, bytes]]:
    """Read the archive as a stream: nothing is ever written to disk, links and odd names are passed over."""
    total = 0
    try:
        with gzip.open(path) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as packed:
            for entry in packed:
                total += entry.size
                if total > _LARGEST_ARCHIVE:
                    raise Invalid(msg("%(path)s unpacks to more than such an archive holds."), path=path.name)
                if not entry.isreg() or not archive.is_company(entry.name):
                    continue
                opened = packed.extractfile(entry)
                if opened is not None:
                    yield entry.name, opened.read(archive.LARGEST_RECORD + 1)
            # tarfile takes a missing end for the end; the checksum behind it does not
            while unzipped.read(_CHUNK):
                total += _CHUNK
                if total > _LARGEST_ARCHIVE:
                    raise Invalid(msg("%(path)s unpacks to more than such an archive holds."), path=path.name)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as problem:
        raise Invalid(
            msg("%(path)s cannot be read as an archive: %(why)s"), path=path.name, why=str(problem)
        ) from problem

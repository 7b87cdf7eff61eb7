"""Which files of a ballot's report are in the log."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.audit import queries as audit

_MOST = 200


@dataclass(frozen=True)
class Noted:
    """An entry of the log that names a file. sha256: hex."""

    height: int
    at: datetime
    sha256: str


def noted_report(session: Session, slug: str, *, language: str, as_of: datetime) -> Noted | None:
    """Return the newest entry for the report's file in `language` whose newest fact is of `as_of`, if any."""
    entries = audit.newest(session, subject=f"ballot/{slug}", act="ballots.note_report", limit=_MOST)
    for entry in entries:
        if (entry.facts["language"], entry.facts.get("as_of")) == (language, as_of.isoformat()):
            return Noted(entry.height, entry.at, str(entry.facts["sha256"]))
    return None

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


def noted_reports(session: Session, slug: str) -> tuple[Noted, ...]:
    """Return the files of the ballot's report that were noted, newest first."""
    entries = audit.newest(session, subject=f"ballot/{slug}", act="ballots.note_report", limit=_MOST)
    return tuple(Noted(entry.height, entry.at, str(entry.facts["sha256"])) for entry in entries)

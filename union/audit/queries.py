"""The log as pages read it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from union.audit.models import AuditEntry


@dataclass(frozen=True)
class Entry:
    """One act as shown to an officer."""

    height: int
    at: datetime
    actor_id: str | None
    act: str
    subject: str
    facts: dict[str, Any]
    hash: str


def newest(
    session: Session,
    *,
    before: int | None = None,
    subject: str | None = None,
    act: str | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return entries, newest first, below height `before`."""
    query = (
        select(AuditEntry).options(undefer(AuditEntry.words)).order_by(AuditEntry.height.desc()).limit(limit)
    )
    if before is not None:
        query = query.where(AuditEntry.height < before)
    if subject:
        query = query.where(AuditEntry.subject == subject)
    if act:
        query = query.where(AuditEntry.act == act)
    return [
        Entry(e.height, e.at, e.actor_id, e.act, e.subject, _facts(e), e.hash) for e in session.scalars(query)
    ]


def _facts(entry: AuditEntry) -> dict[str, Any]:
    """Return the facts with the words that were sealed in the place of their fingerprint."""
    if entry.words is None:
        return entry.facts
    said: dict[str, Any] = json.loads(entry.words)[1]
    return {name: fact for name, fact in entry.facts.items() if name != "words"} | said

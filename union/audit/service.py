"""Append to the log and check it.

Private acts (a vote, a pledge's minimum, a check-in) are never recorded with a member.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from union.audit.models import AuditEntry, AuditHead
from union.core.actor import Actor
from union.core.db import to_microseconds

GENESIS = "0" * 64


class Words(str):
    """What a person wrote, as one of an entry's facts: sealed, and bound to the chain by a fingerprint."""

    __slots__ = ()


def record(
    session: Session, *, actor: Actor, now: datetime, act: str, subject: str, **facts: str | int | bool | None
) -> str:
    """Append one entry in the caller's transaction and return its hash.

    act: "room.verb"; subject: "kind/slug". Facts hold no contact data, no choice, no private minimum; what
    somebody wrote in a field is given as `Words`.
    """
    said = {name: fact for name, fact in facts.items() if isinstance(fact, Words)}
    words = json.dumps([secrets.token_hex(16), said]) if said else None
    if words:
        facts = {name: fact for name, fact in facts.items() if name not in said} | {"words": _print_of(words)}
    head = _locked_head(session)
    parent = head.hash or GENESIS
    entry = AuditEntry(
        height=head.height + 1,
        at=now,
        actor_id=actor.member_id,
        act=act,
        subject=subject,
        facts=facts,
        words=words,
        parent=parent,
        hash="",
    )
    entry.hash = digest(entry)
    session.add(entry)
    session.flush()
    head.height, head.hash = entry.height, entry.hash
    session.flush()
    return entry.hash


def digest(entry: AuditEntry) -> str:
    """Return the SHA-256 (hex) of the entry as canonical JSON, its parent's hash included."""
    canonical = json.dumps(
        [
            entry.height,
            to_microseconds(entry.at),
            entry.actor_id,
            entry.act,
            entry.subject,
            entry.facts,
            entry.parent,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _print_of(words: str) -> str:
    """Return the SHA-256 (hex) of words; the random part in them keeps short ones from being guessed."""
    return hashlib.sha256(words.encode()).hexdigest()


def _locked_head(session: Session) -> AuditHead:
    head = session.get(AuditHead, 1, with_for_update=True, populate_existing=True)
    if head is not None:
        return head
    try:
        with session.begin_nested():
            session.add(AuditHead(id=1, height=0, hash=None))
    except IntegrityError:
        pass  # another process made the first row between our look and our insert
    return session.get_one(AuditHead, 1, with_for_update=True, populate_existing=True)


class Broken(Exception):
    """The chain does not hold; the message names the height and what differs."""


def verify(session: Session) -> int:
    """Walk the whole chain and return how many entries hold; raises Broken at the first that does not."""
    parent, height = GENESIS, 0
    for entry in _entries(session):
        height += 1
        if entry.height != height:
            msg = f"entry {height} is missing: found {entry.height}"
            raise Broken(msg)
        if entry.parent != parent:
            msg = f"entry {height} does not follow the one before it"
            raise Broken(msg)
        if digest(entry) != entry.hash:
            msg = f"entry {height} was altered"
            raise Broken(msg)
        parent = entry.hash
    head = session.get(AuditHead, 1)
    if height and (head is None or head.hash != parent):
        msg = f"the head does not match entry {height}: newer entries were taken out"
        raise Broken(msg)
    return height


def verify_words(session: Session) -> int:
    """Open all sealed words and return how many are those that were written; raises Broken.

    Words may have been forgotten, never exchanged. Needs the data key, which the chain does not.
    """
    kept = select(AuditEntry.height, AuditEntry.facts, AuditEntry.words).where(AuditEntry.words.is_not(None))
    held = 0
    for height, facts, words in session.execute(kept.execution_options(yield_per=500)):
        if words is None or facts.get("words") != _print_of(words):
            msg = f"the words of entry {height} were altered"
            raise Broken(msg)
        held += 1
    return held


def _entries(session: Session) -> Iterable[AuditEntry]:
    return session.scalars(select(AuditEntry).order_by(AuditEntry.height).execution_options(yield_per=500))

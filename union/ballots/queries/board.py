"""The public board: its records as an archive, its events page by page, and where a tracker stands."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.ballots.crypto.archive import Record, entry, header
from union.ballots.models import Ballot, BoardRecord, CastBallot, RollEntry
from union.ballots.queries.one_ballot import find
from union.ballots.receipts import fold
from union.ballots.service import mixing
from union.ballots.service.board import credentials as published
from union.core.errors import NotFound
from union.core.i18n import msg

PAGE = 50
_BATCH = 500


@dataclass(frozen=True)
class Event:
    """One event of the board. tracker: of a ballot."""

    height: int
    kind: str
    hash: str
    tracker: str | None


@dataclass(frozen=True)
class Found:
    """Where a tracker stands. counts: no later ballot under the same credential replaced it."""

    tracker: str
    height: int
    head: str
    counts: bool
    page: int


@dataclass(frozen=True)
class BoardPage:
    """One page of a board, newest event first."""

    slug: str
    title: str
    state: str
    fingerprint: str | None
    height: int
    head: str | None
    events: tuple[Event, ...]
    page: int
    pages: int
    size: int
    receipts_from: int


@dataclass(frozen=True)
class Head:
    """The newest event of a board, for observers who keep it."""

    uuid: str
    fingerprint: str
    height: int
    head: str


def board(session: Session, slug: str, page: int = 1) -> BoardPage:
    """Return one page of the board. Raises NotFound when there is no such ballot or page."""
    ballot = find(session, slug)
    mine = (BoardRecord.ballot_id == ballot.id, BoardRecord.kind == "event")
    total = session.scalar(select(func.count()).select_from(BoardRecord).where(*mine)) or 0
    pages = max(-(-total // PAGE), 1)
    if not 1 <= page <= pages:
        raise NotFound(msg("The board has no such page."))
    rows = session.execute(
        select(BoardRecord.name, BoardRecord.content)
        .where(*mine)
        .order_by(BoardRecord.position.desc())
        .offset((page - 1) * PAGE)
        .limit(PAGE)
    )
    size = (
        session.scalar(
            select(func.sum(func.length(BoardRecord.content))).where(BoardRecord.ballot_id == ballot.id)
        )
        if total
        else 0
    )
    return BoardPage(
        slug=ballot.slug,
        title=ballot.title,
        state=ballot.state,
        fingerprint=ballot.fingerprint,
        height=ballot.height,
        head=ballot.head,
        events=tuple(_event(name, bytes(content)) for name, content in rows),
        page=page,
        pages=pages,
        size=int(size or 0),
        receipts_from=1,
    )


def _event(name: str, content: bytes) -> Event:
    told = json.loads(content)
    tracker = tracker_of(told["payload"]) if told["type"] == "Ballot" else None
    return Event(told["height"], told["type"], name, tracker)


def tracker_of(digest: str) -> str:
    """Return the tracker (43 characters) of a ballot whose record is named `digest` (hex)."""
    return base64.b64encode(bytes.fromhex(digest)).decode().rstrip("=")


def find_tracker(session: Session, slug: str, typed: str) -> Found | None:
    """Return where a tracker stands, typed in any spacing or case; None when it is not on the board."""
    ballot = find(session, slug)
    folded = fold(typed)
    if not folded:
        return None
    row = session.scalars(
        select(CastBallot).where(CastBallot.ballot_id == ballot.id, CastBallot.folded == folded)
    ).first()
    if row is None:
        return None
    later = select(CastBallot.position).where(
        CastBallot.ballot_id == ballot.id,
        CastBallot.credential == row.credential,
        CastBallot.position > row.position,
    )
    counts = session.scalars(later.limit(1)).first() is None
    page = (ballot.height - row.height) // PAGE + 1
    return Found(tracker_of(row.ballot_hash), row.height, row.head, counts, page)


def head(session: Session, slug: str) -> Head:
    """Return the board's head. Raises NotFound before the opening."""
    ballot = find(session, slug)
    if ballot.head is None or ballot.fingerprint is None:
        raise NotFound(msg("Nothing is on the board yet."))
    return Head(ballot.uuid, ballot.fingerprint, ballot.height, ballot.head)


def archive(session: Session, slug: str) -> Iterator[bytes]:
    """Yield the archive's bytes up to the head as it is now. Raises NotFound before the opening."""
    ballot = find(session, slug)
    if ballot.opened_at is None:
        raise NotFound(msg("Nothing is on the board yet."))
    return _archive(session, ballot, ballot.length)


def _archive(session: Session, ballot: Ballot, length: int) -> Iterator[bytes]:
    timestamp = int(ballot.opened_at.timestamp()) if ballot.opened_at else 0
    yield header(timestamp)
    for start in range(0, length, _BATCH):
        rows = session.execute(
            select(BoardRecord.kind, BoardRecord.name, BoardRecord.content)
            .where(
                BoardRecord.ballot_id == ballot.id,
                BoardRecord.position >= start,
                BoardRecord.position < min(start + _BATCH, length),
            )
            .order_by(BoardRecord.position)
        )
        yield b"".join(entry(Record(kind, name, bytes(content)), timestamp) for kind, name, content in rows)


def election_record(session: Session, slug: str) -> bytes:
    """Return the exact bytes of the election record. Raises NotFound before the opening."""
    ballot = find(session, slug)
    if ballot.election is None:
        raise NotFound(msg("Nothing is on the board yet."))
    return bytes(ballot.election)


def credentials(session: Session, slug: str) -> list[str]:
    """Return the public credentials in their published order."""
    return published(session, find(session, slug))


def encrypted_tally(session: Session, slug: str) -> bytes:
    """Return the encrypted tally's record, orders as last shuffled. Raises NotFound before the close."""
    ballot = find(session, slug)
    if ballot.tally_at is None:
        raise NotFound(msg("The ballot is not closed yet."))
    return mixing.tally_of(session, ballot)


def roll(session: Session, slug: str) -> list[tuple[str, ...]]:
    """Return the frozen roll as (member id, chapter), sorted: what its hash covers. Never who voted.

    Where votes weigh differently each entry ends with the weight.
    """
    ballot = find(session, slug)
    rows = session.execute(
        select(RollEntry.member_id, RollEntry.chapter_slug, RollEntry.weight)
        .where(RollEntry.ballot_id == ballot.id)
        .order_by(RollEntry.member_id)
    )
    if ballot.weighting is None:
        return [(member_id, chapter) for member_id, chapter, _ in rows]
    return [(member_id, chapter, str(weight)) for member_id, chapter, weight in rows]

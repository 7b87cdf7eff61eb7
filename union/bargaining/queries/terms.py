"""Pages of terms and their versions as their page reads them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.bargaining.models import BargainingTable, TermsPage, TermsVersion
from union.bargaining.queries.cards import TableCard, card_of
from union.bargaining.queries.table import WatchCard, watch_card
from union.bargaining.rules import comparing
from union.bargaining.rules.comparing import Piece
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class VersionCard:
    """A text as it was read."""

    id: int
    fetched_at: datetime
    hash: str


@dataclass(frozen=True)
class WatchPage:
    """A page of terms: its versions, and the chosen one against the one before it."""

    table: TableCard
    card: WatchCard
    every_hours: int
    next_at: datetime
    stopped: bool
    versions: tuple[VersionCard, ...]
    chosen: VersionCard | None
    before: VersionCard | None
    pieces: tuple[Piece, ...]
    text: str


def watch_page(
    session: Session, page_id: str, actor: Actor, now: datetime, version: int | None = None
) -> WatchPage:
    """Return a watched page with one of its versions, the newest unless told; raises NotFound."""
    allow(actor, Permission.BARGAINING_READ)
    row = session.get(TermsPage, page_id)
    if row is None:
        raise NotFound(msg("There is no such page."))
    cards = tuple(
        VersionCard(*found)
        for found in session.execute(
            select(TermsVersion.id, TermsVersion.fetched_at, TermsVersion.hash)
            .where(TermsVersion.page_id == page_id)
            .order_by(TermsVersion.id.desc())
            .limit(200)
        )
    )
    place = next((n for n, c in enumerate(cards) if c.id == version), 0)
    chosen = cards[place] if cards else None
    before = cards[place + 1] if len(cards) > place + 1 else None
    text = session.get_one(TermsVersion, chosen.id).text if chosen else ""
    earlier = session.get_one(TermsVersion, before.id).text if before else ""
    return WatchPage(
        table=card_of(session, session.get_one(BargainingTable, row.table_id), actor, now),
        card=watch_card(row),
        every_hours=row.every_hours,
        next_at=row.next_at,
        stopped=row.stopped_at is not None,
        versions=cards,
        chosen=chosen,
        before=before,
        pieces=comparing.lines(earlier, text) if before else (),
        text=text,
    )

"""Letters as their pages read them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from union.bargaining import letters
from union.bargaining.models import BargainingTable, TableLetter
from union.bargaining.queries.cards import TableCard, card_of
from union.bargaining.service import common
from union.bargaining.service.letters import last_day
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import queries as notified


@dataclass(frozen=True)
class LetterPage:
    """One letter. last_day: for an answer. basis: the frozen template. sent: how far the email is.

    no_holidays: the country whose public holidays we do not know, so that the clock counts weekends alone.
    """

    table: TableCard
    id: str
    template: str
    kind: str
    state: str
    language: str
    recipient: str
    subject: str
    body: str
    hash: str | None
    basis: dict[str, Any]
    sent_at: datetime | None
    sent_how: str
    sent_note: str
    sent_by: str
    due_at: datetime | None
    last_day: date | None
    overdue: bool
    extended: bool
    may_extend: bool
    answered_at: datetime | None
    answer: str
    sent: notified.Progress | None
    no_holidays: str


def letter_page(session: Session, letter_id: str, actor: Actor, now: datetime) -> LetterPage:
    """Return a letter; drafts only to those who do the paperwork. Raises NotFound."""
    allow(actor, Permission.BARGAINING_READ)
    row = session.get(TableLetter, letter_id)
    if row is None:
        raise NotFound(msg("There is no such letter."))
    table = session.get_one(BargainingTable, row.table_id)
    made = card_of(session, table, actor, now)
    if row.state == "draft" and not made.helps:
        raise NotFound(msg("There is no such letter."))
    names = members.display_names(session, [row.sent_by]) if row.sent_by else {}
    waits = row.state == "sent"
    return LetterPage(
        table=made,
        id=row.id,
        template=row.template,
        kind=row.kind,
        state=row.state,
        language=row.language,
        recipient=row.recipient,
        subject=row.subject,
        body=row.body,
        hash=row.hash,
        basis=row.basis,
        sent_at=row.sent_at,
        sent_how=row.sent_how,
        sent_note=row.sent_note,
        sent_by=names.get(row.sent_by or "", ""),
        due_at=row.due_at,
        last_day=last_day(row.due_at, table.zone) if row.due_at else None,
        overdue=waits and row.due_at is not None and row.due_at <= now,
        extended=row.extended,
        may_extend=waits and bool(row.basis.get("extension")) and not row.extended,
        answered_at=row.answered_at,
        answer=row.answer,
        sent=notified.progress(session, f"letter:{row.id}") if row.sent_how == "email" else None,
        no_holidays="" if common.knows_holidays(table.country) else table.country or "?",
    )


def letter_templates() -> tuple[letters.Letter, ...]:
    """Return the letters there are."""
    return tuple(letters.letters().values())

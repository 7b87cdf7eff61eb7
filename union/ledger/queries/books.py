"""Balances, the journal, and how the fund grew."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.ledger.models import JournalEntry, PayoutBatch, Posting
from union.ledger.rules import BANK, CHART, DEBIT_GROWS, PAYABLE, BatchState, Kind

PAGE = 50


@dataclass(frozen=True)
class AccountLine:
    """One account with its balance as its kind shows it. name: a message id."""

    code: str
    name: str
    kind: Kind
    cents: int


@dataclass(frozen=True)
class EntryLine:
    """One entry of the journal. postings: (debit, credit, cents)."""

    id: int
    booked_on: date
    text: str
    ref: str | None
    postings: tuple[tuple[str, str, int], ...]

    @property
    def cents(self) -> int:
        """What the entry moves altogether."""
        return sum(cents for _, _, cents in self.postings)


@dataclass(frozen=True)
class Books:
    """All accounts. difference: debits less credits of them all, always nought."""

    accounts: tuple[AccountLine, ...]
    difference: int


@dataclass(frozen=True)
class Overview:
    """The fund in three numbers and a line: (end of day UTC, cents in the bank) whenever it changed."""

    bank: int
    promised: int
    available: int
    points: tuple[tuple[datetime, int], ...]


def books(session: Session) -> Books:
    """Return every account with its balance."""
    raw = _raw(session)
    lines = tuple(
        AccountLine(code, name, kind, raw.get(code, 0) * (1 if kind in DEBIT_GROWS else -1))
        for code, (name, kind) in CHART.items()
    )
    return Books(lines, sum(raw.values()))


def _raw(session: Session) -> dict[str, int]:
    found: dict[str, int] = {}
    for column, sign in ((Posting.debit_code, 1), (Posting.credit_code, -1)):
        for code, cents in session.execute(select(column, func.sum(Posting.cents)).group_by(column)):
            found[code] = found.get(code, 0) + sign * int(cents)
    return found


def journal(session: Session, page: int = 1) -> tuple[list[EntryLine], int]:
    """Return a page of the journal, newest first, and how many pages there are."""
    total = session.scalar(select(func.count()).select_from(JournalEntry)) or 0
    rows = list(
        session.scalars(
            select(JournalEntry)
            .order_by(JournalEntry.id.desc())
            .limit(PAGE)
            .offset((max(page, 1) - 1) * PAGE)
        )
    )
    postings: dict[int, list[tuple[str, str, int]]] = {}
    for p in session.scalars(
        select(Posting).where(Posting.entry_id.in_([r.id for r in rows])).order_by(Posting.position)
    ):
        postings.setdefault(p.entry_id, []).append((p.debit_code, p.credit_code, p.cents))
    lines = [EntryLine(r.id, r.booked_on, r.text, r.ref, tuple(postings.get(r.id, ()))) for r in rows]
    return lines, max(1, -(-total // PAGE))


def overview(session: Session) -> Overview:
    """Return what the fund has, what of it is promised, and how it came about."""
    raw = _raw(session)
    proposed = (
        session.scalar(
            select(func.sum(PayoutBatch.total)).where(PayoutBatch.state == BatchState.PROPOSED.value)
        )
        or 0
    )
    bank = raw.get(BANK, 0)
    promised = -raw.get(PAYABLE, 0) + int(proposed)
    return Overview(bank, promised, bank - promised, _points(session))


def _points(session: Session) -> tuple[tuple[datetime, int], ...]:
    changes: dict[date, int] = {}
    for column, sign in ((Posting.debit_code, 1), (Posting.credit_code, -1)):
        rows = session.execute(
            select(JournalEntry.booked_on, func.sum(Posting.cents))
            .join(JournalEntry, JournalEntry.id == Posting.entry_id)
            .where(column == BANK)
            .group_by(JournalEntry.booked_on)
        )
        for day, cents in rows:
            changes[day] = changes.get(day, 0) + sign * int(cents)
    total, points = 0, []
    for day in sorted(changes):
        total += changes[day]
        points.append((datetime.combine(day, time.max, UTC), total))
    return tuple(points)

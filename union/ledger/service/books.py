"""Journal entries: balanced or not at all, never changed, each thing booked once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.ledger import rules
from union.ledger.models import JournalEntry, LedgerAccount, PayoutBatch, Posting
from union.ledger.rules import BANK, CHART, INCOMES, PAYABLE, BatchState, bank_day
from union.ledger.statements import Line, against, repeated


def ensure_chart(session: Session) -> None:
    """Write down the accounts that are not there yet; harmless to repeat and from two processes at once."""
    there = set(session.scalars(select(LedgerAccount.code)))
    for code, (name, kind) in CHART.items():
        if code not in there:
            try:
                with session.begin_nested():
                    session.add(LedgerAccount(code=code, name=name, kind=kind.value))
            except IntegrityError:
                pass  # another process wrote it between our look and our insert


def lock_bank(session: Session) -> None:
    """Hold the bank account until the transaction ends: what is available is counted by one at a time."""
    ensure_chart(session)
    session.get_one(LedgerAccount, BANK, with_for_update=True)


def book(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booked_on: date,
    text: str,
    lines: Mapping[str, int],
    ref: str | None = None,
) -> int:
    """Write one entry and return its number. lines: account → cents, debits positive, credits negative.

    ref: what it books, such as a line of the bank statement; the same is never booked twice. Raises Invalid
    when it does not balance or an account is unknown, Conflict for a ref that was booked.
    """
    allow(actor, Permission.FUND_RUN)
    lock_bank(session)
    moves = rules.moves(lines)
    unknown = set(lines) - set(session.scalars(select(LedgerAccount.code)))
    if unknown:
        raise Invalid(msg("There is no account %(code)s."), code=min(unknown))
    if ref and session.scalar(select(JournalEntry.id).where(JournalEntry.ref == ref)):
        raise Conflict(msg("%(ref)s was booked before."), field="ref", ref=ref)
    entry = JournalEntry(
        at=now, booked_on=booked_on, text=text.strip()[:160], ref=ref or None, made_by=actor.member_id
    )
    session.add(entry)
    session.flush()
    session.add_all(
        Posting(entry_id=entry.id, position=n, debit_code=m.debit, credit_code=m.credit, cents=m.cents)
        for n, m in enumerate(moves, 1)
    )
    audit.record(session, actor=actor, now=now, act="ledger.book", subject=f"entry/{entry.id}", ref=ref)
    session.flush()
    return entry.id


def contribute(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    booked_on: date,
    account: str,
    cents: int,
    text: str,
    ref: str,
) -> int:
    """Book money that came in, once per line of the bank statement (ref).

    Raises Invalid at the field, and Conflict when that line was booked before.
    """
    allow(actor, Permission.FUND_RUN)
    if account not in INCOMES:
        raise Invalid(msg("Choose what kind of money came in."), field="account")
    if cents < 1:
        raise Invalid(msg("The amount is at least one cent."), field="amount")
    if booked_on > bank_day(now):
        raise Invalid(msg("Money that has not come yet cannot be booked."), field="booked_on")
    return book(
        session,
        actor=actor,
        now=now,
        booked_on=booked_on,
        text=text,
        lines={BANK: cents, account: -cents},
        ref=ref,
    )


def contribute_all(
    session: Session, *, actor: Actor, now: datetime, account: str, lines: Sequence[Line]
) -> int:
    """Book the lines of a statement that are not booked yet, all or none; return how many.

    Raises Invalid, naming the first, while a line has a problem.
    """
    allow(actor, Permission.FUND_RUN)
    lock_bank(session)
    known = booked(session, [line.ref for line in lines])
    wrong = next((line for line in compared(lines, known) if line.problem), None)
    if wrong is not None:
        raise Invalid(
            msg("Line %(n)s cannot be booked. Mend it, or take it out."), field="lines", n=wrong.number
        )
    left_out = repeated(tuple(lines))
    new = [line for line in lines if line.number not in left_out and line.ref not in known]
    for line in new:
        assert line.booked_on is not None  # noqa: S101 - a line without a problem has a day
        contribute(
            session, actor=actor, now=now, booked_on=line.booked_on, account=account, cents=line.cents,
            text=line.text or line.ref, ref=line.ref,
        )  # fmt: skip
    return len(new)


def booked(session: Session, refs: Sequence[str]) -> dict[str, tuple[date, int]]:
    """Return those of `refs` that stand in the journal already: ref → (day, cents into the bank)."""
    found: dict[str, tuple[date, int]] = {}
    for start in range(0, len(refs), 500):
        rows = session.execute(
            select(JournalEntry.ref, JournalEntry.booked_on, func.sum(Posting.cents))
            .join(Posting, (Posting.entry_id == JournalEntry.id) & (Posting.debit_code == BANK), isouter=True)
            .where(JournalEntry.ref.in_(refs[start : start + 500]))
            .group_by(JournalEntry.ref, JournalEntry.booked_on)
        )
        found |= {str(ref): (day, int(cents or 0)) for ref, day, cents in rows}
    return found


def compared(lines: Iterable[Line], known: Mapping[str, tuple[date, int]]) -> tuple[Line, ...]:
    """Return the lines, refused where the journal has something else under their reference."""
    return tuple(against(line, *known[line.ref]) if line.ref in known else line for line in lines)


def correct(session: Session, *, actor: Actor, now: datetime, entry_id: int, reason: str) -> int:
    """Undo an entry by its mirror image, once; return the new entry's number.

    Raises Conflict for entries of payments: a list of payments is undone at the list, not in the books.
    """
    allow(actor, Permission.FUND_RUN)
    entry = session.get(JournalEntry, entry_id)
    if entry is None:
        raise NotFound(msg("There is no such entry."))
    if entry.ref and entry.ref.startswith(("payout:", "paid:", "correction:")):
        raise Conflict(msg("This entry belongs to a list of payments and stays."))
    lines: dict[str, int] = {}
    for posting in session.scalars(select(Posting).where(Posting.entry_id == entry_id)):
        lines[posting.debit_code] = lines.get(posting.debit_code, 0) - posting.cents
        lines[posting.credit_code] = lines.get(posting.credit_code, 0) + posting.cents
    if lines.get(BANK, 0) + available(session) < 0:
        raise Conflict(msg("That money has been promised or paid out already."))
    return book(
        session,
        actor=actor,
        now=now,
        booked_on=bank_day(now),
        text=reason,
        lines=lines,
        ref=f"correction:{entry_id}",
    )


def balance(session: Session, code: str) -> int:
    """Return debits less credits of an account, in cents."""
    debit = session.scalar(select(func.sum(Posting.cents)).where(Posting.debit_code == code)) or 0
    credit = session.scalar(select(func.sum(Posting.cents)).where(Posting.credit_code == code)) or 0
    return int(debit) - int(credit)


def available(session: Session) -> int:
    """Return what may still be promised: the bank less what is approved and what is proposed, in cents."""
    proposed = (
        session.scalar(
            select(func.sum(PayoutBatch.total)).where(PayoutBatch.state == BatchState.PROPOSED.value)
        )
        or 0
    )
    return balance(session, BANK) + balance(session, PAYABLE) - int(proposed)

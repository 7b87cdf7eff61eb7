"""Tables of the books and the strike fund.

A posting names the account that receives and the one that gives: an entry that does not balance cannot be
written down. Members are ids without a key to the register; a claim is the member's own and is joined to
no tally.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import INSIDE, NOTHING, Erased, Kept
from union.core.ids import new_id


class LedgerAccount(Base):
    """One account of the chart."""

    __tablename__ = "ledger_account"

    code: Mapped[str] = mapped_column(String(10), primary_key=True, info=NOTHING)
    name: Mapped[str] = mapped_column(String(80), info=NOTHING)
    kind: Mapped[str] = mapped_column(String(12))


class JournalEntry(Base):
    """One entry, never changed: a mistake is put right by another. ref: what it books, once."""

    __tablename__ = "journal_entry"
    __kept__ = Kept("as long as the law wants books kept", Erased.NOBODYS, why_not="the union's books")

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    booked_on: Mapped[date] = mapped_column(Date, index=True)
    text: Mapped[str] = mapped_column(SealedText("journal_entry.text"))
    ref: Mapped[str | None] = mapped_column(String(80), unique=True)
    made_by: Mapped[str | None] = mapped_column(String(20))


class Posting(Base):
    """Cents that move from one account to another."""

    __tablename__ = "posting"

    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entry.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    debit_code: Mapped[str] = mapped_column(ForeignKey("ledger_account.code"), index=True)
    credit_code: Mapped[str] = mapped_column(ForeignKey("ledger_account.code"), index=True)
    cents: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("cents > 0", name="cents_positive"),
        CheckConstraint("debit_code <> credit_code", name="two_accounts"),
    )


class StrikeFund(Base):
    """One round of strike pay. subject: what it is for ("action/<slug>"), free. rule: frozen values."""

    __tablename__ = "strike_fund"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(120), info=INSIDE)
    subject: Mapped[str] = mapped_column(String(120), default="", info=NOTHING)
    state: Mapped[str] = mapped_column(String(12), index=True)
    zone: Mapped[str] = mapped_column(String(64))
    rule: Mapped[dict[str, Any]] = mapped_column(JSON, info=INSIDE)
    rule_hash: Mapped[str | None] = mapped_column(String(64), info=NOTHING)
    claims_until: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class StrikeClaim(Base):
    """A member's own claim, with the consent it rests on. What is personal is sealed and wiped in the end."""

    __tablename__ = "strike_claim"
    __kept__ = Kept(
        "ninety days after it was paid or refused, or its round closed and nobody went on; the sum stays",
        Erased.UNLINKED,
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    fund_id: Mapped[str] = mapped_column(ForeignKey("strike_fund.id"))
    member_id: Mapped[str | None] = mapped_column(String(20), index=True)
    state: Mapped[str] = mapped_column(String(12))
    hardship: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(SealedText("strike_claim.reason"))
    payee: Mapped[str | None] = mapped_column(SealedText("strike_claim.payee"))
    iban: Mapped[str | None] = mapped_column(SealedText("strike_claim.iban"))
    consent_hash: Mapped[str] = mapped_column(String(64), info=NOTHING)
    claimed_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(20))
    refusal: Mapped[str | None] = mapped_column(SealedText("strike_claim.refusal"))
    wiped_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("fund_id", "member_id"),
        Index("ix_strike_claim_fund_id_state", "fund_id", "state"),
    )


class StrikeClaimDay(Base):
    """A day on which the member says to have taken part."""

    __tablename__ = "strike_claim_day"
    __kept__ = Kept("as long as whose claim it is: ninety days", Erased.NOBODYS, part_of="strike_claim")

    claim_id: Mapped[str] = mapped_column(ForeignKey("strike_claim.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)


class PayoutBatch(Base):
    """A list of payments: proposed by one officer, approved by another."""

    __tablename__ = "payout_batch"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    fund_id: Mapped[str] = mapped_column(ForeignKey("strike_fund.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    available: Mapped[int] = mapped_column(BigInteger)
    owed: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    proposed_by: Mapped[str] = mapped_column(String(20))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    approved_by: Mapped[str | None] = mapped_column(String(20))
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    exported_at: Mapped[datetime | None] = mapped_column(Instant)
    exports: Mapped[int] = mapped_column(default=0)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_people"),
        CheckConstraint("total >= 0 AND total <= available", name="within_means"),
    )


class Payout(Base):
    """One payment for one claim; a claim has at most one, ever."""

    __tablename__ = "payout"
    __kept__ = Kept("as long as the law wants books kept", Erased.NOBODYS, part_of="strike_claim")

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    batch_id: Mapped[str] = mapped_column(ForeignKey("payout_batch.id"), index=True)
    claim_id: Mapped[str] = mapped_column(ForeignKey("strike_claim.id"), unique=True)
    cents: Mapped[int] = mapped_column(BigInteger)
    owed: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (CheckConstraint("cents > 0 AND cents <= owed", name="no_more_than_owed"),)

"""Tables of the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import INSIDE, MEMBER, NOTHING, Erased, Kept


class AuditEntry(Base):
    """One act, chained to the one before it: nothing is altered or taken out unseen.

    `hash` covers the entry and the hash before it. words: what people gave as reasons, sealed; the facts, and
    so the chain, hold a fingerprint of them that nobody can guess from.
    """

    __tablename__ = "audit_entry"
    __kept__ = Kept("for ever: it is chained", Erased.STAYS, why_not="officers read who decided what")

    height: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[str | None] = mapped_column(String(20))
    act: Mapped[str] = mapped_column(String(60), index=True, info=NOTHING)
    subject: Mapped[str] = mapped_column(String(120), index=True, info=MEMBER)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, info=INSIDE)
    words: Mapped[str | None] = mapped_column(SealedText("audit_entry.words"), deferred=True)
    parent: Mapped[str] = mapped_column(String(64), info=NOTHING)
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """The single row that appenders lock: height and hash of the newest entry."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    height: Mapped[int] = mapped_column(BigId, default=0)
    hash: Mapped[str] = mapped_column(String(64), nullable=True)

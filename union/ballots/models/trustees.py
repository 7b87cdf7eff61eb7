"""Tables of those who hold the key of a ballot: what each sent, byte for byte, and whose turn is over."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, Instant, SealedText
from union.core.holding import NOTHING, PUBLIC, Erased, Kept


class BallotTrustee(Base):
    """One holder of a share of the key. The private part stays with them; the server keeps only its own.

    tested_at: when the trustee last showed, before the opening, that the key at hand opens things. refused:
    how many shares of the count were refused, and by which check the last one.
    """

    __tablename__ = "ballot_trustee"
    __kept__ = Kept("as long as the vote must be checkable", Erased.STAYS, but=("own_key",))

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[str | None] = mapped_column(String(20), index=True)
    name: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    public_key: Mapped[str | None] = mapped_column(Text, info=PUBLIC)
    own_key: Mapped[str | None] = mapped_column(SealedText("ballot_trustee.own_key"))
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    tested_at: Mapped[datetime | None] = mapped_column(Instant)
    refused: Mapped[int] = mapped_column(default=0)
    refused_check: Mapped[str | None] = mapped_column(String(40), info=NOTHING)


class CeremonyMessage(Base):
    """What a threshold trustee sent in a step (1, 2 or 3) of the key ceremony, byte for byte."""

    __tablename__ = "ceremony_message"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PUBLIC)
    received_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("step between 1 and 3", name="step_known"),)


class CeremonyComplaint(Base):
    """A proven complaint that halts the ceremony: the share from trustee `accused` to `position` is wrong."""

    __tablename__ = "ceremony_complaint"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    accused: Mapped[int] = mapped_column()
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PUBLIC)
    received_at: Mapped[datetime] = mapped_column(Instant)


class BallotShuffle(Base):
    """A trustee's turn at shuffling that is over. record: where the shuffle stands; null when left out."""

    __tablename__ = "ballot_shuffle"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record: Mapped[int | None] = mapped_column()


class PartialDecryption(Base):
    """What a trustee sent after the close, once both proofs held. strong_proofs stay beside the archive."""

    __tablename__ = "partial_decryption"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payload: Mapped[bytes] = mapped_column(LargeBinary, info=PUBLIC)
    strong_proofs: Mapped[bytes] = mapped_column(LargeBinary, info=PUBLIC)
    received_at: Mapped[datetime] = mapped_column(Instant)

"""Tables of signatures: who signed which words, who follows, what was handed over."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import HASHED, PUBLIC, Erased, Kept
from union.core.ids import new_id


class Follower(Base):
    """An address that asked for the campaign's news; it gets some once its owner confirmed it."""

    __tablename__ = "campaign_follower"
    __kept__ = Kept(
        "until taken off, or a month after the campaign",
        Erased.NOBODYS,
        why_not="by address; each mail has a link",
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    address_key: Mapped[bytes] = mapped_column(LargeBinary(32), info=HASHED)
    email: Mapped[str] = mapped_column(SealedText("campaign_follower.email"))
    language: Mapped[str] = mapped_column(String(8))
    confirmed: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("campaign_id", "address_key"),)


class Signature(Base):
    """One address under a petition, a letter or a boycott. Counts once its owner confirmed it.

    address_key: keyed hash that finds an address again; it and `email` are gone a while after the end.
    withdrawn_at: taken back by its owner, who may undo it until it is deleted; it is not confirmed meanwhile.
    version: the words that were signed. public: the signer wants to be named. checked_in: has stopped.
    """

    __tablename__ = "signature"
    __kept__ = Kept(
        "a month after the campaign; the public list stays",
        Erased.NOBODYS,
        why_not="by address; each mail has a link",
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    address_key: Mapped[bytes | None] = mapped_column(LargeBinary(32), info=HASHED)
    email: Mapped[str | None] = mapped_column(SealedText("signature.email"))
    name: Mapped[str] = mapped_column(SealedText("signature.name"))
    place: Mapped[str] = mapped_column(SealedText("signature.place"))
    public: Mapped[bool] = mapped_column(default=False)
    news: Mapped[bool] = mapped_column(default=False)
    paper: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(default=1)
    checked_in: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("campaign_id", "address_key"),
        # The public list alone, in its order: counting and reading it touches nobody else's row.
        Index(
            "ix_signature_listed", "campaign_id", "version", "id",
            sqlite_where=text("public IS 1 AND confirmed_at IS NOT NULL"),
            postgresql_where=text("public IS true AND confirmed_at IS NOT NULL"),
        ),
    )  # fmt: skip


class SignedText(Base):
    """One version of the words people sign, as it was frozen. reason: why it replaced the one before."""

    __tablename__ = "signed_text"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text, info=PUBLIC)
    wording: Mapped[bytes] = mapped_column(LargeBinary, info=PUBLIC)
    digest: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    frozen_at: Mapped[datetime] = mapped_column(Instant)


class HandOver(Base):
    """Signatures were handed to the company: how many counted then, of which words."""

    __tablename__ = "hand_over"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    to_whom: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    note: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    confirmed: Mapped[int]
    version: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    update_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("campaign_update.id", ondelete="SET NULL")
    )

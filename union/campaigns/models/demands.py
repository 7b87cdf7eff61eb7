"""Tables of what members ask for, in whose words, and in which order."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant
from union.core.holding import MEMBER, PUBLIC, Erased, Kept
from union.core.ids import new_id


class Demand(Base):
    """What members ask for. `frozen_hash` binds its words once pledges rest on them."""

    __tablename__ = "demand"
    __kept__ = Kept("who wrote it a month after the campaign; the words stay", Erased.STAYS)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), info=MEMBER)
    title: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    text: Mapped[str] = mapped_column(Text, info=PUBLIC)
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(20))
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("demand.id", ondelete="SET NULL"))
    frozen_hash: Mapped[str | None] = mapped_column(String(64), info=PUBLIC)
    endorsed_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Amendment(Base):
    """Another wording somebody proposes for a demand, against the version it was written on."""

    __tablename__ = "amendment"
    __kept__ = Kept("who wrote it a month after the campaign; the words stay", Erased.STAYS)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), info=MEMBER)
    base_version: Mapped[int]
    base_title: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    base_text: Mapped[str] = mapped_column(Text, info=PUBLIC)
    title: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    text: Mapped[str] = mapped_column(Text, info=PUBLIC)
    reason: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)


class DemandEvent(Base):
    """One line of a demand's public history."""

    __tablename__ = "demand_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)


class Endorsement(Base):
    """A member stands behind a demand."""

    __tablename__ = "endorsement"
    __kept__ = Kept("a month after the campaign; the count stays", Erased.STAYS)

    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class DemandRank(Base):
    """Where a member puts a demand in their own order, 1 first."""

    __tablename__ = "demand_rank"
    __kept__ = Kept("a month after the campaign; the order of all stays", Erased.STAYS)

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]

"""Tables of who would act: pledges and structure tests.

A pledge keeps no time, and its private minimum is sealed until settlement and gone after it.
"""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, Instant, SealedText
from union.core.holding import INSIDE, NOTHING, Erased, Kept
from union.core.ids import new_id

# The column a private minimum is sealed for.
SEALED_AS = "pledge.at_least"


class Pledge(Base):
    """I act if at least this many do. The minimum is sealed, opened once at settlement, then wiped.

    verified: an active member of the unit, so the pledge counts at settlement. called: None until settled.
    """

    __tablename__ = "pledge"
    __kept__ = Kept(
        "until a month after the campaign, or the end of its last action if that is later;"
        " the minimum until the deadline",
        Erased.STAYS,
        but=("at_least",),
    )

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at_least: Mapped[str | None] = mapped_column(SealedText(SEALED_AS))
    verified: Mapped[bool] = mapped_column(default=False)
    called: Mapped[bool | None]

    # Without rowids SQLite keeps the rows in the order of the key: nothing tells who pledged first.
    # No index on `called`: it would be rewritten for everybody in the one moment that settles.
    __table_args__ = ({"sqlite_with_rowid": False},)


class StructureTest(Base):
    """A private show of hands: who would, counted only; revealed at the agreed majority.

    areas: chapter → how many would, None where that stays hidden; no areas while the answers are there.
    """

    __tablename__ = "structure_test"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    ask: Mapped[str] = mapped_column(String(200), info=INSIDE)
    closes_at: Mapped[datetime] = mapped_column(Instant)
    unit: Mapped[int]
    majority_num: Mapped[int]
    majority_den: Mapped[int]
    yes_count: Mapped[int] = mapped_column(default=0)
    revealed_at: Mapped[datetime | None] = mapped_column(Instant)
    areas: Mapped[dict[str, int | None] | None] = mapped_column(JSON, info=NOTHING)


class StructureTestYes(Base):
    """A member would. The chapter is a copy, so that areas can be counted without the register."""

    __tablename__ = "structure_test_yes"
    __kept__ = Kept("thirty days after the test; the counts stay", Erased.STAYS)

    test_id: Mapped[str] = mapped_column(
        ForeignKey("structure_test.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    chapter_slug: Mapped[str] = mapped_column(String(60))

    __table_args__ = (Index("ix_structure_test_yes_chapter", "test_id", "chapter_slug"),)

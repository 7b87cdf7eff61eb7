"""Tables of a show of hands in a chapter: everybody there sees who raised a hand for what."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, Instant
from union.core.holding import INSIDE, NOTHING, Erased, Kept


class Poll(Base):
    """A show of hands in a chapter's meeting: not secret, no ballot. counts: per answer, once it is over.

    closes_at: when the clock closes it, if nobody does before.
    """

    __tablename__ = "poll"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    chapter_slug: Mapped[str] = mapped_column(String(80), index=True)
    question: Mapped[str] = mapped_column(String(300), info=INSIDE)
    answers: Mapped[list[str]] = mapped_column(JSON, info=INSIDE)
    created_by: Mapped[str | None] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closes_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    counts: Mapped[list[int] | None] = mapped_column(JSON, info=NOTHING)


class PollAnswer(Base):
    """Who raised a hand for what, as the whole chapter sees it; gone thirty days after the close."""

    __tablename__ = "poll_answer"
    __kept__ = Kept("thirty days after the show of hands", Erased.STAYS)

    poll_id: Mapped[str] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    answer: Mapped[int] = mapped_column()

    __table_args__ = (Index("ix_poll_answer_member_id", "member_id"),)

"""Tables of a campaign: how far it is, what its votes allow, what is told of it.

Numbers that a page shows stand on the campaign row, so that a page costs the same at any size.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant
from union.core.holding import NOTHING, PUBLIC
from union.core.ids import new_id


class Campaign(Base):
    """One campaign against one platform, from draft to won or closed."""

    __tablename__ = "campaign"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    platform_slug: Mapped[str] = mapped_column(ForeignKey("platform.slug"), index=True)
    kind: Mapped[str] = mapped_column(String(12), default="action")
    stage: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(80), info=PUBLIC)
    demand: Mapped[str] = mapped_column(String(200), info=PUBLIC)
    summary: Mapped[str] = mapped_column(Text, info=PUBLIC)
    reasons: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    zone: Mapped[str] = mapped_column(String(64))

    # People the campaign is about; frozen at publication, because shares in pledges are shares of it.
    unit: Mapped[int]
    goal: Mapped[int]
    threshold: Mapped[int]
    pledge_text: Mapped[str] = mapped_column(Text, info=PUBLIC)
    # The very bytes that were hashed at publication: what members pledge on.
    wording: Mapped[bytes | None] = mapped_column(LargeBinary, info=PUBLIC)
    pledge_hash: Mapped[str | None] = mapped_column(String(64), info=PUBLIC)
    pledge_deadline: Mapped[datetime] = mapped_column(Instant)
    debate_until: Mapped[datetime | None] = mapped_column(Instant)

    created_by: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ballot_slug: Mapped[str | None] = mapped_column(String(80))

    # Pledges, or signatures given; of those that count: of active members, or with a confirmed address.
    pledged_count: Mapped[int] = mapped_column(default=0)
    verified_count: Mapped[int] = mapped_column(default=0)
    # Which version of the words people sign now; the counts above are of this one.
    text_version: Mapped[int] = mapped_column(default=1)
    # Signers of a boycott who said that they have stopped.
    checked_in_count: Mapped[int] = mapped_column(default=0)
    called_count: Mapped[int | None]
    # How many more would tip it, rounded, as of band_at; recomputed only after enough pledges changed.
    band_more: Mapped[int | None]
    band_at: Mapped[datetime | None] = mapped_column(Instant)
    # How many pledges that count came since the band was shown, less those that went: nobody moves it alone,
    # however often they change their minimum or come and go.
    band_changes: Mapped[int] = mapped_column(default=0)
    # Goes up with every pledge, change and withdrawal: tells whether what was worked out still holds.
    moves: Mapped[int] = mapped_column(default=0)
    # Up to which pledge the outcome of a large round is written; None when every minimum is wiped.
    outcome_to: Mapped[str | None] = mapped_column(String(20), info=NOTHING)
    # Up to which member the outcome of the round was announced; None when everybody was told.
    announced_to: Mapped[str | None] = mapped_column(String(20), info=NOTHING)
    ranking: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)
    ranking_stale: Mapped[bool] = mapped_column(default=False)
    priorities: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)

    __table_args__ = (Index("ix_campaign_stage_pledge_deadline", "stage", "pledge_deadline"),)


class Mandate(Base):
    """What a passed strike vote allows, until when; `rule` is the frozen preset it was held under."""

    __tablename__ = "mandate"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), index=True)
    ballot_slug: Mapped[str] = mapped_column(String(80), unique=True)
    granted_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    must_start_by: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    rule: Mapped[dict[str, Any]] = mapped_column(JSON, info=PUBLIC)
    counts: Mapped[list[Any]] = mapped_column(JSON, info=PUBLIC)
    cast: Mapped[int]
    eligible: Mapped[int]


class CampaignUpdate(Base):
    """One entry of the timeline: an organizer's words, or a turn of events kept as kind and facts."""

    __tablename__ = "campaign_update"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(120), default="", info=PUBLIC)
    text: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, info=PUBLIC)
    # News only: which version these words are, since when, and whether they were taken back.
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_back_at: Mapped[datetime | None] = mapped_column(Instant)
    mailed: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("ix_campaign_update_campaign_id_at", "campaign_id", "at"),)


class UpdateVersion(Base):
    """Earlier words of a piece of news, kept when it was edited."""

    __tablename__ = "campaign_update_version"

    update_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("campaign_update.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    title: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    text: Mapped[str] = mapped_column(Text, info=PUBLIC)

"""Tables of campaigns.

Only this room opens them. A pledge keeps no time, and its private minimum is sealed until settlement and
gone after it. Numbers that a page shows stand on the campaign row, so that a page costs the same at any size.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import HASHED, INSIDE, MEMBER, NOTHING, PUBLIC, Erased, Kept
from union.core.ids import new_id

# The column a private minimum is sealed for.
SEALED_AS = "pledge.at_least"


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


class Demand(Base):
    """What members ask for. `frozen_hash` binds its words once pledges rest on them."""

    __tablename__ = "demand"
    __kept__ = Kept("as long as the campaign's history", Erased.STAYS)

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
    __kept__ = Kept("as long as the campaign's history", Erased.STAYS)

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
    __kept__ = Kept("as long as the campaign's history", Erased.STAYS)

    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class DemandRank(Base):
    """Where a member puts a demand in their own order, 1 first."""

    __tablename__ = "demand_rank"
    __kept__ = Kept("as long as the campaign's history", Erased.STAYS)

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    demand_id: Mapped[str] = mapped_column(ForeignKey("demand.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]


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


class StructureTest(Base):
    """A private show of hands: who would, counted only; revealed at the agreed majority."""

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


class StructureTestYes(Base):
    """A member would. The chapter is a copy, so that areas can be counted without the register."""

    __tablename__ = "structure_test_yes"
    __kept__ = Kept("as long as the campaign's history", Erased.STAYS)

    test_id: Mapped[str] = mapped_column(
        ForeignKey("structure_test.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    chapter_slug: Mapped[str] = mapped_column(String(60))

    __table_args__ = (Index("ix_structure_test_yes_chapter", "test_id", "chapter_slug"),)

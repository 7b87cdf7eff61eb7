"""Tables of the registry.

Names and contact data are sealed; an address is found again by its keyed hash only. Codes and tokens
are kept as hashes: nothing in these tables signs anybody in.
"""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import HASHED, MEMBER, NOTHING, PUBLIC, Erased, Kept
from union.core.ids import new_id


class Chapter(Base):
    """A local part of the union."""

    __tablename__ = "chapter"

    slug: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), info=PUBLIC)
    zone: Mapped[str] = mapped_column(String(60))


class Member(Base):
    """A person of the union. An erased member keeps the row, as an empty husk that others may point at."""

    __tablename__ = "member"
    __kept__ = Kept("a month after leaving, or at once on your word", Erased.UNLINKED)
    __table_args__ = (Index("ix_member_state_id", "state", "id"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id, info=MEMBER)
    state: Mapped[str] = mapped_column(String(16))
    name: Mapped[str | None] = mapped_column(SealedText("member.name"))
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(60))
    chapter_slug: Mapped[str | None] = mapped_column(ForeignKey("chapter.slug"), index=True)
    email: Mapped[str | None] = mapped_column(SealedText("member.email"))
    email_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    phone: Mapped[str | None] = mapped_column(SealedText("member.phone"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    phone_confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    sms_opt_in_at: Mapped[datetime | None] = mapped_column(Instant)
    sms_opt_in_text: Mapped[str | None] = mapped_column(Text, info=NOTHING)
    sms_opt_in_device: Mapped[bytes | None] = mapped_column(LargeBinary(32), info=HASHED)
    sms_opt_out_at: Mapped[datetime | None] = mapped_column(Instant)
    vouch_code: Mapped[str | None] = mapped_column(SealedText("member.vouch_code"))
    vouch_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    verified_by: Mapped[str | None] = mapped_column(String(16), info=NOTHING)
    applied_at: Mapped[datetime] = mapped_column(Instant, index=True)
    joined_at: Mapped[datetime | None] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
    state_reason: Mapped[str | None] = mapped_column(SealedText("member.state_reason"))


class MemberRole(Base):
    """What a member was asked to do: organizer, trustee, officer. Being a member is a state, not a row."""

    __tablename__ = "member_role"
    __kept__ = Kept("until it is taken back", Erased.GOES)

    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True, index=True)
    granted_at: Mapped[datetime] = mapped_column(Instant)


class LocalRole(Base):
    """A role that holds at one place only (a chapter, a campaign, a call list) and ends by itself.

    place_key: a chapter's slug, or the id of what a higher room keeps; therefore no foreign key.
    """

    __tablename__ = "local_role"
    __kept__ = Kept("until the role ends, which is a year ahead at most", Erased.GOES)
    __table_args__ = (Index("ix_local_role_place_kind_place_key", "place_kind", "place_key"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    place_kind: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str] = mapped_column(String(80))
    granted_at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class Affiliation(Base):
    """A platform the member works for, sells on, makes things for or uses, and as what."""

    __tablename__ = "affiliation"
    __kept__ = Kept("until you change it", Erased.GOES)

    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), primary_key=True)
    platform_slug: Mapped[str] = mapped_column(ForeignKey("platform.slug"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)


class Vouch(Base):
    """An active member's word that an applicant is who they say; two make an active member."""

    __tablename__ = "vouch"
    __kept__ = Kept("until either of the two is erased", Erased.GOES)

    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), primary_key=True)
    voucher_id: Mapped[str] = mapped_column(ForeignKey("member.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


class Challenge(Base):
    """A link and a code sent to an address, to be brought back once and soon.

    purpose: sign_in, join, or channel (a member adds or changes an address). member_id is None while joining
    and for a decoy: the same row for an address that may not go on, so that the pages answer alike.
    """

    __tablename__ = "challenge"
    __kept__ = Kept(
        "an hour after it was used or ran out",
        Erased.GOES,
        why_not="codes and links of the moment, which would sign somebody in",
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    purpose: Mapped[str] = mapped_column(String(8), info=NOTHING)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info=HASHED)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    member_id: Mapped[str | None] = mapped_column(ForeignKey("member.id"), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(SealedText("challenge.address"))
    draft: Mapped[str | None] = mapped_column(SealedText("challenge.draft"))
    onward: Mapped[str] = mapped_column(SealedText("challenge.onward"), default="")
    decoy: Mapped[bool] = mapped_column(Boolean, default=False)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Attempt(Base):
    """One try at something that is limited, such as asking for a link. bucket: keyed hash of who or what."""

    __tablename__ = "attempt"
    __kept__ = Kept("a day", Erased.NOBODYS, why_not="scrambled: even we cannot tell which is yours")
    __table_args__ = (Index("ix_attempt_bucket_at", "bucket", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bucket: Mapped[bytes] = mapped_column(LargeBinary(32), info=HASHED)
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class MemberSession(Base):
    """A device on which a member is signed in; the cookie holds the token, we hold its hash."""

    __tablename__ = "member_session"
    __kept__ = Kept("a week after signing out", Erased.GOES)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=HASHED)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True)
    device: Mapped[str] = mapped_column(SealedText("member_session.device"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ImportDraft(Base):
    """An uploaded register, sealed, between its dry run and the officer's yes."""

    __tablename__ = "import_draft"
    __kept__ = Kept("an hour", Erased.NOBODYS, why_not="a file of others that an officer is about to take in")

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    officer_id: Mapped[str] = mapped_column(ForeignKey("member.id"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    content: Mapped[str] = mapped_column(SealedText("import_draft.content"))
    confirmed: Mapped[bool] = mapped_column(Boolean, default=False)

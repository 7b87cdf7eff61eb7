"""Tables of organizing work.

Notes, titles and what prospects told us are sealed. Nothing here knows a pledge's minimum, a vote or a
check-in; a text list keeps no row per person.
"""

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import HASHED, INSIDE, MEMBER, NOTHING, Erased, Kept
from union.core.ids import new_id


class Tag(Base):
    """A word that organizers put on members. A retired one stays where it is and goes on nobody new."""

    __tablename__ = "tag"

    slug: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), info=INSIDE)
    meaning: Mapped[str] = mapped_column(String(200), info=INSIDE)
    created_at: Mapped[datetime] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)


class Tagging(Base):
    """A tag on a member, since when and by whom."""

    __tablename__ = "tagging"
    __kept__ = Kept("until it is taken off", Erased.GOES)

    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), primary_key=True)
    tag_slug: Mapped[str] = mapped_column(ForeignKey("tag.slug"), primary_key=True, index=True)
    by_id: Mapped[str | None] = mapped_column(ForeignKey("member.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class Talk(Base):
    """A one-to-one conversation.

    chapter_slug: the member's when it was held, whose organizers may read it.
    """

    __tablename__ = "talk"
    __kept__ = Kept("half a year", Erased.GOES)
    __table_args__ = (Index("ix_talk_member_id_at", "member_id", "at"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"))
    chapter_slug: Mapped[str] = mapped_column(String(60), index=True)
    by_id: Mapped[str | None] = mapped_column(ForeignKey("member.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    note: Mapped[str | None] = mapped_column(SealedText("talk.note"))
    rating: Mapped[int | None] = mapped_column(Integer)
    written_at: Mapped[datetime] = mapped_column(Instant)


class RatingCount(Base):
    """How many assessments of a chapter's month were of one kind: what stays of talks that were erased."""

    __tablename__ = "rating_count"

    chapter_slug: Mapped[str] = mapped_column(String(60), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True, info=NOTHING)
    rating: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


class NoContact(Base):
    """A member who asked not to be called or texted by organizers; the member can lift it."""

    __tablename__ = "no_contact"
    __kept__ = Kept("until you take it back", Erased.GOES)

    member_id: Mapped[str] = mapped_column(ForeignKey("member.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


class SavedFilter(Base):
    """A filter that an organizer gave a name."""

    __tablename__ = "saved_filter"
    __kept__ = Kept("until deleted", Erased.GOES)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True, info=MEMBER)
    name: Mapped[str] = mapped_column(SealedText("saved_filter.name"))
    wanted: Mapped[dict[str, str]] = mapped_column(JSON, info=NOTHING)
    at: Mapped[datetime] = mapped_column(Instant)


class CallList(Base):
    """People to call, one at a time, or to text at once.

    place_kind and place_key: where it belongs, empty for the whole union. results: outcome → count, once the
    entries are erased. A text list is sent once; its people are found when it is sent.
    """

    __tablename__ = "call_list"
    __kept__ = Kept(
        "as long as the numbers of the list are of use",
        Erased.NOBODYS,
        why_not="words of organizers on a list, not on a member",
    )
    __table_args__ = (Index("ix_call_list_place_kind_place_key", "place_kind", "place_key"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(SealedText("call_list.title"))
    script: Mapped[str] = mapped_column(SealedText("call_list.script"))
    place_kind: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str] = mapped_column(String(80))
    wanted: Mapped[dict[str, str]] = mapped_column(JSON, info=NOTHING)
    prospects: Mapped[bool] = mapped_column(Boolean)
    by_email: Mapped[bool] = mapped_column(Boolean)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    closes_at: Mapped[datetime] = mapped_column(Instant, index=True)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    sends_at: Mapped[datetime | None] = mapped_column(Instant)
    results: Mapped[dict[str, int] | None] = mapped_column(JSON, info=NOTHING)


class CallEntry(Base):
    """One person of a call list. person_id: a member's id or a prospect's; zone: theirs.

    after: not to be called before; promised: because we said we would call then.
    """

    __tablename__ = "call_entry"
    __kept__ = Kept("a month after the list ended", Erased.GOES)
    __table_args__ = (
        UniqueConstraint("list_id", "person_id"),
        Index("ix_call_entry_next", "list_id", "done", "after"),
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    list_id: Mapped[str] = mapped_column(ForeignKey("call_list.id", ondelete="CASCADE"))
    person_id: Mapped[str] = mapped_column(String(20), index=True)
    zone: Mapped[str] = mapped_column(String(60))
    place: Mapped[int] = mapped_column(Integer)
    after: Mapped[datetime] = mapped_column(Instant)
    promised: Mapped[bool] = mapped_column(Boolean, default=False)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    done: Mapped[bool] = mapped_column(Boolean, default=False)
    outcome: Mapped[str | None] = mapped_column(String(16), info=NOTHING)


class CallHold(Base):
    """Who has a person on the line, on whatever list: one row a person, so nobody is called by two."""

    __tablename__ = "call_hold"
    __kept__ = Kept("some minutes", Erased.GOES)

    person_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("call_entry.id", ondelete="CASCADE"), index=True)
    helper_id: Mapped[str] = mapped_column(ForeignKey("member.id"), index=True)
    until: Mapped[datetime] = mapped_column(Instant)


class CallAttempt(Base):
    """That a helper was shown how to reach somebody, and what came of it.

    outcome None: given back or open.
    """

    __tablename__ = "call_attempt"
    __kept__ = Kept("a month after the list ended", Erased.NOBODYS, part_of="call_entry")

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("call_entry.id", ondelete="CASCADE"), index=True)
    helper_id: Mapped[str | None] = mapped_column(ForeignKey("member.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(16), info=NOTHING)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    talk_id: Mapped[str | None] = mapped_column(String(20))


class ListExport(Base):
    """A list wanted as a file with contact data: by whom, why, and who agreed."""

    __tablename__ = "list_export"
    __kept__ = Kept(
        "a month after the list ended",
        Erased.NOBODYS,
        why_not="why an organizer wanted a list; the log says who agreed",
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    list_id: Mapped[str] = mapped_column(ForeignKey("call_list.id", ondelete="CASCADE"), index=True)
    asked_by: Mapped[str] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(SealedText("list_export.reason"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    agreed_by: Mapped[str | None] = mapped_column(ForeignKey("member.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)


class Task(Base):
    """Something to do for somebody, by a moment. about_id: the member it is about, for a follow-up."""

    __tablename__ = "task"
    __kept__ = Kept("ninety days after it was done, half a year after it was due", Erased.GOES)
    __table_args__ = (Index("ix_task_assignee_id_done_at", "assignee_id", "done_at"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(SealedText("task.title"))
    due_at: Mapped[datetime] = mapped_column(Instant, index=True)
    zone: Mapped[str] = mapped_column(String(60))
    place_kind: Mapped[str] = mapped_column(String(16))
    place_key: Mapped[str] = mapped_column(String(80))
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("member.id"))
    about_id: Mapped[str | None] = mapped_column(ForeignKey("member.id"), index=True, info=MEMBER)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    reminded_for: Mapped[datetime | None] = mapped_column(Instant)


class Prospect(Base):
    """Somebody who agreed to be contacted and is no member yet.

    Addresses are hashed as the register's are.
    """

    __tablename__ = "prospect"
    __kept__ = Kept("sixty days at most", Erased.NOBODYS, why_not="of people who are no members yet")

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(SealedText("prospect.name"))
    email: Mapped[str | None] = mapped_column(SealedText("prospect.email"))
    email_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    phone: Mapped[str | None] = mapped_column(SealedText("prospect.phone"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    chapter_slug: Mapped[str] = mapped_column(String(60), index=True)
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(SealedText("prospect.source"))
    agreed_on: Mapped[date | None] = mapped_column(Date)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True, info=HASHED)
    added_by: Mapped[str | None] = mapped_column(ForeignKey("member.id"))
    added_at: Mapped[datetime] = mapped_column(Instant)
    invited_at: Mapped[datetime | None] = mapped_column(Instant)
    erase_at: Mapped[datetime] = mapped_column(Instant, index=True)


class ListDraft(Base):
    """An uploaded list, sealed, between its dry run and the organizer's yes."""

    __tablename__ = "list_draft"
    __kept__ = Kept(
        "an hour", Erased.NOBODYS, why_not="a file of others that an organizer is about to take in"
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("member.id"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    content: Mapped[str] = mapped_column(SealedText("list_draft.content"))
    source: Mapped[str] = mapped_column(SealedText("list_draft.source"))
    chapter_slug: Mapped[str] = mapped_column(String(60))

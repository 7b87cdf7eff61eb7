"""Tables of the bargaining room.

Only this room opens them. What a member tells in a grievance is sealed; due things are rows with a state
and a time, so that each fires once.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import INSIDE, NOTHING, Erased, Kept
from union.core.ids import new_id


class BargainingTable(Base):
    """The table of one campaign; its address is the campaign's slug. contact: who is written to."""

    __tablename__ = "bargaining_table"
    __kept__ = Kept(
        "as long as the table", Erased.NOBODYS, why_not="of the company's contact, not of a member"
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), unique=True)
    platform_slug: Mapped[str] = mapped_column(ForeignKey("platform.slug"), index=True)
    zone: Mapped[str] = mapped_column(String(64))
    country: Mapped[str] = mapped_column(String(2), default="")
    contact_name: Mapped[str] = mapped_column(SealedText("bargaining_table.contact_name"), default="")
    contact_email: Mapped[str] = mapped_column(SealedText("bargaining_table.contact_email"), default="")
    contact_postal: Mapped[str] = mapped_column(SealedText("bargaining_table.contact_postal"), default="")
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class TeamSeat(Base):
    """A member who bargains for the others, with the words of their mandate and its end."""

    __tablename__ = "team_seat"
    __kept__ = Kept("as long as the table", Erased.STAYS)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"))
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    mandate: Mapped[str] = mapped_column(Text, info=INSIDE)
    until: Mapped[datetime | None] = mapped_column(Instant)
    seated_at: Mapped[datetime] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("table_id", "member_id"),)


class Meeting(Base):
    """One session at the table: agenda and minutes for members, notes for the team alone."""

    __tablename__ = "bargaining_meeting"
    __kept__ = Kept(
        "as long as the table", Erased.NOBODYS, why_not="words of the team on the talks, for the team"
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    starts_at: Mapped[datetime] = mapped_column(Instant)
    zone: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(160), default="", info=INSIDE)
    agenda: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    minutes: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    team_notes: Mapped[str | None] = mapped_column(SealedText("bargaining_meeting.team_notes"))


class TableClause(Base):
    """A point that is bargained over; often the answer to a demand."""

    __tablename__ = "table_clause"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    heading: Mapped[str] = mapped_column(String(120), info=INSIDE)
    demand_id: Mapped[str | None] = mapped_column(ForeignKey("demand.id", ondelete="SET NULL"))


class Offer(Base):
    """A proposal of one side, clause by clause. number counts from 1 at each table."""

    __tablename__ = "offer"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"))
    number: Mapped[int]
    side: Mapped[str] = mapped_column(String(10), info=NOTHING)
    state: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    answer_by: Mapped[datetime | None] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("table_id", "number"),)


class OfferClause(Base):
    """The words an offer puts at a point; empty words take the point off the table."""

    __tablename__ = "offer_clause"

    offer_id: Mapped[str] = mapped_column(ForeignKey("offer.id", ondelete="CASCADE"), primary_key=True)
    clause_id: Mapped[str] = mapped_column(
        ForeignKey("table_clause.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    text: Mapped[str] = mapped_column(Text, info=INSIDE)


class TableDeadline(Base):
    """Something due at the table."""

    __tablename__ = "table_deadline"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(160), info=INSIDE)
    due_at: Mapped[datetime] = mapped_column(Instant)
    zone: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class TableLetter(Base):
    """An ultimatum or a request. basis: the frozen template with its source; hash: of the words sent."""

    __tablename__ = "table_letter"
    __kept__ = Kept(
        "as long as the table", Erased.NOBODYS, why_not="of the company's contact, not of a member"
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    template: Mapped[str] = mapped_column(String(60))
    basis: Mapped[dict[str, Any]] = mapped_column(JSON, info=NOTHING)
    state: Mapped[str] = mapped_column(String(12))
    language: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(SealedText("table_letter.recipient"))
    subject: Mapped[str] = mapped_column(String(200), info=INSIDE)
    body: Mapped[str] = mapped_column(Text, info=INSIDE)
    hash: Mapped[str | None] = mapped_column(String(64))
    created_by: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_by: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    sent_how: Mapped[str] = mapped_column(String(12), default="", info=NOTHING)
    sent_note: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    extended: Mapped[bool] = mapped_column(default=False)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    answer: Mapped[str] = mapped_column(Text, default="", info=INSIDE)


class Agreement(Base):
    """What both sides agreed on. text: the very words that are voted on and signed; hash: of those words."""

    __tablename__ = "agreement"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(120), info=INSIDE)
    union_party: Mapped[str] = mapped_column(Text, info=INSIDE)
    platform_party: Mapped[str] = mapped_column(Text, info=INSIDE)
    preamble: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    text: Mapped[str | None] = mapped_column(Text, info=INSIDE)
    hash: Mapped[str | None] = mapped_column(String(64))
    ballot_slug: Mapped[str | None] = mapped_column(String(80), unique=True)
    vote: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=NOTHING)
    created_at: Mapped[datetime] = mapped_column(Instant)
    agreed_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    in_force_at: Mapped[datetime | None] = mapped_column(Instant)
    over_at: Mapped[datetime | None] = mapped_column(Instant)
    over_why: Mapped[str] = mapped_column(Text, default="", info=INSIDE)

    __table_args__ = (Index("ix_agreement_state_starts_at", "state", "starts_at"),)


class AgreementClause(Base):
    """One clause. concession: what it does with the demand it answers."""

    __tablename__ = "agreement_clause"

    agreement_id: Mapped[str] = mapped_column(
        ForeignKey("agreement.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    heading: Mapped[str] = mapped_column(String(120), info=INSIDE)
    text: Mapped[str] = mapped_column(Text, info=INSIDE)
    clause_id: Mapped[str | None] = mapped_column(ForeignKey("table_clause.id", ondelete="SET NULL"))
    demand_id: Mapped[str | None] = mapped_column(ForeignKey("demand.id", ondelete="SET NULL"))
    concession: Mapped[str] = mapped_column(String(12), default="", info=NOTHING)


class Obligation(Base):
    """What one side must do by a day. A recurring one has a row per turn; `root_id` is the first."""

    __tablename__ = "obligation"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreement.id", ondelete="CASCADE"), index=True)
    root_id: Mapped[str] = mapped_column(String(20))
    turn: Mapped[int] = mapped_column(default=0)
    clause: Mapped[int]
    title: Mapped[str] = mapped_column(String(200), info=INSIDE)
    who: Mapped[str] = mapped_column(String(10), info=NOTHING)
    every: Mapped[str] = mapped_column(String(10), default="", info=NOTHING)
    due_on: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))

    __table_args__ = (UniqueConstraint("root_id", "turn"),)


class ObligationCheck(Base):
    """Somebody looked, and what they saw."""

    __tablename__ = "obligation_check"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    obligation_id: Mapped[str] = mapped_column(ForeignKey("obligation.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))
    result: Mapped[str] = mapped_column(String(10), info=NOTHING)
    note: Mapped[str] = mapped_column(Text, info=INSIDE)


class TableReminder(Base):
    """A message to the team that becomes due. ref: what it is about; fired once by a conditional update."""

    __tablename__ = "table_reminder"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"))
    ref: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(240), info=INSIDE)
    path: Mapped[str] = mapped_column(String(200), info=NOTHING)
    about_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))

    __table_args__ = (
        UniqueConstraint("ref", "due_at"),
        Index("ix_table_reminder_state_due_at", "state", "due_at"),
    )


class TermsPage(Base):
    """A public page of the platform that we read now and then."""

    __tablename__ = "terms_page"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    table_id: Mapped[str] = mapped_column(ForeignKey("bargaining_table.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(120), info=INSIDE)
    url: Mapped[str] = mapped_column(String(500), info=NOTHING)
    every_hours: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    trouble: Mapped[str] = mapped_column(String(20), default="", info=NOTHING)
    failures: Mapped[int] = mapped_column(default=0)
    etag: Mapped[str] = mapped_column(String(200), default="", info=NOTHING)
    last_modified: Mapped[str] = mapped_column(String(80), default="", info=NOTHING)
    hash: Mapped[str | None] = mapped_column(String(64))
    next_at: Mapped[datetime] = mapped_column(Instant, index=True)
    visited_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime | None] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("table_id", "url"),)


class TermsVersion(Base):
    """The text of a page as it was read."""

    __tablename__ = "terms_version"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    page_id: Mapped[str] = mapped_column(ForeignKey("terms_page.id", ondelete="CASCADE"), index=True)
    fetched_at: Mapped[datetime] = mapped_column(Instant)
    hash: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, info=NOTHING)


class SitePace(Base):
    """When a site may be visited next, and what its robots.txt said."""

    __tablename__ = "site_pace"

    site: Mapped[str] = mapped_column(String(300), primary_key=True, info=NOTHING)
    free_at: Mapped[datetime] = mapped_column(Instant)
    robots: Mapped[str | None] = mapped_column(Text, info=NOTHING)
    robots_at: Mapped[datetime | None] = mapped_column(Instant)


class Grievance(Base):
    """A member says that a clause is not kept. Only they and the team read it."""

    __tablename__ = "grievance"
    __kept__ = Kept("two years after the case", Erased.UNLINKED)

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=new_id)
    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreement.id", ondelete="CASCADE"))
    clause: Mapped[int]
    member_id: Mapped[str | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    text: Mapped[str | None] = mapped_column(SealedText("grievance.text"))
    outcome: Mapped[str | None] = mapped_column(SealedText("grievance.outcome"))
    filed_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    wiped_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_grievance_agreement_id_state", "agreement_id", "state"),)


class GrievanceNote(Base):
    """One line of a case log. shared: the member reads it too."""

    __tablename__ = "grievance_note"
    __kept__ = Kept(
        "two years after the case",
        Erased.NOBODYS,
        why_not="lines that the team wrote for itself",
        part_of="grievance",
        shown=("shared", "by_member"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    grievance_id: Mapped[str] = mapped_column(ForeignKey("grievance.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    by_member: Mapped[bool] = mapped_column(default=False)
    shared: Mapped[bool] = mapped_column(default=True)
    turn: Mapped[str] = mapped_column(String(12), default="", info=NOTHING)
    text: Mapped[str | None] = mapped_column(SealedText("grievance_note.text"))

"""Tables of delivery: what is to be sent, what was tried, who said no, what came back, who is awake.

Which way texts leave, members' devices and choices, addresses that failed, own wording, the trial.

Addresses and the values filled into a text are sealed and wiped when they are no longer needed; an
address is found again by its keyed hash only.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, BigId, Instant, SealedText
from union.core.holding import ACTOR, HASHED, INSIDE, NOTHING, Erased, Kept

# Written as an OR, SQLite sees that a query for one of the two states may use the index.
OPEN = "state = 'sending' OR state = 'unknown'"


class Wording(Base):
    """One version of a template in one language, as it was when something was sent with it; kept for good."""

    __tablename__ = "wording"
    __table_args__ = (UniqueConstraint("template", "language", "channel", "digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Text, info=INSIDE)
    body: Mapped[str] = mapped_column(Text, info=INSIDE)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Outbox(Base):
    """One message to one member over one channel, written in the transaction of the fact it announces.

    sealed: JSON of the address and the values for the text's fields, wiped after use. `ref` and `kind` say
    what it is about. `changed_at` is when `state` last changed.
    """

    __tablename__ = "outbox"
    __kept__ = Kept(
        "address and words until delivered, and a day (three without a receipt);"
        " whose it was and the address's hash ninety days; that it was written, for good",
        Erased.UNLINKED,
        but=("sealed",),
    )
    __table_args__ = (
        UniqueConstraint("ref", "kind", "member_id", "channel"),
        # PostgreSQL asks about each row anew, a third of what an alert costs it; no wording is ever deleted.
        ForeignKeyConstraint(["wording_id"], ["wording.id"]).ddl_if(dialect="sqlite"),
        # The id breaks ties: all rows of one action are due at one instant.
        Index(
            "ix_outbox_due", "channel", "lane", "not_before", "id",
            sqlite_where=text("state = 'created'"), postgresql_where=text("state = 'created'"),
        ),
        Index(
            "ix_outbox_open", "state", "lease_until",
            sqlite_where=text(OPEN), postgresql_where=text(OPEN),
        ),
        Index(
            "ix_outbox_sealed", "changed_at",
            sqlite_where=text("sealed IS NOT NULL"), postgresql_where=text("sealed IS NOT NULL"),
        ),
        Index(
            "ix_outbox_failed", "error_code", "changed_at",
            sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'"),
        ),
        Index("ix_outbox_address_hash", "address_hash", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ref: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(40))
    member_id: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(8))
    lane: Mapped[str] = mapped_column(String(8))
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    sealed: Mapped[str | None] = mapped_column(SealedText("outbox.sealed"), deferred=True)
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(60))
    wording_id: Mapped[int] = mapped_column(BigId)
    secret: Mapped[bool] = mapped_column(Boolean)
    named: Mapped[bool] = mapped_column(Boolean, server_default=false())
    segments: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    error_code: Mapped[str | None] = mapped_column(String(100), info=NOTHING)
    not_before: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    lease_by: Mapped[str | None] = mapped_column(String(80), info=NOTHING)
    provider: Mapped[str | None] = mapped_column(String(20))
    provider_id: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class SendAttempt(Base):
    """The intent to hand a message over, written before the call, and what came of it."""

    __tablename__ = "send_attempt"
    __kept__ = Kept("as long as it is kept that the message was written", Erased.NOBODYS, part_of="outbox")
    __table_args__ = (Index("ix_send_attempt_provider", "provider", "started_at"),)

    outbox_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True
    )
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    provider: Mapped[str | None] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(100), info=NOTHING)
    provider_id: Mapped[str | None] = mapped_column(String(120))


class OptOut(Base):
    """Somebody does not want this list on this channel. By keyed hash, so it survives erasing the member."""

    __tablename__ = "opt_out"
    __kept__ = Kept(
        "until the address says yes again",
        Erased.NOBODYS,
        why_not="by address, not by member: it must hold after you are gone",
    )

    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    mailing: Mapped[str] = mapped_column(String(12), primary_key=True, info=NOTHING)
    reason: Mapped[str] = mapped_column(String(40), info=NOTHING)
    at: Mapped[datetime] = mapped_column(Instant)


class InboundMessage(Base):
    """A reply. `handled_at` is None while it waits: for a room's job, or in the organizers' inbox."""

    __tablename__ = "inbound_message"
    __kept__ = Kept(
        "words and sender thirty days after somebody dealt with it, half a year at most", Erased.UNLINKED
    )
    __table_args__ = (
        UniqueConstraint("provider_id"),
        Index("ix_inbound_message_waiting", "keyword", "id",
              sqlite_where=text("handled_at IS NULL"), postgresql_where=text("handled_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(120))
    sender_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    sealed: Mapped[str | None] = mapped_column(SealedText("inbound_message.sealed"))
    member_id: Mapped[str | None] = mapped_column(String(40))
    keyword: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    assigned_to: Mapped[str | None] = mapped_column(String(40), info=ACTOR)
    note: Mapped[str] = mapped_column(String(200), default="", info=NOTHING)


class Paused(Base):
    """A `ref` whose messages wait. reason: a person's, or the circuit breaker's."""

    __tablename__ = "paused"

    ref: Mapped[str] = mapped_column(String(80), primary_key=True)
    reason: Mapped[str] = mapped_column(String(120), info=NOTHING)
    at: Mapped[datetime] = mapped_column(Instant)


class Heartbeat(Base):
    """When a process last said it is alive, one row for each; those silent for an hour are dropped.

    ticks only ever grows while the process lives. offset_us: by how many microseconds its clock is ahead of
    the database's, as far as that is certain.
    """

    __tablename__ = "heartbeat"

    process: Mapped[str] = mapped_column(String(40), primary_key=True, info=NOTHING)
    instance: Mapped[str] = mapped_column(String(160), primary_key=True, info=NOTHING)
    at: Mapped[datetime] = mapped_column(Instant)
    ticks: Mapped[int] = mapped_column(BigId)
    pid: Mapped[int] = mapped_column(Integer)
    host: Mapped[str] = mapped_column(String(120), info=NOTHING)
    offset_us: Mapped[int] = mapped_column(BigInteger)


class Credit(Base):
    """The token bucket of one provider, shared by all who send: micro-segments that may leave at `at`.

    Below zero it is a debt, which the next seconds pay off.
    """

    __tablename__ = "credit"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    credit: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Instant)


class RouteShare(Base):
    """How many of a hundred messages leave by `provider`. held: set by hand, nothing else moves it."""

    __tablename__ = "route_share"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8))
    weight: Mapped[int] = mapped_column(Integer)
    held: Mapped[bool] = mapped_column(Boolean)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class RouteChange(Base):
    """One move of a share, for the drawing. actor_id: who did it by hand."""

    __tablename__ = "route_change"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    provider: Mapped[str] = mapped_column(String(20))
    weight: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(12), info=NOTHING)
    actor_id: Mapped[str | None] = mapped_column(String(40))


class PushDevice(Base):
    """A browser that shows notifications for a member. sealed: JSON of its address and keys."""

    __tablename__ = "push_device"
    __kept__ = Kept("until switched off", Erased.GOES, but=("sealed",))

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(40), index=True)
    endpoint_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    sealed: Mapped[str] = mapped_column(SealedText("push_device.sealed"))
    label: Mapped[str] = mapped_column(SealedText("push_device.label"))
    created_at: Mapped[datetime] = mapped_column(Instant)


class ShownAs(Base):
    """A member who wants messages under the union's name; without a row they are neutral."""

    __tablename__ = "shown_as"
    __kept__ = Kept("until changed", Erased.GOES)

    member_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    named_at: Mapped[datetime] = mapped_column(Instant)


class BadAddress(Base):
    """An address mail came back from. hard: for good; soft: how often for now. told_at: the member knows."""

    __tablename__ = "bad_address"
    __kept__ = Kept("until mail arrives again", Erased.GOES)

    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(40), index=True)
    hard: Mapped[bool] = mapped_column(Boolean)
    soft: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(100), info=NOTHING)
    last_at: Mapped[datetime] = mapped_column(Instant)
    last_outbox_id: Mapped[int] = mapped_column(BigId)
    told_at: Mapped[datetime | None] = mapped_column(Instant)


class OwnText(Base):
    """One version of organizers' own wording; the newest counts. withdrawn: the built-in text again."""

    __tablename__ = "own_text"
    __table_args__ = (UniqueConstraint("template", "language", "channel", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    template: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(Text, info=INSIDE)
    body: Mapped[str] = mapped_column(Text, info=INSIDE)
    withdrawn: Mapped[bool] = mapped_column(Boolean)
    author_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(Instant)


class Trial(Base):
    """A union that is being set up: it texts its officers only, until `lifted_at`. One row or none.

    lifted_by: the officer who signed for its end first; who confirmed it stands in the log.
    """

    __tablename__ = "trial"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    began_at: Mapped[datetime] = mapped_column(Instant)
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)
    lifted_by: Mapped[str | None] = mapped_column(String(40))


class TrialRecipient(Base):
    """Who may be texted during the trial: an officer (member/<id>) or a listed number (its hash)."""

    __tablename__ = "trial_recipient"
    __kept__ = Kept(
        "until the trial ends", Erased.NOBODYS, why_not="numbers that officers listed to try texts with"
    )

    key: Mapped[str] = mapped_column(String(80), primary_key=True, info=HASHED)
    sealed: Mapped[str | None] = mapped_column(SealedText("trial_recipient.sealed"))
    at: Mapped[datetime] = mapped_column(Instant)

"""Tables of the vote itself. No column, key order or time joins a cast ballot to a member (docs/adr/0005).

The roll knows who may vote and, while needed, who did; the board knows what was cast. Nothing points from
one to the other: cast ballots are keyed by their hash, public credentials are sorted, the roll is stored in
the order of random member ids, and no row of a cast has a time.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from union.core.db import Base, Instant, SealedText
from union.core.holding import HASHED, NOTHING, PUBLIC, Erased, Kept


class Ballot(Base):
    """One ballot from draft to published result, and the head of its board.

    rule: a frozen copy of the preset. election: the exact bytes that were fingerprinted. roll_hash is
    published before opening. head, height and length are the board's newest event, its number, and how many
    records there are; tally_at is where the encrypted tally
    stands on it. counts: per question the verified tally; of a ranked one each order with how many gave it.
    chapters: turnout per chapter, made when the participation marks are wiped. rerun_of: the ballot that
    decided nothing and is held again by this one.
    weighting: how votes weigh, null where all weigh the same; total_weight of the roll, cast_weight of the
    ballots that count. shuffle_turn_at: since when the trustee whose turn it is can shuffle; shuffled: all
    shuffles are there.
    codes_by_officer: an officer made the voting codes offline and hands them out; we only know public parts.
    extended: how the close moved by the clause in the rule (`extension.Move`), null while it did not.
    given_up: who asked to end a count that cannot be finished, with which note, and who agreed.
    reissued: how often a single voting code was replaced.
    threshold: how many of the trustees are needed; null when all are. ceremony: how often their keys were
    asked for. duty_since: since when what they have to do now waits. block: the threshold trustees' item of
    the published record, once their ceremony is over.
    """

    __tablename__ = "ballot"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    uuid: Mapped[str] = mapped_column(String(22), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(120), index=True, info=NOTHING)
    state: Mapped[str] = mapped_column(String(16), index=True)
    title: Mapped[str] = mapped_column(String(160), info=PUBLIC)
    intro: Mapped[str] = mapped_column(Text, default="", info=PUBLIC)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, info=PUBLIC)
    group_name: Mapped[str] = mapped_column(String(24), info=PUBLIC)
    protocol: Mapped[int] = mapped_column(default=1)
    preset: Mapped[str] = mapped_column(String(60), info=PUBLIC)
    rule: Mapped[dict[str, Any]] = mapped_column(JSON, info=PUBLIC)
    rule_confirmed_by: Mapped[str | None] = mapped_column(String(20))
    zone: Mapped[str] = mapped_column(String(64))
    opens_at: Mapped[datetime] = mapped_column(Instant, index=True)
    closes_at: Mapped[datetime] = mapped_column(Instant, index=True)
    platform_slug: Mapped[str | None] = mapped_column(String(80))
    chapter_slug: Mapped[str | None] = mapped_column(String(80))
    contest_days: Mapped[int] = mapped_column(default=7)
    rerun_of: Mapped[str | None] = mapped_column(ForeignKey("ballot.id", ondelete="SET NULL"), index=True)
    created_by: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    eligible: Mapped[int] = mapped_column(default=0)
    unreachable: Mapped[int] = mapped_column(default=0)
    roll_hash: Mapped[str | None] = mapped_column(String(64), info=PUBLIC)
    issue: Mapped[int] = mapped_column(default=0)
    reissued: Mapped[int] = mapped_column(default=0, server_default="0")
    codes_by_officer: Mapped[bool] = mapped_column(default=False)
    threshold: Mapped[int | None] = mapped_column()
    ceremony: Mapped[int] = mapped_column(default=1)
    duty_since: Mapped[datetime | None] = mapped_column(Instant)
    trustees_reminded_at: Mapped[datetime | None] = mapped_column(Instant)
    block: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, info=PUBLIC)
    election: Mapped[bytes | None] = mapped_column(LargeBinary, info=PUBLIC)
    fingerprint: Mapped[str | None] = mapped_column(String(43), info=PUBLIC)
    length: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    head: Mapped[str | None] = mapped_column(String(64), info=PUBLIC)
    tally_at: Mapped[int | None] = mapped_column()
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    concluded_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    reminded_at: Mapped[datetime | None] = mapped_column(Instant)
    extended: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)
    given_up: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)
    wiped_at: Mapped[datetime | None] = mapped_column(Instant)
    cast: Mapped[int | None] = mapped_column()
    weighting: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)
    total_weight: Mapped[int | None] = mapped_column(BigInteger)
    cast_weight: Mapped[int | None] = mapped_column(BigInteger)
    shuffle_turn_at: Mapped[datetime | None] = mapped_column(Instant)
    shuffled: Mapped[bool] = mapped_column(default=False, server_default=false())
    counts: Mapped[list[list[Any]] | None] = mapped_column(JSON, info=PUBLIC)
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=PUBLIC)
    chapters: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON, info=PUBLIC)

    __table_args__ = (CheckConstraint("closes_at > opens_at", name="closes_after_opening"),)


class RollEntry(Base):
    """One member entitled to vote, and what the vote weighs.

    voted: null before the opening and once the marks are wiped.
    """

    __tablename__ = "roll_entry"
    __kept__ = Kept(
        "as long as the vote must be checkable; that you voted until nobody can object any more", Erased.STAYS
    )

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    chapter_slug: Mapped[str] = mapped_column(String(80), default="")
    weight: Mapped[int] = mapped_column(default=1, server_default="1")
    voted: Mapped[bool | None] = mapped_column()

    # Without rowids SQLite keeps the rows in the order of the key: an update leaves no trace of its order.
    __table_args__ = (Index("ix_roll_entry_member_id", "member_id"), {"sqlite_with_rowid": False})


class BallotWeight(Base):
    """What an officer's file says a member's vote weighs, until the ballot opens with the frozen roll."""

    __tablename__ = "ballot_weight"
    __kept__ = Kept("until the vote opens or is called off", Erased.STAYS)

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(20), primary_key=True)
    weight: Mapped[int] = mapped_column()


class PublicCredential(Base):
    """The public part of one voting credential, in the published order; nothing says whose it is.

    weight: what its vote weighs; enough members share it that it names nobody.
    """

    __tablename__ = "public_credential"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    point: Mapped[str] = mapped_column(Text, info=PUBLIC)
    weight: Mapped[int] = mapped_column(default=1, server_default="1")
    digest: Mapped[str] = mapped_column(String(64))

    # By digest: a finite-field point is too long for an index of PostgreSQL's to be comfortable with.
    __table_args__ = (Index("uq_public_credential_ballot_id_digest", "ballot_id", "digest", unique=True),)


class CredentialTag(Base):
    """Which public credential to strike when one member needs a new code; gone when voting opens.

    tag: keyed hash of the member; digest: the credential's, sealed; both with a key of this hand-out that is
    outside the database and goes with the opening (docs/adr/0026). times: how often it was replaced.
    """

    __tablename__ = "credential_tag"
    __kept__ = Kept(
        "until the vote opens or is called off",
        Erased.NOBODYS,
        why_not="the key that could find yours is not in the database",
    )

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True, info=HASHED)
    digest: Mapped[str] = mapped_column(SealedText("credential_tag.digest"))
    times: Mapped[int] = mapped_column(default=0)

    __table_args__ = ({"sqlite_with_rowid": False},)


class BallotPulse(Base):
    """When an open ballot's page was last reached by our own watch; away: seconds it was not, so far."""

    __tablename__ = "ballot_pulse"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    reached_at: Mapped[datetime] = mapped_column(Instant)
    away: Mapped[int] = mapped_column(default=0)


class BoardRecord(Base):
    """One record of the published archive, in its order. name: SHA-256 of the content in hex."""

    __tablename__ = "board_record"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PUBLIC)

    __table_args__ = (CheckConstraint("kind in ('header', 'data', 'event')", name="kind_known"),)


class CastBallot(Base):
    """Where a ballot stands on the board: no member, no time.

    credential: digest of the public credential. folded: the tracker in lower case without its signs, so that
    it is found however somebody types it.
    """

    __tablename__ = "cast_ballot"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    ballot_hash: Mapped[str] = mapped_column(String(64), primary_key=True, info=PUBLIC)
    credential: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    position: Mapped[int] = mapped_column()
    height: Mapped[int] = mapped_column()
    head: Mapped[str] = mapped_column(String(64), info=PUBLIC)
    folded: Mapped[str] = mapped_column(String(43), info=PUBLIC)

    __table_args__ = (
        Index("ix_cast_ballot_ballot_id_folded", "ballot_id", "folded"),
        Index("uq_cast_ballot_ballot_id_position", "ballot_id", "position", unique=True),
        Index("ix_cast_ballot_ballot_id_credential", "ballot_id", "credential"),
    )


class CastCiphertext(Base):
    """Every ciphertext on a board, by digest: none may appear twice."""

    __tablename__ = "cast_ciphertext"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class WaitingReceipt(Base):
    """A receipt on its way to the voter's channel, sealed whole, until it leaves in a shuffled batch."""

    __tablename__ = "waiting_receipt"
    __kept__ = Kept(
        "until enough wait to leave together, or the vote is over",
        Erased.NOBODYS,
        why_not="on its way to you, and to be opened by nobody else",
    )

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(SealedText("waiting_receipt.sealed"))

    __table_args__ = ({"sqlite_with_rowid": False},)


class RefusalLog(Base):
    """How often a ballot, key or decryption was refused, by the name of the check; never whose it was."""

    __tablename__ = "refusal_log"

    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), primary_key=True)
    check_name: Mapped[str] = mapped_column(String(40), primary_key=True, info=NOTHING)
    times: Mapped[int] = mapped_column(default=0)


class BoardObserver(Base):
    """Somebody who gets the board's head every hour while voting is open; the row goes when it is over.

    member_id: a member, written to at the own address; else address, confirmed by the link sent to it.
    """

    __tablename__ = "board_observer"
    __kept__ = Kept("until the vote is over", Erased.STAYS)

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"))
    member_id: Mapped[str | None] = mapped_column(String(20), index=True)
    address: Mapped[str | None] = mapped_column(SealedText("board_observer.address"))
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    language: Mapped[str] = mapped_column(String(8))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("uq_board_observer_ballot_id_address_hash", "ballot_id", "address_hash", unique=True),
        Index("uq_board_observer_ballot_id_member_id", "ballot_id", "member_id", unique=True),
        CheckConstraint("(member_id is null) <> (address is null)", name="member_or_address"),
    )


class Objection(Base):
    """An objection in the contest period and its answer: public, its author known to organizers only."""

    __tablename__ = "ballot_objection"
    __kept__ = Kept("as long as the vote must be checkable", Erased.STAYS)

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    ballot_id: Mapped[str] = mapped_column(ForeignKey("ballot.id", ondelete="CASCADE"), index=True)
    member_id: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text, info=PUBLIC)
    raised_at: Mapped[datetime] = mapped_column(Instant)
    answer: Mapped[str | None] = mapped_column(Text, info=PUBLIC)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    answered_by: Mapped[str | None] = mapped_column(String(20))

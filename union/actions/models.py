"""Tables of actions: the plan, its starts per zone, who takes part, anonymous tallies, the debrief.

Invariant: after an action ends no row joins a member to a check-in. `checkin_once` holds only keyed hashes,
its key stands in `action.checkin_key`, and both are wiped when the action ends. No row of a check-in has a
time.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Enum, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from union.actions.rules.states import Choice, FiringState, Kind, Mark, Mode, State, VoteState
from union.core.db import Base, Instant
from union.core.holding import HASHED, INSIDE, NOTHING, Erased, Kept


def _words(names: type[StrEnum], length: int) -> Enum:
    """Return a column type that stores the enum's values as plain text."""
    return Enum(
        names, native_enum=False, length=length, values_callable=lambda found: [name.value for name in found]
    )


class Action(Base):
    """One synchronized action of a campaign; `version` counts changes of time or target.

    wall_start, wall_end: naive local times (YYYY-MM-DDTHH:MM) in `zone`, or in every member's own zone in
    wall-clock mode. starts_at, ends_at: the first start and the last end (UTC); ends_at None for an action
    without a fixed end. to_act, show_delay: minutes. chase_every: minutes to the first reminder of the steps,
    0 for none. chapter_slug: whose members it calls, "" for everybody's. ended_at: when it was over, put off
    or called off.
    reason: why it was put off or called off, {text: message id, facts}.
    """

    __tablename__ = "action"
    __kept__ = Kept("until the action ends", Erased.NOBODYS)
    __table_args__ = (CheckConstraint("confirmed_by <> armed_by", name="two_organizers"),)

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    slug: Mapped[str] = mapped_column(String(70), unique=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaign.id"), index=True)
    kind: Mapped[Kind] = mapped_column(_words(Kind, 20))
    title: Mapped[str] = mapped_column(String(120), info=INSIDE)
    summary: Mapped[str] = mapped_column(Text, info=INSIDE)
    targets: Mapped[list[str]] = mapped_column(JSON, info=INSIDE)
    before: Mapped[list[str]] = mapped_column(JSON, info=INSIDE)
    steps: Mapped[list[str]] = mapped_column(JSON, info=INSIDE)
    escalation: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    announced: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[Mode] = mapped_column(_words(Mode, 12))
    zone: Mapped[str] = mapped_column(String(60))
    wall_start: Mapped[str] = mapped_column(String(19))
    wall_end: Mapped[str | None] = mapped_column(String(19))
    starts_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    briefing_at: Mapped[datetime] = mapped_column(Instant)
    go_no_go_at: Mapped[datetime] = mapped_column(Instant)
    floor: Mapped[int]
    to_act: Mapped[int]
    sms_route: Mapped[str] = mapped_column(String(20), info=NOTHING)
    place: Mapped[str] = mapped_column(String(8), default="", info=NOTHING)
    chapter_slug: Mapped[str] = mapped_column(String(60), default="")
    state: Mapped[State] = mapped_column(_words(State, 12), index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    mandate_ballot: Mapped[str | None] = mapped_column(String(80), info=NOTHING)
    mandate_rule: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=NOTHING)
    mandate_expires_at: Mapped[datetime | None] = mapped_column(Instant)
    notice_given_at: Mapped[datetime | None] = mapped_column(Instant)
    armed_by: Mapped[str | None] = mapped_column(String(20))
    armed_at: Mapped[datetime | None] = mapped_column(Instant)
    confirmed_by: Mapped[str | None] = mapped_column(String(20))
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    briefed_at: Mapped[datetime | None] = mapped_column(Instant)
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)
    fired_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSON, info=INSIDE)
    show_delay: Mapped[int] = mapped_column(default=0)
    shown_at: Mapped[datetime | None] = mapped_column(Instant)
    chase_every: Mapped[int] = mapped_column(default=0)
    meeting_code: Mapped[str] = mapped_column(String(12), info=INSIDE)
    checkin_key: Mapped[bytes | None] = mapped_column(LargeBinary, info=HASHED)


class ActionZoneFiring(Base):
    """One start of an action.

    Of everybody ("*", instant mode) or of the members in one zone (wall-clock mode). chased: how many
    reminders of the steps went out there.
    """

    __tablename__ = "action_zone_firing"

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    zone: Mapped[str] = mapped_column(String(60), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(Instant, index=True)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[FiringState] = mapped_column(_words(FiringState, 8))
    fired_at: Mapped[datetime | None] = mapped_column(Instant)
    told: Mapped[int] = mapped_column(default=0)
    chased: Mapped[int] = mapped_column(default=0)


class ActionVote(Base):
    """A vote planned with an action: whether it goes on longer, and with which next steps.

    more: minutes longer if it passes, None for no end any more. after: minutes from the start to the opening;
    window: minutes it stays open. by_clock: the clock opens it, else an organizer. hold: the action goes on
    until it is counted. passed: None until it is decided; late: decided when the action was over.
    """

    __tablename__ = "action_vote"

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(120), info=INSIDE)
    question: Mapped[str] = mapped_column(String(300), info=INSIDE)
    steps: Mapped[list[str]] = mapped_column(JSON, info=INSIDE)
    more: Mapped[int | None]
    after: Mapped[int]
    window: Mapped[int]
    by_clock: Mapped[bool]
    hold: Mapped[bool]
    ballot_slug: Mapped[str] = mapped_column(String(80), unique=True)
    state: Mapped[VoteState] = mapped_column(_words(VoteState, 10))
    late: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class ActionChoice(Base):
    """What a member said about taking part in a version of an action; wiped after the debrief."""

    __tablename__ = "action_choice"
    __kept__ = Kept("thirty days after the action", Erased.STAYS)

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    choice: Mapped[Choice] = mapped_column(_words(Choice, 3))
    version: Mapped[int]


class CheckinTally(Base):
    """How many of a chapter checked in and completed.

    shown_*: what the public saw last, when a delay was chosen.

    paper: how many of `out` came from paper lists; point: how many used the code of a meeting point.
    """

    __tablename__ = "checkin_tally"

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    chapter_slug: Mapped[str] = mapped_column(String(80), primary_key=True)
    out: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    paper: Mapped[int] = mapped_column(default=0)
    point: Mapped[int] = mapped_column(default=0)
    shown_out: Mapped[int] = mapped_column(default=0)
    shown_done: Mapped[int] = mapped_column(default=0)


class CheckinPulse(Base):
    """How many checked in, of the whole action, within one span of minutes after its start.

    For the synchrony score.
    """

    __tablename__ = "checkin_pulse"

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    span: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(default=0)


class CheckinOnce(Base):
    """That somebody was counted.

    A keyed hash of the member, without order or time; wiped when the action ends.
    """

    __tablename__ = "checkin_once"
    __kept__ = Kept(
        "until the action ends", Erased.NOBODYS, why_not="scrambled: even we cannot tell which is yours"
    )
    __table_args__ = ({"sqlite_with_rowid": False},)

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    mark: Mapped[Mark] = mapped_column(_words(Mark, 4), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, info=HASHED)


class Debrief(Base):
    """What an action came to, and what to learn. Counts are totals; chapters are suppressed below ten.

    by_chapter: who were out; part_by_chapter: who took part.
    """

    __tablename__ = "debrief"

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    eligible: Mapped[int]
    pledged: Mapped[int]
    taking_part: Mapped[int]
    verified: Mapped[int]
    checked_in: Mapped[int]
    completed: Mapped[int]
    in_time: Mapped[int]
    by_chapter: Mapped[list[Any]] = mapped_column(JSON, info=NOTHING)
    part_by_chapter: Mapped[list[Any]] = mapped_column(JSON, default=list, info=NOTHING)
    went_well: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    went_badly: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    learn: Mapped[str] = mapped_column(Text, default="", info=INSIDE)
    published: Mapped[bool] = mapped_column(default=False)
    written_by: Mapped[str | None] = mapped_column(String(20))
    written_at: Mapped[datetime | None] = mapped_column(Instant)


class RetaliationReport(Base):
    """That the platform hit back after an action, by sort and week; without who told it or in which words."""

    __tablename__ = "retaliation_report"

    action_id: Mapped[str] = mapped_column(ForeignKey("action.id"), primary_key=True)
    sort: Mapped[str] = mapped_column(String(20), primary_key=True, info=NOTHING)
    count: Mapped[int] = mapped_column(default=0)

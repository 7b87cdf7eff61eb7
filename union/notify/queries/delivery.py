"""How messages and replies stand: progress, lists, one message, the inbox, who is awake.

The text of a message is shown at the desk alone: what went out to people's phones is theirs.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from union.core.db import MICROSECOND
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.sealing import CannotOpen
from union.notify import texts
from union.notify.channels.desk import NAME as DESK
from union.notify.models import Heartbeat as HeartbeatRow
from union.notify.models import InboundMessage, Outbox, Paused, SendAttempt, Wording
from union.notify.queries.subjects import Subject, folded, subjects
from union.notify.rules import beats, causes
from union.notify.rules.kinds import Channel, Keyword, Lane, State
from union.notify.service.inbound import Inbound, shown
from union.notify.service.rows import read_sealed

PAGE = 50
_LINE = 80


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the messages about something are. causes: reason (a message id) → how many it explains."""

    created: int = 0
    sending: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    expired: int = 0
    unknown: int = 0
    suppressed: int = 0
    by_channel: dict[str, int] = field(default_factory=dict)
    causes: dict[str, int] = field(default_factory=dict)
    paused: str | None = None

    @property
    def total(self) -> int:
        """All rows."""
        return (
            self.created + self.sending + self.accepted + self.delivered + self.failed + self.expired
            + self.unknown + self.suppressed
        )  # fmt: skip

    @property
    def gone(self) -> int:
        """Those that left us and may be with the member."""
        return self.accepted + self.delivered


def progress(session: Session, ref: str | None = None, kinds: Collection[str] | None = None) -> Progress:
    """Count the messages about `ref` (None: all there are) by state, channel and cause."""
    counted = select(Outbox.state, Outbox.channel, Outbox.error_code, func.count()).group_by(
        Outbox.state, Outbox.channel, Outbox.error_code
    )
    if ref is not None:
        counted = counted.where(Outbox.ref == ref)
    if kinds is not None:
        counted = counted.where(Outbox.kind.in_(kinds))
    states: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for state, channel, code, count in session.execute(counted):
        states[state] += count
        channels[channel] += count
        if code:
            why[causes.reason(code)] += count
    held = session.get(Paused, ref) if ref is not None else None
    return _progress(states, channels, why, held.reason if held else None)


def _progress(
    states: Counter[str], channels: Counter[str], why: Counter[str], paused: str | None = None
) -> Progress:
    return Progress(
        created=states[State.CREATED], sending=states[State.SENDING], accepted=states[State.ACCEPTED],
        delivered=states[State.DELIVERED], failed=states[State.FAILED], expired=states[State.EXPIRED],
        unknown=states[State.UNKNOWN], suppressed=states[State.SUPPRESSED],
        by_channel=dict(channels), causes=dict(why), paused=paused,
    )  # fmt: skip


def unreached(session: Session, ref: str, kind: str | None = None) -> tuple[tuple[str, str], ...]:
    """Return (member, channel) of those whom the message about `ref` surely did not reach, to try another."""
    lost = [State.FAILED.value, State.EXPIRED.value, State.SUPPRESSED.value]
    chosen = select(Outbox.member_id, Outbox.channel).where(Outbox.ref == ref, Outbox.state.in_(lost))
    if kind is not None:
        chosen = chosen.where(Outbox.kind == kind)
    return tuple((row.member_id, row.channel) for row in session.execute(chosen.order_by(Outbox.id)))


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One line of the list. to and line (the subject or first words) only for what lies at the desk."""

    id: int
    ref: str
    kind: str
    channel: Channel
    lane: Lane
    state: State
    reason: str
    provider: str
    segments: int
    at: datetime
    to: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message. to, subject and body are empty unless it lies at the desk and has not been wiped."""

    row: MessageRow
    to: str
    subject: str
    body: str
    template: str
    language: str
    not_before: datetime
    expires_at: datetime
    attempts: tuple[tuple[int, datetime, str], ...]

    @property
    def readable(self) -> bool:
        """Whether the text is there to be read."""
        return bool(self.body)


@dataclass(frozen=True, slots=True)
class MessageList:
    """A page of messages, newest first."""

    rows: tuple[MessageRow, ...]
    page: int
    pages: int
    total: int


def _conditions(*, state: str, channel: str, ref: str, desk: bool) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state:
        conditions.append(Outbox.state == state)
    if channel:
        conditions.append(Outbox.channel == channel)
    if ref:
        conditions.append(Outbox.ref == ref)
    if desk:
        conditions.append(Outbox.provider == DESK)
    return conditions


def messages(
    session: Session,
    *,
    page: int = 1,
    state: str = "",
    channel: str = "",
    ref: str = "",
    desk: bool = False,
    secrets: bool = False,
) -> MessageList:
    """Return a page of messages, filtered; `desk`: those that lie at the desk only.

    secrets: also read texts that sign somebody in or let them vote. An organizer who could would be able to
    act as anybody, so pages of a real union never do; the terminal and a development machine do.
    """
    conditions = _conditions(state=state, channel=channel, ref=ref, desk=desk)
    total = session.scalar(select(func.count()).select_from(Outbox).where(*conditions)) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    chosen = (
        select(Outbox, Wording.subject, Wording.body)
        .join(Wording, Wording.id == Outbox.wording_id)
        .where(*conditions)
        .order_by(Outbox.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    rows = tuple(
        _row(row, *_read(row, subject, body, secrets=secrets))
        for row, subject, body in session.execute(chosen)
    )
    return MessageList(rows, page, pages, total)


def _row(row: Outbox, to: str = "", subject: str = "", body: str = "") -> MessageRow:
    line = subject or body.partition("\n")[0]
    return MessageRow(
        row.id, row.ref, row.kind, Channel(row.channel), Lane(row.lane), State(row.state),
        causes.reason(row.error_code), row.provider or "", row.segments, row.changed_at, to, line[:_LINE],
    )  # fmt: skip


def _read(
    row: Outbox, subject: str, body: str, union_name: str = "", *, secrets: bool
) -> tuple[str, str, str]:
    """Return address, subject and text of what lies at the desk; empty for anything else."""
    if row.provider != DESK or (row.secret and not secrets) or (sealed := _opened(row)) is None:
        return "", "", ""
    to, fields = read_sealed(sealed)
    filled = {"union": union_name, "stop": "", **fields}
    return to, texts.fill(subject, filled), texts.fill(body, filled)


def message(session: Session, outbox_id: int, *, union_name: str = "", secrets: bool = False) -> MessagePage:
    """Return one message, its text when it lies at the desk; `secrets` as for `messages`. Raises NotFound."""
    row = session.get(Outbox, outbox_id)
    if row is None:
        raise NotFound(msg("There is no such message."))
    wording = session.get_one(Wording, row.wording_id)
    to, subject, body = _read(row, wording.subject, wording.body, union_name, secrets=secrets)
    tried = session.scalars(select(SendAttempt).filter_by(outbox_id=row.id).order_by(SendAttempt.n))
    return MessagePage(
        _row(row), to, subject, body, wording.template, wording.language, row.not_before, row.expires_at,
        tuple((one.n, one.started_at, one.outcome or "") for one in tried),
    )  # fmt: skip


def _opened(row: Outbox) -> str | None:
    """Return the sealed part of a row, None when it was wiped or the key is another one."""
    try:
        return row.sealed
    except CannotOpen:
        return None


@dataclass(frozen=True, slots=True)
class About:
    """What was sent about one thing lately. ref: "" for a line that stands for several."""

    ref: str
    counts: dict[str, int]
    last: datetime
    paused: bool
    subject: Subject

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Overview:
    """The delivery page: everything of the last days, and what it is about."""

    since: datetime
    all: Progress
    about: tuple[About, ...]
    due: int


def overview(session: Session, *, now: datetime, days: int = 7, limit: int = 30) -> Overview:
    """Count what was written in the last days by what it is about, the latest first."""
    since = now - timedelta(days=days)
    counted = session.execute(
        select(Outbox.ref, Outbox.state, func.count(), func.max(Outbox.changed_at))
        .where(Outbox.created_at >= since)
        .group_by(Outbox.ref, Outbox.state)
    ).all()
    held = set(session.scalars(select(Paused.ref)))
    found: dict[str, tuple[Counter[str], datetime]] = {}
    for ref, state, count, last in counted:
        counts, newest = found.get(folded(ref), (Counter(), since))
        found[folded(ref)] = (counts + Counter({state: count}), max(newest, last))
    states: Counter[str] = Counter()
    for counts, _ in found.values():
        states.update(counts)
    latest = sorted(found, key=lambda ref: found[ref][1], reverse=True)[:limit]
    named, asked = subjects(session, latest), {row.ref for row in counted}
    about = tuple(About(ref if ref in asked else "", *found[ref], ref in held, named[ref]) for ref in latest)
    due = session.scalar(
        select(func.count())
        .select_from(Outbox)
        .where(Outbox.state == State.CREATED.value, Outbox.not_before <= now)
    )
    return Overview(since, _progress(states, Counter(), Counter()), about, due or 0)


def reply(session: Session, inbound_id: int) -> Inbound:
    """Return one reply; raises NotFound."""
    row = session.get(InboundMessage, inbound_id)
    if row is None:
        raise NotFound(msg("There is no such reply."))
    return shown(row)


def inbox(session: Session, *, limit: int = 100) -> tuple[Inbound, ...]:
    """Return replies that a person must read, oldest first."""
    chosen = select(InboundMessage).where(
        InboundMessage.handled_at.is_(None), InboundMessage.keyword == Keyword.OTHER.value
    )
    return tuple(shown(row) for row in session.scalars(chosen.order_by(InboundMessage.id).limit(limit)))


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a process last said it is alive. offset: how far its clock is ahead of the database's."""

    process: str
    at: datetime
    ticks: int
    pid: int
    host: str
    offset: timedelta

    def age(self, now: datetime) -> timedelta:
        """Return how long ago that was."""
        return now - self.at

    def awake(self, now: datetime, within: timedelta = beats.AWAKE) -> bool:
        """Tell whether the process ticks now."""
        return beats.awake(self.age(now), within)

    def ahead(self, now: datetime) -> bool:
        """Tell whether it claims to come from the future: a clock is off, here or there."""
        return beats.ahead(self.age(now))


def heartbeats(session: Session) -> tuple[Heartbeat, ...]:
    """Return every process that said it is alive in the last hour, the latest first."""
    found = session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.at.desc()))
    return tuple(
        Heartbeat(row.process, row.at, row.ticks, row.pid, row.host, row.offset_us * MICROSECOND)
        for row in found
    )


def heartbeat(session: Session, process: str) -> Heartbeat | None:
    """Return the latest heartbeat of `process` on any machine, None when there never was one.

    Its offset is the worst of those that tick now: whichever is next to act may be the one that is off.
    """
    found = [one for one in heartbeats(session) if one.process == process]
    if not found:
        return None
    awake = [one for one in found if found[0].at - one.at < beats.AWAKE]
    return replace(found[0], offset=max((one.offset for one in awake), key=abs))

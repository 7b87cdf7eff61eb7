"""Write, cancel, pause and forget messages.

A message is a row written in the transaction of the fact it announces; the unique key (ref, kind, member,
channel) makes writing it twice harmless. Sending is the delivery's work.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import String, cast, delete, literal, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from union.core.errors import Invalid
from union.core.i18n import msg
from union.notify import texts
from union.notify.models import Outbox, Paused, Wording
from union.notify.rules import hours, segments
from union.notify.rules.kinds import QUIET_LANES, Channel, Lane, State
from union.notify.service.consent import address_hash, refused
from union.notify.service.statements import insert_all, insert_or_leave

CHUNK = 5_000
OFFERED = frozenset({"union", "stop"})
"""Places in emails that the delivery fills by itself: the union's name and the unsubscribe address."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address of one member. fields: the values for the text; share one mapping where values are equal.

    not_before and expires_at override the fan-out's.
    """

    member_id: str
    channel: Channel
    to: str
    language: str
    zone: str
    fields: texts.Fields = field(default_factory=dict)
    not_before: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fanout:
    """What became of recipients. present: had a row already; suppressed: written, but not to be sent."""

    written: int
    present: int
    suppressed: int


def enqueue(  # noqa: PLR0913 - each fact stands in a column
    session: Session,
    *,
    now: datetime,
    ref: str,
    kind: str,
    member_id: str,
    channel: Channel,
    to: str,
    language: str,
    zone: str,
    template: str,
    fields: texts.Fields,
    expires_at: datetime,
    lane: Lane,
    not_before: datetime | None = None,
    secret: bool = False,
) -> int | None:
    """Write one message and return its row's id, or None when (ref, kind, member, channel) has one already.

    expires_at: until when it is useful; it is never sent later. secret: the text signs somebody in or lets
    them vote, so it is wiped as soon as it is handed over. Raises Invalid for a text with a place that
    nothing fills and for an address that cannot be one.
    """
    batch = _Batch(session, now, ref, kind, template, lane, not_before or now, expires_at, secret=secret)
    row = batch.rows([Recipient(member_id, channel, to, language, zone, fields)])[0]
    written: int | None = session.scalar(insert_or_leave(session, Outbox).values(row).returning(Outbox.id))
    return written


def enqueue_many(
    session: Session,
    *,
    now: datetime,
    ref: str,
    kind: str,
    template: str,
    lane: Lane,
    expires_at: datetime,
    recipients: Iterable[Recipient],
    not_before: datetime | None = None,
    secret: bool = False,
    per_second: float | None = None,
) -> Fanout:
    """Write one message per recipient, 100,000 in a few seconds; those that have one already are left alone.

    per_second: segments that the texts' route carries. Each text then waits for those before it, in the order
    of `recipients`, so that the carrier's queue stays empty and what is held or cancelled has not left.

    Raises Invalid as `enqueue` does, before anything of the batch concerned is written.
    """
    batch = _Batch(
        session, now, ref, kind, template, lane, not_before or now, expires_at,
        secret=secret, gap=timedelta(seconds=1 / per_second) if per_second else None,
    )  # fmt: skip
    asked = written = suppressed = 0
    for chunk in _chunks(recipients):
        rows = batch.rows(chunk)
        asked += len(rows)
        written += insert_all(session, Outbox, rows)
        suppressed += sum(1 for row in rows if row["state"] != State.CREATED.value)
    return Fanout(written, asked - written, suppressed)


def _chunks(recipients: Iterable[Recipient]) -> Iterator[list[Recipient]]:
    left = iter(recipients)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


class _Batch:
    """Turns recipients into rows; looks up each template version and each distinct text once."""

    def __init__(
        self,
        session: Session,
        now: datetime,
        ref: str,
        kind: str,
        template: str,
        lane: Lane,
        not_before: datetime,
        expires_at: datetime,
        *,
        secret: bool,
        gap: timedelta | None = None,
    ) -> None:
        self._gap = gap
        self._ahead = 0
        self._session = session
        self._now = now
        self._template = template
        self._lane = lane
        self._not_before = not_before
        self._expires_at = expires_at
        self._same: dict[str, Any] = {
            "ref": ref, "kind": kind, "lane": lane.value, "secret": secret, "attempts": 0,
            "created_at": now, "changed_at": now,
        }  # fmt: skip
        self._wordings: dict[tuple[Channel, str], tuple[texts.Text, int]] = {}
        # Keeps the mappings alive, so that an id stays theirs.
        self._rendered: dict[tuple[int, Channel, str], tuple[texts.Fields, str, int]] = {}
        self._hours: dict[tuple[str, datetime], datetime] = {}

    def rows(self, recipients: list[Recipient]) -> list[dict[str, Any]]:
        """Return the rows of `recipients`, in their order."""
        hashes = [address_hash(recipient.channel, recipient.to) for recipient in recipients]
        no = {
            channel: refused(
                self._session,
                {h for h, r in zip(hashes, recipients, strict=True) if r.channel is channel},
                channel,
                self._lane,
            )
            for channel in {recipient.channel for recipient in recipients}
        }
        return [
            self._row(recipient, hashed, opted_out=hashed in no[recipient.channel])
            for recipient, hashed in zip(recipients, hashes, strict=True)
        ]

    def _row(self, recipient: Recipient, hashed: bytes, *, opted_out: bool) -> dict[str, Any]:
        _check_address(recipient)
        text, wording_id = self._wording(recipient)
        values, count = self._values(recipient, text)
        expires_at = recipient.expires_at or self._expires_at
        wanted = recipient.not_before or self._not_before
        if self._gap and recipient.channel is Channel.SMS and not opted_out:
            wanted += self._gap * self._ahead
            self._ahead += count
        not_before = self._permitted(recipient, wanted)
        reason = None
        if opted_out:
            reason = "opted_out"
        elif not_before >= expires_at:
            reason = "quiet_hours" if self._quiet(recipient) else "late"
        sealed = None if reason else f'{{"to":{json.dumps(recipient.to)},"fields":{values}}}'
        return {
            **self._same,
            "member_id": recipient.member_id, "channel": recipient.channel.value, "address_hash": hashed,
            "sealed": sealed, "language": text.language, "zone": recipient.zone, "wording_id": wording_id,
            "segments": count, "state": (State.SUPPRESSED if reason else State.CREATED).value,
            "error_code": reason, "not_before": not_before, "expires_at": expires_at,
        }  # fmt: skip

    def _quiet(self, recipient: Recipient) -> bool:
        return recipient.channel is Channel.SMS and self._lane in QUIET_LANES

    def _permitted(self, recipient: Recipient, wanted: datetime) -> datetime:
        """Return when the text may go: at `wanted`, or for quiet lanes when the member's night is over."""
        if not self._quiet(recipient):
            return wanted
        key = (recipient.zone, wanted)
        if key not in self._hours:
            self._hours[key] = hours.next_allowed(wanted, recipient.zone)
        return self._hours[key]

    def _wording(self, recipient: Recipient) -> tuple[texts.Text, int]:
        key = (recipient.channel, recipient.language)
        if key not in self._wordings:
            text = texts.find(self._template, recipient.language, recipient.channel)
            self._wordings[key] = (text, wording_id(self._session, text, self._now))
        return self._wordings[key]

    def _values(self, recipient: Recipient, text: texts.Text) -> tuple[str, int]:
        """Return the values as JSON, only those the text uses, and how many segments it takes."""
        key = (id(recipient.fields), recipient.channel, text.language)
        if key not in self._rendered:
            offered = dict.fromkeys(OFFERED, "") if recipient.channel is Channel.EMAIL else {}
            _, body = text.render({**offered, **recipient.fields})
            count = segments.count(body).segments if recipient.channel is Channel.SMS else 1
            used = {name: recipient.fields[name] for name in text.fields if name in recipient.fields}
            self._rendered[key] = (recipient.fields, json.dumps(used, ensure_ascii=False), count)
        _, values, count = self._rendered[key]
        return values, count


def _check_address(recipient: Recipient) -> None:
    to = recipient.to
    if recipient.channel is Channel.SMS:
        fits = to.startswith("+") and to[1:].isdigit()
    else:
        fits = "@" in to and to.isprintable() and " " not in to
    if not fits:
        raise Invalid(msg("That address cannot be reached over this channel."))


def wording_id(session: Session, text: texts.Text, now: datetime) -> int:
    """Return the id of the row that keeps this version of a template, written on first use."""
    chosen = select(Wording.id).where(
        Wording.template == text.name,
        Wording.language == text.language,
        Wording.channel == text.channel.value,
        Wording.digest == text.digest,
    )
    found = session.scalar(chosen)
    if found is not None:
        return found
    row = {
        "template": text.name, "language": text.language, "channel": text.channel.value,
        "digest": text.digest, "subject": text.subject, "body": text.body, "created_at": now,
    }  # fmt: skip
    session.execute(insert_or_leave(session, Wording), [row])
    return session.scalars(chosen).one()


def read_sealed(sealed: str) -> tuple[str, Mapping[str, str | int]]:
    """Return address and values of an opened `Outbox.sealed`."""
    found = json.loads(sealed)
    return found["to"], found["fields"]


def cancel(
    session: Session,
    *,
    now: datetime,
    ref: str,
    kinds: Collection[str] | None = None,
    member_id: str | None = None,
) -> int:
    """Stop what is about `ref` and has not left yet; return how many. What left cannot be called back."""
    which = update(Outbox).where(Outbox.ref == ref, Outbox.state == State.CREATED.value)
    if kinds is not None:
        which = which.where(Outbox.kind.in_(kinds))
    if member_id is not None:
        which = which.where(Outbox.member_id == member_id)
    return _count(
        session.execute(
            which.values(
                state=State.SUPPRESSED.value, error_code="cancelled", sealed=None, changed_at=now
            ).execution_options(synchronize_session=False)
        )
    )


def pause(session: Session, *, now: datetime, ref: str, reason: str = "") -> None:
    """Hold what is about `ref`; takes effect within one batch. A second time changes nothing."""
    session.execute(insert_or_leave(session, Paused), [{"ref": ref, "reason": reason[:120], "at": now}])


def resume(session: Session, *, ref: str) -> bool:
    """Let what is about `ref` go again; tell whether it was held."""
    return _count(session.execute(delete(Paused).where(Paused.ref == ref))) > 0


def forget_member(session: Session, *, now: datetime, member_id: str) -> None:
    """Erase a member from the outbox: cancel what waits, wipe addresses and values, unlink the rows.

    Opt-outs stay: they name no member and must hold for the address.
    """
    ours = (Outbox.member_id == member_id,)
    session.execute(
        update(Outbox)
        .where(*ours, Outbox.state == State.CREATED.value)
        .values(state=State.SUPPRESSED.value, error_code="cancelled", changed_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Outbox)
        .where(*ours)
        .values(sealed=None, address_hash=None, member_id=literal("erased:") + cast(Outbox.id, String))
        .execution_options(synchronize_session=False)
    )


def _count(result: Any) -> int:  # noqa: ANN401 - SQLAlchemy types execute() as Result; an UPDATE gives a CursorResult
    assert isinstance(result, CursorResult)  # noqa: S101
    return int(result.rowcount)

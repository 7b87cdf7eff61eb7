"""Turn recipients into outbox rows: the text, its values, when it may go, and why it may not.

Looks up each template version, each distinct text and each list of refusals once for a batch; inserts nothing
but wordings.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.core.db import to_microseconds
from union.core.errors import Invalid
from union.core.i18n import msg
from union.core.sealing import vault
from union.notify import texts
from union.notify.models import Wording
from union.notify.rules import hours, segments
from union.notify.rules.kinds import BUZZING, QUIET_LANES, Channel, Lane, State
from union.notify.rules.pace import Foreseen, Line
from union.notify.service.bounces import bad_among
from union.notify.service.consent import address_hashes, refused
from union.notify.service.shown import devices_of, named_among
from union.notify.service.statements import Row, insert_or_leave
from union.notify.service.trial import kept_out
from union.notify.service.wording import own_text

OFFERED: Final[Mapping[Channel, frozenset[str]]] = {
    Channel.SMS: frozenset(),
    Channel.EMAIL: frozenset({"union", "stop"}),
    Channel.PUSH: frozenset({"union", "link"}),
}
"""Places that the delivery fills by itself: the union's name, the unsubscribe address, where a click goes."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address of one member. fields: the values for the text; share one mapping where values are equal.

    not_before and expires_at override the fan-out's. Over PUSH without an address: wherever this member's
    browsers show notifications, which whoever has another address gets unasked.
    """

    member_id: str
    channel: Channel
    to: str
    language: str
    zone: str
    fields: texts.Fields = field(default_factory=dict)
    not_before: datetime | None = None
    expires_at: datetime | None = None


COLUMNS: Final = (
    "member_id", "address_hash", "sealed", "not_before", "expires_at", "state", "error_code", "segments",
    "channel", "language", "zone", "wording_id", "named",
    "ref", "kind", "lane", "secret", "attempts", "created_at", "changed_at",
)  # fmt: skip
"""Of a written row, in the order of its values: as the database stores them, what all share last."""
_OWN: Final = COLUMNS.index("not_before")
"""How many columns are each row's own: rows that are alike share those from here on."""
_AT, _ERROR, _SEGMENTS = (COLUMNS.index(name) - _OWN for name in ("not_before", "error_code", "segments"))


@dataclass(frozen=True, slots=True)
class _Alike:
    """What rows share that differ only in member and address. rest: their columns from `not_before` on."""

    values: str
    segments: int
    rest: Row


class Batch:
    """Turns recipients into rows; looks up each template version and each distinct text once.

    line: in which texts wait for those before them. suppressed: how many rows so far are not to be sent.
    dry: nothing is to be written, not even a wording; lifted: as if there were no trial.
    """

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
        line: Line | None = None,
        dry: bool = False,
        lifted: bool = False,
    ) -> None:
        self._line = line
        self._dry, self._lifted = dry, lifted
        self._session = session
        self._now = now
        self._template = template
        self._lane = lane
        self._not_before = not_before
        self._expires_at = expires_at
        self._secret = secret
        at = to_microseconds(now)
        self._same = (ref, kind, lane.value, secret, 0, at, at)
        self.suppressed = 0
        self._wordings: dict[tuple[Channel, str, bool], tuple[texts.Text, int]] = {}
        # For one call only: an id is a mapping's own while its recipient lives.
        self._alike: dict[tuple[Any, ...], _Alike] = {}

    def rows(self, recipients: list[Recipient]) -> list[Row]:
        """Return the rows of `recipients` in their order, then those of notifications beside them."""
        everyone, hashes, filled = self._judged(recipients)
        sealed = vault().seal_all([content for _, content in filled], "outbox.sealed")
        return [
            (one.member_id, hashed, closed, *rest)
            for one, hashed, closed, (rest, _) in zip(everyone, hashes, sealed, filled, strict=True)
        ]

    def foreseen(self, recipients: list[Recipient]) -> Iterator[Foreseen]:
        """Yield what would become of each: as `rows` decides it, of which nothing is kept."""
        everyone, _, filled = self._judged(recipients)
        for one, (rest, _) in zip(everyone, filled, strict=True):
            yield Foreseen(one.member_id, one.channel, one.zone, rest[_SEGMENTS], rest[_AT], rest[_ERROR])

    def _judged(
        self, recipients: list[Recipient]
    ) -> tuple[list[Recipient], list[bytes], list[tuple[Row, str | None]]]:
        """Return all who get a row, the hash of each address, and what is decided for each."""
        self._alike.clear()
        addressed = [one for one in recipients if one.to or one.channel is not Channel.PUSH]
        everyone = [*addressed, *self._notifications(recipients)]
        named = named_among(self._session, {one.member_id for one in everyone})
        hashes = self._hashes(everyone)
        members: dict[Channel, dict[bytes, str]] = {channel: {} for channel in Channel}
        for one, hashed in zip(everyone, hashes, strict=True):
            members[one.channel][hashed] = one.member_id
        no = {channel: self._kept_back(channel, owners) for channel, owners in members.items() if owners}
        filled = [
            self._filled(one, no[one.channel].get(hashed), named=one.member_id in named)
            for one, hashed in zip(everyone, hashes, strict=True)
        ]
        return everyone, hashes, filled

    def _hashes(self, recipients: list[Recipient]) -> list[bytes]:
        """Return the hash of each address, in their order."""
        by_channel = {
            channel: iter(address_hashes(channel, (one.to for one in recipients if one.channel is channel)))
            for channel in {one.channel for one in recipients}
        }
        return [next(by_channel[one.channel]) for one in recipients]

    def _notifications(self, recipients: list[Recipient]) -> Iterator[Recipient]:
        """Yield a notification for each member whose browser shows them; never for secrets."""
        if self._secret or self._lane is Lane.LOGIN:
            return
        members = {one.member_id: one for one in reversed(recipients) if one.member_id}
        for member_id, devices in devices_of(self._session, members.keys()).items():
            yield replace(members[member_id], channel=Channel.PUSH, to=devices)

    def _kept_back(self, channel: Channel, members: Mapping[bytes, str]) -> dict[bytes, str]:
        """Return why some addresses get nothing. members: hash of the address → whose it is."""
        trial = channel is Channel.SMS and not self._lifted
        found = dict.fromkeys(kept_out(self._session, members) if trial else (), "trial")
        # who refused is named as refusing, on trial too: it will not change when the trial ends
        found |= dict.fromkeys(refused(self._session, members.keys(), channel, self._lane), "opted_out")
        if self._lane is not Lane.LOGIN:
            found |= dict.fromkeys(bad_among(self._session, members.keys(), channel), "bad_address")
        return found

    def _filled(self, recipient: Recipient, no: str | None, *, named: bool) -> tuple[Row, str | None]:
        """Return a row from its fourth column on, and what is to be sealed in it."""
        if not _FITS[recipient.channel](recipient.to):
            raise Invalid(msg("That address cannot be reached over this channel."))
        key = (
            recipient.channel, recipient.language, recipient.zone, id(recipient.fields),
            recipient.not_before, recipient.expires_at, no, named,
        )  # fmt: skip
        alike = self._alike.get(key)
        if alike is None:
            alike = self._alike[key] = self._shared(recipient, no, named=named)
        rest = alike.rest
        if self._line and recipient.channel is Channel.SMS and no is None:
            rest = self._in_line(self._line, recipient, alike)
        if rest[_ERROR] is not None:
            self.suppressed += 1
            return rest, None
        if self._dry:
            return rest, None
        return rest, f'{{"to":{_quoted(recipient.to)},"fields":{alike.values}}}'

    def _in_line(self, line: Line, recipient: Recipient, alike: _Alike) -> Row:
        """Return the row of a text that leaves after those before it; what comes too late holds up none."""
        at = line.next(recipient.not_before or self._not_before)
        moment = self._planned(recipient, at, None)
        if moment[_ERROR] is None:
            line.take(at, alike.segments)
        return *moment, *alike.rest[len(moment) :]

    def _shared(self, recipient: Recipient, no: str | None, *, named: bool) -> "_Alike":
        """Return what all who differ only in member and address have in common."""
        text, wording = self._wording(recipient, named=named)
        values, count = self._values(recipient, text)
        rest = (
            *self._planned(recipient, recipient.not_before or self._not_before, no), count,
            recipient.channel.value, text.language, recipient.zone, wording, named, *self._same,
        )  # fmt: skip
        return _Alike(values, count, rest)

    def _quiet(self, recipient: Recipient) -> bool:
        return recipient.channel in BUZZING and self._lane in QUIET_LANES

    def _planned(self, recipient: Recipient, wanted: datetime, reason: str | None) -> Row:
        """Return not_before, expires_at, state and error_code of what would leave at `wanted`."""
        expires_at = recipient.expires_at or self._expires_at
        # A quiet lane waits until the member's night is over.
        not_before = hours.next_allowed(wanted, recipient.zone) if self._quiet(recipient) else wanted
        if reason is None and not_before >= expires_at:
            reason = "quiet_hours" if self._quiet(recipient) else "late"
        state = State.SUPPRESSED if reason else State.CREATED
        return to_microseconds(not_before), to_microseconds(expires_at), state.value, reason

    def _wording(self, recipient: Recipient, *, named: bool) -> tuple[texts.Text, int]:
        key = (recipient.channel, recipient.language, named)
        if key not in self._wordings:
            text = self._text(recipient, named=named)
            self._wordings[key] = (text, 0 if self._dry else wording_id(self._session, text, self._now))
        return self._wordings[key]

    def _text(self, recipient: Recipient, *, named: bool) -> texts.Text:
        if recipient.channel is Channel.PUSH:
            return texts.notification(self._template, recipient.language, named=named)
        return fitting(self._session, self._template, recipient.language, recipient.channel, recipient.fields)

    def _values(self, recipient: Recipient, text: texts.Text) -> tuple[str, int]:
        """Return the values as JSON, only those the text uses, and how many segments it takes."""
        offered = dict.fromkeys(OFFERED[recipient.channel], "")
        _, body = text.render({**offered, **recipient.fields})
        count = segments.count(body).segments if recipient.channel is Channel.SMS else 1
        used = {name: recipient.fields[name] for name in text.fields if name in recipient.fields}
        return json.dumps(used, ensure_ascii=False), count


def fitting(
    session: Session, template: str, language: str, channel: Channel, fields: texts.Fields
) -> texts.Text:
    """Return the organizers' own wording where `fields` can fill it, else the built-in one."""
    built_in = texts.find(template, language, channel)
    own = own_text(session, built_in)
    fillable = own is not None and own.fields <= OFFERED[channel] | fields.keys()
    return own if own is not None and fillable else built_in


def _mailable(to: str) -> bool:
    return "@" in to and to.isprintable() and " " not in to


_FITS: Final[Mapping[Channel, Callable[[str], object]]] = {
    Channel.SMS: re.compile(r"\+[0-9]+").fullmatch,
    Channel.EMAIL: _mailable,
    Channel.PUSH: re.compile(r"\[").match,
}


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

"""Take what is due, with a lease; write down what came of it: the statements that move rows while sending.

Works on SQLite (one writer at a time) and PostgreSQL (SKIP LOCKED) alike: the conditional update decides who
has a row.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from union.core.db import EPOCH, MICROSECOND, to_microseconds
from union.core.sealing import CannotOpen, vault
from union.notify.delivery.credit import Pace, credit, spend
from union.notify.rules.kinds import LANES, Channel, Lane, Mailing, State
from union.notify.service.consent import refuse, refused
from union.notify.service.rows import read_sealed
from union.notify.service.statements import apply_rows, postgresql, query_rows

BATCH: Final = 100
"""At most so many messages are between claim and mark at once: what pause and cancel may miss."""
MAILS: Final = 2 * BATCH
"""The same for mail: a relay takes a hundred while one round of the rows reaches the disk."""
LEASE: Final = timedelta(minutes=3)
FIRST_LOOK: Final = timedelta(seconds=90)


class Claimed(NamedTuple):
    """A message that is ours to send until `lease_until`. A tuple: it is made for every message there is."""

    id: int
    attempt: int
    ref: str
    channel: Channel
    lane: Lane
    to: str
    fields: Mapping[str, str | int]
    language: str
    wording_id: int
    address_hash: bytes | None
    expires_at: datetime
    lease_until: datetime
    secret: bool
    named: bool
    segments: int = 1


class Mark(NamedTuple):
    """What a claimed message becomes. back: seconds until another try, for State.CREATED."""

    claimed: Claimed
    state: State
    at: datetime
    outcome: str
    provider_id: str | None = None
    error_code: str | None = None
    back: float = 0.0
    opted_out: bool = False
    keep_text: bool = True


# What another provider may have is never given to a second one: only a try that surely sent nothing frees it.
# Plain SQL, because this runs once a batch for every message there is. The state is a literal, or SQLite does
# not use the partial index; the ids are chosen in a CTE, which PostgreSQL works out once.
_DUE = """
SELECT id FROM outbox WHERE channel = ? AND lane = ? AND state = 'created' AND not_before <= ?
    AND expires_at > ? AND ref NOT IN (SELECT ref FROM paused)
    AND (attempts = 0 OR provider = ? OR ? = '' OR NOT EXISTS (SELECT 1 FROM send_attempt tried
        WHERE tried.outbox_id = outbox.id
        AND (tried.outcome IS NULL OR tried.outcome NOT IN ('retry', 'not started'))))
    ORDER BY not_before, id LIMIT ?"""
_CLAIM = """
WITH due AS ({due} {lock})
UPDATE outbox SET state = 'sending', lease_until = ?, lease_by = ?, attempts = attempts + 1, provider = ?,
    changed_at = ?, error_code = NULL
WHERE id IN (SELECT id FROM due)
RETURNING id, attempts, ref, sealed, language, wording_id, address_hash, expires_at, secret, named,
    segments"""


def due(session: Session, channel: Channel, now: datetime) -> bool:
    """Tell whether anything of `channel` waits to be sent at `now`; takes no lock."""
    at = to_microseconds(now)
    return any(query_rows(session, _DUE, (channel.value, lane.value, at, at, "", "", 1)) for lane in LANES)


_WAITING = """
SELECT count(*) FROM (SELECT 1 FROM outbox WHERE channel = ? AND lane = ? AND state = 'created'
    AND not_before <= ? AND expires_at > ? AND ref NOT IN (SELECT ref FROM paused) LIMIT ?) AS found"""


def waiting(session: Session, channel: Channel, now: datetime, *, most: int) -> int:
    """Count the messages of `channel` that are due at `now`, up to `most` in each lane."""
    at = to_microseconds(now)
    found = [query_rows(session, _WAITING, (channel.value, lane.value, at, at, most)) for lane in LANES]
    return sum(int(row[0]) for rows in found for row in rows)


_LATEST = "SELECT max(lease_until) FROM outbox WHERE state = 'sending' AND channel = ?"


def latest(session: Session, channel: Channel) -> int:
    """Return when the newest lease on `channel` ends, in microseconds; 0 while nothing is being sent."""
    return int(query_rows(session, _LATEST, (channel.value,))[0][0] or 0)


def claim(
    session: Session,
    *,
    provider: str,
    channel: Channel,
    now: datetime,
    size: int,
    who: str,
    pace: Pace | None = None,
) -> list[Claimed]:
    """Take up to `size` due messages, first lanes first, and write the intent to send each.

    Those whose owner opted out since, and those that no longer open, are settled here instead. pace: no more
    than the provider's token bucket holds, which all senders share.
    """
    if pace is not None:
        size = min(size, credit(session, provider, pace, now))
    taken = _claim_lanes(session, provider, channel, now, size, who)
    if pace is not None:
        spend(session, provider, sum(one.segments for one in taken))
    return taken


def _claim_lanes(
    session: Session, provider: str, channel: Channel, now: datetime, size: int, who: str
) -> list[Claimed]:
    taken: list[Claimed] = []
    for lane in LANES:
        if len(taken) >= size:
            break
        taken += _claim_lane(session, provider, channel, lane, now, size - len(taken), who)
    if taken:
        started = to_microseconds(now)
        apply_rows(session, _TRY, _TRYING, [(one.id, one.attempt, started, provider) for one in taken])
    return taken


def _claim_lane(
    session: Session, provider: str, channel: Channel, lane: Lane, now: datetime, size: int, who: str
) -> list[Claimed]:
    until, at = now + LEASE, to_microseconds(now)
    statement = _CLAIM.format(due=_DUE, lock="FOR UPDATE SKIP LOCKED" if postgresql(session) else "")
    which = (channel.value, lane.value, at, at, provider, provider, size)
    rows = query_rows(session, statement, (*which, to_microseconds(until), who, provider, at))
    if not rows:
        return []
    no = refused(session, {row.address_hash for row in rows if row.address_hash}, channel, lane)
    found, settled = [], []
    for row in sorted(rows, key=lambda row: row.id):
        opened = None if row.address_hash in no else _open(row.sealed)
        to, fields = opened or ("", {})
        one = Claimed(
            row.id, row.attempts, row.ref, channel, lane, to, fields, row.language, row.wording_id,
            row.address_hash, EPOCH + row.expires_at * MICROSECOND, until, bool(row.secret), bool(row.named),
            row.segments,
        )  # fmt: skip
        if opened is not None:
            found.append(one)
        elif row.address_hash in no:
            settled.append(Mark(one, State.SUPPRESSED, now, "", error_code="opted_out", keep_text=False))
        else:
            settled.append(Mark(one, State.FAILED, now, "", error_code="sealed"))
    mark(session, settled)
    return found


def _open(sealed: bytes | None) -> tuple[str, Mapping[str, str | int]] | None:
    """Open one row's values; one that was sealed with another key must not stop the others."""
    if sealed is None:
        return None
    try:
        return read_sealed(vault().open(bytes(sealed), "outbox.sealed"))
    except (CannotOpen, ValueError, KeyError):
        return None


# What the reaper took meanwhile is still ours to say: nothing else is written of it until it is looked up.
_ASTRAY = """
SELECT id, attempts FROM outbox WHERE (state = 'sending' OR state = 'unknown') AND lease_by = ?
    AND (state = 'sending' OR error_code = 'lease')"""
_FREE = """
UPDATE outbox SET state = 'created', lease_until = NULL, error_code = NULL, changed_at = new.at
FROM new WHERE outbox.id = new.id AND outbox.attempts = new.attempt
    AND (outbox.state = 'sending' OR outbox.error_code = 'lease')"""


def free(session: Session, *, who: str, held: Collection[int], now: datetime) -> int:
    """Give back what `who` claimed without hearing of it, as its COMMIT got no answer; return how many.

    held: ids that `who` does know of. Only what was known to be claimed was handed over, so the others
    surely were not.
    """
    at = to_microseconds(now)
    found = [row for row in query_rows(session, _ASTRAY, (who,)) if row.id not in held]
    apply_rows(session, _FREE, _FREED, [(at, row.id, row.attempts) for row in found])
    apply_rows(session, _TRIED, _DONE, [(at, "not started", None, row.id, row.attempts) for row in found])
    return len(found)


_MARK = """
UPDATE outbox SET state = new.state, error_code = new.error_code, provider_id = new.provider_id,
    changed_at = new.at, lease_until = new.look_at,
    not_before = CASE WHEN new.back = 1 THEN new.next_try ELSE outbox.not_before END,
    sealed = CASE WHEN new.keep = 1 THEN outbox.sealed ELSE NULL END
FROM new WHERE outbox.id = new.id AND outbox.attempts = new.attempt
    AND (outbox.state = 'sending' OR outbox.state = 'unknown')"""
_MARKED = {
    "state": "text", "error_code": "text", "provider_id": "text", "at": "int8", "look_at": "int8",
    "back": "int4", "next_try": "int8", "keep": "int4", "id": "int8", "attempt": "int4",
}  # fmt: skip
_TRY = """
INSERT INTO send_attempt (outbox_id, n, started_at, provider) SELECT id, attempt, at, provider FROM new"""
_TRYING = {"id": "int8", "attempt": "int4", "at": "int8", "provider": "text"}
_TRIED = """
UPDATE send_attempt SET finished_at = new.at, outcome = new.outcome, provider_id = new.provider_id
FROM new WHERE send_attempt.outbox_id = new.id AND send_attempt.n = new.attempt"""
_FREED = {"at": "int8", "id": "int8", "attempt": "int4"}
_DONE = {"at": "int8", "outcome": "text", "provider_id": "text", "id": "int8", "attempt": "int4"}


def mark(session: Session, marks: Iterable[Mark]) -> None:
    """Write down what came of messages. A receipt that was faster than we are is not overwritten."""
    ordered = sorted(marks, key=lambda one: one.claimed.id)
    if not ordered:
        return
    apply_rows(session, _MARK, _MARKED, [_values(one) for one in ordered])
    tried = [
        (to_microseconds(one.at), one.outcome[:100], one.provider_id, one.claimed.id, one.claimed.attempt)
        for one in ordered
        if one.outcome
    ]
    apply_rows(session, _TRIED, _DONE, tried)
    for one in ordered:
        if one.opted_out and one.claimed.address_hash:
            refuse(
                session, now=one.at, channel=one.claimed.channel, hashed=one.claimed.address_hash,
                lists=tuple(Mailing), reason="carrier",
            )  # fmt: skip


def _values(one: Mark) -> tuple[Any, ...]:
    at = to_microseconds(one.at)
    # For a message in doubt the lease says when to look it up.
    look_at = to_microseconds(one.at + FIRST_LOOK) if one.state is State.UNKNOWN else None
    back = one.state is State.CREATED
    next_try = at + int(one.back * 1_000_000)
    error = one.error_code[:100] if one.error_code else None
    return (
        one.state.value, error, one.provider_id, at, look_at, int(back), next_try, int(one.keep_text),
        one.claimed.id, one.claimed.attempt,
    )  # fmt: skip

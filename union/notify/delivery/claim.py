"""Take what is due, with a lease; write down what came of it: the statements that move rows while sending.

Works on SQLite (one writer at a time) and PostgreSQL (SKIP LOCKED) alike: the conditional update decides who
has a row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from union.core.db import EPOCH, MICROSECOND, to_microseconds
from union.core.sealing import CannotOpen, vault
from union.notify.channels.base import storable
from union.notify.delivery.credit import Pace, credit, spend
from union.notify.rules.kinds import LANES, MAILING_OF, Channel, Lane, Mailing, State
from union.notify.service.consent import refuse
from union.notify.service.rows import read_sealed
from union.notify.service.statements import apply_rows, postgresql, query_rows

BATCH: Final = 100
"""At most so many messages are between claim and mark at once: what pause and cancel may miss."""
MAILS: Final = 2 * BATCH
"""The same for mail: a relay takes a hundred while one round of the rows reaches the disk."""
LEASE: Final = timedelta(minutes=3)
FIRST_LOOK: Final = timedelta(seconds=90)
LONGEST_CODE: Final = 100
_NAMED: Final = {lane.value: lane for lane in LANES}
_RANK: Final = {lane.value: rank for rank, lane in enumerate(LANES)}


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
SELECT id FROM outbox WHERE channel = ? AND lane = {lane} AND state = 'created' AND not_before <= ?
    AND expires_at > ? AND ref NOT IN (SELECT ref FROM paused)
    AND (attempts = 0 OR provider = ? OR ? = '' OR NOT EXISTS (SELECT 1 FROM send_attempt tried
        WHERE tried.outbox_id = outbox.id
        AND (tried.outcome IS NULL OR tried.outcome NOT IN ('retry', 'not started'))))
    ORDER BY not_before, id LIMIT ?"""
# Lane after lane, as far as there is room: a lane that is not come to is neither read nor locked.
_LANE = "SELECT id FROM ({due} {{lock}}) AS {lane}"
_IN_TURN = " UNION ALL ".join(
    _LANE.format(due=_DUE.format(lane=f"'{lane.value}'"), lane=lane.value) for lane in LANES
)
_LIST = " ".join(f"WHEN '{lane.value}' THEN '{list_.value}'" for lane, list_ in MAILING_OF.items() if list_)
_CLAIM = """
UPDATE outbox SET state = 'sending', lease_until = ?, lease_by = ?, attempts = attempts + 1, provider = ?,
    changed_at = ?, error_code = NULL
WHERE id IN (SELECT id FROM due)
RETURNING id, attempts, ref, lane, sealed, language, wording_id, address_hash, expires_at, secret, named,
    segments, EXISTS (SELECT 1 FROM opt_out WHERE opt_out.address_hash = outbox.address_hash
        AND opt_out.channel = outbox.channel AND opt_out.mailing = CASE outbox.lane {lists} END) AS refused"""
# One way to PostgreSQL and back for a claim and its intents.
_INTEND = """, claimed AS ({claim}),
tried AS (INSERT INTO send_attempt (outbox_id, n, started_at, provider)
    SELECT id, attempts, ?, ? FROM claimed WHERE NOT refused)
SELECT * FROM claimed"""


def _claiming(lock: str, then: str) -> str:
    claim = _CLAIM.format(lists=_LIST)
    return "WITH due AS (" + _IN_TURN.format(lock=lock) + " LIMIT ?)" + then.format(claim=claim)


_CLAIMS: Final = {
    "sqlite": _claiming("", "{claim}"),
    "postgresql": _claiming("FOR UPDATE SKIP LOCKED", _INTEND),
}


def due(session: Session, channel: Channel, now: datetime) -> bool:
    """Tell whether anything of `channel` waits to be sent at `now`; takes no lock."""
    at = to_microseconds(now)
    asked = _DUE.format(lane="?")
    return any(query_rows(session, asked, (channel.value, lane.value, at, at, "", "", 1)) for lane in LANES)


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
    taken: list[Claimed] = []
    while not taken and (rows := _claimed(session, provider, channel, now, size, who)):
        taken, settled = _sorted(rows, channel, now)
        mark(session, settled)
    if not postgresql(session):
        started = to_microseconds(now)
        apply_rows(session, (_TRY,), _TRYING, [(one.id, one.attempt, started, provider) for one in taken])
    if pace is not None:
        spend(session, provider, sum(one.segments for one in taken))
    return taken


def _claimed(
    session: Session, provider: str, channel: Channel, now: datetime, size: int, who: str
) -> Sequence[Any]:
    """Claim up to `size` rows; on PostgreSQL the intents are written with it."""
    at = to_microseconds(now)
    which = (channel.value, at, at, provider, provider, size) * len(LANES)
    values = (*which, size, to_microseconds(now + LEASE), who, provider, at)
    if postgresql(session):
        return query_rows(session, _CLAIMS["postgresql"], (*values, at, provider))
    return query_rows(session, _CLAIMS["sqlite"], values)


def _sorted(rows: Sequence[Any], channel: Channel, now: datetime) -> tuple[list[Claimed], list[Mark]]:
    """Return what is to be sent, first lanes first, and what became of the rest."""
    taken, settled, until = [], [], now + LEASE
    for row in sorted(rows, key=lambda row: (_RANK[row.lane], row.id)):
        opened = None if row.refused else _open(row.sealed)
        to, fields = opened or ("", {})
        one = Claimed(
            row.id, row.attempts, row.ref, channel, _NAMED[row.lane], to, fields, row.language,
            row.wording_id, row.address_hash, EPOCH + row.expires_at * MICROSECOND, until, bool(row.secret),
            bool(row.named), row.segments,
        )  # fmt: skip
        if opened is not None:
            taken.append(one)
        elif row.refused:
            settled.append(Mark(one, State.SUPPRESSED, now, "", error_code="opted_out", keep_text=False))
        else:
            settled.append(Mark(one, State.FAILED, now, "not started", error_code="sealed"))
    return taken, settled


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
    rows = [(at, "not started", None, row.id, row.attempts) for row in found]
    apply_rows(session, (_FREE, _TRIED), _FREED, rows)
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
    "back": "int4", "next_try": "int8", "keep": "int4", "outcome": "text", "id": "int8", "attempt": "int4",
}  # fmt: skip
_TRY = """
INSERT INTO send_attempt (outbox_id, n, started_at, provider) SELECT id, attempt, at, provider FROM new"""
_TRYING = {"id": "int8", "attempt": "int4", "at": "int8", "provider": "text"}
_TRIED = """
UPDATE send_attempt SET finished_at = new.at, outcome = new.outcome, provider_id = new.provider_id
FROM new WHERE send_attempt.outbox_id = new.id AND send_attempt.n = new.attempt AND new.outcome <> ''"""
_FREED = {"at": "int8", "outcome": "text", "provider_id": "text", "id": "int8", "attempt": "int4"}


def mark(session: Session, marks: Iterable[Mark]) -> None:
    """Write down what came of messages. A receipt that was faster than we are is not overwritten."""
    ordered = sorted(marks, key=lambda one: one.claimed.id)
    if not ordered:
        return
    apply_rows(session, (_MARK, _TRIED), _MARKED, [_values(one) for one in ordered])
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
    error = storable(one.error_code, LONGEST_CODE) if one.error_code else None
    return (
        one.state.value, error, one.provider_id, at, look_at, int(back), next_try, int(one.keep_text),
        storable(one.outcome, LONGEST_CODE), one.claimed.id, one.claimed.attempt,
    )  # fmt: skip

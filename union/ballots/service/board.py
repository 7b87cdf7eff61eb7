"""The one place that appends to a board and locks a ballot; used by the other verbs of this package."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from union.ballots.crypto.archive import Head, Step
from union.ballots.crypto.election import Election
from union.ballots.crypto.group import Group, group_named
from union.ballots.models import Ballot, BallotTrustee, BoardRecord, PublicCredential, RefusalLog, RollEntry
from union.ballots.rules import State, may_move, reminder_kinds
from union.core.db import EPOCH, MICROSECOND, insert_rows, table_of
from union.core.errors import Closed, NotFound
from union.core.i18n import msg
from union.notify import service as notify

MESSAGES = "ballot:"

STATE_NAMES: dict[State, str] = {
    State.DRAFT: msg("draft"),
    State.KEYS: msg("waiting for the trustees' keys"),
    State.CREDENTIALS: msg("credentials handed out"),
    State.OPEN: msg("open"),
    State.CLOSED: msg("closed, being counted"),
    State.CONCLUDED: msg("concluded"),
    State.CANCELLED: msg("cancelled"),
    State.UNCOUNTABLE: msg("ended without a count"),
}


@dataclass(frozen=True)
class Urn:
    """What casting must know of a ballot that is locked: columns, not the whole of it (see Ballot).

    on_roll: which of the voters are. The roll is frozen since before the opening.
    """

    id: str
    slug: str
    state: str
    closes_at: datetime
    fingerprint: str | None
    length: int
    height: int
    head: str | None
    on_roll: frozenset[str]


_ballot, _roll = table_of(Ballot), table_of(RollEntry)
_columns: list[ColumnElement[Any]] = [
    *(_ballot.c[field.name] for field in fields(Urn) if field.name != "on_roll"),
    select(func.aggregate_strings(_roll.c.member_id, " "))
    .where(_roll.c.ballot_id == _ballot.c.id, _roll.c.member_id.in_(bindparam("members", expanding=True)))
    .scalar_subquery(),
]
_URN = (
    select(*_columns)
    .where(or_(_ballot.c.slug == bindparam("slug"), _ballot.c.uuid == bindparam("slug")))
    .with_for_update()
)
_MOVED = (
    update(_ballot)
    .where(_ballot.c.id == bindparam("urn"))
    .values({name: bindparam(name) for name in ("length", "height", "head")})
)


def locked(session: Session, slug: str) -> Ballot:
    """Return the ballot with this slug or uuid, locked until the transaction ends. Raises NotFound."""
    query = select(Ballot).where(or_(Ballot.slug == slug, Ballot.uuid == slug)).with_for_update()
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(msg("There is no such ballot."))
    return found


def found(session: Session, slug: str) -> Ballot:
    """Return the ballot with this slug or uuid, to read only. Raises NotFound."""
    ballot = session.scalar(select(Ballot).where(or_(Ballot.slug == slug, Ballot.uuid == slug)))
    if ballot is None:
        raise NotFound(msg("There is no such ballot."))
    return ballot


def state_of(ballot: Ballot | Urn) -> State:
    """Return the state by name."""
    return State(ballot.state)


def require(ballot: Ballot, *states: State) -> None:
    """Raise Closed unless the ballot is in one of `states`."""
    if state_of(ballot) not in states:
        raise Closed(
            msg("This cannot be done now: the ballot's state is %(state)s."),
            state=STATE_NAMES[state_of(ballot)],
        )


def move(ballot: Ballot, new: State) -> None:
    """Change the state. Raises Closed when the rules know no such move."""
    if not may_move(state_of(ballot), new):
        require(ballot)
    ballot.state = new


def append(session: Session, ballot: Ballot, step: Step) -> None:
    """Put a step's records on the board and move its head. The ballot must be locked."""
    insert_rows(session, table_of(BoardRecord), records(ballot, step))
    ballot.length += len(step.records)
    ballot.height, ballot.head = step.head.height, step.head.digest


def records(ballot: Ballot | Urn, step: Step) -> list[dict[str, object]]:
    """Return a step's records as rows of the board, behind what is on it."""
    return [
        {
            "ballot_id": ballot.id,
            "position": ballot.length + offset,
            "kind": record.kind,
            "name": record.digest,
            "content": record.content,
        }
        for offset, record in enumerate(step.records)
    ]


def urn(session: Session, slug: str, voters: Iterable[str | None]) -> Urn:
    """Return what casting needs of the ballot, locked until the transaction ends. Raises NotFound."""
    members = sorted(filter(None, voters))
    found = session.execute(_URN, {"slug": slug, "members": members}).one_or_none()
    if found is None:
        raise NotFound(msg("There is no such ballot."))
    facts: list[Any] = list(found)
    facts[-1] = frozenset((facts[-1] or "").split())
    return Urn(*facts)


def moved(urn: Urn, step: Step) -> Urn:
    """Return the urn with a step behind its head."""
    head = step.head
    return replace(urn, length=urn.length + len(step.records), height=head.height, head=head.digest)


def drop(session: Session, urn: Urn, step: Step) -> None:
    """Move the head over a step whose `records` are written, of a ballot that is locked as an urn."""
    head = {"height": step.head.height, "head": step.head.digest}
    session.execute(_MOVED, {"urn": urn.id, "length": urn.length + len(step.records), **head})


def head_of(ballot: Ballot | Urn) -> Head:
    """Return where the chain stands."""
    if ballot.head is None:
        raise Closed(msg("Nothing is on the board yet."))
    return Head(ballot.height, ballot.head)


@lru_cache(maxsize=32)
def read_election(record: bytes) -> Election:
    """Return the parsed election record; kept, because its key's tables serve thousands of ballots."""
    return Election.read(record)


def election_of(ballot: Ballot) -> Election:
    """Return the ballot's election record. Raises Closed before the opening."""
    if ballot.election is None:
        raise Closed(msg("Voting has not begun yet."))
    return read_election(ballot.election)


def group_of(ballot: Ballot) -> Group:
    """Return the group the ballot's proofs are made in."""
    return group_named(ballot.group_name)


def seats(session: Session, ballot: Ballot) -> list[BallotTrustee]:
    """Return the trustees in their order."""
    query = select(BallotTrustee).where(BallotTrustee.ballot_id == ballot.id).order_by(BallotTrustee.position)
    return list(session.scalars(query))


def credentials(session: Session, ballot: Ballot) -> list[str]:
    """Return the public credentials as they are published, with weights where votes weigh differently."""
    rows = session.execute(
        select(PublicCredential.point, PublicCredential.weight)
        .where(PublicCredential.ballot_id == ballot.id)
        .order_by(PublicCredential.position)
    )
    weighed = ballot.weighting is not None
    return [f"{point},{weight}" if weighed else point for point, weight in rows]


def count_refusal(session: Session, ballot: Ballot | Urn, check_name: str, times: int = 1) -> None:
    """Log that something was refused so many times, by the name of the check and nothing else."""
    row = session.get(RefusalLog, (ballot.id, check_name))
    if row is None:
        session.add(RefusalLog(ballot_id=ballot.id, check_name=check_name, times=times))
    else:
        row.times += times


CLOCKS: dict[str, ColumnElement[int]] = {
    # 3.40 knows no unixepoch('subsec'); milliseconds are what julianday carries.
    "sqlite": literal_column(
        "cast(round((julianday('now') - 2440587.5) * 86400000.0) as integer) * 1000", BigInteger
    ),
    "postgresql": literal_column(
        "cast(floor(extract(epoch from clock_timestamp()) * 1000000) as bigint)", BigInteger
    ),
}
"""By dialect the database's own clock in microseconds since 1970, read when the statement runs."""


def database_clock(microseconds: int) -> datetime:
    """Return what the database's own clock said, so that every web server agrees about the last second."""
    return EPOCH + microseconds * MICROSECOND


def ref(ballot: Ballot) -> str:
    """Return what messages about the ballot are filed under."""
    return f"{MESSAGES}{ballot.slug}"


def forget_reminders(session: Session, ballot: Ballot, now: datetime) -> None:
    """Cut reminders loose from members, with the marks: whoever was not reminded had voted."""
    kinds = reminder_kinds(ballot.opened_at or ballot.opens_at, ballot.closes_at)
    notify.unlink(session, now=now, ref=ref(ballot), kinds=kinds)

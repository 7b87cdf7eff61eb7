"""Close a ballot exactly once: no vote comes after, the encrypted tally is public, marks lose their order."""

import secrets
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.archive import end_ballots_step, tally_step
from union.ballots.crypto.ballot import read_ballot
from union.ballots.crypto.canonical import sha256_hex
from union.ballots.crypto.credentials import read_credentials
from union.ballots.crypto.tally import Tally
from union.ballots.models import Ballot, BoardRecord, CastBallot, RollEntry
from union.ballots.rules import State
from union.ballots.service import board, counting, extending, mixing
from union.ballots.service.concluding import conclude_empty
from union.core.actor import Actor
from union.core.errors import Closed
from union.core.i18n import msg
from union.core.permissions import Permission, allow

_BATCH = 5_000


_CREDENTIALS = 2
"""Where the list of public credentials stands on a board: after the election and the trustees."""


def close_ballot(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> bool:
    """Close the ballot at its time: no ballot comes after, the encrypted tally is public, trustees are told.

    Where the frozen rule has a clause and its condition holds, the close moves instead, once; then it returns
    False. Raises Closed when it is not open (so a second call changes nothing) or the time has not come.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.OPEN)
    if now < ballot.closes_at:
        raise Closed(msg("The ballot closes at its time, not before."))
    if extending.move_close(session, ballot, now):
        return False
    board.move(ballot, State.CLOSED)
    ballot.closed_at = now
    board.append(session, ballot, end_ballots_step(board.head_of(ballot)))
    _publish_tally(session, ballot)
    session.flush()
    shuffle_marks(session, ballot)
    audit.record(
        session, actor=actor, now=now, act="ballots.close", subject=f"ballot/{ballot.slug}", cast=ballot.cast
    )
    if mixing.needed(ballot) and not ballot.cast:
        conclude_empty(session, ballot, now, public_url)
    elif mixing.advance(session, ballot, now, public_url):
        counting.ask_for_shares(session, ballot, now, public_url)
    return True


def _publish_tally(session: Session, ballot: Ballot) -> None:
    """Multiply the last ballot of every credential and put the tally on the board."""
    election = board.election_of(ballot)
    last = (
        select(func.max(CastBallot.position).label("position"))
        .where(CastBallot.ballot_id == ballot.id)
        .group_by(CastBallot.credential)
        .subquery()
    )
    records = session.scalars(
        select(BoardRecord.content)
        .join(last, last.c.position == BoardRecord.position)
        .where(BoardRecord.ballot_id == ballot.id)
        .execution_options(yield_per=500)
    )
    weights = _weights(session, ballot)
    tally = Tally.of(election)
    for record in records:
        cast = read_ballot(election, bytes(record))
        tally.add(cast, weights.get(cast.credential, 1))
    finished = tally.finished()
    content = finished.record()
    step = tally_step(board.head_of(ballot), content, finished.sized_record(sha256_hex(content)))
    ballot.tally_at = ballot.length
    board.append(session, ballot, step)
    ballot.cast, ballot.cast_weight = finished.num_tallied, finished.total_weight


def _weights(session: Session, ballot: Ballot) -> dict[str, int]:
    """Return what each public credential weighs, as the board published it; nothing where all weigh 1."""
    if ballot.weighting is None:
        return {}
    published = bytes(session.get_one(BoardRecord, (ballot.id, _CREDENTIALS)).content)
    return read_credentials(board.group_of(ballot), published, trusted=True)


def shuffle_marks(session: Session, ballot: Ballot) -> None:
    """Write the whole roll anew in random order: no row's age or place tells any more when somebody voted."""
    rows = [
        {"ballot_id": ballot.id, **entry}
        for entry in session.execute(
            select(RollEntry.member_id, RollEntry.chapter_slug, RollEntry.weight, RollEntry.voted).where(
                RollEntry.ballot_id == ballot.id
            )
        ).mappings()
    ]
    secrets.SystemRandom().shuffle(rows)
    session.execute(
        delete(RollEntry).where(RollEntry.ballot_id == ballot.id),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(RollEntry), rows[start : start + _BATCH])

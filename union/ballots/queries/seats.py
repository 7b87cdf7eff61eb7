"""The trustees of one ballot as its pages show them: how far each is with key, shuffle and share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots.models import (
    Ballot,
    BallotTrustee,
    CeremonyComplaint,
    CeremonyMessage,
    PartialDecryption,
)
from union.ballots.service import mixing
from union.core.actor import Actor


@dataclass(frozen=True)
class Seat:
    """A trustee as shown. mine: the reader's own seat. server: this key is the union's server's.

    steps: how many steps of the key ceremony are in. shuffle: "done", "turn", "waiting" or "left out"; ""
    where nothing is shuffled or voting is not over. refused: how many shares of the count were refused.
    """

    position: int
    name: str
    has_key: bool
    has_decrypted: bool
    public_key: str | None
    mine: bool
    server: bool
    tested: bool = False
    steps: int = 0
    refused: int = 0
    refused_check: str | None = None
    shuffle: str = ""


def seats_of(session: Session, ballot: Ballot, actor: Actor) -> tuple[Seat, ...]:
    """Return the trustees in the order of their places, as `actor` sees them."""
    done = set(
        session.scalars(select(PartialDecryption.position).where(PartialDecryption.ballot_id == ballot.id))
    )
    rows = session.scalars(
        select(BallotTrustee).where(BallotTrustee.ballot_id == ballot.id).order_by(BallotTrustee.position)
    )
    steps = Counter(
        session.scalars(select(CeremonyMessage.position).where(CeremonyMessage.ballot_id == ballot.id))
    )
    shuffles = _shuffles(session, ballot)
    return tuple(
        Seat(
            row.position,
            row.name,
            row.public_key is not None,
            row.position in done,
            row.public_key,
            mine=row.member_id is not None and row.member_id == actor.member_id,
            server=row.member_id is None,
            tested=row.tested_at is not None,
            steps=steps[row.position],
            refused=row.refused,
            refused_check=row.refused_check,
            shuffle=shuffles.get(row.position, shuffles.get(0, "")),
        )
        for row in rows
    )


def _shuffles(session: Session, ballot: Ballot) -> dict[int, str]:
    """Return where each trustee's shuffle stands, by place; 0 stands for all others."""
    if ballot.tally_at is None or not mixing.needed(ballot):
        return {}
    over = mixing.turns(session, ballot)
    found = {place: "left out" if at is None else "done" for place, at in over.items()}
    turn = mixing.whose_turn(session, ballot)
    return {0: "waiting", **found, **({turn.position: "turn"} if turn else {})}


def accused_in(session: Session, ballot: Ballot, seats: Sequence[Seat]) -> str | None:
    """Return the name of the trustee whose share did not fit, where that halts the ceremony."""
    query = select(CeremonyComplaint.accused).where(CeremonyComplaint.ballot_id == ballot.id)
    accused = session.scalars(query.order_by(CeremonyComplaint.received_at)).first()
    return None if accused is None else [seat.name for seat in seats if not seat.server][accused - 1]

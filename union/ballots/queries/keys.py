"""What a trustee's pages and commands need: where the ceremony stands, what the next step is made from."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots import holders
from union.ballots.crypto.canonical import read_json
from union.ballots.crypto.ceremony import make_vinput
from union.ballots.models import Ballot, BallotTrustee, CeremonyMessage
from union.ballots.queries.one_ballot import find
from union.ballots.service import keys
from union.core.actor import Actor
from union.core.errors import Closed, NotAllowed
from union.core.i18n import msg

CEREMONY, TEST, KEY = "union-ceremony", "union-key-test", "union-sealed-key"


@dataclass(frozen=True)
class Part:
    """How a trustee's own part is opened again: certificate and sealed key, None with a key of one's own."""

    public_key: str
    certificate: str | None
    sealed: str | None


def _mine(session: Session, ballot: Ballot, actor: Actor) -> BallotTrustee:
    mine = (BallotTrustee.ballot_id == ballot.id, BallotTrustee.member_id == actor.member_id)
    seat = session.scalar(select(BallotTrustee).where(*mine)) if actor.member_id else None
    if seat is None:
        raise NotAllowed(msg("You are not a trustee of this ballot."))
    return seat


def _sent(session: Session, ballot: Ballot) -> list[list[bytes]]:
    """Return what is in of the ceremony, by trustee and step."""
    places = select(BallotTrustee.position).where(
        BallotTrustee.ballot_id == ballot.id, BallotTrustee.member_id.is_not(None)
    )
    found: dict[int, list[bytes]] = {place: [] for place in session.scalars(places.order_by("position"))}
    rows = select(CeremonyMessage).where(CeremonyMessage.ballot_id == ballot.id)
    for row in session.scalars(rows.order_by(CeremonyMessage.step)):
        found[row.position].append(bytes(row.content))
    return list(found.values())


def ceremony(session: Session, slug: str, actor: Actor) -> dict[str, Any]:
    """Return what a trustee's device needs for the next step, as plain values: the page's and the command's.

    certificates: from step 2 on. vinput: what the others sent this trustee, in step 3. Raises NotAllowed for
    others, Closed where no ceremony is held.
    """
    ballot = find(session, slug)
    seat = _mine(session, ballot, actor)
    if ballot.threshold is None or ballot.state not in keys.KEYS_CAN_COME:
        raise Closed(msg("No key ceremony is going on for this ballot."))
    sent = _sent(session, ballot)
    step = holders.step_at([len(records) for records in sent])
    return {
        "kind": CEREMONY,
        "version": 1,
        "uuid": ballot.uuid,
        "title": ballot.title,
        "trustee": seat.name,
        "group": ballot.group_name,
        "number": ballot.ceremony,
        "size": len(sent),
        "threshold": ballot.threshold,
        "index": seat.position,
        "step": step,
        "sent": len(sent[seat.position - 1]),
        "certificates": [records[0].decode() for records in sent] if step > 1 else [],
        "vinput": make_vinput([records[1] for records in sent], seat.position).decode()
        if step == holders.STEPS
        else None,
    }


def part(session: Session, slug: str, actor: Actor) -> Part:
    """Return what opens the actor's part of the key. Raises NotAllowed for others, Closed while missing."""
    ballot = find(session, slug)
    seat = _mine(session, ballot, actor)
    if seat.public_key is None:
        raise Closed(msg("Your key is not there yet."))
    public_key = str(read_json(seat.public_key.encode())["public_key"])
    if ballot.threshold is None:
        return Part(public_key, None, None)
    certificate, _, last = _sent(session, ballot)[seat.position - 1]
    return Part(public_key, certificate.decode(), str(read_json(last)["private_key"]))


def sealed_key(session: Session, slug: str, actor: Actor) -> dict[str, Any]:
    """Return the actor's part of the key, sealed to the actor's own key code, for use on another machine."""
    ballot = find(session, slug)
    mine = part(session, slug, actor)
    if mine.sealed is None:
        raise Closed(msg("Your key is whole in your own file; nothing of it is here."))
    return {
        "kind": KEY,
        "version": 1,
        "uuid": ballot.uuid,
        "group": ballot.group_name,
        "public_key": mine.public_key,
        "certificate": mine.certificate,
        "private_key": mine.sealed,
    }


def holder_ids(session: Session, slug: str) -> frozenset[str]:
    """Return the members who are trustees of this ballot."""
    places = select(BallotTrustee.member_id).where(BallotTrustee.ballot_id == find(session, slug).id)
    return frozenset(one for one in session.scalars(places) if one is not None)


def test_election(session: Session, slug: str) -> str:
    """Return the record of the test decryption's election. Raises Closed while a trustee's key is missing."""
    ballot = find(session, slug)
    missing = (BallotTrustee.ballot_id == ballot.id, BallotTrustee.public_key.is_(None))
    if session.scalar(select(BallotTrustee.position).where(*missing).limit(1)) is not None:
        raise Closed(msg("The test comes when every trustee's key is there."))
    return keys.test_of(session, ballot).election.record.decode()

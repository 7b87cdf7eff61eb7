"""The trustees' keys: asked for, checked when they come in, never seen but in public."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.canonical import read_json, sha256_base64
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.trustees import make_key, read_public_key
from union.ballots.models import Ballot, BallotTrustee
from union.ballots.rules import State
from union.ballots.service import board, words
from union.ballots.service.refusals import Refusal, refusal
from union.core.actor import Actor
from union.core.errors import Conflict, NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class KeyTaken:
    """A trustee's key is in. fingerprint: what the trustee compares (43 characters)."""

    fingerprint: str


def ask_for_keys(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> None:
    """Let the trustees make their keys, and tell each. The server's own key, if wanted, is made now."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.DRAFT)
    board.move(ballot, State.KEYS)
    seats = board.seats(session, ballot)
    for seat in seats:
        if seat.member_id is None:
            _make_own_key(ballot, seat, now)
    words.tell(
        session,
        ballot,
        now=now,
        kind="trustee-key",
        template="trustee_key",
        member_ids=[seat.member_id for seat in seats if seat.member_id],
        expires_at=max(ballot.closes_at, now + timedelta(1)),
        shared={"opens": ballot.opens_at},
        common={"title": ballot.title, "link": words.address(public_url, ballot, "/key")},
    )
    audit.record(session, actor=actor, now=now, act="ballots.ask_for_keys", subject=f"ballot/{ballot.slug}")


def _make_own_key(ballot: Ballot, seat: BallotTrustee, now: datetime) -> None:
    pair = make_key(board.group_of(ballot), secrets.randbelow)
    seat.own_key = str(int(pair.private_key))
    seat.public_key = pair.public.record().decode()
    seat.submitted_at = now


def submit_trustee_key(
    session: Session, *, actor: Actor, now: datetime, slug: str, text: str
) -> KeyTaken | Refusal:
    """Take a trustee's public key: the exact compact JSON with its proof.

    Returns a Refusal, already counted, when the proof or the form does not hold. Raises NotAllowed for
    somebody who is no trustee of this ballot, Conflict when another key of the same trustee is there.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    board.require(ballot, State.KEYS)
    seat = seat_of(session, ballot, actor)
    if seat.public_key == text:
        return KeyTaken(sha256_base64(text.encode()))
    if seat.public_key is not None:
        raise Conflict(msg("Your key is here already. A key is made once."))
    try:
        _check_key(session, ballot, text)
    except Refused as refused:
        board.count_refusal(session, ballot, refused.check)
        return refusal(refused)
    seat.public_key, seat.submitted_at = text, now
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.trustee_key",
        subject=f"ballot/{ballot.slug}",
        fingerprint=sha256_base64(text.encode()),
    )
    return KeyTaken(sha256_base64(text.encode()))


def _check_key(session: Session, ballot: Ballot, text: str) -> None:
    group = board.group_of(ballot)
    key = read_public_key(group, read_json(text.encode(), Check.TRUSTEES_FORM))
    if key.record() != text.encode():
        raise Refused(Check.TRUSTEES_FORM, "the key is not written in its one canonical form")
    for seat in board.seats(session, ballot):
        if seat.public_key and str(key.public_key) in seat.public_key:
            raise Refused(Check.TRUSTEES_FORM, "another trustee has this key")


def seat_of(session: Session, ballot: Ballot, actor: Actor) -> BallotTrustee:
    """Return the actor's seat. Raises NotAllowed for somebody who is no trustee of this ballot."""
    for seat in board.seats(session, ballot):
        if seat.member_id is not None and seat.member_id == actor.member_id:
            return seat
    raise NotAllowed(msg("You are not a trustee of this ballot."))

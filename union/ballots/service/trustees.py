"""What each trustee does before the opening: make a key, and show that it still opens things."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.canonical import read_json, sha256_base64
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.rehearsal import check_test
from union.ballots.crypto.trustees import read_public_key
from union.ballots.models import Ballot
from union.ballots.rules import State
from union.ballots.service import board, keys
from union.ballots.service.keys import seat_of
from union.ballots.service.refusals import Refusal, refusal
from union.core.actor import Actor
from union.core.errors import Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow


@dataclass(frozen=True)
class KeyTaken:
    """A trustee's key is in. fingerprint: what the trustee compares (43 characters)."""

    fingerprint: str


@dataclass(frozen=True)
class TestTaken:
    """A trustee's key opened the dummy. waiting: how many trustees have not shown that yet."""

    waiting: int


def ask_for_keys(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> None:
    """Let the trustees make their keys, and tell each. The server's own key, if wanted, is made now."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.DRAFT)
    board.move(ballot, State.KEYS)
    keys.ask(session, ballot, now, public_url)
    audit.record(session, actor=actor, now=now, act="ballots.ask_for_keys", subject=f"ballot/{ballot.slug}")


def submit_trustee_key(
    session: Session, *, actor: Actor, now: datetime, slug: str, text: str, public_url: str
) -> KeyTaken | Refusal:
    """Take a trustee's public key: the exact compact JSON with its proof.

    Returns a Refusal, already counted, when the proof or the form does not hold. Raises NotAllowed for
    somebody who is no trustee of this ballot, Conflict when another key of the same trustee is there or the
    key of this ballot is made in a ceremony.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    board.require(ballot, *keys.KEYS_CAN_COME)
    seat = seat_of(session, ballot, actor)
    if ballot.threshold is not None:
        raise Conflict(msg("The key of this ballot is made in a ceremony: open the ceremony's page."))
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
    keys.complete(session, ballot, now, public_url)
    return KeyTaken(sha256_base64(text.encode()))


def _check_key(session: Session, ballot: Ballot, text: str) -> None:
    group = board.group_of(ballot)
    key = read_public_key(group, read_json(text.encode(), Check.TRUSTEES_FORM))
    if key.record() != text.encode():
        raise Refused(Check.TRUSTEES_FORM, "the key is not written in its one canonical form")
    for seat in board.seats(session, ballot):
        if seat.public_key and str(key.public_key) in seat.public_key:
            raise Refused(Check.TRUSTEES_FORM, "another trustee has this key")


def submit_test(
    session: Session, *, actor: Actor, now: datetime, slug: str, decryption: str, strong_proofs: str
) -> TestTaken | Refusal:
    """Take a trustee's test decryption, which shows that the key at hand still opens things.

    May be done again until the opening; the newest time is kept. Returns a Refusal, already counted, when a
    proof does not hold. Raises NotAllowed for others, Closed once it is open, Conflict while a key is
    missing.
    """
    allow(actor, Permission.BALLOT_TRUSTEE)
    ballot = board.locked(session, slug)
    seat = seat_of(session, ballot, actor)
    board.require(ballot, *keys.KEYS_CAN_COME)
    seats = board.seats(session, ballot)
    if any(each.public_key is None for each in seats):
        raise Conflict(msg("The test comes when every trustee's key is there."))
    mine = keys.trustees_of(session, ballot).verification_keys[seat.position - 1]
    try:
        check_test(keys.test_of(session, ballot), mine, decryption.encode(), strong_proofs.encode())
    except Refused as refused:
        board.count_refusal(session, ballot, refused.check)
        return refusal(refused)
    seat.tested_at = now
    audit.record(session, actor=actor, now=now, act="ballots.trustee_test", subject=f"ballot/{ballot.slug}")
    return TestTaken(sum(each.member_id is not None and each.tested_at is None for each in seats))

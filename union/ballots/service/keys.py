"""The key that trustees hold together: who is asked for a part, which parts are there, and starting anew."""

import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.canonical import compact, read_json
from union.ballots.crypto.failures import Check
from union.ballots.crypto.group import Group
from union.ballots.crypto.rehearsal import Rehearsal, rehearsal
from union.ballots.crypto.trustees import Trustees, make_key, read_trustees
from union.ballots.models import Ballot, BallotTrustee, CeremonyComplaint, CeremonyMessage
from union.ballots.rules import State
from union.ballots.service import board, words
from union.core.actor import Actor
from union.core.errors import NotAllowed
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.notify import service as notify

KEYS_CAN_COME = (State.KEYS, State.CREDENTIALS)
"""Voting codes do not depend on the trustees' keys, so keys can be made anew until the opening."""


def seat_of(session: Session, ballot: Ballot, actor: Actor) -> BallotTrustee:
    """Return the actor's seat. Raises NotAllowed for somebody who is no trustee of this ballot."""
    for seat in board.seats(session, ballot):
        if seat.member_id is not None and seat.member_id == actor.member_id:
            return seat
    raise NotAllowed(msg("You are not a trustee of this ballot."))


def ask(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
    """Ask every trustee for a key, or for the first step of the ceremony; the server's own is made now."""
    ballot.duty_since, ballot.trustees_reminded_at = now, None
    for seat in board.seats(session, ballot):
        if seat.member_id is None:
            _make_own(ballot, seat, now)
    if ballot.ceremony > 1:
        template = "trustee_again"
    else:
        template = "trustee_key" if ballot.threshold is None else "trustee_ceremony"
    tell(session, ballot, now=now, public_url=public_url, template=template, kind="key", page="/key")
    complete(session, ballot, now, public_url)


def tell(
    session: Session, ballot: Ballot, *, now: datetime, public_url: str, template: str, kind: str, page: str
) -> None:
    """Write to every member who is a trustee; once per kind and ceremony."""
    words.tell(
        session,
        ballot,
        now=now,
        kind=f"trustee-{kind}-{ballot.ceremony}",
        template=template,
        member_ids=[seat.member_id for seat in board.seats(session, ballot) if seat.member_id],
        expires_at=max(ballot.closes_at, now + timedelta(1)),
        shared={"opens": ballot.opens_at},
        common={"title": ballot.title, "link": words.address(public_url, ballot, page)},
    )


def _make_own(ballot: Ballot, seat: BallotTrustee, now: datetime) -> None:
    pair = make_key(board.group_of(ballot), secrets.randbelow)
    seat.own_key = str(int(pair.private_key))
    seat.public_key = pair.public.record().decode()
    seat.submitted_at = now


def complete(session: Session, ballot: Ballot, now: datetime, public_url: str) -> bool:
    """Ask for the test decryptions as soon as every key is there; tell whether it is so."""
    seats = board.seats(session, ballot)
    if any(seat.public_key is None for seat in seats):
        return False
    if any(seat.member_id for seat in seats):
        ballot.duty_since, ballot.trustees_reminded_at = now, None
        tell(
            session,
            ballot,
            now=now,
            public_url=public_url,
            template="trustee_test",
            kind="test",
            page="/test",
        )
    return True


def trustees_of(session: Session, ballot: Ballot) -> Trustees:
    """Return the trustees as published, every proof of theirs checked; all keys must be there."""
    return read_all(board.group_of(ballot), compact(_items(session, ballot)))


def _items(session: Session, ballot: Ballot) -> list[Any]:
    """Return the record's items: the threshold block, if there is one, before the server's own key."""
    singles = [
        ["Single", read_json((seat.public_key or "").encode(), Check.TRUSTEES_FORM)]
        for seat in board.seats(session, ballot)
        if ballot.threshold is None or seat.member_id is None
    ]
    return [*([read_json(bytes(ballot.block))] if ballot.block else []), *singles]


@lru_cache(maxsize=32)
def read_all(group: Group, record: bytes) -> Trustees:
    """Return the parsed trustees record; kept, because checking a large block takes a second."""
    return read_trustees(group, record)


def test_of(session: Session, ballot: Ballot) -> Rehearsal:
    """Return the test decryption of the keys as they are. Raises Closed while one is missing."""
    public_key = trustees_of(session, ballot).public_key
    return rehearsal(board.group_of(ballot), public_key, ballot.uuid, ballot.ceremony)


def begin_again(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> None:
    """Make every trustee's key anew, before the opening: what was made so far is worth nothing any more.

    Voting codes that are out stay good; the ballot opens only when all keys are there again. Raises Closed
    once it is open.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, *KEYS_CAN_COME)
    anew(session, ballot, now, public_url)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.keys_anew",
        subject=f"ballot/{ballot.slug}",
        ceremony=ballot.ceremony,
    )


def anew(session: Session, ballot: Ballot, now: datetime, public_url: str) -> None:
    """Forget every key and message of the ceremony, and ask again."""
    notify.cancel(session, now=now, ref=board.ref(ballot), kinds=_kinds(ballot.ceremony))
    forget(session, ballot)
    ballot.ceremony += 1
    ask(session, ballot, now, public_url)


def forget(session: Session, ballot: Ballot) -> None:
    """Delete what trustees sent before the opening."""
    for table in (CeremonyMessage, CeremonyComplaint):
        session.execute(delete(table).where(table.ballot_id == ballot.id))
    ballot.block = None
    for seat in board.seats(session, ballot):
        seat.public_key = seat.own_key = seat.submitted_at = seat.tested_at = None


def _kinds(ceremony: int) -> list[str]:
    """Return the kinds of messages that a new ceremony makes untrue."""
    asked = ("key", "step-2", "step-3", "test", "halted")
    return [f"trustee-{what}-{ceremony}" for what in asked] + [
        f"trustee-late-{what}-{ceremony}-{n}" for what in ("key", "test") for n in (1, 2, 3)
    ]

"""Somebody else takes a trustee's place before the opening: who held it resigned, or lost the key."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.models import Ballot, BallotTrustee
from union.ballots.rules import BEFORE_OPENING, State
from union.ballots.service import board, keys, words
from union.core.actor import Actor, Role
from union.core.errors import Closed, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify


def replace_trustee(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    position: int,
    member_id: str,
    public_url: str,
) -> str:
    """Give the seat at `position` to another trustee of the union; return the name of who leaves it.

    Keys that the others made alone stay good, and only the newcomer is asked. A key made in a ceremony was
    made for everybody, so the ceremony begins again. Voting codes stay good. Whoever leaves, comes or stays
    is told, once keys were asked for. Raises Closed from the opening on, saying what can be done instead;
    Invalid with the form's field.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    seats = board.seats(session, ballot)
    if board.state_of(ballot) not in BEFORE_OPENING:
        raise _too_late(ballot, seats)
    seat = next((s for s in seats if s.position == position and s.member_id is not None), None)
    if seat is None:
        raise Invalid(msg("Choose the trustee who leaves."), field="leaves")
    _check_newcomer(session, seats, member_id)
    left_id, left = str(seat.member_id), seat.name
    seat.member_id, seat.name = member_id, members.display_names(session, [member_id])[member_id]
    seat.public_key = seat.submitted_at = seat.tested_at = None
    session.flush()
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.replace_trustee",
        subject=f"ballot/{ballot.slug}",
        left=left_id,
        came=member_id,
    )
    if board.state_of(ballot) in keys.KEYS_CAN_COME:
        notify.cancel(session, now=now, ref=board.ref(ballot), member_id=left_id)
        _tell(session, ballot, seat, now=now, public_url=public_url, left=(left_id, left))
        if ballot.threshold is not None:
            keys.anew(session, ballot, now, public_url)
    return left


def _check_newcomer(session: Session, seats: list[BallotTrustee], member_id: str) -> None:
    if any(seat.member_id == member_id for seat in seats):
        raise Invalid(msg("This member is a trustee of this ballot already."), field="comes")
    if member_id not in members.with_role(session, Role.TRUSTEE):
        raise Invalid(msg("Somebody chosen is not a trustee of the union."), field="comes")


def _too_late(ballot: Ballot, seats: list[BallotTrustee]) -> Closed:
    """Return why no trustee can be replaced any more, and what can be done."""
    holders = sum(seat.member_id is not None for seat in seats)
    if board.state_of(ballot) is State.CANCELLED:
        return Closed(msg("This ballot was called off: no trustee is needed any more."))
    if board.state_of(ballot) is State.UNCOUNTABLE:
        return Closed(msg("The count of this ballot was ended: no trustee is needed any more."))
    if board.state_of(ballot) is State.CONCLUDED:
        return Closed(msg("The votes are counted: no trustee is needed any more."))
    if ballot.threshold is not None:
        return Closed(
            msg(
                "Votes are sealed with the trustees' keys as they were at the opening, so no trustee can be"
                " replaced now. Any %(needed)s of the %(holders)s are enough to count: go on without this"
                " one."
            ),
            needed=ballot.threshold,
            holders=holders,
        )
    if board.state_of(ballot) is State.OPEN:
        return Closed(
            msg(
                "Votes are sealed with the trustees' keys as they were at the opening, so no trustee can be"
                " replaced now. All of them are needed to count: when a key is really lost, call the ballot"
                " off and hold it again."
            )
        )
    return Closed(
        msg(
            "The votes are sealed with the trustees' keys, and all of them are needed to count. When a key is"
            " really lost, these votes can never be counted: draft the ballot anew, and let some of the"
            " trustees be enough."
        )
    )


def _tell(
    session: Session,
    ballot: Ballot,
    seat: BallotTrustee,
    *,
    now: datetime,
    public_url: str,
    left: tuple[str, str],
) -> None:
    """Write to who leaves, who comes and who stays. Kinds of the coming ceremony stand for its own."""
    left_id, name = left
    stamp = int(now.timestamp())
    ceremony = ballot.threshold is not None
    asked = f"trustee-key-{ballot.ceremony + 1}"
    staying = [s.member_id for s in board.seats(session, ballot) if s.member_id not in {None, seat.member_id}]
    for template, kind, people, page in (
        ("trustee_left", f"trustee-left-{stamp}", [left_id], ""),
        (
            "trustee_ceremony" if ceremony else "trustee_key",
            asked if ceremony else f"trustee-key-{stamp}",
            [str(seat.member_id)],
            "/key",
        ),
        (
            "trustee_replaced_again" if ceremony else "trustee_replaced",
            asked if ceremony else f"trustee-replaced-{stamp}",
            [str(member_id) for member_id in staying],
            "/key" if ceremony else "",
        ),
    ):
        words.tell(
            session,
            ballot,
            now=now,
            kind=kind,
            template=template,
            member_ids=people,
            expires_at=max(ballot.closes_at, now + timedelta(days=1)),
            shared={"opens": ballot.opens_at},
            common={
                "title": ballot.title,
                "left": name,
                "came": seat.name,
                "link": words.address(public_url, ballot, page),
            },
        )

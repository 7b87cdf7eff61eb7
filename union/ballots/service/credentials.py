"""The credential step: freeze the roll, make a voting code per member, hand each out, keep the public parts.

The private codes exist in this function and in the outbox until they are handed over; the list of public
ones is sorted. Until voting opens `tagging` knows which one to strike when a member loses a code.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.credentials import Listed, make_credential, public_of
from union.ballots.models import Ballot, PublicCredential, RollEntry
from union.ballots.rules import State
from union.ballots.service import board, tagging, words
from union.ballots.service.weighing import entitled, weigh
from union.core.actor import Actor
from union.core.errors import Conflict
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members.queries import Contact
from union.notify import service as notify
from union.notify.rules.kinds import Lane

_BATCH = 5_000


@dataclass(frozen=True)
class Issued:
    """How many are on the roll, and how many of those have no confirmed channel to get a code on."""

    eligible: int
    unreachable: int


def issue_credentials(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> Issued:
    """Freeze the roll and hand every member on it a private voting code over the member's own channel.

    Done again before the opening, it revokes every earlier code, freezes the roll anew and sends new ones:
    one alone is replaced by `reissue`. Raises Conflict while a trustee's
    key is missing or nobody is entitled, Closed once the ballot is open.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    require_ready(session, ballot, now)
    people = entitled(session, ballot)
    if not people:
        raise Conflict(msg("Nobody is entitled to vote in this ballot."))
    weights = weigh(session, ballot, people)
    forget_earlier(session, ballot, now)
    freeze_roll(session, ballot, people, weights)
    ballot.issue += 1
    ballot.codes_by_officer = False
    _hand_out(session, ballot, people, weights, now, public_url)
    return issued(session, ballot, actor=actor, now=now, act="issue_credentials")


def issued(session: Session, ballot: Ballot, *, actor: Actor, now: datetime, act: str) -> Issued:
    """Move on, now that the roll is frozen and the public part of every code kept; record by which act."""
    if board.state_of(ballot) is State.KEYS:
        board.move(ballot, State.CREDENTIALS)
    audit.record(
        session,
        actor=actor,
        now=now,
        act=f"ballots.{act}",
        subject=f"ballot/{ballot.slug}",
        eligible=ballot.eligible,
        roll=ballot.roll_hash,
        issue=ballot.issue,
    )
    return Issued(ballot.eligible, ballot.unreachable)


def require_ready(session: Session, ballot: Ballot, now: datetime) -> None:
    """Raise Closed or Conflict unless voting codes can be made: all keys are there, the close is ahead."""
    board.require(ballot, State.KEYS, State.CREDENTIALS)
    if any(seat.public_key is None for seat in board.seats(session, ballot)):
        raise Conflict(msg("Every trustee's key must be here first."))
    if ballot.closes_at <= now:
        raise Conflict(msg("The closing time is over already. Choose new times first."))


def forget_earlier(session: Session, ballot: Ballot, now: datetime) -> None:
    """Revoke what an earlier step handed out."""
    if ballot.issue:
        notify.cancel(session, now=now, ref=board.ref(ballot), kinds=words.code_kinds(ballot))
    ballot.reissued = 0
    tagging.forget(session, ballot)
    session.execute(delete(PublicCredential).where(PublicCredential.ballot_id == ballot.id))
    session.execute(delete(RollEntry).where(RollEntry.ballot_id == ballot.id))


def roll_hash(entries: Iterable[tuple[str, ...]]) -> str:
    """Return the SHA-256 of a roll: lines "member id, tab, chapter, newline", sorted.

    Where votes weigh differently each line has a further tab and the weight before its end.
    """
    lines = sorted("\t".join(entry) + "\n" for entry in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def freeze_roll(
    session: Session, ballot: Ballot, people: Sequence[Contact], weights: Mapping[str, int]
) -> None:
    """Write the roll down with what each vote weighs, and its hash."""
    rows = [
        {
            "ballot_id": ballot.id,
            "member_id": p.member_id,
            "chapter_slug": p.chapter_slug,
            "weight": weights[p.member_id],
            "voted": None,
        }
        for p in people
    ]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(RollEntry), rows[start : start + _BATCH])
    ballot.eligible = len(people)
    ballot.unreachable = sum(words.route(p) is None for p in people)
    ballot.total_weight = sum(weights[p.member_id] for p in people)
    weighed = ballot.weighting is not None
    ballot.roll_hash = roll_hash(
        (p.member_id, p.chapter_slug, str(weights[p.member_id])) if weighed else (p.member_id, p.chapter_slug)
        for p in people
    )


def _hand_out(
    session: Session,
    ballot: Ballot,
    people: list[Contact],
    weights: Mapping[str, int],
    now: datetime,
    public_url: str,
) -> None:
    group = board.group_of(ballot)
    listed = []
    tags = []
    fields: dict[str, dict[str, str | int]] = {}
    booth = words.address(public_url, ballot, "/booth")
    for person in people:
        private = make_credential(secrets.randbelow)
        public = public_of(group, ballot.uuid, private)
        listed.append(Listed(public, weights[person.member_id]))
        tags.append((person.member_id, point_digest(str(public))))
        fields[person.member_id] = {"link": f"{booth}#{private}"}
    listed.sort(key=lambda one: group.order_key(one.public))
    keep_public(session, ballot, [(str(one.public), one.weight) for one in listed])
    tagging.keep(session, ballot, tags)
    recipients = words.recipients(
        people,
        fields,
        shared={"opens": ballot.opens_at, "closes": ballot.closes_at},
        common={"title": ballot.title},
    )
    notify.enqueue_many(
        session,
        now=now,
        ref=board.ref(ballot),
        kind=f"credential-{ballot.issue}",
        template="ballots/credential",
        lane=Lane.BALLOT,
        expires_at=ballot.closes_at,
        recipients=recipients,
        secret=True,
    )


def replace_public(
    session: Session, ballot: Ballot, now: datetime, listed: Sequence[tuple[str, int]]
) -> None:
    """Keep other public credentials for the same frozen roll; stop what an earlier issue still sends."""
    notify.cancel(session, now=now, ref=board.ref(ballot), kinds=words.code_kinds(ballot))
    session.execute(delete(PublicCredential).where(PublicCredential.ballot_id == ballot.id))
    ballot.issue += 1
    keep_public(session, ballot, listed)


def keep_public(session: Session, ballot: Ballot, listed: Sequence[tuple[str, int]]) -> None:
    """Keep the public credentials with their weights, given in their published order."""
    rows = [
        {
            "ballot_id": ballot.id,
            "position": i,
            "point": point,
            "weight": weight,
            "digest": point_digest(point),
        }
        for i, (point, weight) in enumerate(listed)
    ]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(PublicCredential), rows[start : start + _BATCH])


def point_digest(point: str) -> str:
    """Return what a public credential is looked up by."""
    return hashlib.sha256(point.encode()).hexdigest()

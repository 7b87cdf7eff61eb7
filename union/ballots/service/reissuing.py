"""Replace one member's voting code before the opening: the old one is struck, a new one goes out.

Which public credential is the member's, only `tagging` knows, and only until voting opens (docs/adr/0026).
The whole list is written again, sorted: no row's place or age tells which one is new.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.crypto.credentials import make_credential, public_of
from union.ballots.models import Ballot, PublicCredential, RollEntry
from union.ballots.rules import State
from union.ballots.service import board, tagging, words
from union.ballots.service.credentials import keep_public, point_digest
from union.core.actor import Actor, Role
from union.core.errors import Closed, Conflict, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members.queries import Contact
from union.notify import service as notify
from union.notify.rules.kinds import Lane

MOST = 3
"""How often a member may replace the own code; after that an officer does, who may ask what goes wrong."""


@dataclass(frozen=True)
class Reissued:
    """A new code is on its way over `channel`. left: how often the member may still ask."""

    channel: str
    left: int


def reissue(
    session: Session, *, actor: Actor, now: datetime, slug: str, member_id: str, public_url: str
) -> Reissued:
    """Strike the voting code of one member on the roll and send a new one: by the member, or by an officer.

    The frozen roll stays as it is. Raises Closed once voting is open, because the list of codes is published
    then; Conflict where codes come from an officer, or when the member has no channel or asked too often;
    NotFound for somebody who is not on the roll.
    """
    own = member_id == actor.member_id
    allow(actor, Permission.BALLOT_CAST if own else Permission.MEMBER_EXPORT)
    ballot = board.locked(session, slug)
    _require_replaceable(ballot)
    entry = session.get(RollEntry, (ballot.id, member_id))
    if entry is None:
        raise NotFound(msg("This member is not on the roll of this ballot."), field="member")
    tagged = tagging.find(session, ballot, member_id)
    if tagged is None:
        raise Conflict(msg("These codes cannot be replaced one by one. Hand out new codes to everybody."))
    if own and tagged.times >= MOST and Role.OFFICER not in actor.roles:
        raise Conflict(
            msg("You have asked for %(most)s new codes. Ask an officer what goes wrong."), most=MOST
        )
    contacts = [c for c in members.contacts(session, [member_id]) if words.route(c) is not None]
    if not contacts:
        raise Conflict(
            msg("The member has no confirmed channel to get a code on. Confirm one first."), field="member"
        )
    contact = contacts[0]
    private = make_credential(secrets.randbelow)
    public = str(public_of(board.group_of(ballot), ballot.uuid, private))
    _swap(session, ballot, tagged.digest, public, entry.weight)
    tagged.becomes(point_digest(public))
    ballot.reissued += 1
    _send(session, ballot, contact, f"{words.address(public_url, ballot, '/booth')}#{private}", now)
    audit.record(session, actor=actor, now=now, act="ballots.reissue", subject=f"ballot/{ballot.slug}")
    session.flush()
    way = words.route(contact)
    return Reissued(str(way[0]) if way else "", max(MOST - tagged.times, 0))


def _send(session: Session, ballot: Ballot, contact: Contact, link: str, now: datetime) -> None:
    """Stop what is still on its way to the member, and send the new code."""
    ref, member_id = board.ref(ballot), contact.member_id
    notify.cancel(session, now=now, ref=ref, kinds=words.code_kinds(ballot), member_id=member_id)
    notify.enqueue_many(
        session,
        now=now,
        ref=ref,
        kind=f"credential-{ballot.issue}-{ballot.reissued}",
        template="ballots/credential_again",
        lane=Lane.BALLOT,
        expires_at=ballot.closes_at,
        recipients=words.recipients(
            [contact],
            {member_id: {"link": link}},
            shared={"opens": ballot.opens_at, "closes": ballot.closes_at},
            common={"title": ballot.title},
        ),
        secret=True,
    )


def _require_replaceable(ballot: Ballot) -> None:
    if board.state_of(ballot) is not State.CREDENTIALS:
        if ballot.opened_at is not None:
            raise Closed(
                msg(
                    "Voting has begun: the list of voting codes is published and nobody can change it."
                    " Ask an organizer or a trustee for an assisted vote."
                )
            )
        board.require(ballot, State.CREDENTIALS)
    if ballot.codes_by_officer:
        raise Conflict(msg("The codes of this ballot come from an officer: ask there for a new one."))


def _swap(session: Session, ballot: Ballot, struck: str, public: str, weight: int) -> None:
    """Write the list anew with `public` in place of the credential whose digest is `struck`."""
    group = board.group_of(ballot)
    rows = session.execute(
        select(PublicCredential.point, PublicCredential.weight, PublicCredential.digest).where(
            PublicCredential.ballot_id == ballot.id
        )
    )
    listed = [(point, heavy) for point, heavy, digest in rows if digest != struck]
    if len(listed) != ballot.eligible - 1:
        raise Conflict(msg("These codes cannot be replaced one by one. Hand out new codes to everybody."))
    listed.append((public, weight))
    listed.sort(key=lambda one: group.order_key(group.point_unchecked(one[0])))
    session.execute(delete(PublicCredential).where(PublicCredential.ballot_id == ballot.id))
    keep_public(session, ballot, listed)

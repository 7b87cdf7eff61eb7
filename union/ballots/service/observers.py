"""Observers keep the board's head somewhere else: who asked for it gets number and hash every hour by email.

A later archive must continue from every head that went out; so nothing can be dropped or swapped unseen.
Addresses are sealed, and forgotten when the ballot is over.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from union.ballots.models import Ballot, BoardObserver
from union.ballots.rules import State
from union.ballots.service import board, words
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotFound, TooMany
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.members import queries as members
from union.members.rules import contact
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane

HOUR = timedelta(hours=1)
CONFIRM_WITHIN = timedelta(days=1)
MOST_UNCONFIRMED = 200
"""So many of a ballot's observers may wait for their own confirmation; more is somebody's prank."""
_ID = 20
_WHILE = (State.CREDENTIALS, State.OPEN)


def observe(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Send the head to a member's own confirmed email address from now on; asking twice changes nothing."""
    allow(actor, Permission.ACCOUNT_OWN)
    ballot = _observable(session, slug)
    member_id = str(actor.member_id)
    if not any(person.email for person in members.contacts(session, [member_id])):
        raise Invalid(msg("You have no confirmed email address yet. Add one on your own page."))
    mine = (BoardObserver.ballot_id == ballot.id) & (BoardObserver.member_id == member_id)
    if session.scalar(select(BoardObserver.id).where(mine)) is None:
        session.add(
            BoardObserver(
                id=new_id(),
                ballot_id=ballot.id,
                member_id=member_id,
                language=actor.language,
                asked_at=now,
                confirmed_at=now,
            )
        )
        session.flush()


def ask_to_observe(
    session: Session, *, now: datetime, slug: str, email: str, language: str, public_url: str
) -> None:
    """Ask the holder of an address that is nobody's here whether the head shall come to it.

    Nothing is sent to it but this one question until the link in it is followed; asking again within a day
    changes nothing and tells nothing. Raises Invalid (field email), Closed, TooMany.
    """
    ballot = _observable(session, slug)
    address = contact.email(email)
    hashed = vault().lookup(contact.key(address), "board_observer.address")
    there = (BoardObserver.ballot_id == ballot.id) & (BoardObserver.address_hash == hashed)
    if session.scalar(select(BoardObserver.id).where(there)) is not None:
        return
    waiting = (BoardObserver.ballot_id == ballot.id) & BoardObserver.confirmed_at.is_(None)
    if (
        session.scalar(select(func.count()).select_from(BoardObserver).where(waiting)) or 0
    ) >= MOST_UNCONFIRMED:
        raise TooMany(msg("Too many addresses wait for their confirmation. Try again tomorrow."))
    one = BoardObserver(
        id=new_id(),
        ballot_id=ballot.id,
        address=address,
        address_hash=hashed,
        language=language,
        asked_at=now,
    )
    session.add(one)
    session.flush()
    notify.enqueue(
        session,
        now=now,
        ref=board.ref(ballot),
        kind=f"observe-{one.id}",
        member_id="",
        channel=Channel.EMAIL,
        to=address,
        language=language,
        zone=ballot.zone,
        template="ballots/observe",
        lane=Lane.LOGIN,
        expires_at=now + CONFIRM_WITHIN,
        secret=True,
        fields={"link": _link(public_url, one)},
    )


def _observable(session: Session, slug: str) -> Ballot:
    ballot = session.scalar(select(Ballot).where((Ballot.slug == slug) | (Ballot.uuid == slug)))
    if ballot is None:
        raise NotFound(msg("There is no such ballot."))
    if State(ballot.state) not in _WHILE:
        raise Closed(msg("The head is sent while voting is open; take it from this page now."))
    return ballot


def token_of(observer_id: str) -> str:
    """Return what the links in an observer's emails hold: it proves that we wrote them; nothing is stored."""
    return observer_id + vault().lookup(observer_id, "board_observer.token").hex()[:32]


def _link(public_url: str, one: BoardObserver) -> str:
    return f"{public_url.rstrip('/')}/ballots/observers/{token_of(one.id)}"


def observer(session: Session, token: str, *, lock: bool = True) -> BoardObserver:
    """Return whose link this is. Raises NotFound for one we did not write, or of a ballot that is over."""
    observer_id = token[:-32]
    found = None
    if hmac.compare_digest(token.encode(), token_of(observer_id).encode()):
        found = session.get(BoardObserver, observer_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(msg("Nobody gets heads of a board through this link: it is used up, or not complete."))
    return found


def confirm_observer(session: Session, *, now: datetime, token: str) -> None:
    """Follow the link: from now on the head comes every hour."""
    one = observer(session, token)
    one.confirmed_at = one.confirmed_at or now


def stop_observing(session: Session, *, token: str) -> None:
    """Forget an observer at once."""
    session.delete(observer(session, token))


def send_heads(session: Session, *, now: datetime, public_url: str) -> int:
    """Send every observer the head of an open board once an hour, and once more when the ballot is over.

    Then, and when an address was not confirmed within a day, the observer is forgotten. Returns how many
    emails are written.
    """
    rows = session.execute(
        select(BoardObserver, Ballot)
        .join(Ballot, Ballot.id == BoardObserver.ballot_id)
        .where(Ballot.state != State.CREDENTIALS)
        .order_by(BoardObserver.id)
        .with_for_update(of=BoardObserver, skip_locked=True)
    )
    written = 0
    for one, ballot in rows.all():
        over = ballot.state != State.OPEN
        due = one.sent_at is None or one.sent_at + HOUR <= now
        if one.confirmed_at is not None and ballot.head is not None and (over or due):
            written += _send(session, ballot, one, now, public_url)
            one.sent_at = now
        if over:
            session.delete(one)
    stale = BoardObserver.confirmed_at.is_(None) & (BoardObserver.asked_at <= now - CONFIRM_WITHIN)
    session.execute(delete(BoardObserver).where(stale))
    session.flush()
    return written


def _send(session: Session, ballot: Ballot, one: BoardObserver, now: datetime, public_url: str) -> bool:
    to, language, zone = one.address, one.language, ballot.zone
    if one.member_id is not None:
        found = members.contacts(session, [one.member_id])
        to = found[0].email if found else None
    if to is None:
        return False
    # No member id: an observer's emails say nothing about a vote, but need not name the member either.
    row = notify.enqueue(
        session,
        now=now,
        ref=board.ref(ballot),
        kind=f"head-{int(now.timestamp()) // 60}-{one.id}"[:40],
        member_id="",
        channel=Channel.EMAIL,
        to=to,
        language=language,
        zone=zone,
        template="ballots/head",
        lane=Lane.NEWS,
        expires_at=now + HOUR,
        secret=True,
        fields={
            "height": ballot.height,
            "head": ballot.head or "",
            "fingerprint": ballot.fingerprint or "",
            "board": words.address(public_url, ballot, "/board"),
            "leave": _link(public_url, one),
        },
    )
    return row is not None

"""What follows a vote: receipts on their way, reminders to those who have not, objections, forgetting."""

import json
import secrets
from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import rules
from union.ballots.models import Ballot, Objection, RollEntry, WaitingReceipt
from union.ballots.rules import State
from union.ballots.service import board, words
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Lane

TOGETHER = 5
"""While voting goes on, receipts leave in shuffled batches of at least this many."""
RECEIPT_USEFUL = timedelta(days=2)
LONGEST_OBJECTION = 4000


def send_receipts(session: Session, *, now: datetime, slug: str) -> int:
    """Hand the waiting receipts to the voters' channels in random order, when enough wait or it is over."""
    ballot = board.locked(session, slug)
    waiting = list(session.scalars(select(WaitingReceipt).where(WaitingReceipt.ballot_id == ballot.id)))
    if not waiting or (board.state_of(ballot) is State.OPEN and len(waiting) < TOGETHER):
        return 0
    secrets.SystemRandom().shuffle(waiting)
    facts = [json.loads(row.sealed) for row in waiting]
    people = {c.member_id: c for c in members.contacts(session, {fact[0] for fact in facts})}
    for member_id, tracker, height, head, signature in facts:
        contact = people.get(member_id)
        way = words.route(contact) if contact else None
        if contact is None or way is None:
            continue
        # No member id: the row must not go on telling who took part once the marks are wiped.
        notify.enqueue(
            session,
            now=now,
            ref=board.ref(ballot),
            kind=f"receipt-{new_id()}",
            member_id="",
            channel=way[0],
            to=way[1],
            language=contact.language,
            zone=contact.zone,
            template="ballots/receipt",
            lane=Lane.BALLOT,
            expires_at=now + RECEIPT_USEFUL,
            secret=True,
            fields={
                "title": ballot.title,
                "tracker": tracker,
                "height": height,
                "head": head,
                "signature": signature,
            },
        )
    session.execute(delete(WaitingReceipt).where(WaitingReceipt.id.in_([row.id for row in waiting])))
    return len(waiting)


def remind(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> int:
    """Remind those who have not voted; who that is, is looked up now. Returns how many are written to.

    Phones that sleep now are left out and taken along by the next call: a reminder never waits for the
    morning, by which time somebody may have voted. Where the close has moved, the new one is told.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.OPEN)
    if now >= ballot.closes_at:
        raise Closed(msg("This ballot is closed."))
    late = select(RollEntry.member_id).where(RollEntry.ballot_id == ballot.id, RollEntry.voted.is_(False))
    awake = words.awake(members.contacts(session, list(session.scalars(late))), now)
    # By hand once a day and once by itself: the day is in the kind, which keeps it from repeating.
    kind, template = f"reminder-{now:%Y%m%d}", "reminder"
    if actor.system:
        kind = template = "extended" if ballot.extended else "reminder"
    found = notify.enqueue_many(
        session,
        now=now,
        ref=board.ref(ballot),
        kind=kind,
        template=f"ballots/{template}",
        lane=Lane.BALLOT,
        expires_at=ballot.closes_at,
        recipients=words.recipients(
            awake,
            shared={"closes": ballot.closes_at},
            common={"title": ballot.title, "link": words.address(public_url, ballot)},
        ),
    )
    ballot.reminded_at = now
    if not actor.system:
        audit.record(
            session,
            actor=actor,
            now=now,
            act="ballots.remind",
            subject=f"ballot/{ballot.slug}",
            written=found.written,
        )
    return found.written


def wipe_marks(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """After the contest period forget who voted; turnout per chapter stays, small groups folded together."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.CONCLUDED, State.UNCOUNTABLE)
    if ballot.wiped_at is not None:
        return
    concluded = ballot.concluded_at or now
    if now < rules.marks_kept_until(concluded, ballot.contest_days):
        raise Closed(msg("The contest period is not over yet."))
    ballot.chapters = [
        {"chapter": t.chapter, "voted": t.voted, "eligible": t.eligible}
        for t in rules.by_chapter(_turnout(session, ballot))
    ]
    session.execute(update(RollEntry).where(RollEntry.ballot_id == ballot.id).values(voted=None))
    session.execute(delete(WaitingReceipt).where(WaitingReceipt.ballot_id == ballot.id))
    board.forget_reminders(session, ballot, now)
    ballot.wiped_at = now
    audit.record(session, actor=actor, now=now, act="ballots.wipe_marks", subject=f"ballot/{ballot.slug}")


def _turnout(session: Session, ballot: Ballot) -> dict[str, tuple[int, int]]:
    rows = session.execute(
        select(RollEntry.chapter_slug, RollEntry.voted, func.count())
        .where(RollEntry.ballot_id == ballot.id)
        .group_by(RollEntry.chapter_slug, RollEntry.voted)
    )
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for chapter, voted, many in rows:
        found[chapter][0] += many if voted else 0
        found[chapter][1] += many
    return {chapter: (voted, eligible) for chapter, (voted, eligible) in found.items()}


def contest_open(ballot: Ballot, now: datetime) -> bool:
    """Tell whether objections are taken: from the opening until the contest period is over."""
    if ballot.opened_at is None or ballot.cancelled_at is not None:
        return False
    return ballot.concluded_at is None or now < rules.marks_kept_until(
        ballot.concluded_at, ballot.contest_days
    )


def raise_objection(session: Session, *, actor: Actor, now: datetime, slug: str, text: str) -> str:
    """Object, as one on the roll, to how the ballot goes or went. Published without name; returns its id."""
    allow(actor, Permission.BALLOT_CAST)
    ballot = board.locked(session, slug)
    if not contest_open(ballot, now):
        raise Closed(msg("Objections are not taken now."))
    if session.get(RollEntry, (ballot.id, str(actor.member_id))) is None:
        raise NotAllowed(msg("Only members on the roll of this ballot can object."))
    text = text.strip()
    if not text or len(text) > LONGEST_OBJECTION:
        raise Invalid(msg("Write between 1 and %(most)s characters."), field="text", most=LONGEST_OBJECTION)
    objection = Objection(
        id=new_id(), ballot_id=ballot.id, member_id=str(actor.member_id), text=text, raised_at=now
    )
    session.add(objection)
    audit.record(session, actor=actor, now=now, act="ballots.objection", subject=f"ballot/{ballot.slug}")
    return objection.id


def answer_objection(
    session: Session, *, actor: Actor, now: datetime, slug: str, objection_id: str, text: str
) -> None:
    """Answer an objection; the answer is public and stays."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    objection = session.get(Objection, objection_id)
    if objection is None or objection.ballot_id != ballot.id:
        raise NotFound(msg("There is no such objection."))
    if objection.answer is not None:
        raise Closed(msg("This objection was answered already."))
    text = text.strip()
    if not text or len(text) > LONGEST_OBJECTION:
        raise Invalid(msg("Write between 1 and %(most)s characters."), field="text", most=LONGEST_OBJECTION)
    objection.answer, objection.answered_at, objection.answered_by = text, now, actor.member_id
    audit.record(session, actor=actor, now=now, act="ballots.answer", subject=f"ballot/{ballot.slug}")


def note_report(
    session: Session, *, actor: Actor, now: datetime, slug: str, language: str, as_of: datetime, sha256: str
) -> None:
    """Record which file the report of a ballot is. Raises Conflict.

    sha256: of the PDF in `language`; as_of: the moment of the newest fact in it.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    if board.state_of(ballot) is not State.CONCLUDED:
        raise Conflict(msg("Only a decided ballot has a report."))
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.note_report",
        subject=f"ballot/{ballot.slug}",
        language=language,
        as_of=as_of.isoformat(),
        sha256=sha256,
    )

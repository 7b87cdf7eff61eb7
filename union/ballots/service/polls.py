"""Shows of hands in chapter meetings: quick, open, by name. No ballot, and nothing secret."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots.models import Poll, PollAnswer
from union.ballots.papers import FEWEST_ANSWERS, LONGEST_ANSWER, LONGEST_QUESTION
from union.core.actor import Actor
from union.core.errors import Closed, Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.members import queries as members

MOST_ANSWERS = 10
LENGTHS = tuple(timedelta(hours=hours) for hours in (1, 24, 72, 168))
"""How long hands may be raised, to choose from; then the clock closes what nobody closed."""
NAMES_KEPT = timedelta(days=30)
"""How long after the close it is known who raised a hand for what; then only the counts stay."""


def open_poll(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    chapter: str,
    question: str,
    answers: Sequence[str],
    lasts: timedelta,
) -> str:
    """Ask a chapter for a show of hands, open at once; return its id.

    lasts: one of LENGTHS. Raises Invalid with its field.
    """
    allow(actor, Permission.BALLOT_PLAN)
    question = " ".join(question.split())
    if not question or len(question) > LONGEST_QUESTION:
        raise Invalid(
            msg("Write a question of at most %(most)s characters."), field="question", most=LONGEST_QUESTION
        )
    given = [answer.strip() for answer in answers if answer.strip()]
    if not FEWEST_ANSWERS <= len(given) <= MOST_ANSWERS:
        raise Invalid(
            msg("Give between 2 and %(most)s answers, one a line."), field="answers", most=MOST_ANSWERS
        )
    if any(len(answer) > LONGEST_ANSWER for answer in given):
        raise Invalid(
            msg("An answer has between 1 and %(most)s characters."), field="answers", most=LONGEST_ANSWER
        )
    if len({answer.casefold() for answer in given}) != len(given):
        raise Invalid(msg("Two answers are the same."), field="answers")
    if chapter not in {one.slug for one in members.chapters(session)}:
        raise Invalid(msg("Choose a chapter."), field="chapter")
    if lasts not in LENGTHS:
        raise Invalid(msg("Choose how long hands may be raised."), field="lasts")
    poll = Poll(
        id=new_id(),
        chapter_slug=chapter,
        question=question,
        answers=given,
        created_by=actor.member_id,
        opened_at=now,
        closes_at=now + lasts,
    )
    session.add(poll)
    session.flush()
    audit.record(session, actor=actor, now=now, act="polls.open", subject=f"poll/{poll.id}", chapter=chapter)
    return poll.id


def raise_hand(session: Session, *, actor: Actor, now: datetime, poll_id: str, answer: int) -> None:
    """Answer with one's name; a second time changes the answer.

    Raises NotAllowed for members of another chapter, Closed once the poll is closed, Invalid without such
    an answer.
    """
    allow(actor, Permission.BALLOT_CAST)
    poll = _locked(session, poll_id)
    member_id = str(actor.member_id)
    if members.chapter_of(session, member_id) != poll.chapter_slug:
        raise NotAllowed(msg("This show of hands is for another chapter."))
    if poll.closed_at is not None or now >= poll.closes_at:
        raise Closed(msg("This show of hands is over."))
    if not 0 <= answer < len(poll.answers):
        raise Invalid(msg("Choose one of the answers."), field="answer")
    raised = session.get(PollAnswer, (poll.id, member_id))
    if raised is None:
        session.add(PollAnswer(poll_id=poll.id, member_id=member_id, answer=answer))
    else:
        raised.answer = answer
    session.flush()


def close_poll(session: Session, *, actor: Actor, now: datetime, poll_id: str) -> None:
    """Close the poll and keep its counts. Raises Closed when it is over already."""
    allow(actor, Permission.BALLOT_PLAN)
    poll = _locked(session, poll_id)
    if poll.closed_at is not None:
        raise Closed(msg("This show of hands is over."))
    _close(session, poll, actor, now)


def close_polls(session: Session, *, actor: Actor, now: datetime) -> int:
    """Close, as of their moment, the shows of hands whose time is over; return how many."""
    allow(actor, Permission.BALLOT_RUN)
    due = session.scalars(
        select(Poll)
        .where(Poll.closed_at.is_(None), Poll.closes_at <= now)
        .order_by(Poll.id)
        .with_for_update(skip_locked=True)
    ).all()
    for poll in due:
        _close(session, poll, actor, poll.closes_at)
    return len(due)


def _close(session: Session, poll: Poll, actor: Actor, now: datetime) -> None:
    rows = session.execute(
        select(PollAnswer.answer, func.count())
        .where(PollAnswer.poll_id == poll.id)
        .group_by(PollAnswer.answer)
    )
    counted = dict(rows.all())
    poll.counts = [counted.get(place, 0) for place in range(len(poll.answers))]
    poll.closed_at = now
    audit.record(session, actor=actor, now=now, act="polls.close", subject=f"poll/{poll.id}")


def forget_hands(session: Session, *, now: datetime) -> int:
    """Forget who raised a hand for what, thirty days after each close; returns how many answers went."""
    old = select(Poll.id).where(Poll.closed_at <= now - NAMES_KEPT)
    gone = list(
        session.scalars(delete(PollAnswer).where(PollAnswer.poll_id.in_(old)).returning(PollAnswer.poll_id))
    )
    return len(gone)


def _locked(session: Session, poll_id: str) -> Poll:
    poll = session.get(Poll, poll_id, with_for_update=True, populate_existing=True)
    if poll is None:
        raise NotFound(msg("There is no such show of hands."))
    return poll

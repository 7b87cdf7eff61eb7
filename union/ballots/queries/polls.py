"""Shows of hands as the members of a chapter see them: with names, because they are not secret."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots.models import Poll, PollAnswer
from union.core.actor import Actor
from union.core.errors import NotAllowed, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits
from union.members import queries as members


@dataclass(frozen=True)
class PollCard:
    """A show of hands in a list."""

    id: str
    question: str
    chapter: str
    opened_at: datetime
    closed: bool
    answered: bool


@dataclass(frozen=True)
class Hands:
    """One answer: how many hands, and whose while that is known."""

    text: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class PollPage:
    """One show of hands. may_answer: it is open and the reader's chapter's; mine: the reader's answer."""

    id: str
    question: str
    chapter: str
    zone: str
    opened_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    hands: tuple[Hands, ...]
    names_known: bool
    may_answer: bool
    mine: int | None


def polls(session: Session, actor: Actor, now: datetime) -> list[PollCard]:
    """Return the shows of hands of the actor's chapter, of every chapter for organizers; newest first."""
    allow(actor, Permission.BALLOT_CAST)
    query = select(Poll).order_by(Poll.opened_at.desc(), Poll.id)
    if not permits(actor, Permission.BALLOT_PLAN):
        query = query.where(Poll.chapter_slug == members.chapter_of(session, str(actor.member_id)))
    names = {chapter.slug: chapter.name for chapter in members.chapters(session)}
    answered = set(
        session.scalars(select(PollAnswer.poll_id).where(PollAnswer.member_id == str(actor.member_id)))
    )
    return [
        PollCard(
            poll.id,
            poll.question,
            names.get(poll.chapter_slug, poll.chapter_slug),
            poll.opened_at,
            _over(poll, now) is not None,
            poll.id in answered,
        )
        for poll in session.scalars(query)
    ]


def _over(poll: Poll, now: datetime) -> datetime | None:
    """Return since when it is over: what is due closes by itself within the minute."""
    return poll.closed_at or (poll.closes_at if now >= poll.closes_at else None)


def poll_page(session: Session, poll_id: str, actor: Actor, now: datetime) -> PollPage:
    """Return one show of hands to those it concerns. Raises NotFound, NotAllowed for another chapter's."""
    allow(actor, Permission.BALLOT_CAST)
    poll = session.get(Poll, poll_id)
    if poll is None:
        raise NotFound(msg("There is no such show of hands."))
    own = members.chapter_of(session, str(actor.member_id)) == poll.chapter_slug
    if not own and not permits(actor, Permission.BALLOT_PLAN):
        raise NotAllowed(msg("This show of hands is for another chapter."))
    query = select(PollAnswer.member_id, PollAnswer.answer).where(PollAnswer.poll_id == poll.id)
    raised = dict(session.execute(query).all())
    names = members.display_names(session, raised)
    of: defaultdict[int, list[str]] = defaultdict(list)
    for member_id, answer in raised.items():
        of[answer].append(names.get(member_id, "…"))
    chapter = next((c for c in members.chapters(session) if c.slug == poll.chapter_slug), None)
    closed_at = _over(poll, now)
    return PollPage(
        id=poll.id,
        question=poll.question,
        chapter=chapter.name if chapter else poll.chapter_slug,
        zone=chapter.zone if chapter else actor.zone,
        opened_at=poll.opened_at,
        closes_at=poll.closes_at,
        closed_at=closed_at,
        hands=tuple(
            Hands(
                text,
                poll.counts[place] if poll.counts is not None else len(of[place]),
                tuple(sorted(of[place], key=str.casefold)),
            )
            for place, text in enumerate(poll.answers)
        ),
        names_known=bool(raised) or closed_at is None,
        may_answer=own and closed_at is None,
        mine=raised.get(str(actor.member_id)),
    )

"""Members vote on a frozen text; what they decided is taken once, from that vote or from one held again."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.ballots import queries as ballots
from union.ballots import service as voting
from union.ballots.service import Call
from union.bargaining.models import Agreement
from union.bargaining.rules import agreements as rules
from union.bargaining.rules.agreements import State, Turn
from union.bargaining.service import common
from union.bargaining.service.agreements import found, move
from union.core.actor import Actor
from union.core.i18n import msg, translate
from union.core.permissions import Permission, allow
from union.members import queries as members

KIND = "ratification"


def launch_ratification(
    session: Session, *, actor: Actor, now: datetime, slug: str, vote: Call, public_url: str
) -> str:
    """Draft the ballot on a tentative agreement, on its very text by hash, and return its slug."""
    allow(actor, Permission.BARGAINING_RUN)
    table, row = found(session, slug)
    rules.after(State(row.state), Turn.LAUNCH)
    bound = translate(
        row.language,
        msg("The text: %(link)s (SHA-256 %(hash)s)"),
        link=f"{public_url}/agreements/{row.slug}",
        hash=row.hash,
    )
    row.ballot_slug = voting.call(
        session,
        actor=actor,
        now=now,
        vote=replace(vote, intro=f"{vote.intro.strip()}\n\n{bound}"),
        kind=KIND,
        subject=f"agreement/{row.slug}",
        asked=voting.decision(vote.question, row.language),
        platform_slug=table.platform_slug,
    )
    move(session, table, row, Turn.LAUNCH, actor=actor, now=now, ballot=row.ballot_slug)
    return row.ballot_slug


def ratifying(session: Session) -> list[str]:
    """Return the slugs of agreements whose vote has no outcome here yet."""
    return list(session.scalars(select(Agreement.slug).where(Agreement.state == State.RATIFYING.value)))


def settle_ratification(
    session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str
) -> str | None:
    """Take the outcome of an agreement's vote, once.

    Returns "ratified", "rejected" or "cancelled"; None while there is nothing to take.
    """
    allow(actor, Permission.BARGAINING_TICK)
    table, row = found(session, slug)
    if row.state != State.RATIFYING or row.ballot_slug is None:
        return None
    outcome = next((o for o in ballots.concluded(session, KIND) if o.slug == row.ballot_slug), None)
    if outcome is None:
        cards = ballots.for_subject(session, f"agreement/{slug}")
        if any(c.slug == row.ballot_slug and c.without_result for c in cards):
            row.ballot_slug = None
            move(session, table, row, Turn.VOTE_CANCELLED, actor=actor, now=now)
            return "cancelled"
        return None
    row.vote = {
        "ballot": outcome.slug,
        "passed": outcome.passed,
        "counts": [list(pair) for pair in outcome.counts],
        "cast": outcome.cast,
        "eligible": outcome.eligible,
        "rule": outcome.rule.get("name", ""),
    }
    row.decided_at = outcome.decided_at
    turn = Turn.RATIFY if outcome.passed else Turn.REJECT
    move(session, table, row, turn, actor=actor, now=now, cast=outcome.cast, eligible=outcome.eligible)
    common.write_to(
        session,
        {*common.team_ids(session, table.id, now), *members.organizers(session)},
        now=now,
        ref=f"agreement:{row.id}",
        kind=f"vote-{outcome.slug}"[:40],
        template="bargaining/ratified" if outcome.passed else "bargaining/rejected",
        fields={"title": row.title, "link": f"{public_url}/agreements/{row.slug}"},
    )
    return "ratified" if outcome.passed else "rejected"


def repeatable(session: Session) -> list[str]:
    """Return the slugs of agreements whose vote may be held again, or is though their text has changed."""
    states = [State.REJECTED, State.DRAFT, State.TENTATIVE, State.ABANDONED]
    return list(session.scalars(select(Agreement.slug).where(Agreement.state.in_([s.value for s in states]))))


def follow_repeated_vote(
    session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str
) -> bool:
    """Let a vote that is held again be the one on the rejected text, so that it counts; tell whether.

    One on words that are no more is called off: its outcome could mean nothing.
    """
    allow(actor, Permission.BARGAINING_TICK)
    again = ballots.held_again(session, f"agreement/{slug}")
    if again is None:
        return False
    table, row = found(session, slug)
    if row.state != State.REJECTED or row.ballot_slug is None:
        if again.state != "closed":
            voting.cancel(session, actor=actor, now=now, slug=again.slug, public_url=public_url)
        return False
    move(session, table, row, Turn.ASK_AGAIN, actor=actor, now=now, ballot=again.slug)
    row.ballot_slug, row.vote, row.decided_at = again.slug, None, None
    return True

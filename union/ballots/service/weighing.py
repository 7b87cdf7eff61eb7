"""What votes weigh where statutes say so: chosen before the roll is frozen, then part of its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import papers, weights
from union.ballots.models import Ballot, BallotWeight
from union.ballots.papers import Asked
from union.ballots.rules import State
from union.ballots.service import board
from union.ballots.weights import By, Class, Reading, Weighting
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members.queries import Contact

_BATCH = 5_000
MOST_PER = 10_000
MOST_SMALLEST = 1_000


@dataclass(frozen=True)
class DryRun:
    """What a file of weights would do. before, after: who shares which weight, as given and as grouped."""

    reading: Reading
    before: tuple[Class, ...]
    after: tuple[Class, ...]

    @property
    def exposed(self) -> int:
        """How many members have a weight that too few share for it to hide them."""
        return weights.exposed(self.after)


def entitled(session: Session, ballot: Ballot) -> list[Contact]:
    """Return the members who may vote in the ballot as things stand."""
    ids = members.eligible(session, platform_slug=ballot.platform_slug, chapter_slug=ballot.chapter_slug)
    return members.contacts(session, ids)


def weighting_of(ballot: Ballot) -> Weighting | None:
    """Return how the ballot's votes weigh; None where all weigh the same."""
    return Weighting.from_json(ballot.weighting) if ballot.weighting else None


def weigh(session: Session, ballot: Ballot, people: Sequence[Contact]) -> dict[str, int]:
    """Return what the vote of each of `people` weighs, small groups joined.

    Raises Conflict when weights come from a file and it says nothing of somebody.
    """
    found = weighting_of(ballot)
    if found is None:
        return dict.fromkeys((p.member_id for p in people), 1)
    if found.by is By.CHAPTER:
        raw = weights.of_chapters({p.member_id: p.chapter_slug for p in people}, found.per)
    else:
        kept = session.scalars(select(BallotWeight).where(BallotWeight.ballot_id == ballot.id))
        listed = {row.member_id: row.weight for row in kept}
        missing = sum(p.member_id not in listed for p in people)
        if missing:
            raise Conflict(
                msg("The file of weights says nothing of %(missing)s members who may vote. Bring a new one."),
                missing=missing,
            )
        raw = {p.member_id: listed[p.member_id] for p in people}
    return weights.grouped(raw, found.smallest)


def _changeable(session: Session, slug: str) -> Ballot:
    ballot = board.locked(session, slug)
    board.require(ballot, State.DRAFT, State.KEYS)
    if papers.has_ranked([Asked.from_json(q) for q in ballot.questions]):
        raise Conflict(
            msg("An order or a grade cannot weigh more than another: ask it in a ballot without weights.")
        )
    return ballot


def weigh_equally(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Let every vote count the same again; a file of weights is forgotten. Closed once codes are out."""
    allow(actor, Permission.BALLOT_RUN)
    _settle(session, _changeable(session, slug), actor, now, None)


def weigh_by_chapter(
    session: Session, *, actor: Actor, now: datetime, slug: str, per: int, smallest: int
) -> None:
    """Let a vote weigh by the size of the member's chapter: one for every `per` members, begun ones counted.

    smallest: weights shared by fewer members than this are joined. Raises Invalid at the form's field.
    """
    allow(actor, Permission.BALLOT_RUN)
    if not 1 <= per <= MOST_PER:
        raise Invalid(msg("Give a number between 1 and %(most)s."), field="per", most=MOST_PER)
    _check_smallest(smallest)
    _settle(session, _changeable(session, slug), actor, now, Weighting(By.CHAPTER, per, smallest))


def _check_smallest(smallest: int) -> None:
    if not 1 <= smallest <= MOST_SMALLEST:
        raise Invalid(msg("Give a number between 1 and %(most)s."), field="smallest", most=MOST_SMALLEST)


def _settle(session: Session, ballot: Ballot, actor: Actor, now: datetime, found: Weighting | None) -> None:
    session.execute(delete(BallotWeight).where(BallotWeight.ballot_id == ballot.id))
    ballot.weighting = found.as_json() if found else None
    by = str(found.by) if found else "nobody"
    audit.record(session, actor=actor, now=now, act="ballots.weigh", subject=f"ballot/{ballot.slug}", by=by)


def try_weights(session: Session, *, actor: Actor, slug: str, text: str, smallest: int) -> DryRun:
    """Read a file of weights and say what it would do, row by row; nothing is kept.

    Raises Invalid when the file is too big, NotAllowed but for an officer.
    """
    allow(actor, Permission.MEMBER_EXPORT)
    _check_smallest(smallest)
    return _read(session, _changeable(session, slug), text, smallest)


def _read(session: Session, ballot: Ballot, text: str, smallest: int) -> DryRun:
    if len(text) > weights.LARGEST_FILE:
        raise Invalid(msg("The file is too big."), field="file")
    ids = {p.member_id for p in entitled(session, ballot)}
    others = [cell for cell in weights.named(text) if cell not in ids]
    find = {cell: found for cell in others[:_BATCH] if (found := members.find_member(session, cell))}
    reading = weights.read(text, ids, find)
    after = weights.grouped(reading.weights, smallest).values()
    return DryRun(reading, weights.classes(reading.weights.values()), weights.classes(after))


def take_weights(
    session: Session, *, actor: Actor, now: datetime, slug: str, text: str, smallest: int
) -> DryRun:
    """Keep the weights of a file in which every row is good and nobody is missing.

    Raises Invalid when that is not so, NotAllowed but for an officer, Closed once the roll is frozen.
    """
    allow(actor, Permission.MEMBER_EXPORT)
    _check_smallest(smallest)
    ballot = _changeable(session, slug)
    dry = _read(session, ballot, text, smallest)
    if not dry.reading.good:
        raise Invalid(
            msg("%(bad)s rows cannot be taken and %(missing)s members are missing. Nothing is kept."),
            field="text",
            bad=len(dry.reading.bad),
            missing=len(dry.reading.missing),
        )
    _settle(session, ballot, actor, now, Weighting(By.FILE, 1, smallest))
    rows = [
        {"ballot_id": ballot.id, "member_id": m, "weight": w} for m, w in sorted(dry.reading.weights.items())
    ]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(BallotWeight), rows[start : start + _BATCH])
    return dry

"""Lists of ballots: what still needs a member, what a campaign asked, what was decided."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from union.ballots import outcomes
from union.ballots.models import Ballot, BallotTrustee, PartialDecryption, RollEntry
from union.ballots.papers import Asked, Part
from union.ballots.rules import OVER, SHOWN_TO_ALL, WITHOUT_RESULT, Of, Reason, State, Verdict
from union.ballots.service import mixing
from union.ballots.service.summons import owing
from union.core.actor import Actor
from union.core.permissions import Permission, permits


@dataclass(frozen=True)
class BallotCard:
    """A ballot in a list. on_roll, voted: of the member who looks; voted is None when nobody may know."""

    slug: str
    title: str
    kind: str
    subject: str
    state: str
    opens_at: datetime
    closes_at: datetime
    zone: str
    on_roll: bool = False
    voted: bool | None = None
    passed: bool | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in OVER

    @property
    def without_result(self) -> bool:
        """Whether it is over and decided nothing: called off, or never to be counted."""
        return self.state in WITHOUT_RESULT


@dataclass(frozen=True)
class Duty:
    """Something a trustee has to do. what: "key" or "test" before opening, "shuffle" or "decrypt" after."""

    slug: str
    title: str
    what: str
    before: datetime | None


@dataclass(frozen=True)
class Outcome:
    """A decided ballot. counts: (label, number) of the first question. rule: the frozen preset.

    orders: where the first question chose, its answers best first, equals together.
    """

    slug: str
    subject: str
    kind: str
    title: str
    passed: bool
    counts: tuple[tuple[str, int], ...]
    cast: int
    eligible: int
    rule: dict[str, Any]
    decided_at: datetime
    reasons: tuple[str, ...]
    explained: tuple[Reason, ...] = field(default=())
    orders: tuple[tuple[str, ...], ...] = field(default=())


@dataclass(frozen=True)
class Listing:
    """The page of all ballots: first what needs the reader, then what runs, comes and is done."""

    needs_me: tuple[BallotCard, ...]
    duties: tuple[Duty, ...]
    running: tuple[BallotCard, ...]
    coming: tuple[BallotCard, ...]
    done: tuple[BallotCard, ...]


def card(ballot: Ballot, entry: RollEntry | None = None) -> BallotCard:
    """Return the card of a ballot as the member with roll entry `entry` sees it."""
    passed = bool(ballot.verdict["passed"]) if ballot.verdict else None
    return BallotCard(
        ballot.slug,
        ballot.title,
        ballot.kind,
        ballot.subject,
        ballot.state,
        ballot.opens_at,
        ballot.closes_at,
        ballot.zone,
        entry is not None,
        entry.voted if entry else None,
        passed,
    )


def waiting_for(session: Session, member_id: str, now: datetime) -> list[BallotCard]:
    """Return the open ballots in which the member has not voted yet, the one that closes first on top."""
    rows = session.execute(
        select(Ballot, RollEntry)
        .join(RollEntry, RollEntry.ballot_id == Ballot.id)
        .where(
            RollEntry.member_id == member_id,
            RollEntry.voted.is_(False),
            Ballot.state == State.OPEN,
            Ballot.closes_at > now,
        )
        .order_by(Ballot.closes_at)
    )
    return [card(ballot, entry) for ballot, entry in rows]


def duties(session: Session, member_id: str) -> list[Duty]:
    """Return what the member still has to do as a trustee; only what can be done now."""
    rows = session.execute(
        select(Ballot, BallotTrustee)
        .join(BallotTrustee, BallotTrustee.ballot_id == Ballot.id)
        .where(
            BallotTrustee.member_id == member_id,
            Ballot.state.in_([State.KEYS, State.CREDENTIALS, State.CLOSED]),
        )
        .order_by(Ballot.opens_at)
    )
    found = []
    for ballot, seat in rows:
        what = _owes(session, ballot, seat)
        if what:
            before = None if ballot.state == State.CLOSED else ballot.opens_at
            found.append(Duty(ballot.slug, ballot.title, what, before))
    return found


def _owes(session: Session, ballot: Ballot, seat: BallotTrustee) -> str | None:
    if mixing.shuffling(ballot):
        return "shuffle" if seat is mixing.whose_turn(session, ballot) else None
    if ballot.state == State.CLOSED:
        return None if session.get(PartialDecryption, (ballot.id, seat.position)) else "decrypt"
    what, seats = owing(session, ballot)
    return what if seat in seats else None


def keys_missing(session: Session, slug: str) -> tuple[str, ...]:
    """Return the names of the trustees of a ballot whose key is not there yet."""
    return tuple(
        session.scalars(
            select(BallotTrustee.name)
            .join(Ballot, Ballot.id == BallotTrustee.ballot_id)
            .where(Ballot.slug == slug, BallotTrustee.public_key.is_(None))
            .order_by(BallotTrustee.position)
        )
    )


def keys_untested(session: Session, slug: str) -> dict[int, str]:
    """Return {place: name} of a ballot's trustees who have not shown that their key opens things."""
    rows = session.execute(
        select(BallotTrustee.position, BallotTrustee.name)
        .join(Ballot, Ballot.id == BallotTrustee.ballot_id)
        .where(Ballot.slug == slug, BallotTrustee.member_id.is_not(None), BallotTrustee.tested_at.is_(None))
        .order_by(BallotTrustee.position)
    )
    return {row.position: row.name for row in rows}


def titles(session: Session, slugs: Collection[str]) -> dict[str, str]:
    """Return slug → title of those ballots that there are."""
    rows = session.execute(select(Ballot.slug, Ballot.title).where(Ballot.slug.in_(slugs)))
    return {row.slug: row.title for row in rows}


def by_slug(session: Session, slug: str) -> BallotCard | None:
    """Return the card of a ballot; None when there is none."""
    found = session.scalar(select(Ballot).where(Ballot.slug == slug))
    return card(found) if found else None


def for_subject(session: Session, subject: str) -> list[BallotCard]:
    """Return all ballots about `subject` ("campaign/<slug>"), drafts included, newest first."""
    rows = session.scalars(
        select(Ballot).where(Ballot.subject == subject).order_by(Ballot.created_at.desc(), Ballot.id)
    )
    return [card(ballot) for ballot in rows]


def held_again(session: Session, subject: str) -> BallotCard | None:
    """Return the ballot that holds an earlier one about `subject` again and is not over yet; None without."""
    found = session.scalars(
        select(Ballot)
        .where(Ballot.subject == subject, Ballot.rerun_of.is_not(None), Ballot.state.not_in(OVER))
        .order_by(Ballot.created_at.desc(), Ballot.id)
    ).first()
    return card(found) if found else None


def every(session: Session) -> list[BallotCard]:
    """Return all ballots there are, the one that closes last on top: for whoever runs the machine."""
    return [
        card(ballot)
        for ballot in session.scalars(select(Ballot).order_by(Ballot.closes_at.desc(), Ballot.id))
    ]


def listing(session: Session, actor: Actor, now: datetime) -> Listing:
    """Return all ballots the actor may see, in the order in which they matter to the actor.

    A trustee sees a ballot from when its keys are asked for, also once nothing is left to do.
    """
    shown = tuple(State) if permits(actor, Permission.BALLOT_PLAN) else SHOWN_TO_ALL
    seen: ColumnElement[bool] = Ballot.state.in_(shown)
    if actor.member_id is not None:  # the server's own seats belong to nobody
        held = select(BallotTrustee.ballot_id).where(BallotTrustee.member_id == actor.member_id)
        seen |= (Ballot.state == State.KEYS) & Ballot.id.in_(held)
    ballots = list(session.scalars(select(Ballot).where(seen).order_by(Ballot.closes_at)))
    entries = _entries(session, actor, ballots)
    cards = [card(ballot, entries.get(ballot.id)) for ballot in ballots]
    mine = [c for c in cards if c.state == State.OPEN and c.voted is False and c.closes_at > now]
    return Listing(
        needs_me=tuple(mine),
        duties=tuple(duties(session, actor.member_id)) if actor.member_id else (),
        running=tuple(c for c in cards if c.state in {State.OPEN, State.CLOSED} and c not in mine),
        coming=tuple(c for c in cards if c.state in {State.DRAFT, State.KEYS, State.CREDENTIALS}),
        done=tuple(reversed([c for c in cards if c.over])),
    )


def _entries(session: Session, actor: Actor, ballots: Sequence[Ballot]) -> dict[str, RollEntry]:
    if actor.member_id is None or not ballots:
        return {}
    rows = session.scalars(
        select(RollEntry).where(
            RollEntry.member_id == actor.member_id, RollEntry.ballot_id.in_([ballot.id for ballot in ballots])
        )
    )
    return {entry.ballot_id: entry for entry in rows}


def outcome(session: Session, slug: str) -> Outcome | None:
    """Return how the ballot was decided; None before it is concluded or when there is no such ballot."""
    found = session.scalar(select(Ballot).where(Ballot.slug == slug, Ballot.state == State.CONCLUDED))
    return _outcome(found) if found else None


def concluded(session: Session, kind: str) -> list[Outcome]:
    """Return every decided ballot of `kind`, oldest first."""
    rows = session.scalars(
        select(Ballot)
        .where(Ballot.kind == kind, Ballot.state == State.CONCLUDED)
        .order_by(Ballot.concluded_at, Ballot.id)
    )
    return list(_outcomes(rows))


def _outcomes(rows: Iterable[Ballot]) -> Iterable[Outcome]:
    return (_outcome(ballot) for ballot in rows)


def _outcome(ballot: Ballot) -> Outcome:
    verdict = Verdict.from_json(ballot.verdict or {})
    first = Asked.from_json(ballot.questions[0])
    counts = outcomes.split(first, (ballot.counts or [[]])[0])[0] if not first.ranked else ()
    return Outcome(
        slug=ballot.slug,
        subject=ballot.subject,
        kind=ballot.kind,
        title=ballot.title,
        passed=verdict.passed,
        counts=tuple(zip(first.answers, counts, strict=not first.ranked)),
        cast=ballot.cast or 0,
        eligible=ballot.eligible,
        orders=tuple(priorities(first, (ballot.counts or [[]])[0])),
        rule=ballot.rule,
        decided_at=ballot.concluded_at or ballot.closes_at,
        reasons=tuple(str(reason) for reason in verdict.reasons),
        explained=verdict.reasons,
    )


def priorities(asked: Asked, counts: Sequence[Any]) -> Iterable[tuple[str, ...]]:
    """Return the answers of a question that chooses, best first, equals together; nothing without votes."""
    for group in outcomes.places(asked, counts):
        yield tuple(asked.answers[choice] for choice in group)


def threshold_place(
    rule: dict[str, Any], counts: Sequence[int], eligible: int, part: Part
) -> tuple[int, int] | None:
    """Return (yes votes needed, width of the bar in votes) for drawing; None where no question decides.

    The bar is as wide as the threshold's denominator, so that the mark stands where the rule says.
    """
    if part is not Part.DECISION or not rule.get("threshold"):
        return None
    yes, no, abstain = counts
    width = {Of.ELIGIBLE: eligible, Of.CAST: yes + no + abstain, Of.VALID: yes + no}.get(
        Of(rule["denominator"]), 0
    )
    share = rule["threshold"]
    exact, rest = divmod(share["num"] * width, share["den"])
    return (exact + 1 if share["strict"] or rest else exact), width

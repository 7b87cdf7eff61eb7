"""Read one ballot as its pages show it; each actor sees what concerns the actor."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from union.ballots import extension, rules
from union.ballots.extension import Clause, Move
from union.ballots.models import Ballot, CastBallot, Objection, PublicCredential, RefusalLog, RollEntry
from union.ballots.papers import Asked
from union.ballots.queries.pages import BallotPage, GivenUp, ObjectionLine, Other, RunPage
from union.ballots.queries.results import results_of
from union.ballots.queries.seats import accused_in, seats_of
from union.ballots.rules import (
    BEFORE_OPENING,
    GIVE_UP_AFTER,
    SHOWN_TO_ALL,
    WITHOUT_RESULT,
    State,
    Turnout,
    Verdict,
)
from union.ballots.service import words
from union.ballots.weights import Class, Weighting
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, permits
from union.members import queries as members
from union.notify.queries import progress


def find(session: Session, key: str) -> Ballot:
    """Return the ballot with this slug or uuid. Raises NotFound."""
    found = session.scalar(select(Ballot).where(or_(Ballot.slug == key, Ballot.uuid == key)))
    if found is None:
        raise NotFound(msg("There is no such ballot."))
    return found


def ballot_page(session: Session, slug: str, actor: Actor, now: datetime) -> BallotPage:
    """Return the ballot's page as `actor` sees it. Raises NotFound, also for drafts of others."""
    ballot = find(session, slug)
    seats = seats_of(session, ballot, actor)
    if State(ballot.state) not in SHOWN_TO_ALL and not (
        permits(actor, Permission.BALLOT_RUN) or any(seat.mine for seat in seats)
    ):
        raise NotFound(msg("There is no such ballot."))
    entry = session.get(RollEntry, (ballot.id, actor.member_id)) if actor.member_id else None
    questions = tuple(Asked.from_json(q) for q in ballot.questions)
    return BallotPage(
        slug=ballot.slug,
        uuid=ballot.uuid,
        title=ballot.title,
        intro=ballot.intro,
        kind=ballot.kind,
        subject=ballot.subject,
        state=ballot.state,
        group=ballot.group_name,
        zone=ballot.zone,
        opens_at=ballot.opens_at,
        closes_at=ballot.closes_at,
        opened_at=ballot.opened_at,
        closed_at=ballot.closed_at,
        concluded_at=ballot.concluded_at,
        cancelled_at=ballot.cancelled_at,
        questions=questions,
        preset=ballot.preset,
        rule=ballot.rule,
        rule_stale=rule_is_stale(ballot, now),
        rule_confirmed=ballot.rule_confirmed_by is not None,
        seats=seats,
        eligible=ballot.eligible,
        unreachable=ballot.unreachable,
        roll_hash=ballot.roll_hash,
        fingerprint=ballot.fingerprint,
        height=ballot.height,
        head=ballot.head,
        voters=_voters(session, ballot),
        on_roll=entry is not None,
        voted=entry.voted if entry else None,
        results=results_of(ballot, questions),
        verdict=Verdict.from_json(ballot.verdict) if ballot.verdict else None,
        chapters=tuple(Turnout(**row) for row in ballot.chapters or ()),
        chapter_names={c.slug: c.name for c in members.chapters(session)} if ballot.chapters else {},
        objections=_objections(session, ballot),
        contest_open=_contest_open(ballot, now),
        contest_until=_contest_until(ballot),
        wiped_at=ballot.wiped_at,
        platform_slug=ballot.platform_slug,
        chapter_slug=ballot.chapter_slug,
        codes_by_officer=ballot.codes_by_officer,
        repeats=_other(session.get(Ballot, ballot.rerun_of)) if ballot.rerun_of else None,
        repeated_by=_repeated_by(session, ballot, actor),
        weighting=Weighting.from_json(ballot.weighting) if ballot.weighting else None,
        shared_weights=_shared_weights(session, ballot),
        total_weight=ballot.total_weight,
        cast_weight=ballot.cast_weight,
        my_weight=entry.weight if entry and ballot.weighting else None,
        shuffled=ballot.shuffled,
        turn_since=ballot.shuffle_turn_at,
        threshold=ballot.threshold,
        ceremony=ballot.ceremony,
        accused=accused_in(session, ballot, seats),
        clause=Clause.of(ballot.rule),
        extended=Move.from_json(ballot.extended) if ballot.extended else None,
        rule_print=extension.fingerprint(ballot.rule),
        given_up=_given_up(ballot, actor),
        time_over=ballot.state == State.OPEN and ballot.closes_at <= now,
    )


def _given_up(ballot: Ballot, actor: Actor) -> GivenUp | None:
    if ballot.given_up is None:
        return None
    since = datetime.fromisoformat(ballot.given_up["at"])
    mine = ballot.given_up["by"] == actor.member_id
    return GivenUp(ballot.given_up["note"], since, since + GIVE_UP_AFTER, mine)


def _shared_weights(session: Session, ballot: Ballot) -> tuple[Class, ...]:
    """Return how many voting codes have which weight, as everybody can count them on the board."""
    if ballot.weighting is None:
        return ()
    query = select(PublicCredential.weight, func.count()).where(PublicCredential.ballot_id == ballot.id)
    rows = session.execute(query.group_by(PublicCredential.weight).order_by(PublicCredential.weight.desc()))
    return tuple(Class(weight, many) for weight, many in rows)


def _other(ballot: Ballot | None) -> Other | None:
    return Other(ballot.slug, ballot.title, ballot.closes_at, ballot.zone) if ballot else None


def _repeated_by(session: Session, ballot: Ballot, actor: Actor) -> Other | None:
    shown = tuple(State) if permits(actor, Permission.BALLOT_PLAN) else SHOWN_TO_ALL
    query = select(Ballot).where(
        Ballot.rerun_of == ballot.id, Ballot.state.in_(shown), Ballot.state.not_in(WITHOUT_RESULT)
    )
    return _other(session.scalars(query).first())


def rule_is_stale(ballot: Ballot, now: datetime) -> bool:
    """Tell whether the rule of a ballot that is not open yet is past its review date."""
    if State(ballot.state) not in BEFORE_OPENING:
        return False
    day = now.astimezone(ZoneInfo(ballot.zone)).date()
    return date.fromisoformat(ballot.rule["review_by"]) < day


def _voters(session: Session, ballot: Ballot) -> int | None:
    if ballot.opened_at is None:
        return None
    if ballot.cast is not None:
        return ballot.cast
    query = select(func.count(CastBallot.credential.distinct())).where(CastBallot.ballot_id == ballot.id)
    return session.scalar(query)


def _objections(session: Session, ballot: Ballot) -> tuple[ObjectionLine, ...]:
    rows = session.scalars(
        select(Objection).where(Objection.ballot_id == ballot.id).order_by(Objection.raised_at, Objection.id)
    )
    return tuple(ObjectionLine(o.id, o.text, o.raised_at, o.answer, o.answered_at) for o in rows)


def _contest_until(ballot: Ballot) -> datetime | None:
    return rules.marks_kept_until(ballot.concluded_at, ballot.contest_days) if ballot.concluded_at else None


def _contest_open(ballot: Ballot, now: datetime) -> bool:
    if ballot.opened_at is None or ballot.cancelled_at is not None:
        return False
    until = _contest_until(ballot)
    return until is None or now < until


def run_page(session: Session, slug: str, actor: Actor, now: datetime) -> RunPage:
    """Return the organizers' page of the ballot."""
    ballot = find(session, slug)
    entitled = (
        len(members.eligible(session, platform_slug=ballot.platform_slug, chapter_slug=ballot.chapter_slug))
        if State(ballot.state) in BEFORE_OPENING
        else ballot.eligible
    )
    refusals = session.execute(
        select(RefusalLog.check_name, RefusalLog.times)
        .where(RefusalLog.ballot_id == ballot.id)
        .order_by(RefusalLog.check_name)
    )
    return RunPage(
        page=ballot_page(session, slug, actor, now),
        credentials=progress(session, f"ballot:{ballot.slug}", kinds=words.code_kinds(ballot)),
        entitled=entitled,
        refusals=tuple((name, times) for name, times in refusals),
        reminded_at=ballot.reminded_at,
        contest_days=ballot.contest_days,
    )

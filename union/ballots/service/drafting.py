"""Plan a ballot: paper, rule, times, trustees. Everything here can still change until the ballot opens."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import extension, holders, papers, presets
from union.ballots.crypto.credentials import make_uuid
from union.ballots.extension import Clause
from union.ballots.models import Ballot, BallotTrustee
from union.ballots.papers import Asked
from union.ballots.rules import BEFORE_OPENING, WINDOW_AT_LEAST, Kind, State
from union.ballots.service import board, keys
from union.ballots.weights import Weighting
from union.core.actor import Actor, Role
from union.core.errors import Conflict, Invalid, NotAllowed
from union.core.i18n import msg
from union.core.ids import new_id, slugify
from union.core.permissions import Permission, allow
from union.core.zones import is_zone
from union.members import queries as members

GROUPS = ("BELENIOS-2048", "Ed25519", "RFC-3526-2048")
SUITING = ""
"""Stands for the group that suits the paper."""
SERVER = msg("the union's server")
LONGEST_TITLE = 120
MOST_TRUSTEES = 15


def draft(  # noqa: PLR0913 - a ballot has that many facts
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    subject: str,
    title: str,
    intro: str,
    questions: Sequence[Asked],
    preset: str,
    group: str,
    opens_at: datetime,
    closes_at: datetime,
    zone: str,
    platform_slug: str | None = None,
    chapter_slug: str | None = None,
    trustee_ids: Sequence[str] = (),
    server_trustee: bool = False,
    threshold: int | None = None,
    rule_confirmed: bool = False,
    contest_days: int = 7,
    weighting: Weighting | None = None,
    clause: Clause | None = None,
) -> str:
    """Write a ballot down as a draft and return its slug.

    subject: what it is about, as "campaign/<slug>", or "". preset: a family or one version's id; the version
    valid on the day the ballot opens is taken. group: one of GROUPS, or SUITING. rule_confirmed: an officer
    says that a rule past its review date was checked. threshold: how many of the trustees are needed to
    count, the server's own key aside; None for all. weighting: how votes weigh; None when all weigh the
    same. clause: when the close may move; None for the preset's own, and mostly never. Raises Invalid with
    the form's field.
    """
    allow(actor, Permission.BALLOT_PLAN)
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid(
            msg("Give the ballot a title of at most %(most)s characters."), field="title", most=LONGEST_TITLE
        )
    if kind not in set(Kind):
        raise Invalid(msg("We do not know this kind of ballot."), field="kind")
    group = group or papers.group_for(questions)
    if group not in GROUPS:
        raise Invalid(msg("We do not know this group."), field="group")
    papers.check(questions, group, weighted=weighting is not None)
    if kind in {Kind.STRIKE_VOTE, Kind.RATIFICATION} and questions[0].part is not papers.Part.DECISION:
        raise Invalid(msg("This kind of ballot needs a question that decides."), field="asks")
    _check_times(now, opens_at, closes_at, zone)
    names = _check_trustees(session, trustee_ids, server=server_trustee)
    check_threshold(threshold, len(trustee_ids))
    chosen = presets.in_force(preset, opens_at.astimezone(ZoneInfo(zone)).date())
    presets.check_kind(chosen, kind)
    ballot = Ballot(
        id=new_id(),
        slug=_free_slug(session, title),
        uuid=make_uuid(secrets.randbelow),
        kind=kind,
        subject=subject,
        state=State.DRAFT,
        title=title,
        intro=intro.strip(),
        questions=[q.as_json() for q in questions],
        group_name=group,
        threshold=threshold,
        preset=preset,
        rule=extension.frozen(chosen.frozen(), clause or chosen.extension),
        zone=zone,
        opens_at=opens_at,
        closes_at=closes_at,
        platform_slug=platform_slug or None,
        chapter_slug=chapter_slug or None,
        contest_days=contest_days,
        weighting=weighting.as_json() if weighting else None,
        created_by=actor.member_id,
        created_at=now,
    )
    session.add(ballot)
    session.flush()
    for position, (member_id, name) in enumerate(names, start=1):
        session.add(BallotTrustee(ballot_id=ballot.id, position=position, member_id=member_id, name=name))
    if rule_confirmed:
        _confirm(ballot, actor)
    audit.record(
        session, actor=actor, now=now, act="ballots.draft", subject=f"ballot/{ballot.slug}", preset=chosen.id
    )
    session.flush()
    return ballot.slug


def _check_times(now: datetime, opens_at: datetime, closes_at: datetime, zone: str) -> None:
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=zone)
    if closes_at <= now:
        raise Invalid(msg("The closing time is over already."), field="closes")
    if closes_at - opens_at < WINDOW_AT_LEAST:
        raise Invalid(msg("The ballot must close after it opens."), field="closes")


def _check_trustees(session: Session, ids: Sequence[str], *, server: bool) -> list[tuple[str | None, str]]:
    """Return (member id or None for the server, name shown) per trustee."""
    if len(set(ids)) != len(ids):
        raise Invalid(msg("A trustee is named twice."), field="trustees")
    if not ids and not server:
        raise Invalid(msg("Choose at least one trustee; three is a good number."), field="trustees")
    if len(ids) > MOST_TRUSTEES:
        raise Invalid(
            msg("At most %(most)s trustees can hold the key of one ballot."),
            field="trustees",
            most=MOST_TRUSTEES,
        )
    if set(ids) - set(members.with_role(session, Role.TRUSTEE)):
        raise Invalid(msg("Somebody chosen is not a trustee of the union."), field="trustees")
    names = members.display_names(session, ids)
    found: list[tuple[str | None, str]] = [(member_id, names[member_id]) for member_id in ids]
    return [*found, (None, SERVER)] if server else found


def check_threshold(threshold: int | None, members: int) -> None:
    """Raise Invalid at the form's field when `threshold` of that many members cannot be, with the reason."""
    problem = None if threshold is None else holders.threshold_problem(threshold, members)
    if problem:
        raise Invalid(problem, field="threshold", threshold=threshold, holders=members)


def set_threshold(session: Session, *, actor: Actor, now: datetime, slug: str, threshold: int | None) -> None:
    """Change how many of a draft's trustees are needed to count; None for all. Raises Invalid, Closed."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.DRAFT)
    check_threshold(threshold, sum(s.member_id is not None for s in board.seats(session, ballot)))
    ballot.threshold = threshold
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.set_threshold",
        subject=f"ballot/{ballot.slug}",
        threshold=threshold,
    )


def _free_slug(session: Session, title: str) -> str:
    """Return a short slug of `title` that no ballot has yet."""
    base = slugify(title)[:40].strip("-")
    taken = set(session.scalars(select(Ballot.slug).where(Ballot.slug.startswith(base, autoescape=True))))
    return next(s for s in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if s not in taken)


def confirm_rule(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Say, as an officer, that the rule was checked although its review date is over."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, *BEFORE_OPENING)
    _confirm(ballot, actor)
    audit.record(session, actor=actor, now=now, act="ballots.confirm_rule", subject=f"ballot/{ballot.slug}")


def _confirm(ballot: Ballot, actor: Actor) -> None:
    if Role.OFFICER not in actor.roles:
        raise NotAllowed(
            msg("Only an officer can confirm a rule that is past its review date."), field="rule_confirmed"
        )
    ballot.rule_confirmed_by = actor.member_id


def reschedule(
    session: Session, *, actor: Actor, now: datetime, slug: str, opens_at: datetime, closes_at: datetime
) -> None:
    """Change opening and closing, and with them the version of the rule. Not once it is open."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, *BEFORE_OPENING)
    _check_times(now, opens_at, closes_at, ballot.zone)
    chosen = presets.in_force(ballot.preset, opens_at.astimezone(ZoneInfo(ballot.zone)).date())
    ballot.opens_at, ballot.closes_at = opens_at, closes_at
    ballot.rule = extension.frozen(chosen.frozen(), Clause.of(ballot.rule))
    audit.record(session, actor=actor, now=now, act="ballots.reschedule", subject=f"ballot/{ballot.slug}")


def hold_among(session: Session, *, actor: Actor, now: datetime, slug: str, chapter_slug: str) -> None:
    """Hold the ballot among one chapter, or "" for everybody it would concern. Not once its roll is fixed."""
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    if ballot.chapter_slug == (chapter_slug or None):
        return
    board.require(ballot, State.DRAFT, State.KEYS)
    ballot.chapter_slug = chapter_slug or None
    subject = f"ballot/{ballot.slug}"
    audit.record(
        session, actor=actor, now=now, act="ballots.hold_among", subject=subject, chapter=chapter_slug
    )


def drop_trustee(
    session: Session, *, actor: Actor, now: datetime, slug: str, position: int, public_url: str
) -> None:
    """Take a trustee who sent no key off the list; at least one must remain, and more than a threshold.

    In a key ceremony the others' parts were made for everybody, so it begins again.
    """
    allow(actor, Permission.BALLOT_RUN)
    ballot = board.locked(session, slug)
    board.require(ballot, State.DRAFT, State.KEYS)
    seats = board.seats(session, ballot)
    dropped = next((seat for seat in seats if seat.position == position), None)
    if dropped is None or dropped.public_key is not None:
        raise Conflict(msg("This trustee's key is there already."))
    if len(seats) == 1:
        raise Conflict(msg("A ballot needs at least one trustee."))
    _check_remaining(ballot, seats)
    kept = [seat for seat in seats if seat.position != position]
    facts = [(s.member_id, s.name, s.public_key, s.own_key, s.submitted_at, s.tested_at) for s in kept]
    left_id = dropped.member_id
    for seat in seats:
        session.delete(seat)
    session.flush()
    for place, (member_id, shown, key, own, at, tested) in enumerate(facts, start=1):
        session.add(
            BallotTrustee(
                ballot_id=ballot.id,
                position=place,
                member_id=member_id,
                name=shown,
                public_key=key,
                own_key=own,
                submitted_at=at,
                tested_at=tested,
            )
        )
    session.flush()
    if board.state_of(ballot) is State.KEYS:
        if ballot.threshold is None:
            keys.complete(session, ballot, now, public_url)
        else:
            keys.anew(session, ballot, now, public_url)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.drop_trustee",
        subject=f"ballot/{ballot.slug}",
        trustee=left_id,
    )


def _check_remaining(ballot: Ballot, seats: Sequence[BallotTrustee]) -> None:
    """Raise Conflict when a threshold ballot would be left with no more trustees than it needs."""
    left = sum(seat.member_id is not None for seat in seats) - 1
    if ballot.threshold is not None and left <= ballot.threshold:
        raise Conflict(
            msg(
                "Of %(left)s trustees, all would be needed then. Call this ballot off and draft another with"
                " more trustees or a lower number."
            ),
            left=left,
        )

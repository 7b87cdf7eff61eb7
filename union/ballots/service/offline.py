"""Voting codes that an officer made offline: the roll goes out, public parts come in, none is handed out."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.ballots import offline
from union.ballots.crypto.failures import Refused
from union.ballots.models import Ballot, RollEntry
from union.ballots.offline import Public, Roll
from union.ballots.service import board, words
from union.ballots.service.credentials import (
    Issued,
    forget_earlier,
    freeze_roll,
    issued,
    keep_public,
    replace_public,
    require_ready,
)
from union.ballots.service.weighing import entitled, weigh
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow


def export_roll(session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str) -> str:
    """Return the file with everybody who may vote as things stand, for the machine that makes the codes.

    Raises Conflict while a trustee's key is missing or nobody is entitled, NotAllowed but for an officer.
    """
    allow(actor, Permission.MEMBER_EXPORT)
    ballot = board.locked(session, slug)
    require_ready(session, ballot, now)
    members, weights = _now_entitled(session, ballot)
    audit.record(
        session,
        actor=actor,
        now=now,
        act="ballots.export_roll",
        subject=f"ballot/{ballot.slug}",
        members=len(members),
    )
    booth = words.address(public_url, ballot, "/booth")
    return Roll(ballot.uuid, ballot.group_name, booth, members, weights).text()


def upload_credentials(session: Session, *, actor: Actor, now: datetime, slug: str, text: str) -> Issued:
    """Take the public parts of the codes an officer made, and freeze the roll they were made for.

    text: the file. Codes that went out before and are not in it stop working. For the roll an earlier upload
    froze, only the public parts change: an officer replaced a lost code. Raises Invalid with the name of
    the check that does not hold, Conflict when the electorate changed since the roll was exported or the
    file is another ballot's, Closed once the ballot is open, NotAllowed but for an officer.
    """
    allow(actor, Permission.MEMBER_EXPORT)
    ballot = board.locked(session, slug)
    require_ready(session, ballot, now)
    public = _read(text)
    if (public.uuid, public.group) != (ballot.uuid, ballot.group_name):
        raise Conflict(msg("These codes were made for another ballot."), field="file")
    if _is_frozen_roll(session, ballot, public):
        replace_public(session, ballot, now, public.listed)
        return issued(session, ballot, actor=actor, now=now, act="upload_credentials")
    people = entitled(session, ballot)
    if (public.members, public.weights) != _now_entitled(session, ballot):
        raise Conflict(
            msg(
                "The electorate has changed since the roll was exported. Export it again and make new codes."
            ),
            field="file",
        )
    forget_earlier(session, ballot, now)
    freeze_roll(session, ballot, people, weigh(session, ballot, people))
    ballot.unreachable = 0  # whom the officer reaches, we do not know
    ballot.issue += 1
    ballot.codes_by_officer = True
    keep_public(session, ballot, public.listed)
    return issued(session, ballot, actor=actor, now=now, act="upload_credentials")


def _is_frozen_roll(session: Session, ballot: Ballot, public: Public) -> bool:
    """Tell whether the file is for the roll an earlier upload froze: then only codes were replaced."""
    if not ballot.codes_by_officer:
        return False
    rows = session.execute(
        select(RollEntry.member_id, RollEntry.chapter_slug, RollEntry.weight)
        .where(RollEntry.ballot_id == ballot.id)
        .order_by(RollEntry.member_id)
    ).all()
    weights = tuple(row.weight for row in rows) if ballot.weighting else ()
    return (public.members, public.weights) == (tuple((r.member_id, r.chapter_slug) for r in rows), weights)


def _now_entitled(session: Session, ballot: Ballot) -> tuple[tuple[tuple[str, str], ...], tuple[int, ...]]:
    """Return who may vote, sorted, and what each vote weighs: nothing where all weigh the same."""
    people = sorted(entitled(session, ballot), key=lambda p: (p.member_id, p.chapter_slug))
    if not people:
        raise Conflict(msg("Nobody is entitled to vote in this ballot."))
    weights = weigh(session, ballot, people)
    listed = tuple(weights[p.member_id] for p in people) if ballot.weighting else ()
    return tuple((p.member_id, p.chapter_slug) for p in people), listed


def _read(text: str) -> Public:
    try:
        return offline.read_public(text)
    except Refused as refused:
        raise Invalid(
            msg("The file does not hold: %(detail)s (%(check)s)."),
            field="file",
            detail=refused.detail,
            check=str(refused.check),
        ) from refused

"""The trial: a union being set up texts its officers and a few numbers of its own, till two officers lift it.

A row begins it, so a union without one (a development machine, or one that texted before this existed) is not
on trial. Kept out here, texts are written as not sent on purpose, with the cause.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Conflict, Invalid
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.notify.models import Trial, TrialRecipient
from union.notify.rules.kinds import Channel
from union.notify.service.consent import address_hash
from union.notify.service.statements import insert_or_leave

MOST = 5
"""How many numbers beside the officers' may be texted during the trial."""
_ONLY = 1
_SHORTEST, _LONGEST = 8, 15


def begin_trial(session: Session, *, now: datetime) -> None:
    """Begin the trial of a new union; a union that had one keeps it as it is."""
    session.execute(insert_or_leave(session, Trial), [{"id": _ONLY, "began_at": now}])


def on_trial(session: Session) -> bool:
    """Tell whether only officers and the listed numbers may be texted."""
    found = session.get(Trial, _ONLY)
    return found is not None and found.lifted_at is None


def kept_out(session: Session, recipients: Mapping[bytes, str]) -> set[bytes]:
    """Return those that may not be texted now. recipients: hash of a number → the member's id."""
    if not recipients or not on_trial(session):
        return set()
    keys = set(session.scalars(select(TrialRecipient.key)))
    return {
        hashed
        for hashed, member_id in recipients.items()
        if _member(member_id) not in keys and hashed.hex() not in keys
    }


def _member(member_id: str) -> str:
    return f"member/{member_id}"


def trust(session: Session, *, now: datetime, member_id: str) -> None:
    """Let a member be texted during the trial: an officer. Once it has ended there is nothing to note."""
    if session.scalar(select(Trial.lifted_at)) is not None:
        return
    session.execute(insert_or_leave(session, TrialRecipient), [{"key": _member(member_id), "at": now}])


def distrust(session: Session, *, member_id: str) -> None:
    """Take a member off again: no officer any more, so their signature for the end counts no longer."""
    session.execute(delete(TrialRecipient).where(TrialRecipient.key == _member(member_id)))
    session.execute(
        update(Trial).where(Trial.lifted_by == member_id, Trial.lifted_at.is_(None)).values(lifted_by=None)
    )


def add_number(session: Session, *, actor: Actor, now: datetime, number: str) -> None:
    """Let a number be texted during the trial, such as that of a phone to try things on.

    Raises Invalid (field number), Conflict beyond MOST.
    """
    allow(actor, Permission.MESSAGES_TRIAL)
    plain = number.replace(" ", "")
    if not (plain.startswith("+") and plain[1:].isdigit() and _SHORTEST <= len(plain) - 1 <= _LONGEST):
        raise Invalid(msg("Write the number with its country code, such as +31612345678."), field="number")
    listed = select(func.count()).select_from(TrialRecipient).where(TrialRecipient.sealed.is_not(None))
    if (session.scalar(listed) or 0) >= MOST:
        raise Conflict(msg("Five numbers are listed already. Remove one first."))
    key = address_hash(Channel.SMS, plain).hex()
    session.execute(delete(TrialRecipient).where(TrialRecipient.key == key))
    session.add(TrialRecipient(key=key, sealed=plain, at=now))
    session.flush()
    audit.record(session, actor=actor, now=now, act="notify.trial_number", subject=f"number/{key[:12]}")


def remove_number(session: Session, *, actor: Actor, now: datetime, key: str) -> None:
    """Take a number off the list; a second time changes nothing."""
    allow(actor, Permission.MESSAGES_TRIAL)
    gone = session.scalars(
        delete(TrialRecipient)
        .where(TrialRecipient.key == key, TrialRecipient.sealed.is_not(None))
        .returning(TrialRecipient.key)
    ).all()
    if gone:
        audit.record(
            session, actor=actor, now=now, act="notify.trial_number_off", subject=f"number/{key[:12]}"
        )


def lift_trial(session: Session, *, actor: Actor, now: datetime, sure: bool) -> bool:
    """Sign for the end of the trial; tell whether it has ended, which takes a second officer.

    From then on, and for good, every member who asked for texts gets them, and they cost money.
    Raises Invalid (field sure) without the confirmation, Conflict when there is no trial or for the officer
    who signed first.
    """
    allow(actor, Permission.MESSAGES_TRIAL)
    found = _lasting(session)
    if found.lifted_by is not None and found.lifted_by == _signer(actor):
        raise Conflict(msg("You signed already; another officer must confirm it."))
    if not sure:
        raise Invalid(msg("Say that you know texts now go to members and cost money."), field="sure")
    if found.lifted_by is None:
        found.lifted_by = _signer(actor)
        session.flush()
        audit.record(session, actor=actor, now=now, act="notify.trial_lift_signed", subject="trial")
        return False
    found.lifted_at = now
    session.execute(delete(TrialRecipient))
    session.flush()
    audit.record(session, actor=actor, now=now, act="notify.trial_lifted", subject="trial")
    return True


def keep_trial(session: Session, *, actor: Actor, now: datetime) -> None:
    """Take the first signature off, whoever gave it; without one nothing changes. Raises Conflict."""
    allow(actor, Permission.MESSAGES_TRIAL)
    found = _lasting(session)
    if found.lifted_by is not None:
        found.lifted_by = None
        session.flush()
        audit.record(session, actor=actor, now=now, act="notify.trial_kept", subject="trial")


def _lasting(session: Session) -> Trial:
    """Return the trial, locked; raises Conflict when there is none."""
    found = session.get(Trial, _ONLY, with_for_update=True)
    if found is None or found.lifted_at is not None:
        raise Conflict(msg("This union is not on trial."))
    return found


def _signer(actor: Actor) -> str:
    return actor.member_id or "system"


def listed_numbers(session: Session) -> Collection[tuple[str, str]]:
    """Return (key, number) of the short list, in the order they were added."""
    rows = session.scalars(
        select(TrialRecipient).where(TrialRecipient.sealed.is_not(None)).order_by(TrialRecipient.at)
    )
    return tuple((row.key, row.sealed or "") for row in rows)

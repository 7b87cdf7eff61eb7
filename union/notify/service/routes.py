"""Which provider carries how much: shares that move by themselves, or stay where a person put them.

Rows are locked while they move, so several schedulers agree; every move is kept for the drawing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.notify.models import Outbox, RouteChange, RouteShare, SendAttempt
from union.notify.rules.balance import (
    ERROR_WINDOW,
    SLOW_AFTER,
    SLOW_WINDOW,
    WHOLE,
    Health,
    Move,
    Reason,
    Share,
    decide,
    middle,
)
from union.notify.rules.kinds import Channel, State
from union.notify.service.statements import insert_or_leave

# What a sender notes of an answer that was not the provider's fault.
_FINE = ("accepted", "delivered", "refused", "late", "not started", "looked up")


def weights(session: Session, providers: Collection[str]) -> Mapping[str, int]:
    """Return each provider's share of a hundred; equal shares for those nobody has weighed yet."""
    chosen = select(RouteShare.provider, RouteShare.weight).where(RouteShare.provider.in_(providers))
    found = dict(session.execute(chosen).all())
    return found if set(found) == set(providers) else middle(list(providers))


def balance(session: Session, *, now: datetime, providers: list[str]) -> Reason | None:
    """Move the shares of two providers of texts if what was seen lately asks for it; say why, or None."""
    rows = _locked(session, providers, now)
    move = decide([_share(row) for row in rows], health(session, providers, now), now)
    if move is None:
        return None
    _apply(session, rows, move, now)
    return move.reason


def _locked(session: Session, providers: list[str], now: datetime) -> list[RouteShare]:
    """Return the providers' rows, written on first use, locked in one order."""
    chosen = (
        select(RouteShare)
        .where(RouteShare.provider.in_(providers))
        .order_by(RouteShare.provider)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = list(session.scalars(chosen))
    if len(rows) == len(providers):
        return rows
    started = [
        {"provider": name, "channel": Channel.SMS.value, "weight": weight, "held": False, "changed_at": now}
        for name, weight in middle(providers).items()
    ]
    session.execute(insert_or_leave(session, RouteShare), started)
    rows = list(session.scalars(chosen))
    _apply(session, rows, Move(middle(providers), Reason.START), now)
    return rows


def _share(row: RouteShare) -> Share:
    return Share(row.provider, row.weight, row.changed_at, row.held)


def _apply(
    session: Session, rows: list[RouteShare], move: Move, now: datetime, actor_id: str | None = None
) -> None:
    for row in rows:
        row.weight, row.changed_at = move.weights[row.provider], now
        session.add(
            RouteChange(
                at=now, provider=row.provider, weight=row.weight, reason=move.reason.value, actor_id=actor_id
            )
        )
    session.flush()


def health(session: Session, providers: Collection[str], now: datetime) -> dict[str, Health]:
    """Return what was seen of each provider: its own faults of the last minute, texts that were slow."""
    return {name: Health(_errors(session, name, now), *_slow(session, name, now)) for name in providers}


def _errors(session: Session, provider: str, now: datetime) -> int:
    """Count tries that failed for the provider's own sake; being told we are too fast is ours."""
    fault = (
        select(func.count())
        .select_from(SendAttempt)
        .join(Outbox, Outbox.id == SendAttempt.outbox_id)
        .where(
            SendAttempt.provider == provider,
            SendAttempt.started_at > now - ERROR_WINDOW,
            SendAttempt.outcome.is_not(None),
            SendAttempt.outcome.not_in(_FINE),
            func.coalesce(Outbox.error_code, "").not_in(["20429", "sinch 429"]),
        )
    )
    return session.scalar(fault) or 0


def _slow(session: Session, provider: str, now: datetime) -> tuple[int, int]:
    """Return (slow, judged) among texts handed over lately: delivered late, or not yet after SLOW_AFTER."""
    rows = session.execute(
        select(SendAttempt.started_at, Outbox.changed_at, Outbox.state)
        .join(Outbox, Outbox.id == SendAttempt.outbox_id)
        .where(
            SendAttempt.provider == provider,
            SendAttempt.started_at > now - SLOW_WINDOW,
            SendAttempt.n == Outbox.attempts,
            Outbox.state.in_([State.ACCEPTED.value, State.DELIVERED.value]),
        )
    ).all()
    took = [
        (changed if state == State.DELIVERED.value else now) - started for started, changed, state in rows
    ]
    judged = [
        one > SLOW_AFTER
        for one, row in zip(took, rows, strict=True)
        if row.state == State.DELIVERED.value or one > SLOW_AFTER
    ]
    return sum(judged), len(judged)


def set_share(
    session: Session, *, actor: Actor, now: datetime, provider: str, weight: int, providers: list[str]
) -> None:
    """Give `provider` `weight` of a hundred by hand and hold it there; the other takes the rest.

    Raises NotFound for a provider that is not set up, Invalid (field weight) outside 0 to 100.
    """
    allow(actor, Permission.MESSAGES_ROUTE)
    if provider not in providers or len(providers) != 2:  # noqa: PLR2004 - one and the other
        raise NotFound(msg("There is no such provider beside another one."))
    if not 0 <= weight <= WHOLE:
        raise Invalid(msg("A share is a number from 0 to 100."), field="weight")
    rows = _locked(session, providers, now)
    shares = {row.provider: weight if row.provider == provider else WHOLE - weight for row in rows}
    _apply(session, rows, Move(shares, Reason.HAND), now, actor.member_id)
    for row in rows:
        row.held = True
    audit.record(
        session, actor=actor, now=now, act="notify.route", subject=f"route/{provider}", weight=weight
    )


def release_shares(session: Session, *, actor: Actor, now: datetime, providers: list[str]) -> None:
    """Let the shares move by themselves again, from where they are."""
    allow(actor, Permission.MESSAGES_ROUTE)
    rows = _locked(session, providers, now)
    if not any(row.held for row in rows):
        return
    _apply(
        session, rows, Move({row.provider: row.weight for row in rows}, Reason.RELEASE), now, actor.member_id
    )
    for row in rows:
        row.held = False
    audit.record(session, actor=actor, now=now, act="notify.route_free", subject="route")

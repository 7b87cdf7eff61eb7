"""Which way texts leave, how each provider does and did, and whether the union is on trial."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.notify.models import RouteChange, RouteShare, Trial
from union.notify.rules.balance import Health, Reason
from union.notify.service.routes import health, weights
from union.notify.service.trial import listed_numbers
from union.notify.service.trial import on_trial as _on_trial

DRAWN = timedelta(days=7)
_MOVES = 200


@dataclass(frozen=True, slots=True)
class RouteLine:
    """A provider now. share: of a hundred."""

    provider: str
    share: int
    health: Health


@dataclass(frozen=True, slots=True)
class Moved:
    """One move of a provider's share."""

    at: datetime
    provider: str
    share: int
    reason: Reason
    actor_id: str | None


@dataclass(frozen=True, slots=True)
class RoutesPage:
    """Providers of texts. held: shares were set by hand. moves: of the last days, oldest first."""

    lines: tuple[RouteLine, ...]
    held: bool
    moves: tuple[Moved, ...]

    def points(self, provider: str, now: datetime) -> list[tuple[datetime, float]]:
        """Return the provider's share over time, up to now."""
        found = [(move.at, float(move.share)) for move in self.moves if move.provider == provider]
        return [*found, (now, found[-1][1])] if found else []


def routes_page(session: Session, *, providers: Collection[str], now: datetime) -> RoutesPage:
    """Return how texts are shared out among `providers`, and how that came about."""
    shares, seen = weights(session, providers), health(session, providers, now)
    held = session.scalars(
        select(RouteShare.held).where(RouteShare.provider.in_(providers), RouteShare.held).limit(1)
    ).first()
    rows = session.scalars(
        select(RouteChange)
        .where(RouteChange.provider.in_(providers), RouteChange.at > now - DRAWN)
        .order_by(RouteChange.id.desc())
        .limit(_MOVES)
    ).all()
    moves = tuple(Moved(r.at, r.provider, r.weight, Reason(r.reason), r.actor_id) for r in reversed(rows))
    lines = tuple(RouteLine(name, shares[name], seen[name]) for name in sorted(providers))
    return RoutesPage(lines, bool(held), moves)


def on_trial(session: Session) -> bool:
    """Tell whether only officers get texts."""
    return _on_trial(session)


@dataclass(frozen=True, slots=True)
class TrialPage:
    """The trial. numbers: (key, number) that may be texted beside the officers'.

    signed_by: the officer who signed for its end, first of two.
    """

    began_at: datetime | None
    lifted_at: datetime | None
    signed_by: str | None
    numbers: tuple[tuple[str, str], ...]

    @property
    def on(self) -> bool:
        """Whether it lasts."""
        return self.began_at is not None and self.lifted_at is None


def trial_page(session: Session) -> TrialPage:
    """Return how the trial stands."""
    found = session.get(Trial, 1)
    if found is None:
        return TrialPage(None, None, None, ())
    return TrialPage(found.began_at, found.lifted_at, found.lifted_by, tuple(listed_numbers(session)))

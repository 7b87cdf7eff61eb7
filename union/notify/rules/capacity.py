"""How long a route takes, and when to start so that the last text is in time.

Pure arithmetic over what the organizer knows: recipients, segments, the route's rate. Seconds throughout.
A route's rate is the carrier's, counted in segments; our own hand-over is faster than any of them.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

QUEUE_SECONDS = 36_000
"""How many seconds of texts a sender's queue at the carrier holds (ten hours)."""

VALIDITY_MARGIN = 30
VALIDITY = (5, 36_000)


@dataclass(frozen=True, slots=True)
class Route:
    """A way out.

    per_second: segments (texts) or messages (email). slowest: seconds until 99 of 100 handsets have it.
    """

    name: str
    per_second: float
    daily_cap: int | None = None
    queue_seconds: int = QUEUE_SECONDS
    slowest: float = 30.0
    price: Decimal | None = None


ROUTES = {
    "toll-free": Route("toll-free", 3),
    "10dlc-low-volume": Route("10dlc-low-volume", 3.75),
    "alphanumeric": Route("alphanumeric", 10),
    "10dlc-12": Route("10dlc-12", 12),
    "short-code": Route("short-code", 100),
    "10dlc-120": Route("10dlc-120", 120),
    "10dlc-225": Route("10dlc-225", 225),
}
"""Usual rates of Twilio senders. The operator's own contract decides; these are to choose from."""


FILL = 0.9
"""How much of a carrier's rate we use: at the full rate its queue would grow, and what is in it cannot be
called back."""


def paced(route: Route) -> Route:
    """Return the route at the rate at which we feed it."""
    return replace(route, per_second=route.per_second * FILL)


@dataclass(frozen=True, slots=True)
class Load:
    """What one fan-out puts on a route. used_today counts against the route's daily cap."""

    recipients: int
    segments: int
    used_today: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a fan-out is done, in seconds from its start; `problems` is empty when the route carries it.

    hand_over: until the last one has left us; drain: until the carrier has sent it; total: until the last
    handset has it.
    """

    hand_over: float
    drain: float
    total: float
    cost: Decimal | None
    problems: tuple[str, ...]
    over: int

    @property
    def feasible(self) -> bool:
        """Whether the whole load fits the route."""
        return not self.problems


def hand_over_rate(*, callers: int, latency: float, cpu: float = 0.0008, workers: int = 1) -> float:
    """Return messages a second that we can hand over: `callers` at once, `latency` and `cpu` seconds each."""
    return min(callers / latency if latency > 0 else float("inf"), workers / cpu)


def forecast(load: Load, route: Route, *, rate: float = 290.0, claim: float = 2.0) -> Forecast:
    """Return when the last of `load` arrives over `route`.

    rate: messages a second we hand over; claim: seconds until the rows are written. over: how many segments
    fit neither the carrier's queue nor today's cap and need another route or another day.
    """
    drain = load.segments / route.per_second
    hand_over = load.recipients / rate
    over_queue = max(0, load.segments - int(route.per_second * route.queue_seconds))
    over_cap = max(0, load.used_today + load.segments - route.daily_cap) if route.daily_cap is not None else 0
    problems = tuple(name for name, over in (("queue", over_queue), ("daily_cap", over_cap)) if over)
    total = claim + max(hand_over, drain) + route.slowest if load.recipients else 0.0
    cost = route.price * load.segments if route.price is not None else None
    return Forecast(hand_over, drain, total, cost, problems, max(over_queue, over_cap))


def slowest(forecasts: Collection[Forecast]) -> float:
    """Return seconds until the last member has it when several routes run side by side."""
    return max((found.total for found in forecasts), default=0.0)


def last_safe_start(starts_at: datetime, *, to_act: timedelta, margin: timedelta, total: float) -> datetime:
    """Return the latest instant at which sending may begin for all to know it `to_act` + `margin` ahead."""
    return starts_at - to_act - margin - timedelta(seconds=total)


def coverage(*reach: float) -> float:
    """Return the share (0 to 1) that at least one of several channels reaches, each its own share alone."""
    missed = 1.0
    for share in reach:
        missed *= 1.0 - share
    return 1.0 - missed


def validity(useful_until: datetime, now: datetime) -> int:
    """Return the seconds a text may wait at the carrier so that it never arrives after it is useful.

    Clamped to what Twilio's ValidityPeriod takes (5 to 36,000).
    """
    left = int((useful_until - now).total_seconds()) - VALIDITY_MARGIN
    return max(VALIDITY[0], min(VALIDITY[1], left))

"""When the last member has the briefing, from how many texts and mails go out over which route.

Pure; the arithmetic of routes is `notify.rules.capacity`, this adds what an action needs of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from union.notify.rules.capacity import ROUTES, Forecast, Load, Route, forecast, paced, slowest
from union.notify.rules.kinds import Channel

DESK = "desk"
CHOICES: dict[str, Route] = {DESK: Route(DESK, 1000, slowest=0.0), **ROUTES}
"""Routes an organizer chooses from; "desk" is the local message desk, which has no carrier."""


def stagger(route: str) -> float | None:
    """Return the segments a second at which texts leave over `route`; None where nothing limits them."""
    return None if route == DESK else _texting(route).per_second


def _texting(route: str) -> Route:
    return CHOICES[DESK] if route == DESK else paced(CHOICES.get(route, CHOICES["alphanumeric"]))


EMAIL = Route("email", 50, slowest=30.0)
NO_CARRIER_EMAIL = Route("email", 1000, slowest=0.0)


@dataclass(frozen=True)
class Way:
    """A fan-out on one channel. last_at: when the last one has it; over: segments its sender cannot carry."""

    channel: Channel
    messages: int
    segments: int
    last_at: datetime
    over: int


@dataclass(frozen=True)
class Reach:
    """How a fan-out arrives, way by way. last_at: when the last handset has it; latest: when that must be."""

    texts: int
    mails: int
    silent: int
    begins_at: datetime
    last_at: datetime
    latest: datetime
    problems: tuple[str, ...]
    over: int
    ways: tuple[Way, ...]

    @property
    def fits(self) -> bool:
        """Whether everybody can know in time."""
        return not self.problems and self.last_at <= self.latest

    @property
    def late_seconds(self) -> int:
        """By how many seconds the last message comes too late; 0 when it does not."""
        return max(0, int((self.last_at - self.latest).total_seconds()))


def reach(
    *, texts: int, mails: int, silent: int, segments: int, route: str,
    begins_at: datetime, starts_at: datetime, to_act: timedelta,
) -> Reach:  # fmt: skip
    """Return when everybody knows, if sending begins at `begins_at`.

    texts, mails: messages on each channel; silent: participants without any channel; segments: of all texts;
    to_act: how long before the start the last one must have it.
    """
    routes = {
        Channel.SMS: _texting(route),
        Channel.EMAIL: NO_CARRIER_EMAIL if route == DESK else EMAIL,
    }
    found: dict[Channel, Forecast] = {}
    loads = {Channel.SMS: Load(texts, segments), Channel.EMAIL: Load(mails, mails)}
    for channel, load in loads.items():
        if load.recipients:
            found[channel] = forecast(load, routes[channel], claim=_claim(load.recipients))
    return Reach(
        texts, mails, silent, begins_at,
        begins_at + timedelta(seconds=slowest(found.values())), starts_at - to_act,
        tuple(problem for one in found.values() for problem in one.problems),
        sum(one.over for one in found.values()),
        tuple(
            Way(channel, loads[channel].recipients, loads[channel].segments,
                begins_at + timedelta(seconds=one.total), one.over)
            for channel, one in found.items()
        ),
    )  # fmt: skip


def _claim(recipients: int) -> float:
    """Return seconds until the rows of a fan-out stand: about 20,000 a second, and the second of a tick."""
    return 1.0 + recipients / 20_000

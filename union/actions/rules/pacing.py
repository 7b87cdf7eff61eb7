"""How fast messages leave on each way: what an organizer chooses for texts, what we count on for the others.

Pure; the arithmetic of routes is `notify.rules.capacity`.
"""

from union.notify.rules.capacity import ROUTES, Route, paced
from union.notify.rules.kinds import Channel

DESK = "desk"
CHOICES: dict[str, Route] = {DESK: Route(DESK, 1000, slowest=0.0), **ROUTES}
"""Routes an organizer chooses from; "desk" is the local message desk, which has no carrier."""

EMAIL = Route("email", 50, slowest=30.0)
PUSH = Route("push", 50, slowest=10.0)
NO_CARRIER = Route("desk", 1000, slowest=0.0)


def stagger(route: str) -> float | None:
    """Return the segments a second at which texts leave over `route`; None where nothing limits them."""
    return None if route == DESK else _texting(route).per_second


def routes(route: str) -> dict[Channel, Route]:
    """Return the rate of each way when texts leave over `route`."""
    beside = {Channel.EMAIL: NO_CARRIER, Channel.PUSH: NO_CARRIER}
    if route != DESK:
        beside = {Channel.EMAIL: EMAIL, Channel.PUSH: PUSH}
    return {Channel.SMS: _texting(route), **beside}


def _texting(route: str) -> Route:
    return CHOICES[DESK] if route == DESK else paced(CHOICES.get(route, CHOICES["alphanumeric"]))


def claim(rows: int) -> float:
    """Return seconds until the rows of a fan-out stand: about 20,000 a second, and the second of a tick."""
    return 1.0 + rows / 20_000

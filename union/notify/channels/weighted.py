"""Two routes of one channel, taken as often as their shares say.

Whom a batch goes to is drawn before it is claimed, so that the intent names the provider: a message whose
answer was lost is looked up there and never given to the other. No database: the shares are asked for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from union.notify.channels.base import Answer, LookUp, Message, Retry, Route, Single
from union.notify.rules.balance import draw
from union.notify.rules.kinds import Channel

SOON = 2.0
"""Seconds until a message that one provider surely did not take is drawn again."""


class Elsewhere(Single):
    """A route that is not the only one: what it surely did not take need not wait for it to mend."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self.name = route.name
        self.channel = route.channel
        self.callers = route.callers

    def send(self, message: Message, now: datetime) -> Answer:
        """Hand over; a definite "not now" is tried again soon, wherever the draw falls then.

        Not sooner than a provider asks that is slowing us down: the draw may fall on it again.
        """
        answer = self._route.send(message, now)
        if isinstance(answer, Retry) and not answer.slower:
            return Retry(min(answer.after, SOON), answer.code)
        return answer

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Ask this provider, who was meant to send it."""
        return self._route.look_up(message, since, taken)

    def close(self) -> None:
        """Let go of connections."""
        self._route.close()


class Weighted:
    """Several routes of one channel. weigh: returns each one's share now, for their names."""

    def __init__(self, routes: list[Route], weigh: Callable[[list[str]], Mapping[str, int]]) -> None:
        self._parts = {route.name: Elsewhere(route) for route in routes}
        self._weigh = weigh
        self.name = "+".join(self._parts)
        self.channel: Channel = routes[0].channel
        self.callers = sum(route.callers for route in routes)

    @property
    def parts(self) -> tuple[Route, ...]:
        """The routes it draws from."""
        return tuple(self._parts.values())

    def pick(self) -> Route:
        """Draw the route of the next batch."""
        return self._parts[draw(self._weigh(list(self._parts)))]

    def close(self) -> None:
        """Let go of every route's connections."""
        for part in self._parts.values():
            part.close()

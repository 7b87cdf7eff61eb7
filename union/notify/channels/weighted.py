"""Two routes of one channel, taken as often as their shares say.

Whom a batch goes to is drawn before it is claimed, so that the intent names the provider: a message whose
answer was lost is looked up there and never given to the other. No database: the shares are asked for.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

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
        self._rests_until = datetime.min.replace(tzinfo=UTC)

    def send(self, message: Message, now: datetime) -> Answer:
        """Hand over; a definite "not now" is tried again soon, elsewhere while this one asks for rest."""
        answer = self._route.send(message, now)
        if not isinstance(answer, Retry):
            return answer
        if answer.slower:
            self._rests_until = now + timedelta(seconds=answer.after)
        return Retry(min(answer.after, SOON), answer.code, slower=answer.slower)

    def rests(self, now: datetime) -> bool:
        """Tell whether the provider asked for fewer messages and the time it named is not over."""
        return now < self._rests_until

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

    def pick(self, clock: Callable[[], datetime]) -> Route:
        """Draw the route of the next batch, among those that do not rest unless all do."""
        shares, now = self._weigh(list(self._parts)), clock()
        awake = {name: share for name, share in shares.items() if share and not self._parts[name].rests(now)}
        return self._parts[draw(awake or shares)]

    def close(self) -> None:
        """Let go of every route's connections."""
        for part in self._parts.values():
            part.close()

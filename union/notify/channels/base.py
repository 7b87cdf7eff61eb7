"""The small protocol every channel speaks: one message in, one of four honest answers out.

No database and no Flask. A channel never decides to try again by itself: it says what happened, and the
delivery decides. In doubt a channel answers Ambiguous.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol, cast, runtime_checkable

from union.notify.rules.kinds import Channel, Lane, State


class Message(NamedTuple):
    """One rendered message to one address.

    validity: seconds it may still wait at the carrier. named: the member wants to see from whom it is.
    """

    id: int
    attempt: int
    to: str
    subject: str
    body: str
    lane: Lane
    language: str
    expires_at: datetime
    validity: int
    unsubscribe_url: str | None = None
    ref: str = ""
    named: bool = False

    @property
    def key(self) -> str:
        """What the provider's receipts name: our row and attempt."""
        return f"{self.id}-{self.attempt}"


LONGEST_ID: Final = 120


def storable(text: str, most: int = LONGEST_ID) -> str:
    """Return as much of a provider's words as a column holds, without what PostgreSQL refuses.

    What came of a batch is written down together: one answer must not stop the others.
    """
    if text.isprintable() and len(text) <= most:
        return text
    return "".join(character for character in text if character.isprintable())[:most]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it under `provider_id`; `delivered` when there is no carrier behind it."""

    provider_id: str
    delivered: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider_id", storable(self.provider_id))


@dataclass(frozen=True, slots=True)
class Refused:
    """Definitely not sent. code: the provider's, for `rules.causes`; opted_out: the person said no before."""

    code: str
    opted_out: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Definitely not sent, and worth another try after `after` seconds. slower: we were too fast."""

    after: float
    code: str
    slower: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nobody can tell whether it was sent."""

    reason: str


Answer = Accepted | Refused | Retry | Ambiguous


@dataclass(frozen=True, slots=True)
class Found:
    """The provider has it, in `state`."""

    provider_id: str
    state: State
    code: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider_id", storable(self.provider_id))


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider was asked and surely does not have it."""


@dataclass(frozen=True, slots=True)
class Blind:
    """The provider could not be asked, or its answer proves nothing."""

    reason: str


LookUp = Found | Missing | Blind


class Ways(Protocol):
    """How messages of one channel leave: by one route, or by several of which one is drawn for each batch."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def channel(self) -> Channel:
        """The channel it serves."""
        ...

    @property
    def callers(self) -> int:
        """How many messages may be on their way to the provider at once."""
        ...

    @property
    def parts(self) -> "tuple[Route, ...]":
        """Every route there is."""
        ...

    def pick(self, clock: Callable[[], datetime]) -> "Route":
        """Return the route of the next batch; its name is written down as provider with the claim."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Route(Ways, Protocol):
    """One way to send: what `delivery` needs of Twilio, Sinch, SMTP, push services or the desk."""

    def send(self, message: Message, now: datetime) -> Answer:
        """Hand `message` over, once. Called from several threads when `callers` > 1."""
        ...

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Find out what became of a message whose hand-over at `since` gave no answer.

        taken: provider ids which belong to other messages of ours.
        """
        ...


@runtime_checkable
class InTurn(Protocol):
    """A route that is quicker with several messages than with each alone."""

    def send_all(self, messages: Iterator[Message], clock: Callable[[], datetime]) -> Iterator[Answer]:
        """Hand `messages` over one after the other, each once; yield an answer for each, in their order.

        One is taken from `messages` when it is begun, at most one beyond the answers given.
        """
        ...


class Single:
    """A route that is the only one it draws from."""

    __slots__ = ()

    @property
    def parts(self) -> "tuple[Route, ...]":
        """Itself."""
        return (cast("Route", self),)

    def pick(self, clock: Callable[[], datetime]) -> "Route":
        """Itself."""
        del clock
        return cast("Route", self)

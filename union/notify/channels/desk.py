"""The message desk: without a provider configured, messages stay in the outbox and are read on the console.

Sends nothing anywhere; whoever reads the desk plays the part of the recipients.
"""

from dataclasses import dataclass
from datetime import datetime

from union.notify.channels.base import Accepted, Answer, Blind, LookUp, Message
from union.notify.rules.kinds import Channel

NAME = "desk"


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk for one channel."""

    channel: Channel
    name: str = NAME
    callers: int = 1

    def send(self, message: Message, now: datetime) -> Answer:
        """Lay the message on the desk: it can be read at once."""
        del now
        return Accepted(f"desk-{message.key}", delivered=True)

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Nothing is ever in doubt at the desk except a crash before it was marked: then it lies there."""
        del message, since, taken
        return Blind("desk")

    def close(self) -> None:
        """Nothing to let go of."""

"""The message desk: without a provider configured, messages stay in the outbox and are read on the console.

Sends nothing anywhere; whoever reads the desk plays the part of the recipients. Simulated recipients answer
with the error they stand for.
"""

from dataclasses import dataclass
from datetime import datetime

from union.notify.channels.base import Accepted, Answer, Blind, LookUp, Message, Refused, Single
from union.notify.rules import simulated
from union.notify.rules.causes import Remedy, of
from union.notify.rules.kinds import Channel

NAME = "desk"


@dataclass(frozen=True, slots=True)
class Desk(Single):
    """The desk for one channel."""

    channel: Channel
    name: str = NAME
    callers: int = 1

    def send(self, message: Message, now: datetime) -> Answer:
        """Lay the message on the desk: it can be read at once."""
        del now
        if (error := simulated.error_of(message.to)) is not None:
            return Refused(error, opted_out=of(error).remedy is Remedy.OPTED_OUT)
        return Accepted(f"desk-{message.key}", delivered=True)

    def look_up(self, message: Message, since: datetime, taken: frozenset[str]) -> LookUp:
        """Nothing is ever in doubt at the desk except a crash before it was marked: then it lies there."""
        del message, since, taken
        return Blind("desk")

    def close(self) -> None:
        """Nothing to let go of."""

"""What everything in the demo is made with: the union it fills, the clock of its story, who is who.

Everything goes through the rooms' own verbs, so the demo is true. `fill` says what is made in which order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.clock import utcnow
from union.core.settings import Settings
from union.members import queries as members
from union.notify import delivery
from union.notify.channels.desk import Desk
from union.notify.delivery import Sender
from union.notify.rules.kinds import Channel

ZONE = "Europe/Amsterdam"
Say = Callable[[str], None]


@dataclass(frozen=True)
class People:
    """Ids of those the printed links are for."""

    member: str
    organizers: tuple[str, str]
    trustees: tuple[str, ...]
    officer: str


class Seed:
    """One run of seeding: who is who, and the clock of the story."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self.say = say
        self.now = utcnow()
        self.everybody: list[str] = []
        self.booth = ""

    def actor(self, session: Session, member_id: str) -> Actor:
        """Return the member as an actor."""
        return members.actor_of(session, member_id)

    def deliver(self, now: datetime) -> None:
        """Let everything that is waiting arrive at the message desk, as if it were `now`."""
        sender = Sender(self.settings.union_name, self.settings.public_url)
        for channel in Channel:
            delivery.deliver(Desk(channel), sender, clock=lambda: now)

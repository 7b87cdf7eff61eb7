"""What a member sees of their own messages: devices, how they are shown, addresses that fail."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.notify.models import BadAddress, PushDevice, ShownAs
from union.notify.rules.kinds import Channel


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that shows notifications."""

    id: str
    label: str
    since: datetime


@dataclass(frozen=True, slots=True)
class OwnMessages:
    """How a member's messages are shown, and where."""

    devices: tuple[Device, ...]
    named: bool


def own_messages(session: Session, *, actor: Actor) -> OwnMessages:
    """Return the member's devices, oldest first, and choice."""
    allow(actor, Permission.ACCOUNT_OWN)
    rows = session.scalars(
        select(PushDevice).where(PushDevice.member_id == actor.member_id).order_by(PushDevice.created_at)
    )
    devices = tuple(Device(row.id, row.label, row.created_at) for row in rows)
    return OwnMessages(devices, session.get(ShownAs, actor.member_id) is not None)


def fails(session: Session, *, member_id: str, channel: Channel = Channel.EMAIL) -> bool:
    """Tell whether the member's messages on `channel` came back for good."""
    chosen = select(BadAddress.last_at).where(
        BadAddress.member_id == member_id, BadAddress.channel == channel.value, BadAddress.hard
    )
    return session.scalars(chosen.limit(1)).first() is not None

"""Members' browsers that show notifications, and how messages are shown: neutral, or with the union's name.

A browser's address is sealed and found by its keyed hash. Members change their own; push services say when
one is gone.
"""

import json
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.errors import Conflict, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.core.sealing import vault
from union.notify.models import PushDevice, ShownAs
from union.notify.rules import push
from union.notify.rules.kinds import Channel, Lane
from union.notify.service.outbox import enqueue

MOST = 10


def _hash(endpoint: str) -> bytes:
    return vault().lookup(endpoint, "notify.push")


def subscribe(
    session: Session, *, actor: Actor, now: datetime, subscription: push.Subscription, label: str
) -> str:
    """Let this browser show the member's notifications; return the device's id.

    A browser that another member used before is this member's from now on. Raises Conflict beyond MOST.
    """
    allow(actor, Permission.ACCOUNT_OWN)
    session.execute(delete(PushDevice).where(PushDevice.endpoint_hash == _hash(subscription.endpoint)))
    owned = session.scalars(select(PushDevice.id).where(PushDevice.member_id == actor.member_id)).all()
    if len(owned) >= MOST:
        raise Conflict(msg("You have ten devices already. Remove one you no longer use first."))
    row = PushDevice(
        id=new_id(), member_id=actor.member_id, endpoint_hash=_hash(subscription.endpoint),
        sealed=subscription.stored(), label=label[:60], created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def unsubscribe_device(session: Session, *, actor: Actor, device_id: str) -> None:
    """Send nothing more to one of the member's own devices; a second time changes nothing."""
    allow(actor, Permission.ACCOUNT_OWN)
    session.execute(
        delete(PushDevice).where(PushDevice.id == device_id, PushDevice.member_id == actor.member_id)
    )


def renew(session: Session, *, old: str, subscription: push.Subscription) -> None:
    """Take over a browser's new address from its old one, which only that browser knows.

    Raises NotFound for an old address that is nobody's.
    """
    row = session.scalar(select(PushDevice).where(PushDevice.endpoint_hash == _hash(old)).with_for_update())
    if row is None:
        raise NotFound(msg("There is no such device."))
    session.execute(
        delete(PushDevice).where(
            PushDevice.endpoint_hash == _hash(subscription.endpoint), PushDevice.id != row.id
        )
    )
    row.endpoint_hash, row.sealed = _hash(subscription.endpoint), subscription.stored()
    session.flush()


def forget_endpoint(session: Session, *, endpoint: str) -> None:
    """Forget a browser that takes nothing any more."""
    session.execute(delete(PushDevice).where(PushDevice.endpoint_hash == _hash(endpoint)))


def test_push(
    session: Session, *, actor: Actor, now: datetime, device_id: str, zone: str, language: str
) -> None:
    """Send a test notification to one of the member's own devices; raises NotFound."""
    allow(actor, Permission.ACCOUNT_OWN)
    row = session.get(PushDevice, device_id)
    if row is None or row.member_id != actor.member_id:
        raise NotFound(msg("There is no such device."))
    enqueue(
        session, now=now, ref=f"test:{new_id()}", kind="push", member_id=actor.member_id or "",
        channel=Channel.PUSH, to=json.dumps([row.sealed]), language=language, zone=zone,
        template="notify/push-test", fields={}, lane=Lane.LOGIN, expires_at=now + timedelta(minutes=10),
    )  # fmt: skip


def set_named(session: Session, *, actor: Actor, now: datetime, named: bool) -> None:
    """Show the union's name and what it is about on the member's messages, or keep them neutral."""
    allow(actor, Permission.ACCOUNT_OWN)
    session.execute(delete(ShownAs).where(ShownAs.member_id == actor.member_id))
    if named:
        session.add(ShownAs(member_id=actor.member_id, named_at=now))
        session.flush()

"""How members get messages beside SMS and email, asked for thousands at once: devices, names shown."""

import json
from collections.abc import Collection, Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from union.notify.models import PushDevice, ShownAs

_AT_ONCE = 5_000


def _batches(member_ids: Collection[str]) -> Iterator[list[str]]:
    ids = sorted(set(member_ids))
    for first in range(0, len(ids), _AT_ONCE):
        yield ids[first : first + _AT_ONCE]


def devices_of(session: Session, member_ids: Collection[str]) -> dict[str, str]:
    """Return for each member with devices the address of a notification: JSON of all their subscriptions."""
    if not session.scalar(select(exists().where(PushDevice.id.is_not(None)))):
        return {}
    found: dict[str, list[str]] = {}
    for batch in _batches(member_ids):
        chosen = select(PushDevice.member_id, PushDevice.sealed).where(PushDevice.member_id.in_(batch))
        for member_id, device in session.execute(chosen):
            found.setdefault(member_id, []).append(device)
    return {member_id: json.dumps(devices) for member_id, devices in found.items()}


def notified_among(session: Session, member_ids: Collection[str]) -> set[str]:
    """Return those of the members who have a device that shows notifications."""
    if not session.scalar(select(exists().where(PushDevice.id.is_not(None)))):
        return set()
    found: set[str] = set()
    for batch in _batches(member_ids):
        found.update(session.scalars(select(PushDevice.member_id).where(PushDevice.member_id.in_(batch))))
    return found


def named_among(session: Session, member_ids: Collection[str]) -> set[str]:
    """Return those of the members who want messages under the union's name."""
    if not session.scalar(select(exists().where(ShownAs.member_id.is_not(None)))):
        return set()
    found: set[str] = set()
    for batch in _batches(member_ids):
        found.update(session.scalars(select(ShownAs.member_id).where(ShownAs.member_id.in_(batch))))
    return found

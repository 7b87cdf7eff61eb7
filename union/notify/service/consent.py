"""Who wants no messages: opt-outs by keyed hash of the address, and the tokens that make one click enough.

An opt-out names no member and survives erasing one. The sign-in lane is never refused: those messages were
asked for a moment before.
"""

import base64
import binascii
import hmac
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.sealing import vault
from union.notify.models import OptOut
from union.notify.rules.kinds import MAILING_OF, Channel, Lane, Mailing
from union.notify.service.statements import insert_or_leave, query_rows

_MAC = 16
_ASK_AT_ONCE = 500
_CODES = {b"c": Mailing.CAMPAIGNS, b"b": Mailing.BALLOTS}


def address_hash(channel: Channel, to: str) -> bytes:
    """Return the keyed hash by which an address is found without being stored."""
    return address_hashes(channel, (to,))[0]


def address_hashes(channel: Channel, addresses: Iterable[str]) -> list[bytes]:
    """Return the keyed hash of each of many addresses, in their order."""
    return vault().lookup_all([to.strip().casefold() for to in addresses], f"notify.{channel}")


def opt_out(
    session: Session, *, now: datetime, channel: Channel, to: str, lists: Iterable[Mailing], reason: str
) -> None:
    """Write down that `to` wants none of `lists` on `channel`; a second time changes nothing."""
    refuse(session, now=now, channel=channel, hashed=address_hash(channel, to), lists=lists, reason=reason)


def refuse(
    session: Session, *, now: datetime, channel: Channel, hashed: bytes, lists: Iterable[Mailing], reason: str
) -> None:
    """As opt_out, for an address of which only the hash is known."""
    rows = [
        {
            "address_hash": hashed,
            "channel": channel.value,
            "mailing": mailing.value,
            "reason": reason,
            "at": now,
        }
        for mailing in lists
    ]
    session.execute(insert_or_leave(session, OptOut), rows)


def opt_in(session: Session, *, now: datetime, channel: Channel, to: str) -> bool:
    """Lift every opt-out of `to` on `channel`; tell whether there was one."""
    del now
    hashed = address_hash(channel, to)
    lifted = session.execute(
        delete(OptOut)
        .where(OptOut.address_hash == hashed, OptOut.channel == channel.value)
        .returning(OptOut.mailing)
    )
    return bool(lifted.all())


def refusals(session: Session, *, addresses: Iterable[str], channel: Channel, lane: Lane) -> set[str]:
    """Return those of `addresses` that want nothing of this lane's list on `channel`."""
    asked = list(addresses)
    known = dict(zip(address_hashes(channel, asked), asked, strict=True))
    return {known[hashed] for hashed in refused(session, known.keys(), channel, lane)}


def refused(session: Session, hashes: Collection[bytes], channel: Channel, lane: Lane) -> set[bytes]:
    """Return those of `hashes` that opted out of the lane's list on `channel`."""
    mailing = MAILING_OF[lane]
    if mailing is None or not hashes:
        return set()
    # Plain SQL: building the statement took longer than running it.
    among = sorted(hashes) if len(hashes) <= _ASK_AT_ONCE else []
    statement = "SELECT address_hash FROM opt_out WHERE channel = ? AND mailing = ?"
    if among:
        statement += f" AND address_hash IN ({', '.join('?' * len(among))})"
    found = query_rows(session, statement, (channel.value, mailing.value, *among))
    return {bytes(row[0]) for row in found} & set(hashes)


def unsubscribe_token(hashed: bytes, mailing: Mailing) -> str:
    """Return the token of an unsubscribe address: it says which list and proves that we made it, for ever."""
    told = mailing[:1].encode() + hashed
    return base64.urlsafe_b64encode(told + _mac(told)).decode().rstrip("=")


def read_token(token: str) -> tuple[bytes, Mailing]:
    """Return the address hash and list of a token; raises NotFound for one that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    told, mac = raw[:-_MAC], raw[-_MAC:]
    mailing = _CODES.get(told[:1])
    if mailing is None or not hmac.compare_digest(mac, _mac(told)):
        raise NotFound(msg("This address for unsubscribing is not complete. Copy it from the email again."))
    return told[1:], mailing


def _mac(told: bytes) -> bytes:
    return vault().lookup(told.hex(), "notify.unsubscribe")[:_MAC]


def unsubscribe(session: Session, *, now: datetime, token: str, everything: bool = False) -> Mailing:
    """Take the holder of `token` off its list by email, or off both lists; return the token's list.

    Raises NotFound for a token that we did not make. A second click changes nothing.
    """
    hashed, mailing = read_token(token)
    lists = tuple(Mailing) if everything else (mailing,)
    refuse(session, now=now, channel=Channel.EMAIL, hashed=hashed, lists=lists, reason="unsubscribe")
    return mailing


def resubscribe(session: Session, *, token: str) -> Mailing:
    """Undo the unsubscribing of a token's list; raises NotFound for a token that we did not make."""
    hashed, mailing = read_token(token)
    session.execute(
        delete(OptOut).where(
            OptOut.address_hash == hashed,
            OptOut.channel == Channel.EMAIL.value,
            OptOut.mailing == mailing.value,
        )
    )
    return mailing

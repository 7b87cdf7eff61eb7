"""Members who text that they are in: they get the page on which a pledge is made.

A pledge has a private number, which belongs on no phone bill, so a text alone never counts anybody in.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from union.campaigns.queries.cards import waiting_for
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Keyword, Lane
from union.notify.service import Inbound

_USEFUL_FOR: Final = timedelta(hours=12)


def answer_pledges(session: Session, *, now: datetime, public_url: str, limit: int = 100) -> int:
    """Answer replies such as "I'm in" with the round that closes next; return how many were read.

    What has no round to point to, or no member, waits in the organizers' inbox.
    """
    replies = notify.waiting(session, keywords={Keyword.PLEDGE}, limit=limit)
    for reply in replies:
        if _answered(session, reply, now, public_url):
            notify.settle(session, now=now, inbound_id=reply.id, note="answered")
        else:
            notify.hand_to_people(session, inbound_id=reply.id)
    return len(replies)


def _answered(session: Session, reply: Inbound, now: datetime, public_url: str) -> bool:
    known = members.contacts(session, [reply.member_id]) if reply.member_id else []
    if not known or known[0].phone != reply.sender:
        return False
    open_rounds = waiting_for(session, known[0].member_id, now)
    if not open_rounds:
        return False
    notify.enqueue(
        session,
        now=now,
        ref=f"reply:{reply.id}",
        kind="pledge",
        member_id=known[0].member_id,
        channel=Channel.SMS,
        to=reply.sender,
        language=known[0].language,
        zone=known[0].zone,
        template="campaigns/pledge",
        fields={"link": f"{public_url}/campaigns/at/{open_rounds[0].id}"},
        lane=Lane.ALERT,
        expires_at=now + _USEFUL_FOR,
    )
    return True

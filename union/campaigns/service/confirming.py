"""An address says yes, by its link or its code: here it is found out to what."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from union.campaigns.service import asking
from union.campaigns.service.asking import Thing
from union.campaigns.service.following import confirm_follower
from union.campaigns.service.signing import confirm
from union.core.errors import Closed
from union.members.service import challenges
from union.members.service.challenges import Purpose


@dataclass(frozen=True)
class Confirmed:
    """What was confirmed, in which campaign, and the path of its owner's page."""

    thing: Thing
    slug: str
    own: str


def confirm_by_link(session: Session, *, token: str, now: datetime) -> Confirmed:
    """Confirm what the link was sent for; raises Closed when it was used or is over."""
    taken = challenges.by_link(session, purpose=Purpose.YES, token=token, now=now)
    return _confirmed(session, taken.draft, now)


def confirm_by_code(
    session: Session, *, challenge_id: str, code: str, device: str, now: datetime
) -> Confirmed | None:
    """Confirm what the code was sent for; None for a wrong one, so that the try is counted."""
    taken = challenges.by_code(
        session, purpose=Purpose.YES, challenge_id=challenge_id, code=code, device=device, now=now
    )
    return _confirmed(session, taken.draft, now) if taken else None


def _confirmed(session: Session, draft: str | None, now: datetime) -> Confirmed:
    if not draft:
        raise Closed(challenges.OVER)
    named, _, thing_id = draft.partition(":")
    thing = Thing(named)
    if thing is Thing.FOLLOWER:
        slug = confirm_follower(session, follower_id=thing_id)
    else:
        slug = confirm(session, signature_id=thing_id, now=now)
    return Confirmed(thing, slug, asking.own_path(thing, thing_id))

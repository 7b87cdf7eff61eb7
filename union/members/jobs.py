"""What the registry does by itself.

It forgets used links, tries, ended sessions and roles, uploads and who left; it tells whose email comes back.
"""

from collections.abc import Callable
from datetime import datetime

from union.core.db import transaction
from union.core.settings import Settings
from union.members.service import people
from union.members.service.challenges import wipe_challenges
from union.members.service.erasing import erase_left
from union.members.service.limits import wipe_attempts
from union.members.service.places import wipe_local_roles
from union.members.service.registering import wipe_drafts
from union.members.service.sessions import wipe_sessions


def forget(now: datetime, settings: Settings) -> int:
    """Drop what has served its purpose; returns how many rows."""
    del settings
    done = 0
    for verb in (wipe_challenges, wipe_attempts, wipe_sessions, wipe_drafts, wipe_local_roles):
        with transaction() as session:
            done += verb(session, now=now)
    return done


def erase_who_left(now: datetime, settings: Settings) -> int:
    """Erase members a month after they left; returns how many."""
    del settings
    with transaction() as session:
        return erase_left(session, now=now)


def tell_bounced(now: datetime, settings: Settings) -> int:
    """Tell members whose email comes back; returns how many."""
    with transaction() as session:
        return people.tell_bounced(session, now=now, site=settings.public_url)


JOBS: tuple[tuple[str, int, Callable[[datetime, Settings], int]], ...] = (
    ("members.forget", 300, forget),
    ("members.erase_who_left", 3600, erase_who_left),
    ("members.tell_bounced", 300, tell_bounced),
)

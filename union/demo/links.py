"""Who the printed links are for, and the links."""

import json
from datetime import timedelta
from urllib.parse import urljoin

from sqlalchemy.orm import Session

from union.core.actor import SYSTEM, Role
from union.core.clock import utcnow
from union.core.db import transaction
from union.core.settings import Settings
from union.demo import NOTE
from union.demo.seed import People
from union.members import queries as members
from union.members import service as registry

LINK_LASTS = timedelta(hours=12)
TRUSTEES = ("trustee", "second trustee", "third trustee")


def known(session: Session) -> People:
    """Find the people of an earlier run by their roles."""
    organizers = members.with_role(session, Role.ORGANIZER)
    trustees = members.with_role(session, Role.TRUSTEE)
    officers = members.with_role(session, Role.OFFICER)
    others = set(members.eligible(session)) - {*organizers, *trustees, *officers}
    if len(organizers) < 2 or not trustees or not officers or not others:  # noqa: PLR2004
        raise SystemExit(
            "This union was not made by `make run`; start it with gunicorn and `union scheduler run`."
        )
    return People(min(others), (organizers[0], organizers[1]), tuple(trustees), officers[0])


def remembered(settings: Settings) -> dict[str, str]:
    """Return what the seed noted: the demo member who has not voted, and that member's way into the booth."""
    note = settings.home / NOTE
    kept: dict[str, str] = json.loads(note.read_text()) if note.exists() else {}
    return kept


def links(settings: Settings, who: People) -> list[tuple[str, str]]:
    """Return (label, address): a sign-in link per role, good once for twelve hours, and a way to vote."""
    kept = remembered(settings)
    member = kept.get("member", who.member)
    people_for = [
        ("member", member, "/home"),
        ("organizer", who.organizers[0], "/console"),
        ("second organizer", who.organizers[1], "/console"),
        *((label, one, "/ballots") for label, one in zip(TRUSTEES, who.trustees, strict=False)),
        ("officer", who.officer, "/console"),
        *([("organizer of one chapter", kept["local"], "/organizing")] if "local" in kept else []),
    ]
    found = []
    with transaction() as session:
        names = members.display_names(session, [m for _, m, _ in people_for])
        for label, member_id, onward in people_for:
            link = registry.issue_link(
                session,
                actor=SYSTEM,
                member_id=member_id,
                now=utcnow(),
                site=settings.public_url,
                lasts=LINK_LASTS,
                onward=onward,
            )
            found.append((f"{label}: {names[member_id]}", link))
    found.append(("two bargaining tables, for members", urljoin(settings.public_url, "/bargaining")))
    if kept.get("booth"):
        # the port may be another than at the seeding
        found.insert(1, ("  then vote, with the code", urljoin(settings.public_url, kept["booth"])))
    return found

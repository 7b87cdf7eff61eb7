"""The demo union's organizing work: tags, talks, a list that is being called, a text, tasks, prospects."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from union.core.actor import SYSTEM, Role
from union.core.db import transaction
from union.demo.texts import NOTES, SCRIPT
from union.members import queries as members
from union.members import service as registry
from union.organizing import scope, service
from union.organizing.rules.calling import Kind, Outcome
from union.organizing.rules.wanted import Wanted
from union.organizing.service import ListDraft, Said

HERE, ZONE = "amsterdam", "Europe/Amsterdam"
TAGS = (
    ("Drives nights", "More nights than days"),
    ("Speaks at meetings", "Has spoken at a meeting and would again"),
    ("Can lend a van", "Has one, and said so"),
)
RATINGS = (2, 3, 2, 1, 2, 3, 3, 2, 4, 1, 2, 5, 3, 2)
LIST = (
    "name,email,source,agreed\n"
    "Ivo,ivo@gasten.example,stand at the airport,2026-05-09\n"
    "Meral,meral@gasten.example,stand at the airport,2026-05-09\n"
    "Jip,jip@gasten.example,signed our letter,2026-05-12\n"
)


def organize(everybody: list[str], organizer: str, helper: str, now: datetime) -> str:
    """Fill the room with a small story and return the id of an organizer of one chapter.

    everybody: ids in the order of joining. helper: who calls from the open list.
    """
    with transaction() as session:
        local = _local(session, everybody, now)
        chief = members.actor_of(session, organizer, now=now)
        for name, meaning in TAGS:
            service.make_tag(
                session, actor=chief, name=name, meaning=meaning, harmless=True, now=now - timedelta(days=60)
            )
        for n, slug in enumerate(("drives-nights", "speaks-at-meetings", "can-lend-a-van")):
            service.put_tag(
                session,
                actor=chief,
                slug=slug,
                member_ids=everybody[n :: 7 + 2 * n],
                now=now - timedelta(days=50),
            )
        _talks(session, everybody, organizer, now)
        _work(session, organizer, helper, now)
        service.import_list(
            session, actor=chief, text=LIST, source="", chapter=HERE, now=now - timedelta(days=1)
        )
    return local


def _local(session: Session, everybody: list[str], now: datetime) -> str:
    """Give the first member of Rotterdam the role of its organizer."""
    slugs = members.chapters_of(session, everybody)
    local = next(one for one in everybody if slugs[one] == "rotterdam")
    registry.grant_local_role(
        session,
        actor=SYSTEM,
        member_id=local,
        role=Role.ORGANIZER,
        place=scope.chapter("rotterdam"),
        until=now + timedelta(days=90),
        now=now - timedelta(days=30),
    )
    return local


def _talks(session: Session, everybody: list[str], organizer: str, now: datetime) -> None:
    """Log a talk with two members in three, over the last hundred days, better ones later."""
    for n, member_id in enumerate(one for n, one in enumerate(everybody) if n % 3):
        at = now - timedelta(days=100 - 100 * n // len(everybody), hours=n % 7)
        better = 1 if n > len(everybody) // 3 and n % 2 else 0
        service.log_talk(
            session,
            actor=members.actor_of(session, organizer, now=at),
            member_id=member_id,
            at=at,
            note=NOTES[n % len(NOTES)] if n % 4 == 0 else "",
            rating=max(1, RATINGS[n % len(RATINGS)] - better),
            now=at,
        )


def _work(session: Session, organizer: str, helper: str, now: datetime) -> None:
    """Open a list with a helper and a few calls made, prepare a text, and give tasks."""
    began = (now - timedelta(days=1)).replace(hour=12)
    chief = members.actor_of(session, organizer, now=began)
    place = scope.chapter(HERE)
    calls = ListDraft(
        Kind.CALL, "Come to the meeting on Friday", SCRIPT, place, Wanted(), now + timedelta(days=13)
    )
    made = service.make_list(session, actor=chief, now=began, draft=calls)
    for one in (
        Said(Outcome.REACHED, 2),
        Said(Outcome.NO_ANSWER),
        Said(Outcome.REACHED, 3),
        Said(Outcome.WRONG_NUMBER),
        Said(Outcome.CALL_BACK, again_at=now + timedelta(hours=20)),
    ):
        entry = service.next_call(session, actor=chief, list_id=made, now=began)
        if entry:
            service.record_outcome(session, actor=chief, list_id=made, entry_id=entry, said=one, now=began)
    service.add_helper(
        session, actor=chief, list_id=made, member_id=helper, until=now + timedelta(days=13), now=began
    )
    words = "We meet on Friday at eight, at the usual place. Bring a colleague."
    text = ListDraft(
        Kind.TEXT, "See you on Friday", words, place, Wanted(), now + timedelta(days=5), by_email=True
    )
    service.make_list(session, actor=chief, now=began, draft=text)
    for title, who, days in (
        ("Print fifty posters for the airport", organizer, 2),
        ("Bring coffee to the meeting", helper, 4),
        ("Ask the garage for a room", organizer, 9),
    ):
        service.add_task(
            session,
            actor=chief,
            title=title,
            due_at=now + timedelta(days=days),
            zone=ZONE,
            place=place,
            assignee_id=who,
            now=began,
        )

"""What organizers have noted about a member, for that member (GDPR Art. 15)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.core.actor import Actor
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.organizing.models import CallAttempt, CallEntry, NoContact, Tag, Tagging, Talk, Task
from union.organizing.rules.talks import TALKS_KEPT


@dataclass(frozen=True, slots=True)
class NotedTalk:
    """A talk as a fact: when, with whom, whether there is a note and an assessment, when it is erased."""

    at: datetime
    by: str
    noted: bool
    assessed: bool
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Noted:
    """What the member's page shows.

    tags: (name, meaning, since). no_contact_at: since when they want no calls.
    """

    tags: tuple[tuple[str, str, datetime], ...]
    talks: tuple[NotedTalk, ...]
    lists: int
    calls: int
    no_contact_at: datetime | None


def noted(session: Session, *, actor: Actor) -> Noted:
    """Return what is noted about the reader."""
    allow(actor, Permission.ACCOUNT_OWN)
    talks = _talks(session, actor)
    names = members.display_names(session, {one.by_id for one in talks if one.by_id})
    refused = session.get(NoContact, actor.member_id)
    return Noted(
        tags=tuple(_tags(session, actor)),
        talks=tuple(
            NotedTalk(
                one.at, names.get(one.by_id or "", ""), one.note is not None, one.rating is not None,
                one.at + TALKS_KEPT,
            )
            for one in talks
        ),
        lists=len(_entries(session, actor)),
        calls=len(_attempts(session, actor)),
        no_contact_at=refused.at if refused else None,
    )  # fmt: skip


def _talks(session: Session, actor: Actor) -> list[Talk]:
    return list(
        session.scalars(select(Talk).where(Talk.member_id == actor.member_id).order_by(Talk.at.desc()))
    )


def _tags(session: Session, actor: Actor) -> list[tuple[str, str, datetime]]:
    rows = session.execute(
        select(Tag.name, Tag.meaning, Tagging.at)
        .join(Tagging, Tagging.tag_slug == Tag.slug)
        .where(Tagging.member_id == actor.member_id)
        .order_by(Tag.name)
    )
    return [(name, meaning, at) for name, meaning, at in rows]


def _entries(session: Session, actor: Actor) -> list[CallEntry]:
    return list(session.scalars(select(CallEntry).where(CallEntry.person_id == actor.member_id)))


def _attempts(session: Session, actor: Actor) -> list[CallAttempt]:
    mine = select(CallEntry.id).where(CallEntry.person_id == actor.member_id)
    return list(
        session.scalars(select(CallAttempt).where(CallAttempt.entry_id.in_(mine)).order_by(CallAttempt.at))
    )


def own_file(session: Session, *, actor: Actor) -> dict[str, Any]:
    """Return everything organizing work keeps about the reader, words and assessments included."""
    page = noted(session, actor=actor)
    tasks = session.scalars(select(Task).where(Task.about_id == actor.member_id).order_by(Task.due_at))
    return {
        "tags": [
            {"tag": name, "meaning": meaning, "since": at.isoformat()} for name, meaning, at in page.tags
        ],
        "talks": [
            {
                "at": one.at.isoformat(),
                "note": one.note,
                "assessment": one.rating,
                "written_at": one.written_at.isoformat(),
                "erased_at": (one.at + TALKS_KEPT).isoformat(),
            }
            for one in _talks(session, actor)
        ],
        "calls": [{"at": one.at.isoformat(), "outcome": one.outcome} for one in _attempts(session, actor)],
        "on_call_lists": page.lists,
        "tasks_about_you": [{"task": one.title, "due": one.due_at.isoformat()} for one in tasks],
        "no_contact_since": page.no_contact_at.isoformat() if page.no_contact_at else None,
    }

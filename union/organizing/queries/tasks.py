"""Tasks as their people see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Place
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow, permits
from union.members import queries as members
from union.organizing import scope
from union.organizing.models import Task

_MOST = 200


@dataclass(frozen=True, slots=True)
class TaskCard:
    """A task. place: its name, "" for the whole union's. about: name of the member, for who may see them."""

    id: str
    title: str
    due_at: datetime
    zone: str
    place: Place | None
    place_name: str
    assignee_id: str | None
    assignee: str
    about_id: str | None
    about: str
    done_at: datetime | None
    mine: bool
    runs: bool


def _cards(session: Session, actor: Actor, rows: Iterable[Task]) -> tuple[TaskCard, ...]:
    tasks = list(rows)
    places = {one.id: scope.place_of(one.place_kind, one.place_key) for one in tasks}
    called = scope.names(session, {place for place in places.values() if place})
    people = members.display_names(
        session, {who for one in tasks for who in (one.assignee_id, one.about_id) if who}
    )
    where = members.chapters_of(session, {one.about_id for one in tasks if one.about_id})
    found = []
    for one in tasks:
        place = places[one.id]
        seen = one.about_id is not None and scope.sees(actor, where.get(one.about_id, ""))
        found.append(
            TaskCard(
                id=one.id,
                title=one.title,
                due_at=one.due_at,
                zone=one.zone,
                place=place,
                place_name=called[place] if place else "",
                assignee_id=one.assignee_id,
                assignee=people.get(one.assignee_id or "", ""),
                about_id=one.about_id if seen else None,
                about=people.get(one.about_id or "", "") if seen else "",
                done_at=one.done_at,
                mine=one.assignee_id == actor.member_id,
                runs=permits(actor, Permission.ORGANIZING_LISTS, *scope.at(place)),
            )
        )
    return tuple(found)


def tasks_of(session: Session, *, actor: Actor) -> tuple[TaskCard, ...]:
    """Return the reader's own tasks: open ones by due moment, then those done, the latest first."""
    allow(actor, Permission.ACCOUNT_OWN)
    mine = Task.assignee_id == actor.member_id
    return _cards(session, actor, [*_open(session, mine), *_done(session, mine)])


def open_tasks(session: Session, *, actor: Actor) -> tuple[TaskCard, ...]:
    """Return the tasks of the places where the reader organizes, as above."""
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    rows = [*_open(session), *_done(session)]
    return tuple(card for card in _cards(session, actor, rows) if card.runs)


def _open(session: Session, *which: ColumnElement[bool]) -> list[Task]:
    query = select(Task).where(Task.done_at.is_(None), *which).order_by(Task.due_at, Task.id).limit(_MOST)
    return list(session.scalars(query))


def _done(session: Session, *which: ColumnElement[bool]) -> list[Task]:
    query = select(Task).where(Task.done_at.is_not(None), *which).order_by(Task.done_at.desc()).limit(20)
    return list(session.scalars(query))


def waiting_for(session: Session, *, actor: Actor) -> tuple[TaskCard, ...]:
    """Return the reader's open tasks, the first due first; for the member's own page."""
    if not actor.active:
        return ()
    return _cards(session, actor, _open(session, Task.assignee_id == actor.member_id))


def cards_about(session: Session, actor: Actor, member_id: str) -> tuple[TaskCard, ...]:
    """Return the open tasks about a member whom the caller has found the reader may see."""
    return _cards(session, actor, _open(session, Task.about_id == member_id))


def task(session: Session, *, actor: Actor, task_id: str) -> TaskCard:
    """Return one task that the reader has or runs; raises NotFound for others."""
    allow(actor, Permission.ACCOUNT_OWN)
    row = session.get(Task, task_id)
    cards = _cards(session, actor, [row] if row else [])
    if not cards or not (cards[0].mine or cards[0].runs):
        raise NotFound(msg("There is no such task of yours."))
    return cards[0]

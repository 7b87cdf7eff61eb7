"""Tasks: given, changed, done and undone; the reminder is asked for anew at its moment."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor, Place
from union.core.errors import Conflict, Invalid, NotFound
from union.core.i18n import msg, when
from union.core.ids import new_id
from union.core.permissions import Permission, allow, permits
from union.core.zones import is_zone
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane
from union.organizing import scope
from union.organizing.models import Task
from union.organizing.rules.tasks import REMIND_BEFORE, check_due, reminder_due, tidy_task

_AT_ONCE = 200


def add_task(
    session: Session,
    *,
    actor: Actor,
    title: str,
    due_at: datetime,
    zone: str,
    place: Place | None,
    assignee_id: str | None,
    now: datetime,
    about_id: str | None = None,
) -> str:
    """Give somebody (None: whoever organizes there) a task at a place and return its id.

    Raises Invalid (field title, due, zone or assignee), NotFound for a member of elsewhere it would be about.
    """
    allow(actor, Permission.ORGANIZING_LISTS, *scope.at(place))
    if about_id is not None:
        scope.person_here(session, actor, about_id)
    task = Task(id=new_id(), created_by=actor.member_id, created_at=now, about_id=about_id)
    _fill(session, task, title, due_at, zone, assignee_id, now)
    task.place_kind, task.place_key = scope.columns(place)
    session.add(task)
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.add_task", subject=f"task/{task.id}")
    return task.id


def _fill(
    session: Session,
    task: Task,
    title: str,
    due_at: datetime,
    zone: str,
    assignee_id: str | None,
    now: datetime,
) -> None:
    check_due(due_at, now)
    if not is_zone(zone):
        raise Invalid(msg("We do not know the time zone %(zone)s."), field="zone", zone=zone)
    if assignee_id is not None and not members.active_among(session, [assignee_id]):
        raise Invalid(msg("Only an active member can have a task."), field="assignee")
    task.title, task.due_at, task.zone, task.assignee_id = tidy_task(title), due_at, zone, assignee_id


def _locked(session: Session, actor: Actor, task_id: str) -> Task:
    """Return a task that the actor has, or that is of a place the actor organizes; raises NotFound."""
    allow(actor, Permission.ACCOUNT_OWN)
    task = session.get(Task, task_id, with_for_update=True, populate_existing=True)
    if task is None or not (task.assignee_id == actor.member_id or runs(actor, task)):
        raise NotFound(msg("There is no such task of yours."))
    return task


def runs(actor: Actor, task: Task) -> bool:
    """Tell whether the actor organizes where the task belongs."""
    return permits(
        actor, Permission.ORGANIZING_LISTS, *scope.at(scope.place_of(task.place_kind, task.place_key))
    )


def change_task(
    session: Session,
    *,
    actor: Actor,
    task_id: str,
    title: str,
    due_at: datetime,
    zone: str,
    assignee_id: str | None,
    now: datetime,
) -> None:
    """Change what a task is, when, and whose; with a new moment its reminder comes anew.

    Raises NotFound, Invalid.
    """
    task = _locked(session, actor, task_id)
    allow(actor, Permission.ORGANIZING_LISTS, *scope.at(scope.place_of(task.place_kind, task.place_key)))
    _fill(session, task, title, due_at, zone, assignee_id, now)
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.change_task", subject=f"task/{task.id}")


def finish_task(session: Session, *, actor: Actor, task_id: str, now: datetime) -> None:
    """Mark a task as done; raises NotFound, Conflict the second time."""
    task = _locked(session, actor, task_id)
    if task.done_at is not None:
        raise Conflict(msg("This task is done already."))
    task.done_at = now
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.finish_task", subject=f"task/{task.id}")


def reopen_task(session: Session, *, actor: Actor, task_id: str, now: datetime) -> None:
    """Undo that; raises NotFound, Conflict for a task that is open."""
    task = _locked(session, actor, task_id)
    if task.done_at is None:
        raise Conflict(msg("This task is open already."))
    task.done_at = None
    session.flush()
    audit.record(session, actor=actor, now=now, act="organizing.reopen_task", subject=f"task/{task.id}")


def remind_due(session: Session, *, actor: Actor, now: datetime, site: str) -> int:
    """Remind of tasks that are due within a day: decided now, by what holds now; return how many.

    Done since, given to another, moved, or its assignee gone: then nothing goes out.
    """
    allow(actor, Permission.ORGANIZING_TICK)
    rows = session.scalars(
        select(Task)
        .where(
            Task.done_at.is_(None),
            Task.assignee_id.is_not(None),
            Task.due_at > now,
            Task.due_at <= now + REMIND_BEFORE,
            (Task.reminded_for.is_(None)) | (Task.reminded_for != Task.due_at),
        )
        .order_by(Task.due_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    sent = 0
    for task in rows:
        if reminder_due(task.due_at, now, task.reminded_for):
            sent += _remind(session, task, now, site)
            task.reminded_for = task.due_at
    session.flush()
    return sent


def _remind(session: Session, task: Task, now: datetime, site: str) -> int:
    one = next(iter(members.contacts(session, [str(task.assignee_id)])), None)
    if one is None or not members.active_among(session, [one.member_id]):
        return 0
    to = one.email or (one.phone if one.sms_ok else None)
    if not to:
        return 0
    due = when(task.due_at, one.zone, one.language)
    if one.zone != task.zone:
        due = f"{due} · {when(task.due_at, task.zone, one.language)}"
    written = notify.enqueue(
        session,
        now=now,
        ref=f"task:{task.id}",
        kind=f"due:{task.due_at:%Y%m%d%H%M}",
        member_id=one.member_id,
        channel=Channel.EMAIL if one.email else Channel.SMS,
        to=to,
        language=one.language,
        zone=one.zone,
        template="organizing/task",
        fields={"title": task.title, "when": due, "link": f"{site}/home"},
        lane=Lane.NEWS,
        expires_at=task.due_at,
    )
    return int(written is not None)

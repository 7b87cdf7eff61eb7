"""A call list as a file with contact data: one asks and says why, another agrees, the first takes it once."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.members.rules.register_file import write
from union.organizing import scope
from union.organizing.models import CallEntry, CallList, ListExport, Prospect
from union.organizing.rules.calling import Kind
from union.organizing.service.lists import NO_LIST, place_of, run_here

ASKED_LASTS = timedelta(days=2)
AGREED_LASTS = timedelta(hours=1)
REASON_LENGTH = 200
COLUMNS = ("name", "email", "phone", "outcome", "tries")


def ask_export(session: Session, *, actor: Actor, list_id: str, reason: str, now: datetime) -> str:
    """Ask for a list's people with their addresses, and say why; raises Invalid (field reason), NotFound.

    Only for who may see those people by name: in a campaign that is the whole union's organizers.
    """
    row = run_here(session, actor, list_id)
    allow(actor, Permission.ORGANIZING_PEOPLE, *scope.at(place_of(row)))
    if row.kind != Kind.CALL:
        raise NotFound(NO_LIST)
    why = " ".join(reason.split())
    if not why or len(why) > REASON_LENGTH:
        raise Invalid(msg("Give the reason."), field="reason")
    asked = ListExport(id=new_id(), list_id=row.id, asked_by=str(actor.member_id), reason=why, asked_at=now)
    session.add(asked)
    session.flush()
    _record(session, actor, asked, "organizing.ask_export", now, reason=audit.Words(why))
    return asked.id


def agree_export(session: Session, *, actor: Actor, export_id: str, now: datetime) -> None:
    """Agree, as the second person; raises Conflict for one's own request, Closed for an old or agreed one."""
    allow(actor, Permission.ORGANIZING_RELEASE)
    asked = _locked(session, export_id)
    if asked.asked_by == actor.member_id:
        raise Conflict(msg("Somebody else has to agree: you asked for it yourself."))
    if asked.agreed_at is not None or asked.asked_at <= now - ASKED_LASTS:
        raise Closed(msg("This request is no longer open."))
    asked.agreed_by, asked.agreed_at = actor.member_id, now
    session.flush()
    _record(session, actor, asked, "organizing.agree_export", now)


def take_export(session: Session, *, actor: Actor, export_id: str, now: datetime) -> str:
    """Return the list as CSV, once, within an hour after a second person agreed; raises Closed, NotFound."""
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    asked = _locked(session, export_id)
    row = session.get_one(CallList, asked.list_id)
    if asked.asked_by != actor.member_id:
        raise NotFound(NO_LIST)
    allow(actor, Permission.ORGANIZING_PEOPLE, *scope.at(place_of(row)))
    if asked.agreed_at is None or asked.taken_at is not None or asked.agreed_at <= now - AGREED_LASTS:
        raise Closed(msg("The file can be taken once, within an hour after somebody else agreed."))
    asked.taken_at = now
    rows = _rows(session, row)
    session.flush()
    _record(session, actor, asked, "organizing.take_export", now, rows=len(rows))
    return write(rows, COLUMNS)


def _locked(session: Session, export_id: str) -> ListExport:
    asked = session.get(ListExport, export_id, with_for_update=True, populate_existing=True)
    if asked is None:
        raise NotFound(msg("This request is no longer open."))
    return asked


def _rows(session: Session, row: CallList) -> list[dict[str, str]]:
    entries = list(
        session.scalars(select(CallEntry).where(CallEntry.list_id == row.id).order_by(CallEntry.place))
    )
    known = {one.member_id: one for one in members.contacts(session, [one.person_id for one in entries])}
    found = []
    for entry in entries:
        one = known.get(entry.person_id)
        who = session.get(Prospect, entry.person_id) if one is None else None
        if one is not None:
            said = {"name": one.name, "email": one.email or "", "phone": one.phone or ""}
        elif who is not None:
            said = {"name": who.name, "email": who.email or "", "phone": who.phone or ""}
        else:
            continue
        found.append({**said, "outcome": entry.outcome or "", "tries": str(entry.tries)})
    return found


def _record(
    session: Session, actor: Actor, asked: ListExport, act: str, now: datetime, **facts: str | int
) -> None:
    audit.record(session, actor=actor, now=now, act=act, subject=f"list/{asked.list_id}", **facts)

"""Lists: a filter made into people to call or to text; kept filters; closing."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from union.audit import service as audit
from union.core.actor import Actor, Place, PlaceKind
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.ids import new_id
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.organizing import scope
from union.organizing.audience import audience, prospects_to_call
from union.organizing.models import CallEntry, CallHold, CallList, SavedFilter
from union.organizing.rules.calling import LIST_LASTS, SCRIPT_LENGTH, Kind, tidy_title
from union.organizing.rules.wanted import Wanted

NO_LIST = msg("There is no such list.")
_NAME_LENGTH = 80


@dataclass(frozen=True)
class ListDraft:
    """A list as its maker wants it. script: what helpers say, or the text to send.

    place: None for the whole union. by_email: a text list also writes to those who want no texts.
    """

    kind: Kind
    title: str
    script: str
    place: Place | None
    wanted: Wanted
    closes_at: datetime
    prospects: bool = False
    by_email: bool = False


def locked(session: Session, list_id: str) -> CallList:
    """Return the list with its row locked until the transaction ends; raises NotFound."""
    row = session.get(CallList, list_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(NO_LIST)
    return row


def place_of(row: CallList) -> Place | None:
    """Return where a list belongs."""
    return scope.place_of(row.place_kind, row.place_key)


def run_here(session: Session, actor: Actor, list_id: str) -> CallList:
    """Return a list that the actor runs, locked; raises NotAllowed, NotFound for one of elsewhere."""
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    row = locked(session, list_id)
    allow(actor, Permission.ORGANIZING_LISTS, *scope.at(place_of(row)))
    return row


def check_open(row: CallList, now: datetime) -> None:
    """Raise Closed when the list has ended."""
    if row.closed_at is not None or row.closes_at <= now:
        raise Closed(msg("This list is closed."))


def make_list(session: Session, *, actor: Actor, draft: ListDraft, now: datetime) -> str:
    """Make a list of the people whom the filter finds and return its id.

    A call list takes them down now, in random order; a text list finds them when it is sent. Raises Invalid
    (field title, script, closes, called, or none where nobody can be reached).
    """
    allow(actor, Permission.ORGANIZING_LISTS, *scope.at(draft.place))
    title, script = tidy_title(draft.title), draft.script.strip()
    if not script or len(script) > SCRIPT_LENGTH:
        raise Invalid(
            msg("Write down what to say, in at most %(n)s characters."), field="script", n=SCRIPT_LENGTH
        )
    if not now < draft.closes_at <= now + LIST_LASTS:
        raise Invalid(msg("Let the list end within three months."), field="closes")
    kind, key = scope.columns(draft.place)
    row = CallList(
        id=new_id(),
        kind=draft.kind.value,
        title=title,
        script=script,
        place_kind=kind,
        place_key=key,
        wanted=draft.wanted.asked(),
        prospects=draft.prospects and draft.kind is Kind.CALL,
        by_email=draft.by_email,
        created_by=actor.member_id,
        created_at=now,
        closes_at=draft.closes_at,
    )
    session.add(row)
    session.flush()
    size = _take_down(session, row, draft, now) if draft.kind is Kind.CALL else 0
    audit.record(
        session,
        actor=actor,
        now=now,
        act="organizing.make_list",
        subject=f"list/{row.id}",
        how=row.kind,
        people=size,
        place=f"{kind}/{key}" if kind else "union",
    )
    return row.id


def _take_down(session: Session, row: CallList, draft: ListDraft, now: datetime) -> int:
    """Write one entry for everybody with a number; raises Invalid when there is nobody."""
    draft.wanted.seen_by_name()
    if draft.prospects:
        people = prospects_to_call(session, draft.place)
    else:
        ids = audience(session, draft.place, draft.wanted, now)
        people = [(one.member_id, one.zone) for one in members.contacts(session, ids) if one.phone]
    if not people:
        raise Invalid(msg("Nobody whom this finds has a number to call. Ask for others."))
    secrets.SystemRandom().shuffle(people)
    session.add_all(
        CallEntry(
            id=new_id(), list_id=row.id, person_id=person_id, zone=zone, place=n, after=now
        )
        for n, (person_id, zone) in enumerate(people)
    )  # fmt: skip
    session.flush()
    return len(people)


def close_list(session: Session, *, actor: Actor, list_id: str, now: datetime) -> None:
    """End a list at once, with every helper's access; raises Conflict the second time."""
    row = run_here(session, actor, list_id)
    if row.closed_at is not None:
        raise Conflict(msg("This list is closed."))
    row.closed_at = now
    hang_up(session, row)
    audit.record(session, actor=actor, now=now, act="organizing.close_list", subject=f"list/{row.id}")


def hang_up(session: Session, row: CallList) -> None:
    """Let go of everybody of a list who is on the line."""
    entries = select(CallEntry.id).where(CallEntry.list_id == row.id)
    session.execute(delete(CallHold).where(CallHold.entry_id.in_(entries)))
    session.flush()


def list_place(list_id: str) -> Place:
    """Return a list as a place where somebody helps."""
    return Place(PlaceKind.LIST, list_id)


def keep_filter(session: Session, *, actor: Actor, name: str, wanted: Wanted, now: datetime) -> str:
    """Keep a filter under a name, for its maker alone, and return its id; raises Invalid (field name)."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    wanted.seen_by_name()
    name = " ".join(name.split())
    if not name or len(name) > _NAME_LENGTH:
        raise Invalid(
            msg("Give the filter a name of at most %(n)s characters."), field="name", n=_NAME_LENGTH
        )
    row = SavedFilter(id=new_id(), owner_id=str(actor.member_id), name=name, wanted=wanted.asked(), at=now)
    session.add(row)
    session.flush()
    return row.id


def forget_filter(session: Session, *, actor: Actor, filter_id: str) -> None:
    """Forget a filter of one's own; raises NotFound."""
    allow(actor, Permission.ORGANIZING_PEOPLE, *actor.places)
    row = session.get(SavedFilter, filter_id)
    if row is None or row.owner_id != actor.member_id:
        raise NotFound(msg("There is no such filter of yours."))
    session.delete(row)
    session.flush()

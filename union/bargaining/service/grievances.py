"""Grievances: a member tells the team that a clause is not kept; only they read it, sealed at rest.

Not even organizers who do not sit at the table may look. The log names the case, never the member.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from union.bargaining.models import Agreement, AgreementClause, BargainingTable, Grievance, GrievanceNote
from union.bargaining.rules import agreements, clocks, grievances
from union.bargaining.rules.agreements import State as AgreementState
from union.bargaining.rules.clocks import Span, Unit
from union.bargaining.rules.grievances import State, Turn
from union.bargaining.service import common
from union.bargaining.service.common import drop_reminders, plan_reminders, record, sits, write_to
from union.core.actor import VISITOR, Actor
from union.core.errors import Closed, Invalid, NotAllowed, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members

NO_GRIEVANCE = msg("There is no such grievance.")
ANSWER_WITHIN = Span(14, Unit.DAYS)
RAISED_WITHIN = Span(28, Unit.DAYS)
LONGEST = 8000
KEPT = timedelta(days=730)
"""How long a closed case keeps its words."""
_BEFORE = (timedelta(days=3), timedelta(0))


def file_grievance(
    session: Session, *, actor: Actor, now: datetime, slug: str, clause: int, text: str, public_url: str
) -> str:
    """Tell the team that a clause of an agreement in force is not kept; return the case's id.

    The team has fourteen days for a first answer.
    """
    allow(actor, Permission.GRIEVANCE_FILE)
    row = session.scalar(select(Agreement).where(Agreement.slug == slug))
    if row is None or AgreementState(row.state) not in agreements.PUBLIC:
        raise NotFound(msg("There is no such agreement."))
    if AgreementState(row.state) not in agreements.BINDING:
        raise Closed(msg("This agreement is not in force: nothing can be claimed under it."))
    if session.get(AgreementClause, (row.id, clause)) is None:
        raise Invalid(msg("Choose the clause that is not kept."), field="clause")
    _words(text)
    table = session.get_one(BargainingTable, row.table_id)
    case = Grievance(
        agreement_id=row.id,
        clause=clause,
        member_id=actor.member_id,
        state=State.FILED.value,
        text=text.strip(),
        filed_at=now,
        due_at=_due(now, table, ANSWER_WITHIN),
    )
    session.add(case)
    session.flush()
    _remind(session, table, case, now)
    _tell_team(session, table, case, now, "filed", public_url)
    record(session, table, "file_grievance", actor=VISITOR, now=now, case=case.id)
    return case.id


def _words(text: str) -> None:
    if not text.strip():
        raise Invalid(msg("Tell what happened."), field="text")
    if len(text) > LONGEST:
        raise Invalid(msg("At most %(most)s characters, please."), field="text", most=LONGEST)


def _due(now: datetime, table: BargainingTable, span: Span) -> datetime:
    day = now.astimezone(ZoneInfo(table.zone)).date()
    return clocks.end_of(clocks.last_day(day, span), table.zone)


def _remind(session: Session, table: BargainingTable, case: Grievance, now: datetime) -> None:
    plan_reminders(
        session,
        table,
        ref=f"grievance/{case.id}",
        title=msg("A grievance waits for the team"),
        path=f"/grievances/{case.id}",
        about_at=case.due_at,
        now=now,
        before=_BEFORE,
    )


def _tell_team(
    session: Session, table: BargainingTable, case: Grievance, now: datetime, kind: str, public_url: str
) -> None:
    # Written without the member's name and without the text: the page shows it to who may read it.
    write_to(
        session,
        common.team_ids(session, table.id, now),
        now=now,
        ref=f"grievance:{case.id}",
        kind=f"{kind}-{_turns(session, case)}",
        template="bargaining/grievance",
        fields={"link": f"{public_url}/grievances/{case.id}"},
    )


def _turns(session: Session, case: Grievance) -> int:
    return len(session.scalars(select(GrievanceNote.id).where(GrievanceNote.grievance_id == case.id)).all())


def readable(
    session: Session, grievance_id: str, actor: Actor, now: datetime, *, lock: bool = False
) -> tuple[BargainingTable, Agreement, Grievance, bool]:
    """Return a case with its agreement and table, and whether the actor is of the team.

    Raises NotFound for everybody but the member and those who sit: others may not know that it exists.
    """
    case = session.get(Grievance, grievance_id, with_for_update=lock or None, populate_existing=lock)
    if case is None or not actor.active:
        raise NotFound(NO_GRIEVANCE)
    row = session.get_one(Agreement, case.agreement_id)
    table = session.get_one(BargainingTable, row.table_id)
    own = case.member_id is not None and case.member_id == actor.member_id
    # Who has a case of their own is heard, and does not judge.
    team = sits(session, table, actor, now) and not own
    if not own and not team:
        raise NotFound(NO_GRIEVANCE)
    return table, row, case, team


def turn_grievance(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    grievance_id: str,
    turn: Turn,
    note: str,
    public_url: str,
) -> None:
    """Move a case on, with a note that member and team read. The member may only withdraw it."""
    allow(actor, Permission.GRIEVANCE_FILE)
    table, _, case, team = readable(session, grievance_id, actor, now, lock=True)
    if turn in grievances.TEAM_TURNS and not team:
        raise NotAllowed(msg("The team takes this step."))
    if turn is Turn.WITHDRAW and team:
        raise NotAllowed(msg("Only the member can withdraw it."))
    after = grievances.after(State(case.state), turn)
    if turn in {Turn.SETTLE, Turn.DISMISS} and not note.strip():
        raise Invalid(msg("Tell the member the outcome."), field="note")
    case.state = after.value
    if after in grievances.OPEN:
        case.closed_at = None
        case.due_at = _due(now, table, RAISED_WITHIN if turn is Turn.RAISE else ANSWER_WITHIN)
        _remind(session, table, case, now)
    else:
        case.closed_at = now
        case.outcome = note.strip() or None
        drop_reminders(session, f"grievance/{case.id}")
    _add(session, case, now, by_member=not team, shared=True, turn=turn.value, text=note)
    _news(session, table, case, now, team=team, public_url=public_url)
    record(session, table, f"grievance_{turn.value}", actor=VISITOR, now=now, case=case.id)


def add_note(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    grievance_id: str,
    text: str,
    shared: bool,
    public_url: str,
) -> None:
    """Add a line to the case log. shared: the member reads it too; the member's own lines always are."""
    allow(actor, Permission.GRIEVANCE_FILE)
    table, _, case, team = readable(session, grievance_id, actor, now, lock=True)
    _words(text)
    if State(case.state) not in grievances.OPEN:
        raise Closed(msg("This grievance is closed."))
    _add(session, case, now, by_member=not team, shared=shared or not team, turn="", text=text)
    if shared or not team:
        _news(session, table, case, now, team=team, public_url=public_url)
    record(session, table, "grievance_note", actor=VISITOR, now=now, case=case.id)


def _add(
    session: Session, case: Grievance, now: datetime, *, by_member: bool, shared: bool, turn: str, text: str
) -> None:
    session.add(
        GrievanceNote(
            grievance_id=case.id,
            at=now,
            by_member=by_member,
            shared=shared,
            turn=turn,
            text=text.strip() or None,
        )
    )
    session.flush()


def _news(
    session: Session, table: BargainingTable, case: Grievance, now: datetime, *, team: bool, public_url: str
) -> None:
    if not team:
        _tell_team(session, table, case, now, "news", public_url)
    elif case.member_id is not None:
        write_to(
            session,
            [case.member_id],
            now=now,
            ref=f"grievance:{case.id}",
            kind=f"answer-{_turns(session, case)}",
            template="bargaining/grievance_news",
            fields={"link": f"{public_url}/grievances/{case.id}"},
        )


def wipe(session: Session, *, actor: Actor, now: datetime, limit: int = 200) -> int:
    """Wipe the words of cases closed two years ago, and of members who were erased; return how many."""
    allow(actor, Permission.BARGAINING_TICK)
    open_words = select(Grievance).where(Grievance.wiped_at.is_(None)).order_by(Grievance.id)
    old = list(session.scalars(open_words.where(Grievance.closed_at < now - KEPT).limit(limit)))
    ids = {
        member_id
        for member_id in session.scalars(
            select(Grievance.member_id).where(Grievance.wiped_at.is_(None), Grievance.member_id.is_not(None))
        )
        if member_id is not None
    }
    erased = ids - set(members.display_names(session, ids))
    orphans = open_words.where(Grievance.member_id.is_(None) | Grievance.member_id.in_(sorted(erased)))
    gone = {case.id: case for case in (*old, *session.scalars(orphans.limit(limit)))}
    for case in gone.values():
        case.text = case.outcome = case.member_id = None
        case.wiped_at = now
        if State(case.state) in grievances.OPEN:
            case.state, case.closed_at = State.WITHDRAWN.value, now
            drop_reminders(session, f"grievance/{case.id}")
        for note in session.scalars(select(GrievanceNote).where(GrievanceNote.grievance_id == case.id)):
            note.text = None
    session.flush()
    return len(gone)

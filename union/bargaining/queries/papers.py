"""Agreements, obligations and grievances as their pages read them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.bargaining.models import (
    Agreement,
    AgreementClause,
    BargainingTable,
    Grievance,
    GrievanceNote,
    Obligation,
    ObligationCheck,
)
from union.bargaining.queries.cards import TableCard, card_of
from union.bargaining.rules import agreements as rules
from union.bargaining.rules import grievances
from union.bargaining.rules.agreements import Every, Kept, Side, State, Terms
from union.bargaining.rules.grievances import Counts
from union.bargaining.rules.grievances import State as CaseState
from union.bargaining.service import common
from union.bargaining.service.agreements import NO_AGREEMENT, terms_of
from union.bargaining.service.grievances import readable
from union.campaigns import queries as campaigns
from union.core.actor import Actor
from union.core.errors import NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow
from union.members import queries as members


@dataclass(frozen=True)
class ObligationView:
    """What one side must do. last_check: what somebody saw last."""

    id: str
    clause: int
    title: str
    who: Side
    every: Every
    due_on: date
    due_at: datetime
    state: Kept
    overdue: bool
    last_check: str


@dataclass(frozen=True)
class CheckView:
    """Somebody looked."""

    at: datetime
    by: str
    result: Kept
    note: str


@dataclass(frozen=True)
class AgreementPage:
    """An agreement as the reader sees it. counts: grievances by outcome, small numbers left out."""

    table: TableCard | None
    campaign_slug: str
    campaign_title: str
    platform_name: str
    slug: str
    state: State
    language: str
    zone: str
    terms: Terms
    text: str | None
    hash: str | None
    ballot_slug: str | None
    vote: dict[str, Any] | None
    agreed_at: datetime | None
    decided_at: datetime | None
    in_force_at: datetime | None
    ends_at: datetime | None
    over_at: datetime | None
    over_why: str
    duties: tuple[ObligationView, ...]
    counts: Counts
    by_clause: Counts
    may_file: bool
    demands: dict[str, str]


def _agreement(session: Session, slug: str, actor: Actor, now: datetime) -> tuple[Agreement, BargainingTable]:
    """Return an agreement the actor may read: drafts on the team, tentative as a member, the rest."""
    row = session.scalar(select(Agreement).where(Agreement.slug == slug))
    if row is None:
        raise NotFound(NO_AGREEMENT)
    table = session.get_one(BargainingTable, row.table_id)
    state = State(row.state)
    hidden = state in {State.DRAFT, State.ABANDONED}
    if state not in rules.PUBLIC and not actor.active:
        raise NotFound(NO_AGREEMENT)
    if hidden and not common.helps(session, table, actor, now):
        raise NotFound(NO_AGREEMENT)
    return row, table


def agreement_page(session: Session, slug: str, actor: Actor, now: datetime) -> AgreementPage:
    """Return an agreement with its duties; raises NotFound."""
    row, table = _agreement(session, slug, actor, now)
    campaign = campaigns.card_by_id(session, table.campaign_id)
    demands = {d.id: d.title for d in campaigns.demands(session, table.campaign_id, actor)}
    return AgreementPage(
        table=card_of(session, table, actor, now) if actor.active else None,
        campaign_slug=campaign.slug,
        campaign_title=campaign.title,
        platform_name=campaign.platform_name,
        slug=row.slug,
        state=State(row.state),
        language=row.language,
        zone=row.zone,
        terms=terms_of(session, row),
        text=row.text,
        hash=row.hash,
        ballot_slug=row.ballot_slug,
        vote=row.vote,
        agreed_at=row.agreed_at,
        decided_at=row.decided_at,
        in_force_at=row.in_force_at,
        ends_at=row.ends_at,
        over_at=row.over_at,
        over_why=row.over_why,
        duties=_duties(session, row, now),
        counts=_counts(session, row.id, Grievance.state, [s.value for s in CaseState]),
        by_clause=_counts(
            session,
            row.id,
            Grievance.clause,
            session.scalars(
                select(AgreementClause.number)
                .where(AgreementClause.agreement_id == row.id)
                .order_by(AgreementClause.number)
            ).all(),
        ),
        may_file=actor.active and State(row.state) in rules.BINDING,
        demands=demands,
    )


def _counts(session: Session, agreement_id: str, column: Any, names: Any) -> Counts:  # noqa: ANN401 - a column
    counted = {str(name): 0 for name in names}
    for name, n in session.execute(
        select(column, func.count()).where(Grievance.agreement_id == agreement_id).group_by(column)
    ):
        counted[str(name)] = n
    return grievances.shown(counted)


def _duties(session: Session, row: Agreement, now: datetime) -> tuple[ObligationView, ...]:
    duties = session.scalars(
        select(Obligation)
        .where(Obligation.agreement_id == row.id)
        .order_by(Obligation.due_on, Obligation.clause)
    ).all()
    return tuple(_duty(session, d, now) for d in duties)


def _duty(session: Session, duty: Obligation, now: datetime) -> ObligationView:
    last = session.scalar(
        select(ObligationCheck.note)
        .where(ObligationCheck.obligation_id == duty.id)
        .order_by(ObligationCheck.id.desc())
        .limit(1)
    )
    return ObligationView(
        duty.id,
        duty.clause,
        duty.title,
        Side(duty.who),
        Every(duty.every),
        duty.due_on,
        duty.due_at,
        Kept(duty.state),
        duty.state == Kept.OPEN and duty.due_at <= now,
        last or "",
    )


def obligation_page(
    session: Session, slug: str, obligation_id: str, actor: Actor, now: datetime
) -> tuple[AgreementPage, ObligationView, tuple[CheckView, ...]]:
    """Return an obligation with every check of it; raises NotFound."""
    page = agreement_page(session, slug, actor, now)
    duty = session.get(Obligation, obligation_id)
    if duty is None or all(d.id != obligation_id for d in page.duties):
        raise NotFound(msg("There is no such obligation."))
    rows = session.scalars(
        select(ObligationCheck)
        .where(ObligationCheck.obligation_id == obligation_id)
        .order_by(ObligationCheck.id.desc())
    ).all()
    names = members.display_names(session, [r.by for r in rows if r.by]) if actor.active else {}
    checks = tuple(CheckView(r.at, names.get(r.by or "", ""), Kept(r.result), r.note) for r in rows)
    return page, _duty(session, duty, now), checks


@dataclass(frozen=True)
class CaseCard:
    """A grievance in a list. own: the reader's."""

    id: str
    agreement_title: str
    clause: int
    state: CaseState
    filed_at: datetime
    due_at: datetime
    overdue: bool
    own: bool


@dataclass(frozen=True)
class NoteView:
    """A line of a case log. shared: the member reads it too."""

    at: datetime
    by_member: bool
    shared: bool
    turn: str
    text: str


@dataclass(frozen=True)
class CasePage:
    """One grievance. name: the member's, only for the team. turns: what the reader can do now."""

    card: CaseCard
    agreement_slug: str
    heading: str
    clause_text: str
    text: str
    outcome: str
    name: str
    team: bool
    zone: str
    notes: tuple[NoteView, ...]
    turns: tuple[grievances.Turn, ...]
    is_open: bool


def _case_card(case: Grievance, agreement: Agreement, actor: Actor, now: datetime) -> CaseCard:
    state = CaseState(case.state)
    return CaseCard(
        case.id,
        agreement.title,
        case.clause,
        state,
        case.filed_at,
        common.said(case.due_at, agreement.zone),
        state in grievances.OPEN and case.due_at <= now,
        case.member_id == actor.member_id,
    )


def case_page(session: Session, grievance_id: str, actor: Actor, now: datetime) -> CasePage:
    """Return a grievance to its member or to the team; raises NotFound for everybody else."""
    table, agreement, case, team = readable(session, grievance_id, actor, now)
    clause = session.get(AgreementClause, (agreement.id, case.clause))
    notes = session.scalars(
        select(GrievanceNote).where(GrievanceNote.grievance_id == case.id).order_by(GrievanceNote.id)
    )
    names = members.display_names(session, [case.member_id]) if team and case.member_id else {}
    possible = grievances.possible(CaseState(case.state))
    return CasePage(
        card=_case_card(case, agreement, actor, now),
        agreement_slug=agreement.slug,
        heading=clause.heading if clause else "",
        clause_text=clause.text if clause else "",
        text=case.text or "",
        outcome=case.outcome or "",
        name=names.get(case.member_id or "", ""),
        team=team,
        zone=table.zone,
        notes=tuple(
            NoteView(n.at, n.by_member, n.shared, n.turn, n.text or "") for n in notes if team or n.shared
        ),
        turns=tuple(t for t in possible if (t in grievances.TEAM_TURNS) == team),
        is_open=CaseState(case.state) in grievances.OPEN,
    )


def cases(session: Session, actor: Actor, now: datetime) -> tuple[list[CaseCard], list[CaseCard]]:
    """Return the reader's own grievances, and those of the tables they sit at, the most urgent first."""
    allow(actor, Permission.GRIEVANCE_FILE)
    rows = session.execute(
        select(Grievance, Agreement, BargainingTable)
        .join(Agreement, Agreement.id == Grievance.agreement_id)
        .join(BargainingTable, BargainingTable.id == Agreement.table_id)
        .order_by(Grievance.closed_at.is_not(None), Grievance.due_at, Grievance.id)
        .limit(500)
    ).all()
    seats: dict[str, bool] = {}
    own, team = [], []
    for case, agreement, table in rows:
        if case.member_id is not None and case.member_id == actor.member_id:
            own.append(_case_card(case, agreement, actor, now))
            continue
        if table.id not in seats:
            seats[table.id] = common.sits(session, table, actor, now)
        if seats[table.id]:
            team.append(_case_card(case, agreement, actor, now))
    return own, team

"""Write an agreement down: empty or from an accepted offer, changed until its text is frozen."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from union.bargaining.models import (
    Agreement,
    AgreementClause,
    BargainingTable,
    Obligation,
    Offer,
    OfferClause,
    TableClause,
)
from union.bargaining.rules import agreements as rules
from union.bargaining.rules import clocks, wording
from union.bargaining.rules.agreements import Concession, Kept, State, Terms, Turn
from union.bargaining.service import common
from union.bargaining.service.agreements import found
from union.bargaining.service.common import locked, must_be_open, record
from union.bargaining.service.offers import ACCEPTED
from union.campaigns import queries as campaigns
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid
from union.core.i18n import LANGUAGES, msg, translate
from union.core.ids import new_id, slugify
from union.core.permissions import Permission, allow
from union.platforms import queries as platforms


def draft_agreement(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    union_name: str,
    from_offer: int | None = None,
) -> str:
    """Begin an agreement, empty or from an accepted offer, and return its slug."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    must_be_open(table)
    common.must_help(session, table, actor, now)
    offer = _accepted(session, table, from_offer) if from_offer is not None else None
    card = campaigns.card_by_id(session, table.campaign_id)
    today = now.astimezone(ZoneInfo(table.zone)).date()
    starts_on = clocks.add_months(today.replace(day=1), 1)
    platform = platforms.platform_page(session, table.platform_slug)
    title = translate(actor.language, msg("Agreement with %(platform)s"), platform=card.platform_name)[:120]
    base = slugify(f"{table.slug} agreement")
    taken = session.scalar(select(exists().where(Agreement.slug == base)))
    row = Agreement(
        slug=f"{base}-{new_id()[:5]}" if taken else base,
        table_id=table.id,
        state=State.DRAFT.value,
        language=actor.language if actor.language in LANGUAGES else "en",
        zone=table.zone,
        title=title,
        union_party=union_name,
        platform_party="\n".join(filter(None, (table.contact_name or platform.name, table.contact_postal))),
        starts_on=starts_on,
        starts_at=_starts(starts_on, table.zone),
        created_at=now,
    )
    session.add(row)
    session.flush()
    if offer is not None:
        _copy_offer(session, row, offer)
    record(session, table, "draft_agreement", actor=actor, now=now, agreement=row.slug)
    return row.slug


def _accepted(session: Session, table: BargainingTable, number: int) -> Offer:
    offer = session.scalar(select(Offer).where(Offer.table_id == table.id, Offer.number == number))
    if offer is None or offer.state != ACCEPTED:
        raise Conflict(msg("Only an accepted offer becomes the draft of an agreement."))
    return offer


def _copy_offer(session: Session, row: Agreement, offer: Offer) -> None:
    pairs = session.execute(
        select(TableClause, OfferClause.text)
        .join(OfferClause, OfferClause.clause_id == TableClause.id)
        .where(OfferClause.offer_id == offer.id, OfferClause.text != "")
        .order_by(TableClause.position)
    )
    for n, (clause, text) in enumerate(pairs, 1):
        session.add(
            AgreementClause(
                agreement_id=row.id,
                number=n,
                heading=clause.heading,
                text=text,
                clause_id=clause.id,
                demand_id=clause.demand_id,
                concession=(Concession.CONCEDED if clause.demand_id else Concession.NONE).value,
            )
        )
    session.flush()


def _starts(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def edit_agreement(
    session: Session, *, actor: Actor, now: datetime, slug: str, terms: Terms, language: str
) -> None:
    """Write down what is agreed, while it is a draft. Incomplete text may be kept; it cannot be agreed on."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_help(session, table, actor, now)
    if State(row.state) not in rules.EDITABLE:
        raise Closed(
            rules.REFUSED_IN.get(
                (State(row.state), Turn.REOPEN), msg("The text is frozen: reopen it to change it.")
            )
        )
    if language not in LANGUAGES:
        raise Invalid(msg("Choose a language."), field="language")
    if terms.ends_on is not None and terms.ends_on < terms.starts_on:
        raise Invalid(msg("It ends before it starts."), field="ends_on")
    demands = {d.id for d in campaigns.demands(session, table.campaign_id, actor)}
    row.title, row.language = terms.title.strip(), language
    row.union_party, row.platform_party = terms.union_party.strip(), terms.platform_party.strip()
    row.preamble = wording.tidy(terms.preamble)
    row.starts_on, row.ends_on = terms.starts_on, terms.ends_on
    row.starts_at = _starts(terms.starts_on, row.zone)
    row.ends_at = clocks.end_of(terms.ends_on, row.zone) if terms.ends_on else None
    session.execute(delete(AgreementClause).where(AgreementClause.agreement_id == row.id))
    session.execute(delete(Obligation).where(Obligation.agreement_id == row.id))
    session.flush()
    for clause in terms.clauses:
        session.add(
            AgreementClause(
                agreement_id=row.id,
                number=clause.number,
                heading=clause.heading.strip(),
                text=wording.tidy(clause.text),
                clause_id=clause.clause_id,
                demand_id=clause.demand_id if clause.demand_id in demands else None,
                concession=clause.concession.value if clause.demand_id in demands else "",
            )
        )
    for duty in terms.obligations:
        session.add(make_obligation(row, duty, new_id(), 0))
    session.flush()
    record(session, table, "edit_agreement", actor=actor, now=now, agreement=slug)


def make_obligation(row: Agreement, duty: rules.Obligation, root: str, turn: int) -> Obligation:
    """Return the row of one turn of an obligation, counted from 0; turns are months apart, not days."""
    due_on = clocks.add_months(duty.due_on, rules.MONTHS[duty.every] * turn) if turn else duty.due_on
    return Obligation(
        id=root if turn == 0 else new_id(),
        agreement_id=row.id,
        root_id=root,
        turn=turn,
        clause=duty.clause,
        title=duty.title.strip(),
        who=duty.who.value,
        every=duty.every.value,
        due_on=due_on,
        due_at=clocks.end_of(due_on, row.zone),
        state=Kept.OPEN.value,
    )

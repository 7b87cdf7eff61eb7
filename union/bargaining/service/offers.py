"""Offers of both sides, point by point; each new one takes the place of the last one of that side."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.bargaining.models import BargainingTable, Offer, OfferClause, TableClause
from union.bargaining.rules.agreements import Side
from union.bargaining.rules.wording import tidy
from union.bargaining.service import common
from union.bargaining.service.common import drop_reminders, locked, must_be_open, plan_reminders, record
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import msg
from union.core.permissions import Permission, allow

STANDING, SUPERSEDED, WITHDRAWN, ACCEPTED, REFUSED, LAPSED = (
    "standing",
    "superseded",
    "withdrawn",
    "accepted",
    "refused",
    "lapsed",
)
LONGEST = 8000
BEFORE_ANSWER = (timedelta(days=3), timedelta(days=1), timedelta(0))


def make_offer(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    side: Side,
    texts: Mapping[str, str],
    note: str,
    answer_by: datetime | None,
) -> int:
    """Put our proposal on the table, or write down theirs, and return its number.

    texts: point → words; "" takes a point off the table, a point left out is not spoken of. Demands that are
    answered move to negotiation. Raises Conflict when nothing differs from that side's standing offer.
    """
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    must_be_open(table)
    common.must_sit(session, table, actor, now)
    if answer_by is not None:
        common.ahead(answer_by, now, "answer_by")
    words = _words(session, table, texts)
    last = standing(session, table.id, side)
    if last is not None and words == texts_of(session, last.id):
        raise Conflict(msg("This says the same as offer %(number)s, which stands."), number=last.number)
    number = (session.scalar(select(func.max(Offer.number)).where(Offer.table_id == table.id)) or 0) + 1
    if last is not None:
        _end(session, last, SUPERSEDED, now)
    offer = Offer(
        table_id=table.id,
        number=number,
        side=side.value,
        state=STANDING,
        note=note.strip(),
        made_at=now,
        made_by=actor.member_id,
        answer_by=answer_by,
    )
    session.add(offer)
    session.flush()
    session.add_all(OfferClause(offer_id=offer.id, clause_id=c, text=t) for c, t in words.items())
    session.flush()
    if answer_by is not None:
        plan_reminders(
            session,
            table,
            ref=f"offer/{offer.id}",
            title=msg("The answer to an offer is due"),
            path=f"/bargaining/{slug}/offers/{number}",
            about_at=answer_by,
            now=now,
            before=BEFORE_ANSWER,
        )
    _to_negotiation(session, table, words, number, now)
    record(session, table, "offer", actor=actor, now=now, number=number, side=side.value)
    return number


def _words(session: Session, table: BargainingTable, texts: Mapping[str, str]) -> dict[str, str]:
    known = set(session.scalars(select(TableClause.id).where(TableClause.table_id == table.id)))
    if set(texts) - known:
        raise Invalid(msg("A point of this offer is not on this table."))
    words = {clause: tidy(text) for clause, text in texts.items()}
    if not any(words.values()):
        raise Invalid(msg("An offer says something about at least one point."))
    if any(len(text) > LONGEST for text in words.values()):
        raise Invalid(msg("A point has at most %(most)s characters."), most=LONGEST)
    return words


def standing(session: Session, table_id: str, side: Side) -> Offer | None:
    """Return the offer of `side` that stands, if any."""
    return session.scalar(
        select(Offer)
        .where(Offer.table_id == table_id, Offer.side == side.value, Offer.state == STANDING)
        .order_by(Offer.number.desc())
        .limit(1)
        .with_for_update()
    )


def texts_of(session: Session, offer_id: str) -> dict[str, str]:
    """Return what an offer says, point by point."""
    rows = session.scalars(select(OfferClause).where(OfferClause.offer_id == offer_id))
    return {row.clause_id: row.text for row in rows}


def _to_negotiation(
    session: Session, table: BargainingTable, words: Mapping[str, str], number: int, now: datetime
) -> None:
    demands = session.scalars(
        select(TableClause.demand_id).where(
            TableClause.id.in_(list(words)), TableClause.demand_id.is_not(None)
        )
    )
    for demand_id in set(demands):
        try:
            # The mandate of the team covers this step; the clock's permission is what the campaign asks for.
            campaigning.move_demand(
                session,
                demand_id=str(demand_id),
                actor=SYSTEM,
                status="negotiation",
                now=now,
                note=f"{table.slug} #{number}",
            )
        except Closed:
            continue  # under negotiation already, or not adopted yet


def _offer(
    session: Session, slug: str, number: int, actor: Actor, now: datetime
) -> tuple[BargainingTable, Offer]:
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    common.must_sit(session, table, actor, now)
    offer = session.scalar(
        select(Offer).where(Offer.table_id == table.id, Offer.number == number).with_for_update()
    )
    if offer is None:
        raise NotFound(msg("There is no such offer."))
    if offer.state != STANDING:
        raise Closed(msg("This offer does not stand any more."))
    return table, offer


def _end(session: Session, offer: Offer, state: str, now: datetime) -> None:
    offer.state, offer.answered_at = state, now
    drop_reminders(session, f"offer/{offer.id}")


def withdraw_offer(session: Session, *, actor: Actor, now: datetime, slug: str, number: int) -> None:
    """Take a standing offer back, or write down that they took theirs back."""
    table, offer = _offer(session, slug, number, actor, now)
    _end(session, offer, WITHDRAWN, now)
    record(session, table, "withdraw_offer", actor=actor, now=now, number=number)


def answer_offer(
    session: Session, *, actor: Actor, now: datetime, slug: str, number: int, accept: bool
) -> None:
    """Accept or refuse a standing offer; an accepted one can become the draft of an agreement."""
    table, offer = _offer(session, slug, number, actor, now)
    _end(session, offer, ACCEPTED if accept else REFUSED, now)
    record(session, table, "answer_offer", actor=actor, now=now, number=number, accepted=accept)


def lapse_due(session: Session, *, actor: Actor, now: datetime) -> int:
    """Let offers lapse whose time for an answer is over, each once; return how many."""
    allow(actor, Permission.BARGAINING_TICK)
    due = session.scalars(
        select(Offer)
        .where(Offer.state == STANDING, Offer.answer_by <= now)
        .order_by(Offer.id)
        .with_for_update(skip_locked=True)
    )
    lapsed = list(due)
    for offer in lapsed:
        _end(session, offer, LAPSED, now)
        table = session.get_one(BargainingTable, offer.table_id)
        record(session, table, "lapse_offer", actor=actor, now=now, number=offer.number)
    return len(lapsed)

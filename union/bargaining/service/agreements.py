"""An agreement from draft to its end: frozen by hash, ratified by members, in force, ended."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from union.ballots import queries as ballots
from union.ballots import service as voting
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
from union.bargaining.rules.agreements import Clause, Concession, Every, Kept, Side, State, Terms, Turn
from union.bargaining.service import common
from union.bargaining.service.common import drop_reminders, locked, must_be_open, plan_reminders, record
from union.bargaining.service.offers import ACCEPTED
from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM, Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import LANGUAGES, msg, translate
from union.core.ids import new_id, slugify
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.platforms import queries as platforms

KIND = "ratification"
BEFORE_END = (timedelta(days=90), timedelta(days=30), timedelta(days=7))
BEFORE_OBLIGATION = (timedelta(days=7), timedelta(days=1), timedelta(0))
NO_AGREEMENT = msg("There is no such agreement.")


@dataclass(frozen=True)
class Vote:
    """What the organizer decides about the ballot. Times are aware UTC; zone: where they were meant."""

    title: str
    intro: str
    question: str
    preset: str
    group: str
    opens_at: datetime
    closes_at: datetime
    zone: str
    trustee_ids: Sequence[str]
    server_trustee: bool = False
    rule_confirmed: bool = False


def found(session: Session, slug: str) -> tuple[BargainingTable, Agreement]:
    """Return an agreement and its table, both locked until the transaction ends; raises NotFound."""
    row = session.scalar(
        select(Agreement)
        .where(Agreement.slug == slug)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(NO_AGREEMENT)
    return common.locked_by_id(session, row.table_id), row


def terms_of(session: Session, row: Agreement) -> Terms:
    """Return what an agreement says as the rules know it."""
    clauses = session.scalars(
        select(AgreementClause).where(AgreementClause.agreement_id == row.id).order_by(AgreementClause.number)
    )
    duties = session.scalars(
        select(Obligation)
        .where(Obligation.agreement_id == row.id, Obligation.turn == 0)
        .order_by(Obligation.due_on, Obligation.clause, Obligation.title)
    )
    return Terms(
        title=row.title,
        union_party=row.union_party,
        platform_party=row.platform_party,
        preamble=row.preamble,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        clauses=tuple(
            Clause(c.number, c.heading, c.text, c.demand_id, Concession(c.concession), c.clause_id)
            for c in clauses
        ),
        obligations=tuple(
            rules.Obligation(o.clause, o.title, Side(o.who), o.due_on, Every(o.every)) for o in duties
        ),
    )


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


def _move(
    session: Session,
    table: BargainingTable,
    row: Agreement,
    by: Turn,
    *,
    actor: Actor,
    now: datetime,
    **facts: str | int,
) -> None:
    before = State(row.state)
    row.state = rules.after(before, by).value
    record(
        session,
        table,
        f"agreement_{by.value}",
        actor=actor,
        now=now,
        agreement=row.slug,
        before=before.value,
        **facts,
    )


def agree(session: Session, *, actor: Actor, now: datetime, slug: str) -> str:
    """Say that both sides agree on this text, subject to the members: freeze it and return its hash.

    Raises Invalid, naming what is missing.
    """
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    rules.after(State(row.state), Turn.AGREE)
    terms = terms_of(session, row)
    rules.check_terms(terms)
    if row.ends_at is not None and row.ends_at <= now:
        raise Invalid(msg("The last day of this agreement has passed already."), field="ends_on")
    row.text = wording.agreement_text(terms, partial(translate, row.language))
    row.hash = wording.digest(row.text)
    row.agreed_at = now
    _move(session, table, row, Turn.AGREE, actor=actor, now=now, hash=row.hash)
    return row.hash


def reopen(session: Session, *, actor: Actor, now: datetime, slug: str) -> None:
    """Take a tentative or rejected text back to a draft."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    _move(session, table, row, Turn.REOPEN, actor=actor, now=now)
    row.text = row.hash = row.agreed_at = row.vote = row.ballot_slug = row.decided_at = None


def abandon(session: Session, *, actor: Actor, now: datetime, slug: str, why: str) -> None:
    """Give an agreement up that members have not ratified."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    _why(why)
    _move(session, table, row, Turn.ABANDON, actor=actor, now=now)
    row.over_at, row.over_why = now, why.strip()


def _why(why: str) -> None:
    if not why.strip():
        raise Invalid(msg("Tell members why."), field="why")


def launch_ratification(
    session: Session, *, actor: Actor, now: datetime, slug: str, vote: Vote, public_url: str
) -> str:
    """Draft the ballot on a tentative agreement, on its very text by hash, and return its slug."""
    allow(actor, Permission.BARGAINING_RUN)
    table, row = found(session, slug)
    rules.after(State(row.state), Turn.LAUNCH)
    bound = translate(
        row.language,
        msg("The text: %(link)s (SHA-256 %(hash)s)"),
        link=f"{public_url}/agreements/{row.slug}",
        hash=row.hash,
    )
    row.ballot_slug = voting.draft(
        session,
        actor=actor,
        now=now,
        kind=KIND,
        subject=f"agreement/{row.slug}",
        title=vote.title,
        intro=f"{vote.intro.strip()}\n\n{bound}".strip(),
        questions=[voting.decision(vote.question, row.language)],
        preset=vote.preset,
        group=vote.group,
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        zone=vote.zone,
        platform_slug=table.platform_slug,
        trustee_ids=list(vote.trustee_ids),
        server_trustee=vote.server_trustee,
        rule_confirmed=vote.rule_confirmed,
    )
    _move(session, table, row, Turn.LAUNCH, actor=actor, now=now, ballot=row.ballot_slug)
    return row.ballot_slug


def ratifying(session: Session) -> list[str]:
    """Return the slugs of agreements whose vote has no outcome here yet."""
    return list(session.scalars(select(Agreement.slug).where(Agreement.state == State.RATIFYING.value)))


def settle_ratification(
    session: Session, *, actor: Actor, now: datetime, slug: str, public_url: str
) -> str | None:
    """Take the outcome of an agreement's vote, once.

    Returns "ratified", "rejected" or "cancelled"; None while there is nothing to take.
    """
    allow(actor, Permission.BARGAINING_TICK)
    table, row = found(session, slug)
    if row.state != State.RATIFYING or row.ballot_slug is None:
        return None
    outcome = next((o for o in ballots.concluded(session, KIND) if o.slug == row.ballot_slug), None)
    if outcome is None:
        cards = ballots.for_subject(session, f"agreement/{slug}")
        if any(c.slug == row.ballot_slug and c.state == "cancelled" for c in cards):
            row.ballot_slug = None
            _move(session, table, row, Turn.VOTE_CANCELLED, actor=actor, now=now)
            return "cancelled"
        return None
    row.vote = {
        "ballot": outcome.slug,
        "passed": outcome.passed,
        "counts": [list(pair) for pair in outcome.counts],
        "cast": outcome.cast,
        "eligible": outcome.eligible,
        "rule": outcome.rule.get("name", ""),
    }
    row.decided_at = outcome.decided_at
    turn = Turn.RATIFY if outcome.passed else Turn.REJECT
    _move(session, table, row, turn, actor=actor, now=now, cast=outcome.cast, eligible=outcome.eligible)
    common.write_to(
        session,
        {*common.team_ids(session, table.id, now), *members.organizers(session)},
        now=now,
        ref=f"agreement:{row.id}",
        kind=f"vote-{outcome.slug}"[:40],
        template="bargaining/ratified" if outcome.passed else "bargaining/rejected",
        fields={"title": row.title, "link": f"{public_url}/agreements/{row.slug}"},
    )
    return "ratified" if outcome.passed else "rejected"


def entering(session: Session, now: datetime) -> list[str]:
    """Return the slugs of ratified agreements whose first day has come."""
    return list(
        session.scalars(
            select(Agreement.slug).where(Agreement.state == State.RATIFIED.value, Agreement.starts_at <= now)
        )
    )


def enter(session: Session, *, actor: Actor, now: datetime, slug: str) -> bool:
    """Put a ratified agreement in force once its first day has come, set its demands, plan its reminders."""
    allow(actor, Permission.BARGAINING_TICK)
    table, row = found(session, slug)
    if row.state != State.RATIFIED or row.starts_at > now:
        return False
    _move(session, table, row, Turn.ENTER, actor=actor, now=now)
    row.in_force_at = now
    for clause in terms_of(session, row).clauses:
        if clause.demand_id and clause.concession is not Concession.NONE:
            with suppress(Closed):  # the demand took this step before, or the campaign has ended
                campaigning.move_demand(
                    session,
                    demand_id=clause.demand_id,
                    actor=SYSTEM,
                    status=clause.concession.value,
                    now=now,
                    note=row.title,
                )
    for duty in session.scalars(select(Obligation).where(Obligation.agreement_id == row.id)):
        remind_of(session, table, row, duty, now)
    if row.ends_at is not None:
        plan_reminders(
            session,
            table,
            ref=f"agreement/{row.slug}"[:80],
            title=msg("An agreement ends: renew it in time"),
            path=f"/agreements/{row.slug}",
            about_at=row.ends_at,
            now=now,
            before=BEFORE_END,
        )
    return True


def remind_of(
    session: Session, table: BargainingTable, row: Agreement, duty: Obligation, now: datetime
) -> None:
    """Plan the reminders of one obligation."""
    plan_reminders(
        session,
        table,
        ref=f"obligation/{duty.id}",
        title=duty.title,
        path=f"/agreements/{row.slug}/obligations/{duty.id}",
        about_at=duty.due_at,
        now=now,
        before=BEFORE_OBLIGATION,
    )


def ending(session: Session, now: datetime) -> list[str]:
    """Return the slugs of agreements in force whose last day is over."""
    return list(
        session.scalars(
            select(Agreement.slug).where(Agreement.state == State.IN_FORCE.value, Agreement.ends_at <= now)
        )
    )


def end(session: Session, *, actor: Actor, now: datetime, slug: str) -> bool:
    """End an agreement whose last day is over."""
    allow(actor, Permission.BARGAINING_TICK)
    table, row = found(session, slug)
    if row.state != State.IN_FORCE or row.ends_at is None or row.ends_at > now:
        return False
    _move(session, table, row, Turn.END, actor=actor, now=now)
    row.over_at = now
    return True


def terminate(session: Session, *, actor: Actor, now: datetime, slug: str, why: str) -> None:
    """End a ratified agreement before its time, and tell why."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = found(session, slug)
    common.must_sit(session, table, actor, now)
    _why(why)
    _move(session, table, row, Turn.TERMINATE, actor=actor, now=now)
    row.over_at, row.over_why = now, why.strip()
    drop_reminders(session, f"agreement/{row.slug}"[:80])
    for duty_id in session.scalars(select(Obligation.id).where(Obligation.agreement_id == row.id)).all():
        drop_reminders(session, f"obligation/{duty_id}")

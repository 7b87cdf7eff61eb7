"""Letters to the other side: drafted from dated templates, sent once, their answer watched by a clock."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy.orm import Session

from union.bargaining import letters
from union.bargaining.letters import Basis, Kind
from union.bargaining.models import BargainingTable, TableLetter
from union.bargaining.rules import clocks
from union.bargaining.rules.wording import digest, fill, tidy
from union.bargaining.service import common
from union.bargaining.service.common import drop_reminders, locked, must_be_open, plan_reminders, record
from union.campaigns import queries as campaigns
from union.core.actor import Actor
from union.core.errors import Closed, Conflict, Invalid, NotFound
from union.core.i18n import LANGUAGES, msg, number
from union.core.permissions import Permission, allow
from union.members import queries as members
from union.notify import service as notify
from union.notify.rules.kinds import Channel, Lane

DRAFT, SENT, ANSWERED = "draft", "sent", "answered"
WAYS = ("email", "post", "hand", "form")
LONGEST = 20_000
BEFORE_ANSWER = (timedelta(days=3), timedelta(0))
DELIVERED_WITHIN = timedelta(days=3)
OURS_AT_MOST = timedelta(days=366)


def draft_letter(
    session: Session, *, actor: Actor, now: datetime, slug: str, template: str, language: str, union_name: str
) -> str:
    """Write a letter from a template, its places filled but for the date of the answer, and return its id."""
    allow(actor, Permission.BARGAINING_SIT)
    table = locked(session, slug)
    must_be_open(table)
    common.must_help(session, table, actor, now)
    if language not in LANGUAGES:
        raise Invalid(msg("Choose a language."), field="language")
    chosen = letters.letter(template)
    words = chosen.in_language(language)
    values = _values(session, table, actor, union_name, language) | {"deadline": "((deadline))"}
    row = TableLetter(
        table_id=table.id,
        kind=chosen.kind.value,
        template=chosen.id,
        basis=chosen.frozen(),
        state=DRAFT,
        language=language,
        recipient="\n".join(filter(None, (table.contact_name, table.contact_postal))),
        subject=fill(words.subject, values),
        body=tidy(fill(words.body, values)),
        created_by=actor.member_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    record(session, table, "draft_letter", actor=actor, now=now, letter=row.id, template=chosen.id)
    return row.id


def _values(
    session: Session, table: BargainingTable, actor: Actor, union_name: str, language: str
) -> dict[str, str]:
    card = campaigns.card_by_id(session, table.campaign_id)
    demands = campaigns.demands(session, table.campaign_id, Actor())
    listed = "\n".join(f"{n}. {d.title}. {d.text.strip()}" for n, d in enumerate(demands, 1))
    return {
        "union": union_name,
        "platform": table.contact_name or card.platform_name,
        "campaign": card.title,
        "demands": listed or card.demand,
        "members": number(members.count_active(session, table.platform_slug), language),
        "sender": actor.name,
    }


def _letter(session: Session, letter_id: str) -> tuple[BargainingTable, TableLetter]:
    row = session.get(TableLetter, letter_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(msg("There is no such letter."))
    return common.locked_by_id(session, row.table_id), row


def edit_letter(
    session: Session, *, actor: Actor, now: datetime, letter_id: str, recipient: str, subject: str, body: str
) -> None:
    """Change a letter that has not been sent."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = _letter(session, letter_id)
    common.must_help(session, table, actor, now)
    _must_be_draft(row)
    if not subject.strip() or not tidy(body):
        raise Invalid(msg("A letter needs a subject and a text."), field="body")
    if len(body) > LONGEST:
        raise Invalid(msg("A letter has at most %(most)s characters."), field="body", most=LONGEST)
    fill(body, {"deadline": ""})
    row.recipient, row.subject, row.body = tidy(recipient), " ".join(subject.split()), tidy(body)
    record(session, table, "edit_letter", actor=actor, now=now, letter=row.id)


def drop_letter(session: Session, *, actor: Actor, now: datetime, letter_id: str) -> str:
    """Throw a draft away; return the table's slug."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = _letter(session, letter_id)
    common.must_help(session, table, actor, now)
    _must_be_draft(row)
    session.delete(row)
    record(session, table, "drop_letter", actor=actor, now=now, letter=letter_id)
    return table.slug


def _must_be_draft(row: TableLetter) -> None:
    if row.state != DRAFT:
        raise Conflict(msg("This letter was sent before: it cannot be sent or changed again."))


def send_letter(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    letter_id: str,
    how: str,
    sent_at: datetime,
    note: str,
    answer_on: date | None,
) -> datetime:
    """Send a letter by email, or write down that it went by post, by hand or through a form; once.

    sent_at: when it reached them (aware UTC), for email now. answer_on: the last day we give them, where the
    time is ours; the law's own time is worked out. Returns the instant by which the answer is due. Raises
    Conflict for a letter that was sent before.
    """
    allow(actor, Permission.BARGAINING_SIT)
    table, row = _letter(session, letter_id)
    common.must_sit(session, table, actor, now)
    _must_be_draft(row)
    if how not in WAYS:
        raise Invalid(msg("Say how it is sent."), field="how")
    if how == "email" and not table.contact_email:
        raise Invalid(msg("We have no email address of theirs: add it to the table first."), field="how")
    at = now if how == "email" else sent_at
    if at > now:
        raise Invalid(msg("A letter that has not left yet cannot be written down as sent."), field="sent")
    row.due_at = _due(row.basis, table, at, now, answer_on)
    last = last_day(row.due_at, table.zone)
    shown = {"deadline": format_date(last, "full", locale=row.language)}
    row.subject, row.body = fill(row.subject, shown), fill(row.body, shown)
    row.hash = digest(f"{row.subject}\n\n{row.body}\n")
    row.state, row.sent_at, row.sent_by, row.sent_how = SENT, at, actor.member_id, how
    row.sent_note = note.strip()
    session.flush()
    if how == "email":
        notify.enqueue(
            session,
            now=now,
            ref=f"letter:{row.id}",
            kind="letter",
            member_id="",
            channel=Channel.EMAIL,
            to=table.contact_email,
            language=row.language,
            zone=table.zone,
            template="bargaining/letter",
            fields={"subject": row.subject, "body": row.body},
            # Not a mailing: nobody can unsubscribe from a letter addressed to them.
            lane=Lane.LOGIN,
            expires_at=now + DELIVERED_WITHIN,
        )
    _watch(session, table, row, now)
    record(session, table, "send_letter", actor=actor, now=now, letter=row.id, how=how, hash=row.hash)
    return row.due_at


def _due(
    basis: dict[str, object], table: BargainingTable, at: datetime, now: datetime, answer_on: date | None
) -> datetime:
    if answer_on is not None and basis["basis"] == Basis.OURS:
        due_at = clocks.end_of(answer_on, table.zone)
        common.ahead(due_at, now, "answer_on")
        if due_at - now > OURS_AT_MOST:
            raise Invalid(msg("That is more than a year ahead."), field="answer_on")
        return due_at
    return _clock(basis, table, at, "clock")


def _clock(basis: dict[str, object], table: BargainingTable, at: datetime, name: str) -> datetime:
    span = letters.thaw_span(basis[name])  # type: ignore[arg-type]
    assert span is not None  # noqa: S101 - a template has a clock, and callers look for the extension
    valid = basis.get("valid_from")
    return clocks.due(
        at,
        table.zone,
        span,
        valid_from=date.fromisoformat(str(valid)) if valid else None,
        holidays=common.holidays_of(table.country, at.year, at.year + 1),
    )


def last_day(due_at: datetime, zone: str) -> date:
    """Return the day whose end `due_at` is."""
    return common.midnight(due_at).astimezone(ZoneInfo(zone)).date()


def _watch(session: Session, table: BargainingTable, row: TableLetter, now: datetime) -> None:
    assert row.due_at is not None  # noqa: S101 - a letter that was sent has one
    plan_reminders(
        session,
        table,
        ref=f"letter/{row.id}",
        title=msg("The answer to our ultimatum is due")
        if row.kind == Kind.ULTIMATUM
        else msg("The answer to our request is due"),
        path=f"/bargaining/{table.slug}/letters/{row.id}",
        about_at=row.due_at,
        now=now,
        before=BEFORE_ANSWER,
    )


def extend_letter(
    session: Session, *, actor: Actor, now: datetime, letter_id: str, told_at: datetime
) -> None:
    """Write down that they prolong the time, as the law lets them once if they say so within it.

    Raises Closed when they said so too late, or the law lets them not.
    """
    allow(actor, Permission.BARGAINING_SIT)
    table, row = _letter(session, letter_id)
    common.must_help(session, table, actor, now)
    _must_wait(row)
    if not row.basis.get("extension") or row.extended:
        raise Closed(msg("This time cannot be prolonged."))
    assert row.due_at is not None  # noqa: S101 - it was sent
    assert row.sent_at is not None  # noqa: S101
    if told_at > now:
        raise Invalid(msg("This moment lies ahead."), field="told")
    if told_at >= row.due_at:
        raise Closed(msg("They said so after the time was over: it stays as it is."))
    first, more = letters.thaw_span(row.basis["clock"]), letters.thaw_span(row.basis["extension"])
    assert first is not None  # noqa: S101 - every template has a clock
    assert more is not None  # noqa: S101 - looked at above
    if first.unit is more.unit:
        # Counted from receipt as one period, not from wherever a weekend moved the first to.
        together = {**row.basis, "clock": {"n": first.n + more.n, "unit": first.unit.value}}
        row.due_at = _clock(together, table, row.sent_at, "clock")
    else:
        row.due_at = _clock(row.basis, table, row.due_at, "extension")
    row.extended = True
    _watch(session, table, row, now)
    record(session, table, "extend_letter", actor=actor, now=now, letter=row.id)


def answer_letter(
    session: Session, *, actor: Actor, now: datetime, letter_id: str, answered_at: datetime, answer: str
) -> None:
    """Write down what they answered, and when; the clock stops."""
    allow(actor, Permission.BARGAINING_SIT)
    table, row = _letter(session, letter_id)
    common.must_help(session, table, actor, now)
    _must_wait(row)
    if not answer.strip():
        raise Invalid(msg("Write down what they answered, or that they refused."), field="answer")
    if answered_at > now:
        raise Invalid(msg("This moment lies ahead."), field="answered")
    row.state, row.answered_at, row.answer = ANSWERED, answered_at, answer.strip()
    drop_reminders(session, f"letter/{row.id}")
    record(session, table, "answer_letter", actor=actor, now=now, letter=row.id)


def _must_wait(row: TableLetter) -> None:
    if row.state != SENT:
        raise Closed(msg("No answer to this letter is awaited."))

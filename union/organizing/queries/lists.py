"""Lists as those who run them see them: progress and results in numbers, helpers, requests for the file."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from union.core.actor import Actor, Place
from union.core.errors import Invalid, NotFound
from union.core.permissions import Permission, allow, permits
from union.members import queries as members
from union.notify import queries as messages
from union.notify import service as notify
from union.notify import texts
from union.notify.queries import Progress
from union.notify.rules import segments
from union.notify.rules.kinds import Channel, Lane
from union.notify.rules.segments import Segments
from union.organizing import scope
from union.organizing.models import CallEntry, CallHold, CallList, ListExport
from union.organizing.rules.calling import Kind
from union.organizing.rules.wanted import Wanted
from union.organizing.service.exporting import AGREED_LASTS, ASKED_LASTS
from union.organizing.service.lists import NO_LIST, list_place, place_of
from union.organizing.service.texting import TEMPLATE, Reached, reached, ref_of


@dataclass(frozen=True, slots=True)
class ListCard:
    """A list. people: how many stand on it; done: how many need no more calls (both 0 for a text)."""

    id: str
    kind: Kind
    title: str
    place: Place | None
    place_name: str
    wanted: Wanted
    prospects: bool
    people: int
    done: int
    closes_at: datetime
    open: bool
    sent_at: datetime | None
    sends_at: datetime | None


@dataclass(frozen=True, slots=True)
class HelperCard:
    """A helper of one list, until when."""

    grant_id: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ExportCard:
    """A request for the file. asked_by, agreed_by: names. may: what the reader can do: agree, take, or ""."""

    id: str
    list_id: str
    list_title: str
    asked_by: str
    reason: str
    asked_at: datetime
    agreed_by: str
    may: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """One call list. outcomes: outcome → people whose last call ended so; lines: on the line now."""

    card: ListCard
    script: str
    outcomes: dict[str, int]
    lines: int
    later: int
    helpers: tuple[HelperCard, ...]
    exports: tuple[ExportCard, ...]
    names_seen: bool


@dataclass(frozen=True, slots=True)
class TextPage:
    """A text list before and after sending. people None: why not is `problem` (a message id).

    samples: (language, text as it arrives, its segments). stopped: of by_sms and by_email, who opted out.
    progress: once sent.
    """

    card: ListCard
    script: str
    people: Reached | None
    problem: str
    samples: tuple[tuple[str, str, Segments], ...]
    segments: int
    stopped: int
    progress: Progress | None


def lists(session: Session, *, actor: Actor, now: datetime) -> list[ListCard]:
    """Return the lists of the places where the reader organizes, open ones first, the newest first."""
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    rows = session.scalars(select(CallList).order_by(CallList.created_at.desc()).limit(200))
    mine = [row for row in rows if permits(actor, Permission.ORGANIZING_LISTS, *scope.at(place_of(row)))]
    cards = _cards(session, mine, now)
    return [card for card in cards if card.open] + [card for card in cards if not card.open]


def _cards(session: Session, rows: Iterable[CallList], now: datetime) -> list[ListCard]:
    found = list(rows)
    called = scope.names(session, {place for row in found if (place := place_of(row))})
    counted = session.execute(
        select(CallEntry.list_id, CallEntry.done, func.count())
        .where(CallEntry.list_id.in_([row.id for row in found]))
        .group_by(CallEntry.list_id, CallEntry.done)
    )
    sizes: Counter[tuple[str, bool]] = Counter()
    for list_id, done, n in counted:
        sizes[list_id, bool(done)] += n
    cards = []
    for row in found:
        place = place_of(row)
        finished = sizes[row.id, True]
        people = finished + sizes[row.id, False]
        if row.results is not None:
            people = sum(row.results.values())
            finished = people - row.results.get("waiting", 0)
        cards.append(
            ListCard(
                id=row.id,
                kind=Kind(row.kind),
                title=row.title,
                place=place,
                place_name=called[place] if place else "",
                wanted=Wanted.read(row.wanted),
                prospects=row.prospects,
                people=people,
                done=finished,
                closes_at=row.closes_at,
                open=row.closed_at is None and row.closes_at > now,
                sent_at=row.sent_at,
                sends_at=row.sends_at,
            )
        )
    return cards


def _seen(session: Session, actor: Actor, list_id: str, kind: Kind) -> CallList:
    allow(actor, Permission.ORGANIZING_LISTS, *actor.places)
    row = session.get(CallList, list_id)
    if row is None or row.kind != kind:
        raise NotFound(NO_LIST)
    if not permits(actor, Permission.ORGANIZING_LISTS, *scope.at(place_of(row))):
        raise NotFound(NO_LIST)
    return row


def list_page(session: Session, *, actor: Actor, list_id: str, now: datetime) -> ListPage:
    """Return a call list of the reader's places, in numbers; raises NotFound for others."""
    row = _seen(session, actor, list_id, Kind.CALL)
    ended = session.execute(
        select(CallEntry.outcome, func.count()).where(CallEntry.list_id == row.id).group_by(CallEntry.outcome)
    )
    outcomes = row.results if row.results is not None else {name or "waiting": n for name, n in ended}
    on_line = (
        select(func.count())
        .select_from(CallHold)
        .join(CallEntry, CallEntry.id == CallHold.entry_id)
        .where(CallEntry.list_id == row.id, CallHold.until > now)
    )
    later = (
        select(func.count())
        .select_from(CallEntry)
        .where(CallEntry.list_id == row.id, CallEntry.done.is_(False), CallEntry.after > now)
    )
    held = members.local_roles(session, now=now, place=list_place(row.id))
    names = members.display_names(session, {one.member_id for one in held})
    return ListPage(
        card=_cards(session, [row], now)[0],
        script=row.script,
        outcomes=outcomes,
        lines=session.scalar(on_line) or 0,
        later=session.scalar(later) or 0,
        helpers=tuple(HelperCard(one.id, names.get(one.member_id, ""), one.until) for one in held),
        exports=exports(session, actor=actor, now=now, list_id=row.id),
        names_seen=permits(actor, Permission.ORGANIZING_PEOPLE, *scope.at(place_of(row))),
    )


def exports(
    session: Session, *, actor: Actor, now: datetime, list_id: str | None = None
) -> tuple[ExportCard, ...]:
    """Return the requests for files that are still open to the reader (about one list), oldest first."""
    query = (
        select(ListExport)
        .where(ListExport.taken_at.is_(None), ListExport.asked_at > now - ASKED_LASTS)
        .order_by(ListExport.asked_at)
    )
    if list_id is not None:
        query = query.where(ListExport.list_id == list_id)
    rows = list(session.scalars(query))
    people = {who for one in rows for who in (one.asked_by, one.agreed_by) if who}
    names = members.display_names(session, people)
    found = []
    for one in rows:
        own = one.asked_by == actor.member_id
        may = ""
        if own and one.agreed_at is not None and one.agreed_at > now - AGREED_LASTS:
            may = "take"
        elif not own and one.agreed_at is None and permits(actor, Permission.ORGANIZING_RELEASE):
            may = "agree"
        if own or may:
            found.append(
                ExportCard(
                    one.id, one.list_id, session.get_one(CallList, one.list_id).title,
                    names.get(one.asked_by, ""), one.reason, one.asked_at,
                    names.get(one.agreed_by or "", ""), may,
                )
            )  # fmt: skip
    return tuple(found)


def text_page(session: Session, *, actor: Actor, list_id: str, now: datetime) -> TextPage:
    """Return a text list: whom it would reach now and what it costs in segments, or how far it is."""
    row = _seen(session, actor, list_id, Kind.TEXT)
    card = _cards(session, [row], now)[0]
    samples = tuple(_sample(row.script, language) for language in ("en", "nl"))
    if row.sent_at is not None:
        progress = messages.progress(session, ref_of(row.id))
        return TextPage(card, row.script, None, "", samples, 0, 0, progress)
    try:
        people = reached(session, row, now)
    except Invalid as why:
        return TextPage(card, row.script, None, why.text, samples, 0, 0, None)
    each = {language: counted.segments for language, _, counted in samples}
    refused = notify.refusals(
        session, addresses=[str(one.phone) for one in people.by_sms], channel=Channel.SMS, lane=Lane.NEWS
    )
    unwanted = notify.refusals(
        session, addresses=[str(one.email) for one in people.by_email], channel=Channel.EMAIL, lane=Lane.NEWS
    )
    total = sum(each.get(one.language, each["en"]) for one in people.by_sms if one.phone not in refused)
    return TextPage(card, row.script, people, "", samples, total, len(refused) + len(unwanted), None)


def _sample(script: str, language: str) -> tuple[str, str, Segments]:
    """Return a text as it arrives by SMS in `language`."""
    _, body = texts.find(TEMPLATE, language, Channel.SMS).render({"text": script})
    return language, body, segments.count(body)

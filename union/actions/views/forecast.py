"""What a briefing costs and who it reaches, in words and drawn: shown before anybody signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from union.actions.forms.plan import SENDERS
from union.actions.queries import ConsolePage
from union.actions.rules.pacing import DESK
from union.actions.rules.reach import LATE, NO_ADDRESS, STEPS, WAYS, Reach, Way
from union.actions.rules.states import PLANNING, State
from union.actions.views.common import settings
from union.core.i18n import msg
from union.core.money import estimate
from union.core.settings import price_of
from union.notify.rules.hours import QUIET, windows
from union.notify.rules.kinds import Channel
from union.web import arrival_figures as figures
from union.web.i18n import gettext, language, ngettext, number, when

NAMES = {
    Channel.SMS: msg("Text message"),
    Channel.EMAIL: msg("Email"),
    Channel.PUSH: msg("Notification"),
}
WHY = {
    NO_ADDRESS: msg("no confirmed address, and no browser that shows notifications: %(n)s"),
    "opted_out": msg("asked for no alerts: %(n)s"),
    "bad_address": msg("nothing gets through to their address: %(n)s"),
    "trial": msg("only a text would reach them, and on trial texts go to officers only: %(n)s"),
    LATE: msg("only a text would reach them, and it does not fit before the start: %(n)s"),
}


@dataclass(frozen=True)
class Line:
    """One way in the table. lifted: how many messages it would be without the trial."""

    name: str
    messages: int
    last: str
    fit: str
    lifted: int


def shown(found: ConsolePage) -> dict[str, object] | None:
    """Return what the page tells of the briefing to come; None once it is out, or with nobody to tell."""
    reach, card = found.reach, found.card
    if reach is None or found.briefed_at is not None or card.state not in PLANNING | {State.ARMED}:
        return None
    return {
        "reach": reach,
        "lifted": found.lifted,
        "lines": _lines(reach, found.lifted, card.zone),
        "sender": gettext(SENDERS[found.sms_route]),
        "cost": _cost(reach, found.sms_route),
        "lifted_cost": _cost(found.lifted, found.sms_route) if found.lifted else "",
        "why": [gettext(WHY[cause], n=number(n)) for cause, n in sorted(reach.why.items()) if cause in WHY],
        "figure": _figure(reach, card.zone),
        "counts": _counts(reach, card.zone),
        "names": [gettext(NAMES[way.channel]) for way in reach.ways],
    }


def _lines(reach: Reach, lifted: Reach | None, zone: str) -> list[Line]:
    rows = []
    for channel in WAYS:
        way, then = reach.way(channel), lifted.messages(channel) if lifted else 0
        if way is None and not then:
            continue
        rows.append(
            Line(
                gettext(NAMES[channel]),
                way.messages if way else 0,
                both(way.last_at, zone) if way and way.messages else "",
                _fit(way, reach) if way else "",
                then,
            )
        )
    return rows


def _fit(way: Way, reach: Reach) -> str:
    if way.over:
        return gettext("%(over)s do not fit before the start", over=number(way.over))
    return gettext("too late") if way.last_at > reach.latest else gettext("yes")


def both(at: datetime, zone: str) -> str:
    """Return a moment in the action's zone and in UTC, whose day is named where it is another."""
    here, there = when(at, zone), when(at, "UTC")
    if here == there:
        return here
    same_day = at.astimezone(ZoneInfo(zone)).date() == at.astimezone(UTC).date()
    return f"{here} ({at.astimezone(UTC):%H:%M} UTC)" if same_day else f"{here} ({there})"


def _cost(reach: Reach, route: str) -> str:
    texts = reach.way(Channel.SMS)
    if texts is None or not texts.messages or route == DESK:
        return gettext("nothing: no text goes to a provider")
    price = price_of(settings().sms_price)
    if price is None:
        return gettext("not known: the price of a segment is not set")
    segments = ngettext("%(n)s segment", "%(n)s segments", texts.segments)
    cost = estimate(price[0] * texts.segments, language(), price[1])
    return gettext("about %(cost)s for %(segments)s", cost=cost, segments=segments)


def _figure(reach: Reach, zone: str) -> Markup | None:
    """Draw how many have it over time; None where nobody would."""
    ways = [way for way in reach.ways if way.messages]
    if not ways:
        return None
    signs = [figures.Sign(reach.begins_at, "A", gettext("The briefing begins"), both(reach.begins_at, zone))]
    if reach.latest < reach.starts_at:
        signs.append(
            figures.Sign(reach.latest, "B", gettext("Everybody has to know"), both(reach.latest, zone))
        )
    starts = both(reach.starts_at, zone)
    signs.append(figures.Sign(reach.starts_at, "T", gettext("The action starts"), starts))
    return figures.spreading(
        reach.moments,
        [
            figures.Spread(
                gettext(NAMES[way.channel]),
                gettext("%(n)s, the last at %(last)s", n=number(way.messages), last=when(way.last_at, zone)),
                way.reached,
            )
            for way in ways
        ],
        whole=reach.members,
        top=ngettext("%(n)s who takes part", "%(n)s who take part", reach.members),
        spread_at=reach.last_at,
        signs=signs,
        spans=_spans(reach, zone),
        title=gettext("How many have the briefing over time"),
    )


def _spans(reach: Reach, zone: str) -> list[figures.Span]:
    """Return the nights of the action's zone, and the time that must stay free before the start."""
    starts, ends = reach.moments[0], reach.moments[-1]
    edges = [starts, *(edge for awake in windows(starts, ends, zone) for edge in awake), ends]
    nights = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
    first, last = f"{QUIET.starts:%H:%M}", f"{QUIET.ends:%H:%M}"
    hours = gettext("%(first)s to %(last)s, where the action is", first=first, last=last)
    spans = [
        figures.Span(a, b, "night", "" if n else gettext("Night"), "" if n else hours)
        for n, (a, b) in enumerate(nights)
    ]
    if starts <= reach.latest < reach.starts_at:
        minutes = int((reach.starts_at - reach.latest) / timedelta(minutes=1))
        free = ngettext("%(n)s minute before the start", "%(n)s minutes before the start", minutes)
        spans.append(figures.Span(reach.latest, reach.starts_at, "spare", gettext("Time to get ready"), free))
    return spans


def _counts(reach: Reach, zone: str) -> list[tuple[str, str, list[str]]]:
    """Return the figure as a table: when, what happens then, how many have it by each way."""
    step = (reach.last_at - reach.begins_at) / STEPS
    quarters = {reach.begins_at + step * n for n in (STEPS // 4, STEPS // 2, 3 * STEPS // 4)}
    said = {
        reach.begins_at: gettext("the briefing begins"),
        reach.last_at: gettext("the last one has it"),
        reach.latest: gettext("everybody has to know"),
        reach.starts_at: gettext("the action starts"),
    }
    shown_already = {both(at, zone) for at in said}  # to the minute, as people read it
    rows = []
    for n, at in enumerate(reach.moments):
        told = both(at, zone)
        if at in said or (at in quarters and told not in shown_already):
            shown_already.add(told)
            rows.append((told, said.get(at, ""), [number(way.reached[n]) for way in reach.ways]))
    return rows


def agreed_to(found: ConsolePage) -> str:
    """Return what a signature sets going, for the question before it; empty with nothing to tell."""
    told = shown(found)
    if told is None or found.reach is None:
        return ""
    reach = found.reach
    parts = [
        gettext(
            "The briefing goes to %(texts)s by text and to %(mails)s by email; the last one has it %(last)s.",
            texts=number(reach.texts), mails=number(reach.messages(Channel.EMAIL)),
            last=when(reach.last_at, found.card.zone),
        ),
    ]  # fmt: skip
    if pushes := reach.messages(Channel.PUSH):
        parts.append(ngettext("%(n)s has a notification.", "%(n)s have a notification.", pushes))
    parts.append(gettext("Cost of the briefing: %(cost)s.", cost=told["cost"]))
    if reach.silent:
        parts.append(
            ngettext("Nothing reaches %(n)s member.", "Nothing reaches %(n)s members.", reach.silent)
        )
    if found.lifted is not None:
        parts.append(
            gettext(
                "While the union is on trial only officers have texts; once it is lifted %(texts)s would.",
                texts=number(found.lifted.texts),
            )
        )
    return " ".join(parts)

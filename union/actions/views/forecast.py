"""What a briefing costs and who it reaches, in words: shown before anybody signs."""

from union.actions.forms.plan import SENDERS
from union.actions.queries import ConsolePage
from union.actions.rules.pacing import DESK, Reach, Way
from union.actions.rules.states import PLANNING, State
from union.actions.views.common import settings
from union.core.money import estimate
from union.core.settings import price_of
from union.notify.rules.kinds import Channel
from union.web.i18n import gettext, language, ngettext, number, when


def shown(found: ConsolePage) -> dict[str, object] | None:
    """Return what the page tells of the briefing to come; None once it is out, or with nobody to tell."""
    reach, card = found.reach, found.card
    if reach is None or found.briefed_at is not None or card.state not in PLANNING | {State.ARMED}:
        return None
    return {
        "reach": reach,
        "sender": gettext(SENDERS[found.sms_route]),
        "cost": _cost(reach, found.sms_route),
    }


def _texts(reach: Reach) -> Way | None:
    return next((way for way in reach.ways if way.channel is Channel.SMS), None)


def _cost(reach: Reach, route: str) -> str:
    texts = _texts(reach)
    if texts is None or route == DESK:
        return gettext("nothing: no text goes to a provider")
    price = price_of(settings().sms_price)
    if price is None:
        return gettext("not known: the price of a segment is not set")
    segments = ngettext("%(n)s segment", "%(n)s segments", texts.segments)
    cost = estimate(price[0] * texts.segments, language(), price[1])
    return gettext("about %(cost)s for %(segments)s", cost=cost, segments=segments)


def agreed_to(found: ConsolePage) -> str:
    """Return what a signature sets going, for the question before it; empty with nothing to tell."""
    told = shown(found)
    if told is None or found.reach is None:
        return ""
    reach = found.reach
    parts = [
        gettext(
            "The briefing goes to %(texts)s by text and to %(mails)s by email; the last one has it %(last)s.",
            texts=number(reach.texts), mails=number(reach.mails), last=when(reach.last_at, found.card.zone),
        ),
        gettext("Cost of the briefing: %(cost)s.", cost=told["cost"]),
    ]  # fmt: skip
    if reach.silent:
        parts.append(
            ngettext("Nothing reaches %(n)s member.", "Nothing reaches %(n)s members.", reach.silent)
        )
    return " ".join(parts)

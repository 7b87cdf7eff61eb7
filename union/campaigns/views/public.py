"""What everybody sees: the list, a campaign, its meter for other sites, its feed, its poster."""

import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

from flask import Response, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from union.campaigns import queries, rules, words
from union.campaigns.queries import CampaignPage, Turnout
from union.campaigns.rules import Stage
from union.campaigns.signing_forms import SignForm
from union.campaigns.views.common import (
    PANELS,
    TURNOUT,
    address,
    blueprint,
    lines,
    meter,
    meter_words,
    published,
    union_name,
)
from union.campaigns.views.printing import card_url
from union.core.actor import VISITOR
from union.core.clock import utcnow
from union.core.db import reading
from union.core.errors import NotFound
from union.core.i18n import LANGUAGES, msg
from union.web import picket
from union.web.guards import current_actor, public
from union.web.i18n import gettext, language, when

_FRESH = timedelta(seconds=10)
_CLASS = re.compile(r' class="([^"]*)"')
_PAINT = {
    "on": ' fill="#c4122f"',
    "off": ' fill="#ffffff" stroke="#6f6456" stroke-width="1.5"',
    "stave": ' fill="#17130f"',
}


@blueprint.get("/campaigns")
@public
def index() -> ResponseReturnValue:
    """List the campaigns: those that run, then those that ended."""
    with reading() as session:
        cards = queries.listing(session, actor=current_actor())
    return render_template(
        "campaigns/index.html",
        running=[card for card in cards if card.stage not in rules.ENDED and card.stage is not Stage.DRAFT],
        drafts=[card for card in cards if card.stage is Stage.DRAFT],
        ended=[card for card in cards if card.stage in rules.ENDED],
        meter=meter,
        told=meter_words,
    )


@blueprint.get("/campaigns/<slug>")
@public
def page(slug: str) -> ResponseReturnValue:
    """Show one campaign."""
    actor, now = current_actor(), utcnow()
    with reading() as session:
        found = queries.campaign_page(session, slug, actor, now)
        panels = [panel(session, found.card.id, actor, now) for panel in PANELS]
        turnouts = [turnout(session, found.card.id) for turnout in TURNOUT]
    return show(found, [panel for panel in panels if panel], now, next(filter(None, turnouts), None))


def show(
    found: CampaignPage,
    panels: list[Markup],
    now: datetime,
    turnout: Turnout | None = None,
    *,
    preview: bool = False,
) -> str:
    """Render the public page, also as the preview of a draft."""
    link = address(url_for("campaigns.page", slug=found.card.slug))
    said = f"{found.card.title}: {found.card.demand}"
    return render_template(
        "campaigns/page.html",
        found=found,
        card=found.card,
        panels=panels,
        preview=preview,
        now=now,
        turnout=turnout,
        sign_form=SignForm() if found.card.signed and found.gathering and not preview else None,
        factor=rules.PLANNING_FACTOR,
        card_url=card_url(found.card) if found.card.published_at else None,
        meter=meter(found.card, live="strokes"),
        told=meter_words(found.card),
        words=words.DEMANDS,
        timeline=lines(found.updates),
        public_demands=sorted(
            (d for d in found.demands if d.status in rules.PUBLIC_DEMANDS), key=lambda d: -d.endorsed_count
        ),
        link=link,
        embed=Markup(
            '<iframe src="{}/meter?in={}" title="{}" width="100%" height="340" loading="lazy"></iframe>'
        ).format(link, language(), found.card.title),
        share={
            gettext(
                "Email"
            ): f"mailto:?subject={quote(found.card.title)}&body={quote(said + chr(10) + link)}",
            "WhatsApp": f"https://wa.me/?text={quote(said + ' ' + link)}",
            "Telegram": f"https://t.me/share/url?url={quote(link)}&text={quote(said)}",
        },
    )


@blueprint.get("/campaigns/at/<campaign_id>")
@public
def by_id(campaign_id: str) -> ResponseReturnValue:
    """Lead from a message to the campaign: its address says nothing to whoever glances at the phone."""
    with reading() as session:
        found = queries.card_by_id(session, campaign_id)
    return redirect(url_for("campaigns.page", slug=found.slug), 303)


@blueprint.get("/campaigns/<slug>/live.json")
@public
def live(slug: str) -> ResponseReturnValue:
    """Give the numbers that live.mjs writes into the page; may be ten seconds old."""
    card = published(slug)
    told = meter_words(card)
    answer = jsonify(
        **told,
        strokes=picket.strokes(card.counted, card.goal, card.threshold),
        as_of=gettext("As of %(when)s", when=when(utcnow(), card.zone)),
    )
    answer.headers["Cache-Control"] = f"private, max-age={_FRESH.seconds}"
    return answer


@blueprint.get("/campaigns/<slug>/meter")
@public
def meter_page(slug: str) -> ResponseReturnValue:
    """Show the meter alone, for other sites to frame. The language is in the address: no cookie is set."""
    g.embeddable = True
    if request.args.get("in") in LANGUAGES:
        g.language = request.args["in"]
    card = published(slug)
    return render_template(
        "campaigns/meter.html",
        card=card,
        meter=meter(card, live="strokes"),
        told=meter_words(card),
        link=address(url_for("campaigns.page", slug=slug)),
    )


@blueprint.get("/campaigns/<slug>/meter.svg")
@public
def meter_svg(slug: str) -> ResponseReturnValue:
    """Give the meter as a picture for other sites: colours as attributes, no style sheet."""
    g.embeddable = True
    card = published(slug)
    drawing = str(meter(card))
    start, end = drawing.index("<svg"), drawing.rindex("</svg>") + len("</svg>")
    painted = drawing[start:end].replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    painted = _CLASS.sub(_paint, painted)
    answer = Response(painted, mimetype="image/svg+xml")
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def _paint(found: re.Match[str]) -> str:
    """Return the colours of a drawing's part in place of its class."""
    return next((paint for kind, paint in _PAINT.items() if kind in found[1].split()), "")


@blueprint.get("/campaigns/<slug>/feed.xml")
@public
def feed(slug: str) -> ResponseReturnValue:
    """Give the timeline as RSS 2.0."""
    return _feed(slug, "campaigns/feed.xml", "application/rss+xml")


@blueprint.get("/campaigns/<slug>/atom.xml")
@public
def atom(slug: str) -> ResponseReturnValue:
    """Give the timeline as Atom (RFC 4287), which says when news was edited."""
    return _feed(slug, "campaigns/atom.xml", "application/atom+xml")


def _feed(slug: str, template: str, mimetype: str) -> ResponseReturnValue:
    with reading() as session:
        found = queries.campaign_page(session, slug, VISITOR, utcnow())
    link = address(url_for("campaigns.page", slug=slug))
    items = [
        {
            "title": line.title,
            "text": line.text,
            "published": update.at,
            "updated": update.edited_at or update.at,
            "rss": format_datetime(update.at),
            "guid": f"{link}#update-{update.id}",
        }
        for line, update in zip(lines(found.updates), found.updates, strict=True)
    ]
    latest = max((update.edited_at or update.at for update in found.updates), default=found.card.published_at)
    xml = render_template(
        template,
        card=found.card,
        items=items,
        link=link,
        language=language(),
        latest=latest,
        name=union_name(),
    )
    return Response(xml, mimetype=mimetype)


@blueprint.get("/campaigns/<slug>/wording.json")
@public
def wording(slug: str) -> ResponseReturnValue:
    """Give the exact bytes whose SHA-256 was frozen at publication."""
    with reading() as session:
        content = queries.frozen_wording(session, slug, current_actor())
    if content is None:
        raise NotFound(msg("Nothing is frozen yet: the campaign is a draft."))
    return Response(content, mimetype="application/json")


@blueprint.get("/campaigns/<slug>/deadline.ics")
@public
def calendar(slug: str) -> ResponseReturnValue:
    """Give the pledge deadline as a calendar file with a reminder a day before (RFC 5545)."""
    card = published(slug)
    if card.stage is not Stage.GATHERING:
        raise NotFound(msg("This campaign has no deadline ahead."))
    link = address(url_for("campaigns.page", slug=slug))
    host = urlsplit(link).hostname
    stamp = "%Y%m%dT%H%M%SZ"
    rows = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Union//Campaigns//EN", "BEGIN:VEVENT",
        f"UID:{card.id}@{host}", f"DTSTAMP:{utcnow():{stamp}}",
        f"DTSTART:{card.pledge_deadline:{stamp}}", f"DTEND:{card.pledge_deadline:{stamp}}",
        f"SUMMARY:{_escaped(gettext('Last moment to pledge'))}", f"URL:{link}",
        "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P1D",
        f"DESCRIPTION:{_escaped(gettext('Last moment to pledge'))}",
        "END:VALARM", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    answer = Response("".join(f"{_folded(row)}\r\n" for row in rows), mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="{card.slug}.ics"'
    return answer


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(row: str, width: int = 60) -> str:
    """Fold a long line (section 3.1); well under 75 octets even where a character takes several."""
    return "\r\n ".join(row[i : i + width] for i in range(0, max(len(row), 1), width))

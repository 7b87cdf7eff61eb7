"""What leaves the site as a picture or on paper: share card, poster, sheet for a picket."""

from flask import Response, abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from union.campaigns import words
from union.campaigns.queries import CampaignCard
from union.campaigns.views.common import address, blueprint, meter_words, published, union_name
from union.core.i18n import LANGUAGES
from union.web import figures, pictures
from union.web.guards import public
from union.web.i18n import gettext, language

_DAY = 86_400
_FRESH = 300
_SIZES = ("a4", "a3")
_LINES = 10


def share_card(card: CampaignCard) -> pictures.ShareCard:
    """Return what the campaign's card says, in the language of the request."""
    told = meter_words(card)
    name = gettext(words.KINDS[card.kind].name) if card.signed else gettext("Campaign")
    counted = gettext(words.KINDS[card.kind].counted)
    return pictures.ShareCard(
        eyebrow=f"{name} · {card.platform_name}",
        title=card.title,
        lede=card.demand,
        count=card.counted,
        goal=card.goal,
        threshold=card.threshold,
        told=told["count"],
        counted=counted if card.called is None else gettext("members act together"),
        distance=told["distance"],
        union=union_name(),
    )


@blueprint.get("/campaigns/<slug>/card-<code>.<any(png, svg):kind>")
@public
def card(slug: str, code: str, kind: str) -> ResponseReturnValue:
    """Give the share card in one language: PNG for link previews, SVG for print; kept by its content's hash.

    The language stands in the address, so that a picture needs no cookie and sets none.
    """
    if code not in LANGUAGES:
        abort(404)
    g.language, g.embeddable = code, True
    drawn = share_card(published(slug))
    answer = Response(mimetype="image/png" if kind == "png" else "image/svg+xml")
    answer.set_etag(f"{drawn.digest}-{kind}")
    current = request.args.get("v") == drawn.digest
    answer.headers["Cache-Control"] = f"public, max-age={_DAY if current else _FRESH}"
    answer.make_conditional(request)
    if answer.status_code != 304:  # noqa: PLR2004 - not modified: nothing is drawn
        answer.set_data(pictures.png(drawn) if kind == "png" else pictures.svg(drawn))
    return answer


@blueprint.get("/campaigns/<slug>/poster")
@public
def poster(slug: str) -> ResponseReturnValue:
    """Show a sheet to print and hang up, A4 or A3, with a QR code of the address."""
    size = request.args.get("size", _SIZES[0])
    found = published(slug)
    link = address(url_for("campaigns.page", slug=slug))
    return render_template(
        "campaigns/poster.html",
        card=found,
        link=link,
        size=size if size in _SIZES else _SIZES[0],
        sizes=_SIZES,
        code=figures.qr(link, title=gettext("QR code of %(link)s", link=link)),
    )


@blueprint.get("/campaigns/<slug>/picket")
@public
def picket(slug: str) -> ResponseReturnValue:
    """Show a sheet for signing on paper: what is signed, the code of the page, lines to write on."""
    found = published(slug)
    link = address(url_for("campaigns.sign" if found.signed else "campaigns.page", slug=slug))
    return render_template(
        "campaigns/picket.html",
        card=found,
        link=link,
        lines=range(1, _LINES + 1),
        code=figures.qr(link, title=gettext("QR code of %(link)s", link=link)),
    )


def card_url(found: CampaignCard) -> str:
    """Return the public address of the card as it is now, in the language of the request."""
    version = share_card(found).digest
    path = url_for("campaigns.card", slug=found.slug, code=language(), kind="png", v=version)
    return address(path)

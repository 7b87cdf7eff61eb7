"""Where an organizer starts: what is going on, and how the chapters stand."""

from flask import render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from union.core.clock import utcnow
from union.core.db import reading
from union.core.i18n import msg
from union.core.permissions import Permission
from union.organizing import queries
from union.organizing.queries import ChapterRow, Overview
from union.organizing.rules.talks import RATINGS
from union.organizing.views.common import blueprint
from union.web import figures
from union.web.figures import Bar
from union.web.guards import current_actor, require
from union.web.i18n import gettext, ngettext, number


@blueprint.get("/organizing")
@require(Permission.ORGANIZING_LISTS)
def index() -> ResponseReturnValue:
    """Show the reader's lists and tasks, and how people were assessed, in numbers of ten and more."""
    with reading() as session:
        found = queries.overview(session, actor=current_actor(), now=utcnow())
    return render_template(
        "organizing/index.html",
        found=found,
        ratings=RATINGS,
        drawn=_drawn(found.total),
        moved=_moved(found),
    )


def _drawn(row: ChapterRow | None) -> Markup | None:
    """Draw how many were assessed 1 to 5; None while fewer than ten were."""
    if row is None or row.rated is None:
        return None
    bars = [
        Bar(gettext(words), row.cells[rating] or 0, _count(row.cells[rating]))
        for rating, words in RATINGS.items()
    ]
    title = ngettext("Assessment of %(n)s member", "Assessments of %(n)s members", row.rated)
    return figures.bars(bars, title=title, desc=gettext(msg("Counts under ten are not shown.")))


def _count(n: int | None) -> str:
    return "\N{EN DASH}" if n is None else number(n)


def _moved(found: Overview) -> Markup | None:
    """Draw which share of the assessments was 1 or 2, period by period; None before there are two."""
    if len(found.periods) < 2:  # noqa: PLR2004 - one period does not move
        return None
    bars = []
    for one in found.periods:
        span = one.first if one.first == one.last else f"{one.first} / {one.last}"
        share = 100 * one.support // one.rated
        bars.append(Bar(span, share, f"{share} %"))
    return figures.bars(bars, title=gettext(msg("Share assessed 1 or 2")), whole=100)

"""A debrief as one HTML file that stands alone: for members' meetings and the archive.

No Flask: the command line writes it as well as the web.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from union.actions.queries import ActionCard, DebriefView
from union.core import i18n
from union.core.i18n import translate, when


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("union.actions", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = i18n.number
    return made


def debrief_html(
    card: ActionCard,
    view: DebriefView,
    chapters: dict[str, str],
    *,
    language: str,
    union: str,
    style: str = "",
) -> str:
    """Return the debrief as an HTML document in `language`. chapters: slug → name. style: CSS to put in."""

    def words(text: str, **facts: object) -> Markup:
        return Markup(escape(translate(language, text))) % facts  # noqa: S704 - escaped before the facts go in

    return (
        _templates()
        .get_template("actions/report.html")
        .render(
            _=words,
            card=card,
            view=view,
            numbers=view.numbers,
            chapters=chapters,
            language=language,
            union=union,
            style=Markup(style),  # noqa: S704 - our own stylesheet
            start=when(card.starts_at, card.zone, language),
            end=when(card.ends_at, card.zone, language) if card.ends_at else "",
        )
    )

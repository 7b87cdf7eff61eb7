"""The language of a request, and words and dates for templates.

Whoever changes the language on a page that answered a form sends what they typed along, by a form of its own:
the same view draws the page again and cannot write, so what a service refused is said again from what we
sealed. A signed-in member's own language, else the one chosen on
this device, else the browser's, else English.
"""

from collections.abc import Iterator
from datetime import date, datetime
from urllib.parse import urlencode

from flask import Flask, current_app, g, request, session
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup, escape

from union.core import db, i18n
from union.core.errors import UnionError
from union.web.guards import current_actor

SWITCH = "switch_language"
"""The field in which a page that answered a form says which language it wants to be drawn in again."""
REFUSALS = "switch_refusals"
"""The field in which it says, signed by us, what a service refused."""
NOT_TYPED = frozenset({SWITCH, REFUSALS, "csrf_token"})
"""Fields of a form that nobody typed."""
_TYPED = ("application/x-www-form-urlencoded", "multipart/form-data")


def switching() -> bool:
    """Tell whether a form was sent to be shown again in another language, not to do anything."""
    return bool(g.get("switching", False))


def take_along(field: str, value: str) -> None:
    """Let a changed language take along `value` instead of what was sent in a field: the rest is done."""
    g.typed = [(name, value if name == field else sent) for name, sent in g.get("typed", ())]


def remember(form: str, error: UnionError) -> None:
    """Let a changed language take along why this form was refused: nobody asks the service again."""
    g.setdefault("refusals", []).append((form, error.text, error.field, error.facts))


def refusals(form: str) -> Iterator[UnionError]:
    """Yield why this form was refused, where since then only the language was changed."""
    if not switching():
        return
    try:
        kept = _signed().loads(request.form.get(REFUSALS, ""))
    except BadSignature:
        return
    for name, text, field, facts in kept:
        if name == form:
            yield UnionError(text, field=field, **facts)


def _signed() -> URLSafeSerializer:
    # facts that JSON has no words for are said as they were shown
    how = {"default": str}
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=REFUSALS, serializer_kwargs=how)


def _taken_along() -> list[tuple[str, str]] | None:
    """Return the fields that the switch sends along; None on a page that answered no form."""
    typed: list[tuple[str, str]] | None = g.get("typed")
    found = g.get("refusals")
    return typed if typed is None or not found else [*typed, (REFUSALS, str(_signed().dumps(found)))]


def language() -> str:
    """Return the language of the current request."""
    if "language" not in g:
        g.language = _choose()
    chosen: str = g.language
    return chosen


def _choose() -> str:
    asked = request.args.get("lang")
    if asked in i18n.LANGUAGES:
        session["language"] = asked
        return asked
    kept = session.get("language")
    if kept in i18n.LANGUAGES:
        return str(kept)
    actor = current_actor()
    if actor.known and actor.language in i18n.LANGUAGES:
        return actor.language
    return request.accept_languages.best_match(list(i18n.LANGUAGES)) or i18n.DEFAULT_LANGUAGE


def gettext(text: str, **facts: object) -> str:
    """Return `text` in the request's language."""
    return i18n.translate(language(), text, **facts)


def ngettext(one: str, many: str, n: int, **facts: object) -> str:
    """Return the form that fits `n` in the request's language."""
    return i18n.translate_plural(language(), one, many, n, **facts)


def _template_gettext(text: str, **facts: object) -> str:
    words = gettext(text)
    if not facts:
        return words
    return Markup(escape(words)) % facts  # noqa: S704 - the words are escaped first, the facts by Markup


def _template_ngettext(one: str, many: str, n: int, **facts: object) -> str:
    form = i18n.plural_form(language(), one, many, n)
    return Markup(escape(form)) % {"n": i18n.number(n, language()), "num": n, **facts}  # noqa: S704 - as above


def when(value: datetime, zone: str | None = None) -> str:
    """Show an instant with weekday, date, time and city, in `zone` or else the actor's own."""
    return i18n.when(value, zone or current_actor().zone, language())


def day(value: date | str) -> str:
    """Show a calendar day with its weekday; frozen records keep days as ISO text."""
    return i18n.day(date.fromisoformat(value) if isinstance(value, str) else value, language())


def span(minutes: int) -> str:
    """Show a length of time; a day is 24 hours, two are 2 days."""
    return i18n.span(minutes, language())


def number(value: float) -> str:
    """Show a number with the language's digit grouping."""
    return i18n.number(value, language())


def install(app: Flask) -> None:
    """Give templates `_`, `ngettext`, `language`, and the filters `when`, `day`, `number`, `span`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_template_gettext, _template_ngettext, newstyle=False)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = _template_gettext
    app.jinja_env.filters["when"] = when
    app.jinja_env.filters["day"] = day
    app.jinja_env.filters["number"] = number
    app.jinja_env.filters["span"] = span

    @app.before_request
    def switch() -> None:
        if request.method != "POST" or request.mimetype not in _TYPED:
            return
        g.typed = [(n, v) for n, v in request.form.items(multi=True) if n not in NOT_TYPED]
        if request.form.get(SWITCH) in i18n.LANGUAGES:
            g.language = session["language"] = request.form[SWITCH]
            g.switching = True
            db.only_look(on=True)

    @app.teardown_request
    def look_no_more(error: object) -> None:
        del error
        db.only_look(on=False)

    @app.context_processor
    def words() -> dict[str, object]:
        code = language()
        links = []
        for other, name in i18n.LANGUAGES.items():
            query = urlencode({**request.args, "lang": other})
            links.append((other, name, f"{request.path}?{query}", other == code))
        here = request.full_path.rstrip("?")
        sent = {"language_typed": _taken_along(), "language_typed_to": here}
        return {"language": code, "language_links": links, **sent}

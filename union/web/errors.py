"""Refusals as pages: every UnionError and every HTTP error becomes one page that says what to do next.

A request that asks for JSON gets {"error": name, "message": text}.
"""

import logging
import re
import traceback
from collections.abc import Iterable, Iterator
from decimal import Decimal
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError

from union.core.db import OnlyLooking
from union.core.errors import NotAllowed, UnionError
from union.core.i18n import msg
from union.core.outage import Unanswered, outage
from union.web.guards import PUBLIC, current_actor, guard_of
from union.web.i18n import NOT_TYPED, gettext, switching

log = logging.getLogger(__name__)

LARGEST = 2**31 - 1
"""What a column of whole numbers holds on PostgreSQL."""
_WHOLE = re.compile(r"[+-]?[0-9]+")
_HALF = re.compile("[\ud800-\udfff]")

HEADINGS = {
    400: msg("We could not read that"),
    403: msg("You cannot do this"),
    404: msg("There is no such page"),
    405: msg("We could not read that"),
    409: msg("That is no longer possible"),
    413: msg("That is too large"),
    422: msg("Something needs changing"),
    429: msg("Please wait a moment"),
    503: msg("We cannot get at our records just now"),
    500: msg("Something broke on our side"),
}
BODIES = {
    400: msg("Go back, check what you sent, and try again."),
    403: msg("Ask an organizer if you think you should be able to."),
    404: msg("The address may be mistyped, or what it named is gone."),
    405: msg("Go back, check what you sent, and try again."),
    413: msg("Send something smaller."),
    429: msg("Try again in a few minutes."),
    500: msg("Nothing was half-done. Try again; if it keeps happening, tell an organizer."),
    503: msg("Nothing was half-done. Try again in a minute; if it keeps happening, tell an organizer."),
}
UNKNOWN = msg("We do not know whether this was stored. Look whether it is there before you send it again.")
PATIENCE = 30
"""Seconds after which to ask again, for programs."""


def install(app: Flask) -> None:
    """Turn errors into pages."""
    app.register_error_handler(UnionError, _refusal)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(OnlyLooking, _shown_again)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SecurityError, _elsewhere)
    app.register_error_handler(OverflowError, _impossible)
    app.register_error_handler(DataError, _impossible)
    app.register_error_handler(SQLAlchemyError, _unserved)
    app.register_error_handler(Exception, _broken)


def _page(status: int, name: str, text: str) -> ResponseReturnValue:
    if request.is_json or request.accept_mimetypes.best == "application/json":
        return jsonify(error=name, message=text), status
    heading = gettext(HEADINGS.get(status, HEADINGS[400]))
    advice = gettext(BODIES[403]) if status == 403 and text != gettext(BODIES[403]) else ""  # noqa: PLR2004
    return render_template("web/error.html", status=status, heading=heading, text=text, advice=advice), status


def _refusal(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, UnionError)  # noqa: S101 - registered for this class
    if isinstance(error, NotAllowed) and not current_actor().known and _sent_from_here():
        return _kept(error.status)
    return _page(error.status, type(error).__name__, gettext(error.text, **error.facts))


def _stale_form(error: Exception) -> ResponseReturnValue:
    del error
    if _sent_from_here():
        return _kept(400)
    text = gettext(
        msg(
            "This form was open too long, or came from elsewhere. Go back, reload the page and send it again."
        )
    )
    return _page(400, "StaleForm", text)


def _shown_again(error: Exception) -> ResponseReturnValue:
    """Show in the other language what was typed, where the view has no page of its own for it."""
    del error
    return _kept(200)


def _sent_from_here() -> bool:
    """Tell whether a person posted one of our own forms: the browser names where a post comes from."""
    return (
        request.method == "POST"
        and not request.is_json
        and request.accept_mimetypes.accept_html
        and request.headers.get("Origin") == _home()
    )


def _home() -> str:
    home = urlsplit(current_app.config["SETTINGS"].public_url)
    return f"{home.scheme}://{home.netloc}"


def _sent_from() -> str:
    """Return the address of the page of ours that a form stood on, the front page where none is named."""
    named = request.referrer or ""
    return named if named.startswith(f"{_home()}/") else "/"


def _kept(status: int, template: str = "web/kept.html", *, again: bool = True) -> ResponseReturnValue:
    """Show a form that was not taken with all that was typed, to be sent again after signing in where needed.

    It stays in the page the person looks at; the server keeps nothing. Files have to be chosen again.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_TYPED]
    page = render_template(
        template,
        fields=fields,
        words=[value for _, value in fields if " " in value.strip() or "@" in value],
        switched=switching(),
        signed_out=not current_actor().known and (view is None or guard_of(view) != PUBLIC),
        has_files=any(file.filename for file in request.files.values()),
        address=request.full_path.rstrip("?") if again else "",
        sent_from=_sent_from(),
    )
    return page, status


def _http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    status = error.code or 500
    if 300 <= status < 400:  # noqa: PLR2004 - redirects pass
        return error.get_response()
    return _page(status, error.name.replace(" ", ""), gettext(BODIES.get(status, BODIES[400])))


def _elsewhere(error: Exception) -> ResponseReturnValue:
    """Answer somebody who asks under a name that is not ours; no page of ours can be drawn under it."""
    del error
    return Response("This is not the address of this site.\n", 400, mimetype="text/plain")


def _impossible(error: Exception) -> ResponseReturnValue:
    """Answer a number or a character that no database takes; where the visitor sent none, we broke.

    The driver's words may quote what people wrote, so only the places in our code are logged.
    """
    if _no_database_takes(_sent()):
        log.warning("%s at %s", type(error).__name__, request.endpoint)
        return _page(400, "BadRequest", gettext(BODIES[400]))
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s (%s) at %s\n%s", type(error).__name__, state, request.endpoint, places)
    return _page(500, "Broken", gettext(BODIES[500]))


def _sent() -> Iterator[str]:
    """Yield every value of the address, the query and the form."""
    yield from map(str, (request.view_args or {}).values())
    yield from request.args.values()
    for values in request.form.listvalues():
        yield from values


def _no_database_takes(values: Iterable[str]) -> bool:
    """Tell whether there is a NUL, half a character, or a whole number beyond what a column holds."""
    return any(
        "\0" in value
        or _HALF.search(value) is not None
        or (_WHOLE.fullmatch(value.strip()) is not None and abs(Decimal(value)) > LARGEST)
        for value in values
    )


def _unserved(error: Exception) -> ResponseReturnValue:
    """Answer while the database is away, full or read-only; a form is kept, to be sent again.

    Where a COMMIT got no answer, only after looking: sent twice, it might be done twice.
    """
    trouble = outage(error)
    if trouble is None:
        return _broken(error)
    unknown = isinstance(error, Unanswered)
    log.error("the database %s: %s %s", trouble, request.endpoint, "in doubt" if unknown else "not served")
    if request.is_json or request.accept_mimetypes.best == "application/json":
        name, text = ("Unanswered", UNKNOWN) if unknown else ("Away", BODIES[503])
        answer = jsonify(error=name, message=gettext(text))
    else:
        template = "web/unknown.html" if unknown else "web/away.html"
        answer = current_app.make_response(_kept(503, template, again=_sent_from_here()))
    answer.status_code = 503
    answer.retry_after = PATIENCE
    return answer


def _broken(error: Exception) -> ResponseReturnValue:
    log.error("unexpected %s at %s", type(error).__name__, request.endpoint, exc_info=error)
    return _page(500, "Broken", gettext(BODIES[500]))

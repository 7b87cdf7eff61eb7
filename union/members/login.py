"""Flask-Login on our own revocable session table: the cookie's token becomes the actor of the request."""

from dataclasses import dataclass
from datetime import datetime

from flask import Flask, request, session
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from union.core.actor import Actor, Role
from union.core.clock import utcnow
from union.core.db import glance, transaction
from union.core.outage import outage
from union.members import queries
from union.members.rules.limits import SESSION_SEEN_EVERY
from union.members.service.sessions import see_session
from union.web.guards import cannot_tell

_COOKIE_FIELD = "_user_id"
_KEPT = ("language",)


@dataclass(eq=False)
class LoginUser(UserMixin):  # type: ignore[misc]
    """Who is signed in, as Flask-Login knows them: the token for the cookie, the actor for us."""

    token: str
    actor: Actor
    stale: bool = False

    def get_id(self) -> str:
        """Return what the cookie holds."""
        return self.token


def install(app: Flask) -> None:
    """Let `app` know who is signed in."""
    manager = LoginManager()
    manager.session_protection = None  # the address of a phone changes; revoking is ours
    # no template asks for `current_user`, and pages that tell of an outage must not look anybody up
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)

    @app.before_request
    def seen() -> None:
        """Look the actor up before a view opens a transaction; note at times that the device is used."""
        if request.endpoint is None or request.endpoint.rpartition(".")[2] == "static":
            return
        if current_user.is_authenticated and current_user.stale:
            try:
                with transaction() as writing:
                    see_session(writing, token=current_user.token, now=utcnow())
            except SQLAlchemyError as error:
                # what can still be read is shown; that the device was used is noted another day
                if outage(error) is None:
                    raise


def _load(token: str) -> LoginUser | None:
    now = utcnow()
    cannot_tell(on=True)
    found = _looked_up(token, now)
    cannot_tell(on=False)
    if found is None:
        return None
    device, actor = found.device, found.actor
    if not device.holds(now, with_role=bool(actor.duties or actor.roles - {Role.MEMBER})):
        return None
    return LoginUser(token, actor, stale=device.seen_at < now - SESSION_SEEN_EVERY)


def _looked_up(token: str, now: datetime) -> queries.SignedIn | None:
    """Ask the database, over a new connection where the one at hand turns out to be broken."""
    try:
        with glance() as reader:
            return queries.signed_in(reader, token, now=now)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    with glance() as reader:
        return queries.signed_in(reader, token, now=now)


def put(token: str) -> None:
    """Sign this browser in with the token of a started session; all but the language is forgotten first."""
    kept = {name: session[name] for name in _KEPT if name in session}
    session.clear()
    session.update(kept)
    session[_COOKIE_FIELD] = token
    session.permanent = True


def held() -> str | None:
    """Return the token this browser is signed in with."""
    token: str | None = session.get(_COOKIE_FIELD)
    return token


def forget() -> None:
    """Sign this browser out; the language stays."""
    kept = {name: session[name] for name in _KEPT if name in session}
    session.clear()
    session.update(kept)

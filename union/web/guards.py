"""Who may reach a view: every view says `@public` or `@require(Permission)`; what says nothing is refused."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from union.core.actor import VISITOR, Actor
from union.core.errors import NotAllowed
from union.core.permissions import Permission, allow

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
_MARK = "union_guard"
_SIZE = "union_size"
MOST_FIELDS = 1000
"""Fields of one form, as many as Flask takes parts of a form with files: reading many costs seconds."""


def public(view: View) -> View:
    """Let everybody reach `view`."""
    setattr(view, _MARK, PUBLIC)
    return view


def require(permission: Permission) -> Callable[[View], View]:
    """Let only actors with `permission` reach the view; visitors are sent to sign in."""

    def mark(view: View) -> View:
        setattr(view, _MARK, permission)
        return view

    return mark


def takes(size: int) -> Callable[[View], View]:
    """Let a view take a body of up to `size` bytes, where the usual limit is too small."""

    def mark(view: View) -> View:
        setattr(view, _SIZE, size)
        return view

    return mark


def install_sizes(app: Flask) -> None:
    """Set each request's limit by the view it reaches; before anything reads the body."""

    @app.before_request
    def limit() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if size := getattr(view, _SIZE, 0):
            request.max_content_length = size
        plain_form = request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded"
        # the body is kept: the form is read from it afterwards
        if plain_form and request.get_data(cache=True).count(b"&") > MOST_FIELDS:
            abort(413)


def guard_of(view: Callable[..., object]) -> str | Permission | None:
    """Return PUBLIC, the permission, or None where a view says nothing."""
    found: str | Permission | None = getattr(view, _MARK, None)
    return found


def cannot_tell(*, on: bool) -> None:
    """Say that this request cannot find out who is signed in: what is answered then is for anybody."""
    g.cannot_tell = on


def current_actor() -> Actor:
    """Return who is signed in, else the visitor."""
    if g.get("cannot_tell"):
        return VISITOR
    actor: Actor = getattr(current_user, "actor", VISITOR)
    return actor


def install(app: Flask) -> None:
    """Deny by default: check the guard of whatever view a request reached."""

    @app.before_request
    def check() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None
        guard = guard_of(current_app.view_functions[request.endpoint])
        if guard == PUBLIC:
            return None
        if guard is None:
            abort(403)
        actor = current_actor()
        try:
            # a role limited to a place opens the door; the verb behind it asks where
            allow(actor, Permission(guard), *actor.places)
        except NotAllowed:
            if actor.known or request.method != "GET":
                raise
            return redirect(url_for("members.sign_in", next=request.full_path.rstrip("?")), 303)
        return None

"""Put the web kit on a Flask app: the order in which the parts look at a request is decided here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, get_flashed_messages, request
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from union.core.actor import Actor
from union.core.settings import Settings
from union.web import assets, errors, guards, headers, i18n

csrf = CSRFProtect()


@dataclass(frozen=True)
class Link:
    """One entry of the main navigation."""

    label: str
    url: str
    current: bool = False


Navigation = Callable[[Actor], list[tuple[str, str]]]


def install(app: Flask, settings: Settings, navigation: Navigation) -> None:
    """Configure `app`: cookies, CSRF, guards, headers, errors, words, assets.

    navigation: gives (message id, URL) for an actor; the composing app knows the rooms, the kit does not.
    """
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key(),
        # with the prefix no neighbour on another port or subdomain can plant or overwrite it
        SESSION_COOKIE_NAME="__Host-union" if settings.secure else "union",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        # a device is signed out thirty days after it signed in: its cookie need not be signed anew each time
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        WTF_CSRF_SSL_STRICT=True,
    )
    if settings.secure:
        # whoever asks under another name gets no page in which that name could stand
        app.config["TRUSTED_HOSTS"] = [str(urlsplit(settings.public_url).hostname)]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # a page's macros are made once, without the page
    app.jinja_env.globals["union_name"] = settings.union_name
    guards.install_sizes(app)
    csrf.init_app(app)
    guards.install(app)
    headers.install(app)
    errors.install(app)
    i18n.install(app)
    assets.install(app)
    app.view_functions["static"] = guards.public(app.view_functions["static"])

    @app.context_processor
    def page() -> dict[str, object]:
        actor = guards.current_actor()
        links = [
            Link(
                i18n.gettext(label),
                url,
                current=request.path == url or request.path.startswith(url.rstrip("/") + "/"),
            )
            for label, url in navigation(actor)
        ]
        return {
            "actor": actor,
            "navigation": links,
            "flashes": get_flashed_messages(with_categories=True),
        }

"""Security headers, the same on every answer.

The embeddable campaign meter is the one page that other sites may frame; it sets `g.embeddable`. A page that
needs one Trusted Types policy, by name, sets `g.trusted_types` (ADR 11).
"""

from flask import Flask, Response, current_app, g

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(*, embeddable: bool = False, trusted_types: str = "'none'") -> str:
    """Return the Content-Security-Policy of a page. trusted_types: the one policy its scripts may make."""
    rules = {**CSP, "trusted-types": trusted_types}
    if embeddable:
        rules["frame-ancestors"] = "*"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def install(app: Flask) -> None:
    """Put the headers on every answer of `app`."""

    @app.after_request
    def secure(response: Response) -> Response:
        embeddable = bool(g.get("embeddable", False))
        response.headers["Content-Security-Policy"] = policy(
            embeddable=embeddable, trusted_types=g.get("trusted_types", "'none'")
        )
        for name, value in HEADERS.items():
            response.headers[name] = value
        if embeddable:
            del response.headers["X-Frame-Options"]
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if current_app.config["SETTINGS"].secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

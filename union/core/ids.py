"""Names for things: random identifiers that leak no order, and readable slugs."""

import secrets

from slugify import slugify as _slugify

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_id() -> str:
    """Return a random identifier of 20 unambiguous characters (about 99 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(20))


def new_token() -> str:
    """Return a URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Return a six-digit code a person can type from a text message."""
    return f"{secrets.randbelow(1_000_000):06d}"


def slugify(text: str) -> str:
    """Return `text` as a short lower-case address part; a random one when nothing readable is left."""
    return _slugify(text, max_length=60, word_boundary=True) or new_id()[:8]

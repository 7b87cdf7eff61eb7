"""Secrets handed to a member, as we keep them. Pure."""

import hashlib


def hashed(token: str) -> str:
    """Return SHA-256 (hex) of a 256-bit token: enough for what cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()

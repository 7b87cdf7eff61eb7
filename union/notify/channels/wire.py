"""What HTTP channels share: whether a call left at all, and how long a provider asks us to wait."""

from collections.abc import Mapping
from typing import Final

import requests

LONGEST_REST: Final = 900.0
"""Seconds: a provider that asks for more is asked again sooner; texts have an end."""


def never_left(problem: requests.exceptions.ConnectionError) -> bool:
    """Tell whether the connection was not even made: refused, no route, no such host."""
    reason = getattr(problem.args[0] if problem.args else None, "reason", None)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}


def rest(headers: Mapping[str, str], usual: float) -> float:
    """Return the seconds a provider asks us to wait (Retry-After, RFC 9110), else the `usual` ones."""
    asked = headers.get("Retry-After", "").strip()
    return min(LONGEST_REST, max(1.0, float(asked))) if asked.isascii() and asked.isdigit() else usual

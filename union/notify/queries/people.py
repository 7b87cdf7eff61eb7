"""Organizers' names, for handing replies out: members live higher up, so whoever composes the rooms tells."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

PEOPLE: list[Callable[[Session], Mapping[str, str]]] = []
"""Each returns organizers, id → name."""


def organizers_of(session: Session) -> dict[str, str]:
    """Return the organizers, id → name."""
    return {one: name for people in PEOPLE for one, name in people(session).items()}

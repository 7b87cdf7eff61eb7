"""What a higher room may hang on a campaign's page: HTML about one campaign for one reader."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from union.core.actor import Actor

# (session, campaign's id, who reads, now) → what to show, None for nothing.
Panel = Callable[[Session, str, Actor, datetime], Markup | None]


@dataclass(frozen=True)
class Turnout:
    """How many took part in a campaign's latest action. None: fewer than ten. of: how many were called on."""

    title: str
    checked_in: int | None
    completed: int | None
    of: int


# (session, campaign's id) → the latest action's turnout, None before there is one.
TurnoutOf = Callable[[Session, str], Turnout | None]

"""What a higher room may hang on a campaign's page: HTML about one campaign for one reader."""

from collections.abc import Callable
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from union.core.actor import Actor

# (session, campaign's id, who reads, now) → what to show, None for nothing.
Panel = Callable[[Session, str, Actor, datetime], Markup | None]

"""What an observer's own page shows."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from union.ballots.models import Ballot
from union.ballots.service.observers import observer


@dataclass(frozen=True)
class ObserverPage:
    """Which board somebody observes, and whether the address was confirmed."""

    slug: str
    title: str
    confirmed: bool


def observer_page(session: Session, token: str) -> ObserverPage:
    """Return whose link this is. Raises NotFound."""
    one = observer(session, token, lock=False)
    ballot = session.get_one(Ballot, one.ballot_id)
    return ObserverPage(ballot.slug, ballot.title, one.confirmed_at is not None)

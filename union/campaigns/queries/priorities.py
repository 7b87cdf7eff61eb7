"""The order of the demands as members voted it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from union.ballots import queries as ballots
from union.ballots.queries import BallotCard
from union.campaigns.models import Campaign
from union.campaigns.service.priorities import FEWEST, ballot_of, rankable, subject_of
from union.core.actor import Actor
from union.core.permissions import Permission, permits


@dataclass(frozen=True)
class Priorities:
    """Where the vote on the order stands.

    ballot: None while there is none to be seen. places: {demand: place from 1}, equals share one; empty
    before the result or when too few voted. may_launch: the actor may let members vote now.
    """

    ballot: BallotCard | None
    places: dict[str, int]
    voters: int
    may_launch: bool


def priorities(session: Session, campaign_id: str, actor: Actor) -> Priorities:
    """Return the members' vote on the order of a campaign's demands."""
    row = session.get_one(Campaign, campaign_id)
    planner = permits(actor, Permission.BALLOT_PLAN)
    cards = ballots.for_subject(session, subject_of(row.slug))
    slug = ballot_of(session, row)
    card = next((c for c in cards if c.slug == slug), None)
    if card is not None and card.state in {"draft", "keys"} and not planner:
        card = None
    under_way = any(not c.over for c in cards)
    enough = planner and not under_way and len(rankable(session, row.id)) >= FEWEST
    places, voters = _places(session, row, slug)
    return Priorities(card, places, voters, enough)


def _places(session: Session, row: Campaign, slug: str | None) -> tuple[dict[str, int], int]:
    outcome = ballots.outcome(session, slug) if slug else None
    if outcome is None or not outcome.passed or not row.priorities:
        return {}, 0
    ids = {title: demand_id for demand_id, title in row.priorities["demands"]}
    places: dict[str, int] = {}
    for group in outcome.orders:
        place = len(places) + 1
        places |= {ids[title]: place for title in group if title in ids}
    return places, outcome.cast

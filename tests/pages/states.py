"""What makes a side's things such that a form is taken right now: each is given a side and changes its rows."""

import secrets
from datetime import UTC, datetime, timedelta

from tests.factories import ballots
from union.actions.models import Action, ActionChoice, ActionZoneFiring
from union.actions.rules.states import Choice, FiringState, State
from union.actions.service import check_in
from union.core.actor import Actor

HOUR = timedelta(hours=1)


def _action(session, side):
    return session.query(Action).filter_by(slug=side.things["actions"]).one()


def said_in(session, side):
    """The member has said to be in."""
    action = _action(session, side)
    session.add(
        ActionChoice(
            action_id=action.id, member_id=side.people["member"], choice=Choice.IN, version=action.version
        )
    )
    session.flush()


def live(session, side):
    """The action began an hour ago and goes on for another; its meeting point shows a code."""
    action, now = _action(session, side), datetime.now(UTC)
    action.state, action.checkin_key = State.LIVE, secrets.token_bytes(32)
    action.starts_at, action.ends_at, action.fired_at = now - HOUR, now + HOUR, now - HOUR
    session.query(ActionZoneFiring).filter_by(action_id=action.id).delete()
    session.add(
        ActionZoneFiring(
            action_id=action.id, zone="*", starts_at=now - HOUR, ends_at=now + HOUR, state=FiringState.LIVE
        )
    )
    side.things["code"] = action.meeting_code
    session.flush()


def taking_part(session, side):
    """The action is live and the member takes part."""
    said_in(session, side)
    live(session, side)


def counted(session, side):
    """The member, who takes part in the live action, is counted already."""
    taking_part(session, side)
    member = Actor(member_id=side.people["member"], active=True)
    check_in(session, actor=member, now=datetime.now(UTC), slug=side.things["actions"])


def codes_out(session, side):
    """A ballot of another chapter whose members have their voting codes and which is not open yet."""
    now = datetime.now(UTC)
    hand = ballots.make_ballot_draft(session, now, chapter="rotterdam", voters=6)
    hand = ballots.issue(session, ballots.give_keys(session, hand, now), now)
    side.things["ballots"], side.people["voter"] = hand.slug, hand.voters[1]


def voting(session, side):
    """A ballot of another chapter that is open."""
    hand = ballots.make_open_ballot(session, datetime.now(UTC), chapter="rotterdam")
    side.things["ballots"], side.people["voter"] = hand.slug, hand.voters[1]

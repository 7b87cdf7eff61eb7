"""Steps of a ballot that several walks take: a trustee's key and share, a member's vote, the clock."""

import time
from datetime import timedelta

from sqlalchemy import update

from union.ballots import queries
from union.ballots.models import Ballot
from union.core import db
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.demo import votes
from union.members import queries as members


def make_a_key(trustee, ballot, union, tmp_path):
    """Make the key, save it, show that it is saved, hand in its public part."""
    trustee.open(f"{union.url}/ballots/{ballot}/key")
    trustee.press("Make my key")
    with trustee.page.expect_download() as saved:
        trustee.press("Save the key file")
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    trustee.hand_over("The key file you saved", path)
    trustee.tick("I have saved my key in a safe place")
    trustee.press("Register my key")
    trustee.heading("Your key is registered")
    return path


def give_a_share(trustee, ballot, union, path):
    """Open the sums with the key that was saved."""
    trustee.open(f"{union.url}/ballots/{ballot}/decrypt")
    trustee.heading("Give your share of the count")
    trustee.hand_over("Your key file", path)
    trustee.press("Compute and send my share")
    trustee.heading("Your share is received")


def code_of(union, ballot, member_id):
    """Wait until the desk has the member's voting code; return it."""
    with db.reading() as session:
        [contact] = members.contacts(session, [member_id])
    for _ in range(240):
        found = votes.credentials(ballot)
        if code := found.get(contact.phone or "") or found.get(contact.email or ""):
            return code
        time.sleep(0.5)
    raise AssertionError("no voting code at the desk")


def vote_yes(member, union, ballot, member_id):
    """Choose, check, seal, cast; return the tracker."""
    member.open(f"{union.url}/ballots/{ballot}/booth#{code_of(union, ballot, member_id)}")
    member.choose("Yes")
    member.press("Continue")
    member.heading("Check your ballot")
    member.press("Seal my ballot")
    member.heading("Your ballot is sealed")
    member.press("Cast my ballot")
    member.heading("Your ballot is cast")


def page_of(slug):
    with db.reading() as session:
        return queries.ballot_page(session, slug, SYSTEM, utcnow())


def until(slug, *states):
    """Wait until the scheduler has brought the ballot to one of these states."""
    for _ in range(240):
        if page_of(slug).state in states:
            return
        time.sleep(0.5)
    raise AssertionError(f"the ballot never came to {' or '.join(states)}")


def close_now(slug):
    """Let the closing time be now; the scheduler does the rest."""
    with db.transaction() as session:
        times = {"opens_at": utcnow() - timedelta(hours=1), "closes_at": utcnow()}
        session.execute(update(Ballot).where(Ballot.slug == slug).values(**times))
    until(slug, "closed", "concluded")  # a key that the server holds alone opens the sums at once

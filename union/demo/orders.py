"""A ballot of the demo on the order of the demands: voted, shuffled by each trustee, counted."""

import secrets
from datetime import timedelta

from union.ballots import queries as board
from union.ballots import service as voting
from union.ballots.crypto import Election, make_ballot, make_shuffle, read_tally
from union.ballots.service import Call
from union.campaigns import service as campaigning
from union.campaigns.service import How
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.demo import votes
from union.demo.seed import People, Seed

GROUP = "Ed25519"
OPENED = timedelta(days=4)


def priorities(seed: Seed, slug: str, who: People, zone: str) -> None:
    """Let members rank a campaign's demands: voted, shuffled by each trustee, opened and counted."""
    began = seed.now - OPENED - timedelta(days=1)
    url = seed.settings.public_url
    vote = Call(
        title="Which demands come first?",
        intro="Put them in your order. The trustees shuffle all votes before they are opened.",
        question="Which demands come first?",
        preset="simple-majority",
        group=GROUP,
        opens_at=seed.now - OPENED,
        closes_at=utcnow() + votes.VOTING,
        zone=zone,
        trustee_ids=who.trustees,
    )
    with transaction() as session:
        actor = seed.actor(session, who.organizers[0])
        ballot = campaigning.launch_priorities(
            session, slug=slug, actor=actor, now=began, vote=vote, how=How.RANKING
        )
        voting.ask_for_keys(session, actor=actor, now=began, slug=ballot, public_url=url)
    keys = votes.make_keys(seed, ballot, who, GROUP, began)
    with transaction() as session:
        actor = seed.actor(session, who.organizers[0])
        voting.issue_credentials(session, actor=actor, now=began, slug=ballot, public_url=url)
    seed.deliver(seed.now)
    with transaction() as session:
        voting.open_ballot(session, actor=SYSTEM, now=vote.opens_at, slug=ballot)
    votes.keep_keys(seed, ballot, who, keys)
    rank(seed, ballot)
    closed = votes.close(seed, ballot)
    shuffle(seed, ballot, who)
    votes.decrypt(seed, ballot, who, closed)


def rank(seed: Seed, ballot: str) -> None:
    """Let every member with a code vote, most want the first demands first."""
    with reading() as session:
        election = Election.read(board.election_record(session, ballot))
    many = len(election.questions[0].answers)
    signer = voting.Signer(seed.settings.secret_key())
    for n, (member_id, code) in enumerate(votes.voters(seed, ballot)):
        turned = (0, 0, 1, 0, 2, 1, many - 1)[n % 7]
        order = [(place + turned) % many + 1 for place in range(many)]
        text = make_ballot(election, code, [order], secrets.randbelow).decode()
        with transaction() as session:
            actor = seed.actor(session, member_id)
            votes.cast(session, seed, ballot, actor, text, signer)


def shuffle(seed: Seed, ballot: str, who: People) -> None:
    """Let each trustee shuffle in turn."""
    for member_id in who.trustees:
        with reading() as session:
            election = Election.read(board.election_record(session, ballot))
            pairs = read_tally(election, board.encrypted_tally(session, ballot))
        made = make_shuffle(election, pairs, secrets.randbelow)
        with transaction() as session:
            voting.submit_shuffle(
                session,
                actor=seed.actor(session, member_id),
                now=seed.now,
                slug=ballot,
                text=made.record().decode(),
                public_url=seed.settings.public_url,
            )

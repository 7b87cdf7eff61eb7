"""The story's second part: the strike vote, from the trustees' keys to a verified tally and a mandate."""

import secrets
from datetime import timedelta
from functools import partial

from union.ballots import queries as board
from union.ballots.crypto import (
    Election,
    KeyPair,
    decrypt_partially,
    group_named,
    make_ballot,
    make_key,
    read_tally,
    verify,
)
from union.ballots.service import Call
from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.demo.story.stage import GROUP, Somebody, Story
from union.demo.visitor import Unexpected
from union.members import queries as members


def launch(story: Story) -> dict[str, KeyPair]:
    """Draft the strike vote, let three trustees make their keys, hand out the voting codes, open."""
    now = utcnow()
    voting = timedelta(seconds=15) + story.pace * story.count
    trustees = [story.staff[f"trustee {n}"] for n in (1, 2, 3)]
    with transaction() as session:
        story.ballot = campaigning.launch_strike_vote(
            session,
            slug=story.slug,
            actor=members.actor_of(session, story.staff["organizer"].member_id),
            now=now,
            vote=Call(
                title="Strike vote: pay for waiting time",
                intro="",
                preset="simple-majority",
                group=GROUP,
                question="Do we log off together if Uber does not move?",
                opens_at=now - timedelta(minutes=5),
                closes_at=now + voting,
                zone=story.zone,
                trustee_ids=[t.member_id for t in trustees],
            ),
        )
    organizer = story.staff["organizer"].visitor
    organizer.open(f"/ballots/{story.ballot}/run")
    organizer.send("/run/ask-keys")
    keys = {}
    for trustee in trustees:
        keys[trustee.name] = make_key(group_named(GROUP), secrets.randbelow)
        trustee.visitor.open(f"/ballots/{story.ballot}/key")
        trustee.visitor.post_json(
            f"/ballots/{story.ballot}/key", {"public_key": keys[trustee.name].public.record().decode()}
        )
    organizer.open(f"/ballots/{story.ballot}/run")
    organizer.send("/run/credentials")
    story.wait("the ballot to open", lambda: _state(story) == "open")
    story.say("three trustees made their keys, voting codes were handed out, the ballot opened by the clock")
    return keys


def _state(story: Story) -> str:
    with reading() as session:
        return board.ballot_page(session, story.ballot, SYSTEM, utcnow()).state


def vote(story: Story, election: Election, person: Somebody) -> None:
    """Open the link that came, encrypt, cast, keep the tracker."""
    link = story.post.wait_for(person.address, rf"(/ballots/{election.uuid}/booth#\S+)")
    path, _, code = link.partition("#")
    n = person.number
    choice = [1, 0, 0] if n % 10 < 8 else [0, 1, 0] if n % 10 == 8 else [0, 0, 1]  # noqa: PLR2004 - four in five
    person.visitor.open(path)
    sealed = make_ballot(election, code, [choice], secrets.randbelow).decode()
    receipt = person.visitor.post_json(f"/ballots/{story.ballot}/cast", {"ballot": sealed})
    story.trackers[person.member_id or person.address] = receipt["tracker"]


def vote_all(story: Story) -> None:
    """Let nine in ten vote; the tenth stays away."""
    with reading() as session:
        election = Election.read(board.election_record(session, story.ballot))
    voters = [p for p in story.people if p.number % 10]
    story.all_do("voting     ", partial(vote, story, election), voters)
    story.say(f"{len(voters)} encrypted ballots cast, each with a signed receipt")


def count_votes(story: Story, keys: dict[str, KeyPair]) -> None:
    """Wait for the close, let each trustee decrypt, verify the published archive."""
    story.wait("the ballot to close", lambda: _state(story) == "closed", patience=120)
    for name, key in keys.items():
        visitor = story.staff[name].visitor
        visitor.open(f"/ballots/{story.ballot}/decrypt")
        election = Election.read(
            visitor.http.get(f"{story.base}/ballots/{story.ballot}/election.json").content
        )
        pairs = read_tally(
            election, visitor.http.get(f"{story.base}/ballots/{story.ballot}/tally.json").content
        )
        partial_, strong = decrypt_partially(election, pairs, key.private_key, secrets.randbelow)
        visitor.post_json(
            f"/ballots/{story.ballot}/decrypt",
            {"decryption": partial_.record().decode(), "strong_proofs": strong.decode()},
        )
    story.wait("the result", lambda: _state(story) == "concluded")
    bel = (
        story.staff["organizer"].visitor.http.get(f"{story.base}/ballots/{story.ballot}/archive.bel").content
    )
    path = story.out / f"{election.uuid}.bel"
    path.write_bytes(bel)
    report = verify(path)
    if not report.holds:
        raise Unexpected("\n".join(report.lines()))
    story.say(f"closed by the clock, decrypted by three trustees: {report.result}; {path.name} verifies")
    story.wait("the mandate", partial(_mandated, story))
    story.say("the vote passed its rule: the campaign has a mandate")


def _mandated(story: Story) -> bool:
    with reading() as session:
        found = campaigns.mandate_in_force(session, campaigns.card(session, story.slug).id, utcnow())
    return found is not None

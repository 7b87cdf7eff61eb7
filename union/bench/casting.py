"""How many encrypted ballots a second the server takes over HTTP, verified and on the board.

First as fast as it goes on the embedded database, then a hundred a second for a minute on PostgreSQL: voters
come when they come, so a wait counts from the moment somebody pressed the button.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.engine import create_engine

from union.ballots import queries as board
from union.ballots.crypto import Election, make_ballot
from union.ballots.crypto import bench as crypto
from union.bench import cluster
from union.bench.figures import Figure, fresh, quantile, timed
from union.core.actor import SYSTEM
from union.core.clock import stopwatch, utcnow
from union.core.db import installed, reading, transaction
from union.demo import joining, rounds, running, seed, votes
from union.demo.texts import CAMPAIGNS
from union.demo.visitor import Visitor
from union.members import queries as members
from union.members import service as registry

GROUPS = ("BELENIOS-2048", "Ed25519")
HANDS = 8
WEBS = 2
REGISTER = 960
A_SECOND = 100
SECONDS = 60


@dataclass(frozen=True)
class Voter:
    """Somebody in the booth: their browser and their voting code."""

    visitor: Visitor
    code: str


@dataclass(frozen=True)
class Open:
    """A ballot that is open, and everybody who stands in a booth."""

    slug: str
    election: Election
    voters: tuple[Voter, ...]

    def cast(self, visitor: Visitor, sealed: str) -> None:
        """Cast one sealed ballot."""
        visitor.post_json(f"/ballots/{self.slug}/cast", {"ballot": sealed})

    def lost(self, cast: int) -> int:
        """Return how many of `cast` ballots are not on the board; raises RuntimeError when there are more."""
        with reading() as session:
            there = board.head(session, self.slug).height
        if there > cast:
            raise RuntimeError(f"{cast} ballots were cast, {there} are on the board")
        return cast - there


def run(folder: Path) -> list[Figure]:
    """Measure both groups on both databases, with two web processes."""
    figures = [_at_once(folder / group, group) for group in GROUPS]
    place = cluster.binaries()
    if place is None:
        click.secho(f"  LEFT OUT: {cluster.MISSING}", fg="red")
        return figures
    server = cluster.Cluster(place, durable=True)
    try:
        figures += chain.from_iterable(
            _steadily(folder / f"{group}-steady", group, server) for group in GROUPS
        )
    finally:
        server.stop()
    return figures


def _at_once(folder: Path, group: str) -> Figure:
    with _voting(folder, group, joining.COUNT) as vote:
        sealed = [_sealed(vote.election, voter.code) for voter in vote.voters]
        with ThreadPoolExecutor(HANDS) as pool:
            seconds = timed(lambda: list(pool.map(vote.cast, (v.visitor for v in vote.voters), sealed)))
        lost = vote.lost(len(sealed))
    return Figure(
        f"{group}: ballots cast over HTTP on SQLite, {lost} lost",
        len(sealed) / seconds,
        "/s",
        crypto.ballots(group).per_second * WEBS,
        "verification alone on two cores",
    )


def _steadily(folder: Path, group: str, server: cluster.Cluster) -> list[Figure]:
    name = cluster.new_name()
    admin = create_engine(
        server.url().replace("postgresql", "postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    with _voting(folder, group, REGISTER, UNION_DATABASE_URL=server.url(name)) as vote:
        turns = -(-A_SECOND * SECONDS // len(vote.voters))
        codes = [voter.code for _ in range(turns) for voter in vote.voters]
        with ProcessPoolExecutor(WEBS) as pool:
            sealed = list(pool.map(partial(_sealed, vote.election), codes, chunksize=50))
        waits, took = _arrivals(vote, sealed)
        lost = vote.lost(len(sealed))
    rate = len(sealed) / took
    return [
        Figure(
            f"{group}: {len(sealed):,} ballots cast over HTTP on PostgreSQL, {lost} lost",
            rate,
            "/s",
            A_SECOND,
            f"as fast as they came, for {SECONDS} s",
        ),
        Figure(f"{group}: from pressing to receipt, median", quantile(waits, 0.5) * 1000, "ms", higher=False),
        Figure(f"{group}: from pressing to receipt, p99", quantile(waits, 0.99) * 1000, "ms", higher=False),
    ]


def _arrivals(vote: Open, sealed: Sequence[str]) -> tuple[list[float], float]:
    """Cast a ballot every hundredth of a second; return each one's wait, and seconds to the last receipt."""
    began = stopwatch()

    def one(n: int) -> float:
        due = began + n / A_SECOND
        time.sleep(max(0.0, due - stopwatch()))
        vote.cast(vote.voters[n % len(vote.voters)].visitor, sealed[n])
        return stopwatch() - due

    with ThreadPoolExecutor(HANDS * 2) as pool:
        waits = list(pool.map(one, range(len(sealed))))
    return waits, stopwatch() - began


def _sealed(election: Election, code: str) -> str:
    return make_ballot(election, code, [[1, 0, 0]], secrets.randbelow).decode()


@contextmanager
def _voting(folder: Path, group: str, register: int, **facts: str) -> Iterator[Open]:
    """Fill a union, open its strike vote, start the web and let everybody on the roll into the booth."""
    port = running.free_port()
    settings = replace(fresh(folder, **facts), public_url=f"http://127.0.0.1:{port}")
    story = next(s for s in CAMPAIGNS if s.stage == "ballot")
    told = seed.Seed(settings, lambda _text: None)
    who = joining.join(told, register)
    slug = rounds.publish(told, story, who.organizers[0])
    rounds.pledge(told, slug, story.platform, 1.0, story.days_ago)
    rounds.settle(told, slug, told.now)
    ballot = votes.strike_vote(
        told, slug, who, opened=timedelta(hours=1), closes=timedelta(hours=1), group=group
    )
    codes = votes.credentials(ballot)
    with reading() as session:
        election = Election.read(board.election_record(session, ballot))
        contacts = members.contacts(session, told.everybody)
    voters = {
        c.member_id: code for c in contacts if (code := codes.get(c.phone or "") or codes.get(c.email or ""))
    }
    links = _links(settings.public_url, list(voters))
    web = running.start_web(running.environment(settings), port, workers=WEBS)
    try:
        running.wait_for_web(port, web)

        def enter(n: int, member_id: str) -> Voter:
            visitor = Visitor(settings.public_url, n)
            visitor.http.headers["Connection"] = (
                "close"  # nobody keeps a line open while making up their mind
            )
            visitor.open(links[member_id])
            visitor.send(links[member_id].rpartition("/")[2])
            visitor.open(f"/ballots/{ballot}/booth")
            return Voter(visitor, voters[member_id])

        with ThreadPoolExecutor(HANDS) as pool:
            inside = tuple(pool.map(enter, range(len(voters)), voters))
        yield Open(ballot, election, inside)
    finally:
        running.stop([web])
        installed().engine.dispose()


def _links(site: str, member_ids: Sequence[str]) -> dict[str, str]:
    with transaction() as session:
        return {
            one: registry.issue_link(session, actor=SYSTEM, member_id=one, now=utcnow(), site=site)
            for one in member_ids
        }

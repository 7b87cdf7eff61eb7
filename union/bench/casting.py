"""How many encrypted ballots a second the server takes over HTTP, verified and on the board.

First as fast as it goes on the embedded database, then a hundred a second for a minute on PostgreSQL: voters
come when they come, so a wait counts from the moment somebody pressed the button.
"""

import json
import queue
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.engine import create_engine

from union.ballots import queries as board
from union.ballots.crypto import Election, make_ballot
from union.ballots.crypto import bench as crypto
from union.bench import cluster, processor
from union.bench.figures import Figure, fresh, quantile, timed
from union.core.actor import SYSTEM
from union.core.clock import stopwatch, utcnow
from union.core.db import installed, reading, transaction
from union.demo import joining, rounds, running, seed, votes
from union.demo.texts import CAMPAIGNS
from union.demo.visitor import TIMEOUT, Unexpected, Visitor
from union.members import queries as members
from union.members import service as registry

GROUPS = ("BELENIOS-2048", "Ed25519")
HANDS = 8
CORES = WEBS = 2
REGISTER = 960
A_SECOND = 100
SECONDS = 60
LINES = 16
"""Connections kept open to the web, as the proxy before it keeps them; voters come and go behind it."""
TAKEN, TAKEN_BEFORE = 201, 200


@dataclass(frozen=True)
class Voter:
    """Somebody in the booth: their voting code, and what their browser sends along with a vote."""

    code: str
    headers: dict[str, str]


class Booth:
    """Casts votes as the booth's script posts them, at little cost: the clients share the cores.

    pid: the web server's.
    """

    def __init__(self, port: int, slug: str, pid: int) -> None:
        self.path = f"/ballots/{slug}/cast"
        self.pid = pid
        self.lines: queue.SimpleQueue[HTTPConnection] = queue.SimpleQueue()
        for _ in range(LINES):
            self.lines.put(HTTPConnection("127.0.0.1", port, timeout=TIMEOUT))

    def cast(self, voter: Voter, body: bytes) -> None:
        """Cast one sealed ballot; once more, as the booth does, when the line was closed meanwhile."""
        line = self.lines.get()
        try:
            try:
                status, said = self._post(line, voter, body)
            except ConnectionError:
                line.close()
                status, said = self._post(line, voter, body)
        finally:
            self.lines.put(line)
        if status not in {TAKEN, TAKEN_BEFORE}:
            raise Unexpected(f"{self.path}: {status} {said[:200]!r}")

    def _post(self, line: HTTPConnection, voter: Voter, body: bytes) -> tuple[int, bytes]:
        line.request("POST", self.path, body, voter.headers)
        answer = line.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Hang up."""
        while not self.lines.empty():
            self.lines.get().close()


@dataclass(frozen=True)
class Open:
    """A ballot that is open, and everybody who stands in a booth."""

    slug: str
    election: Election
    voters: tuple[Voter, ...]
    booth: Booth

    def lost(self, cast: int) -> int:
        """Return how many of `cast` ballots are not on the board; raises RuntimeError when there are more."""
        with reading() as session:
            there = board.head(session, self.slug).height
        if there > cast:
            raise RuntimeError(f"{cast} ballots were cast, {there} are on the board")
        return cast - there


def run(folder: Path) -> list[Figure]:
    """Measure both groups on both databases, with two web processes."""
    figures = list(chain.from_iterable(_at_once(folder / group, group) for group in GROUPS))
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


def _at_once(folder: Path, group: str) -> list[Figure]:
    with _voting(folder, group, joining.COUNT) as vote:
        bodies = [_body(vote.election, voter.code) for voter in vote.voters]
        spent = Spent(vote)
        with ThreadPoolExecutor(HANDS) as pool:
            seconds = timed(lambda: list(pool.map(vote.booth.cast, vote.voters, bodies)))
        costs = spent.figures(f"{group} on SQLite", len(bodies))
        lost = vote.lost(len(bodies))
    rate = Figure(
        f"{group}: ballots cast over HTTP on SQLite, {lost} lost",
        len(bodies) / seconds,
        "/s",
        crypto.ballots(group).per_second * WEBS,
        "verification alone on two cores",
    )
    return [rate, *costs]


class Spent:
    """Processor time of the web, the database and the clients since this was made."""

    def __init__(self, vote: Open, database: cluster.Cluster | None = None) -> None:
        self.clocks: dict[str, Callable[[], float]] = {
            "web": partial(processor.used, vote.booth.pid),
            **({"PostgreSQL": partial(processor.used, database.process.pid)} if database else {}),
            "clients": time.process_time,
        }
        self.began = {name: clock() for name, clock in self.clocks.items()}

    def figures(self, where: str, cast: int) -> list[Figure]:
        """Return milliseconds for each of `cast` ballots, by process and together."""
        each = {name: (clock() - self.began[name]) * 1000 / cast for name, clock in self.clocks.items()}
        parts = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in each.items())
        what = f"{where}: processor time a ballot ({parts})"
        room = f"what {CORES} cores have for {A_SECOND} a second"
        return [Figure(what, sum(each.values()), "ms", CORES * 1000 / A_SECOND, room, higher=False)]


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
            bodies = list(pool.map(partial(_body, vote.election), codes, chunksize=50))
        spent = Spent(vote, server)
        waits, took = _arrivals(vote, bodies)
        costs = spent.figures(f"{group} on PostgreSQL", len(bodies))
        lost = vote.lost(len(bodies))
    rate = len(bodies) / took
    return [
        Figure(
            f"{group}: {len(bodies):,} ballots cast over HTTP on PostgreSQL, {lost} lost",
            rate,
            "/s",
            A_SECOND,
            f"as fast as they came, for {SECONDS} s",
        ),
        *costs,
        Figure(f"{group}: from pressing to receipt, median", quantile(waits, 0.5) * 1000, "ms", higher=False),
        Figure(f"{group}: from pressing to receipt, p99", quantile(waits, 0.99) * 1000, "ms", higher=False),
    ]


def _arrivals(vote: Open, bodies: Sequence[bytes]) -> tuple[list[float], float]:
    """Cast a ballot every hundredth of a second; return each one's wait, and seconds to the last receipt."""
    began = stopwatch()

    def one(n: int) -> float:
        due = began + n / A_SECOND
        time.sleep(max(0.0, due - stopwatch()))
        vote.booth.cast(vote.voters[n % len(vote.voters)], bodies[n])
        return stopwatch() - due

    with ThreadPoolExecutor(LINES) as pool:
        waits = list(pool.map(one, range(len(bodies))))
    return waits, stopwatch() - began


def _body(election: Election, code: str) -> bytes:
    """Return what the booth posts: a sealed ballot in JSON."""
    sealed = make_ballot(election, code, [[1, 0, 0]], secrets.randbelow).decode()
    return json.dumps({"ballot": sealed}, separators=(",", ":")).encode()


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
            visitor.open(links[member_id])
            visitor.send(links[member_id].rpartition("/")[2])
            visitor.open(f"/ballots/{ballot}/booth")
            visitor.http.close()
            return Voter(voters[member_id], _headers(visitor))

        with ThreadPoolExecutor(HANDS) as pool:
            inside = tuple(pool.map(enter, range(len(voters)), voters))
        booth = Booth(port, ballot, web.popen.pid)
        yield Open(ballot, election, inside, booth)
        booth.close()
    finally:
        running.stop([web])
        installed().engine.dispose()


def _headers(visitor: Visitor) -> dict[str, str]:
    """Return what a browser sends with the booth's POST, prepared once for each voter."""
    return {
        "User-Agent": "Mozilla/5.0 (Android 13; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0",
        "Accept": "*/*",
        "Accept-Language": "en",
        "Accept-Encoding": "gzip, deflate",
        "Referer": visitor.url,
        "Content-Type": "application/json",
        "X-CSRFToken": visitor.page.token,
        "Origin": visitor.base,
        "Cookie": "; ".join(f"{name}={value}" for name, value in visitor.http.cookies.items()),
        "Sec-Fetch-Dest": "empty",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "same-origin",
    }


def _links(site: str, member_ids: Sequence[str]) -> dict[str, str]:
    with transaction() as session:
        return {
            one: registry.issue_link(session, actor=SYSTEM, member_id=one, now=utcnow(), site=site)
            for one in member_ids
        }

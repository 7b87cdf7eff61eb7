"""How many encrypted ballots a second the server takes over HTTP, verified and on the board."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from union.ballots import queries as board
from union.ballots.crypto import Election, make_ballot
from union.ballots.crypto import bench as crypto
from union.bench.figures import Figure, fresh, timed
from union.core.actor import SYSTEM
from union.core.clock import utcnow
from union.core.db import reading, transaction
from union.demo import running, seed
from union.demo.texts import CAMPAIGNS
from union.demo.visitor import Visitor
from union.members import queries as members
from union.members import service as registry

HANDS = 8


def run(folder: Path) -> list[Figure]:
    """Cast every member's ballot over HTTP with each group, on two web processes."""
    return [_cast_all(folder / group, group) for group in ("BELENIOS-2048", "Ed25519")]


def _cast_all(folder: Path, group: str) -> Figure:
    port = running.free_port()
    settings = replace(fresh(folder), public_url=f"http://127.0.0.1:{port}")
    story = next(s for s in CAMPAIGNS if s.stage == "ballot")
    told = seed.Seed(settings, lambda _text: None)
    who = told.fill_register()
    slug = told.campaign(story, who.organizers[0])
    told.pledge(slug, story.platform, 1.0, story.days_ago)
    told.settle(slug, told.now)
    ballot = told.strike_vote(slug, who, opened=timedelta(hours=1), closes=timedelta(hours=1), group=group)
    codes = told.credentials(ballot)
    with reading() as session:
        election = Election.read(board.election_record(session, ballot))
        contacts = members.contacts(session, told.everybody)
    web = running.start_web(running.environment(settings), port)
    try:
        running.wait_for_web(port, web)
        sealed = []
        for n, contact in enumerate(contacts):
            code = codes.get(contact.phone or "") or codes.get(contact.email or "")
            if code is None:
                continue
            visitor = _signed_in(settings.public_url, contact.member_id, n)
            visitor.open(f"/ballots/{ballot}/booth")
            sealed.append((visitor, make_ballot(election, code, [[1, 0, 0]], secrets.randbelow).decode()))
        with ThreadPoolExecutor(HANDS) as pool:
            seconds = timed(
                lambda: list(
                    pool.map(lambda s: s[0].post_json(f"/ballots/{ballot}/cast", {"ballot": s[1]}), sealed)
                )
            )
    finally:
        running.stop([web])
    with reading() as session:
        there = board.head(session, ballot).height
    if there != len(sealed):
        raise RuntimeError(f"{len(sealed)} ballots were cast, {there} are on the board")
    return Figure(
        f"{group}: ballots cast over HTTP, none lost",
        len(sealed) / seconds,
        "/s",
        crypto.ballots(group).per_second * 2,
        "verification alone on two cores",
    )


def _signed_in(site: str, member_id: str, number: int) -> Visitor:
    with transaction() as session:
        link = registry.issue_link(session, actor=SYSTEM, member_id=member_id, now=utcnow(), site=site)
    visitor = Visitor(site, number)
    visitor.open(link)
    visitor.send(link.rpartition("/")[2])
    return visitor

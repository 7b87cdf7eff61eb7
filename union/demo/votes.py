"""The demo's strike votes: real keys, real codes from the message desk, real ballots, a real tally."""

import json
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from union.ballots import queries as board
from union.ballots import service as voting
from union.ballots.crypto import (
    Election,
    KeyPair,
    decrypt_partially,
    group_named,
    make_ballot,
    make_key,
    read_tally,
)
from union.ballots.extension import Clause
from union.ballots.service import Call
from union.campaigns import queries as campaigns
from union.campaigns import service as campaigning
from union.core.actor import SYSTEM, Actor
from union.core.clock import utcnow
from union.core.db import reading, to_microseconds, transaction
from union.demo.seed import ZONE, People, Seed
from union.members import queries as members
from union.notify import queries as messages

CODE = re.compile(
    r"#([1-9A-HJ-NP-Za-km-z]{5}-[1-9A-HJ-NP-Za-km-z]{6}-[1-9A-HJ-NP-Za-km-z]{5}-[1-9A-HJ-NP-Za-km-z]{6})"
)
VOTING = timedelta(minutes=10)
"""How long a slow machine may take: a ballot is cast by the database's clock. `close` ends it when done."""


def strike_vote(
    seed: Seed,
    slug: str,
    who: People,
    *,
    opened: timedelta,
    closes: timedelta,
    group: str,
    clause: Clause | None = None,
) -> str:
    """Launch a strike vote that opened `opened` ago and closes `closes` from now; return its slug."""
    began = seed.now - opened - timedelta(days=1)
    with transaction() as session:
        card = campaigns.card(session, slug)
        actor = seed.actor(session, who.organizers[0])
        ballot = campaigning.launch_strike_vote(
            session,
            slug=slug,
            actor=actor,
            now=began,
            vote=Call(
                title=f"Strike vote: {card.title}",
                intro=card.demand,
                question="Do we act together, on a day the organizers set, if the company does not move?",
                preset="simple-majority",
                group=group,
                opens_at=seed.now - opened,
                closes_at=seed.now + closes,
                zone=ZONE,
                trustee_ids=who.trustees,
                clause=clause,
            ),
        )
        voting.ask_for_keys(session, actor=actor, now=began, slug=ballot, public_url=seed.settings.public_url)
    keys = make_keys(seed, ballot, who, group, began)
    with transaction() as session:
        actor = seed.actor(session, who.organizers[0])
        voting.issue_credentials(
            session, actor=actor, now=began, slug=ballot, public_url=seed.settings.public_url
        )
    # at the desk from now: what arrived days ago would have been wiped by now
    seed.deliver(seed.now)
    with transaction() as session:
        voting.open_ballot(session, actor=SYSTEM, now=seed.now - opened, slug=ballot)
    keep_keys(seed, ballot, who, keys)
    return ballot


def mandate(seed: Seed, slug: str, who: People) -> None:
    """Hold a whole strike vote that passes, and take its mandate."""
    closes = utcnow() - seed.now + VOTING
    ballot = strike_vote(seed, slug, who, opened=timedelta(days=7), closes=closes, group="Ed25519")
    vote(seed, ballot, yes=0.85, turnout=0.8)
    closed = close(seed, ballot)
    decrypt(seed, ballot, who, closed)
    with transaction() as session:
        campaigning.grant_mandates(session, slug=slug, actor=SYSTEM, now=closed)


def make_keys(seed: Seed, ballot: str, who: People, group: str, now: datetime) -> dict[str, KeyPair]:
    """Make each trustee's key and hand in the public part."""
    keys = {}
    for member_id in who.trustees:
        keys[member_id] = make_key(group_named(group), secrets.randbelow)
        with transaction() as session:
            voting.submit_trustee_key(
                session,
                actor=seed.actor(session, member_id),
                now=now,
                slug=ballot,
                text=keys[member_id].public.record().decode(),
                public_url=seed.settings.public_url,
            )
    return keys


def keep_keys(seed: Seed, ballot: str, who: People, keys: dict[str, KeyPair]) -> None:
    """Write the demo trustees' key files where whoever plays them finds them."""
    folder = seed.settings.home / "demo-keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    with reading() as session:
        election = Election.read(board.election_record(session, ballot))
        names = members.display_names(session, who.trustees)
    for member_id, key in keys.items():
        content = {
            "kind": "union-trustee-key",
            "version": 1,
            "uuid": election.uuid,
            "group": election.group.name,
            "trustee": names[member_id],
            "public_key": str(key.public.public_key),
            "private_key": str(key.private_key),
        }
        path = folder / f"{ballot}--{names[member_id].replace(' ', '-').lower()}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=1) + "\n")


def credentials(ballot: str) -> dict[str, str]:
    """Return address → private voting code, as the members read them at the message desk."""
    found: dict[str, str] = {}
    with reading() as session:
        page, pages = 1, 1
        while page <= pages:
            listed = messages.messages(session, page=page, ref=f"ballot:{ballot}", desk=True, secrets=True)
            pages = listed.pages
            for row in listed.rows:
                read = messages.message(session, row.id, secrets=True)
                if code := CODE.search(read.body):
                    found[read.to] = code[1]
            page += 1
    return found


def booth_link(ballot: str, member_id: str) -> str:
    """Return the booth's path with the member's voting code, as in the member's own message."""
    codes = credentials(ballot)
    with reading() as session:
        [contact] = members.contacts(session, [member_id])
    code = codes.get(contact.phone or "") or codes[contact.email or ""]
    return f"/ballots/{ballot}/booth#{code}"


def voters(seed: Seed, ballot: str) -> list[tuple[str, str]]:
    """Return (member, private voting code) of everybody on the roll but the demo member."""
    codes = credentials(ballot)
    with reading() as session:
        contacts = members.contacts(session, seed.everybody[1:])
    return [
        (c.member_id, code)
        for c in contacts
        if (code := codes.get(c.phone or "") or codes.get(c.email or ""))
    ]


def vote(seed: Seed, ballot: str, yes: float, turnout: float) -> None:
    """Let a share of the members on the roll vote, all but the demo member."""
    roll = voters(seed, ballot)
    with reading() as session:
        election = Election.read(board.election_record(session, ballot))
    roll = roll[: max(1, int(len(roll) * turnout))]
    signer = voting.Signer(seed.settings.secret_key())
    for n, (member_id, code) in enumerate(roll):
        choice = [1, 0, 0] if n < len(roll) * yes else [0, 1, 0] if n % 2 else [0, 0, 1]
        sealed = make_ballot(election, code, [choice], secrets.randbelow).decode()
        with transaction() as session:
            cast(session, seed, ballot, seed.actor(session, member_id), sealed, signer)


def cast(session: Session, seed: Seed, ballot: str, actor: Actor, sealed: str, signer: voting.Signer) -> None:
    """Put an encrypted vote into the box, or say that this machine was too slow for the story."""
    answer = voting.cast(session, actor=actor, slug=ballot, text=sealed, now=seed.now, signer=signer)
    if not isinstance(answer, voting.Receipt):
        raise SystemExit(f"The demo lost a vote ({answer.code}): the machine is too busy. Try again.")


def close(seed: Seed, ballot: str, when: datetime | None = None) -> datetime:
    """End a vote whose time is over in the story; return when. A mandate from the future binds nobody.

    when: the moment it is over in the story; now, where the story goes on from here.
    """
    url, now = seed.settings.public_url, when or utcnow()
    with transaction() as session:
        over = {"now": to_microseconds(now), "ballot": ballot}
        session.execute(text("UPDATE ballot SET closes_at = :now WHERE slug = :ballot"), over)
        voting.close_ballot(session, actor=SYSTEM, now=now, slug=ballot, public_url=url)
    return now


def decrypt(seed: Seed, ballot: str, who: People, closes_at: datetime) -> None:
    """Let each trustee give a share of the count, with the key kept for whoever plays them."""
    url = seed.settings.public_url
    with reading() as session:
        election = Election.read(board.election_record(session, ballot))
        pairs = read_tally(election, board.encrypted_tally(session, ballot))
    folder = seed.settings.home / "demo-keys"
    with reading() as session:
        names = members.display_names(session, who.trustees)
    for member_id in who.trustees:
        path = folder / f"{ballot}--{names[member_id].replace(' ', '-').lower()}.json"
        private = election.group.scalar(json.loads(path.read_text())["private_key"])
        partial, strong = decrypt_partially(election, pairs, private, secrets.randbelow)
        with transaction() as session:
            voting.submit_decryption(
                session,
                actor=seed.actor(session, member_id),
                now=closes_at,
                slug=ballot,
                decryption=partial.record().decode(),
                strong_proofs=strong.decode(),
                public_url=url,
            )
    seed.deliver(closes_at)

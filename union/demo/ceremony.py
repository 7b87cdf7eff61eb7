"""A ballot whose key any two of three trustees make together, left at the demo trustee's last step."""

import json
import secrets
from datetime import timedelta
from pathlib import Path

from union.ballots import queries as board
from union.ballots import service as voting
from union.ballots.crypto import ceremony as steps
from union.ballots.crypto import group_named
from union.ballots.extension import Clause
from union.core.db import reading, transaction
from union.demo.seed import People, Seed

GROUP = "BELENIOS-2048"


def begin(seed: Seed, who: People) -> str:
    """Draft the ballot, let the trustees do all steps but one, keep their key codes; return its slug."""
    url = seed.settings.public_url
    with transaction() as session:
        actor = seed.actor(session, who.organizers[0])
        slug = voting.draft(
            session,
            actor=actor,
            now=seed.now,
            kind="general",
            subject="",
            title="Do we join the federation of data unions?",
            intro="The council proposes to join. Two of the three trustees are enough to count.",
            questions=[voting.decision("Do we join the federation?", "en")],
            preset="union-default",
            group=GROUP,
            opens_at=seed.now + timedelta(days=5),
            closes_at=seed.now + timedelta(days=12),
            zone="Europe/Amsterdam",
            trustee_ids=who.trustees,
            threshold=2,
            clause=Clause(outage_minutes=30),
        )
        voting.ask_for_keys(session, actor=actor, now=seed.now, slug=slug, public_url=url)
    seeds: dict[str, str] = {}
    for step in (1, 2, 3):
        for member_id in who.trustees if step < 3 else who.trustees[1:]:  # noqa: PLR2004 - the last is left open
            _do_step(seed, slug, member_id, seeds)
    _keep(seed, slug, who, seeds)
    seed.deliver(seed.now)
    return slug


def _do_step(seed: Seed, slug: str, member_id: str, seeds: dict[str, str]) -> None:
    draw = secrets.randbelow
    with reading() as session:
        facts = board.ceremony(session, slug, seed.actor(session, member_id))
    group = group_named(facts["group"])
    code = seeds.setdefault(member_id, steps.make_seed(draw))
    if facts["step"] == 1:
        made = steps.make_certificate(group, code, facts["size"], facts["threshold"], facts["index"], draw)
    else:
        certs = steps.read_certificates(
            group, [text.encode() for text in facts["certificates"]], facts["threshold"]
        )
        if facts["vinput"] is None:
            made = steps.make_polynomial(group, certs, code, draw)
        else:
            made = steps.make_voutput(group, certs, code, facts["vinput"].encode(), draw)
    with transaction() as session:
        voting.submit_step(
            session,
            actor=seed.actor(session, member_id),
            now=seed.now,
            slug=slug,
            number=facts["number"],
            step=facts["step"],
            text=made.decode(),
            public_url=seed.settings.public_url,
        )


def _keep(seed: Seed, slug: str, who: People, seeds: dict[str, str]) -> None:
    """Write the key codes where whoever plays the trustees finds them."""
    folder = seed.settings.home / "demo-keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    for member_id in who.trustees:
        with reading() as session:
            facts = board.ceremony(session, slug, seed.actor(session, member_id))
        kept = {name: facts[name] for name in ("uuid", "title", "trustee", "number")}
        content = {"kind": "union-trustee-seed", "version": 1, **kept, "seed": seeds[member_id]}
        path: Path = folder / f"{slug}--{facts['trustee'].replace(' ', '-').lower()}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=1) + "\n")

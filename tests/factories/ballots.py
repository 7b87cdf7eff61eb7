"""Ballots for tests: a whole small election through the real services, keys and credentials in the test's hands."""

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from tests.factories.members import make_chapter, make_member
from union.ballots import queries, service
from union.ballots.crypto import (
    Election,
    KeyPair,
    decrypt_partially,
    group_named,
    make_ballot,
    make_key,
    make_shuffle,
    read_tally,
)
from union.ballots.crypto import ceremony as steps
from union.ballots.crypto.canonical import compact, sha256_base64
from union.ballots.crypto.credentials import secret_of
from union.ballots.crypto.proofs import prove_knowledge
from union.ballots.models import Ballot
from union.ballots.service import board, counting, keys, mixing
from union.core.actor import SYSTEM, Role
from union.members import queries as members

PUBLIC_URL = "http://localhost"
SIGNER = service.Signer(bytes(32))
QUESTION = "Do we log off together on 1 December?"
DEMANDS = (
    "A floor under the price of a trip",
    "Explain every deactivation",
    "Our data, portable",
    "Paid waiting time",
)


@contextmanager
def at_database_time(moment):
    """Let the database's clock say `moment` where casting asks it: for tests in invented time."""
    real = board.database_clock
    board.database_clock = lambda _: moment
    try:
        yield
    finally:
        board.database_clock = real


@dataclass
class Hand:
    """A ballot and everything only people hold: the trustees' keys, the voters' credentials."""

    slug: str
    organizer: str
    trustees: list[str]
    voters: list[str]
    keys: dict[str, object] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)
    opens_at: datetime | None = None
    closes_at: datetime | None = None


def actor(session, member_id):
    return members.actor_of(session, member_id)


def make_ballot_draft(
    session,
    now,
    *,
    trustees=3,
    voters=5,
    group="Ed25519",
    preset="union-default",
    demands=False,
    kind="strike_vote",
    opens_in=timedelta(hours=1),
    window=timedelta(days=7),
    server_trustee=False,
    threshold=None,
    title="Log off for a fair price",
    subject="campaign/fair-pay",
    platform=None,
    language="en",
    chapter="amsterdam",
    rule_confirmed=False,
    questions=None,
    weighting=None,
):
    """Make an organizer, trustees and voters, and a draft."""
    make_chapter(session, chapter)
    organizer = make_member(
        session, roles=[Role.ORGANIZER], chapter="utrecht", name="Olga Organizer", language=language
    )
    holders = [
        make_member(session, roles=[Role.TRUSTEE], chapter="utrecht", name=f"Trustee {n}", language=language)
        for n in range(1, trustees + 1)
    ]
    people = [
        make_member(
            session, chapter=chapter, name=f"Voter {n}", language=language, phone=n == 1, email=n != 1
        )
        for n in range(1, voters + 1)
    ]
    if questions is None:
        questions = [service.decision(QUESTION, language)]
        if demands:
            questions.append(service.choice("Which demands come first?", DEMANDS, 2))
        if kind == "demands":
            questions = questions[1:]
    slug = service.draft(
        session,
        actor=actor(session, organizer),
        now=now,
        kind=kind,
        subject=subject,
        title=title,
        intro="One vote each; the trustees count together.",
        questions=questions,
        preset=preset,
        group=group,
        opens_at=now + opens_in,
        closes_at=now + opens_in + window,
        zone="Europe/Amsterdam",
        platform_slug=platform,
        chapter_slug=chapter,
        trustee_ids=holders,
        server_trustee=server_trustee,
        threshold=threshold,
        rule_confirmed=rule_confirmed,
        weighting=weighting,
    )
    return Hand(slug, organizer, holders, people, opens_at=now + opens_in, closes_at=now + opens_in + window)


def asked(session, hand, now):
    """Ask the trustees for keys; none has come yet."""
    service.ask_for_keys(
        session, actor=actor(session, hand.organizer), now=now, slug=hand.slug, public_url=PUBLIC_URL
    )
    return hand


def call_off(session, hand, now):
    """Cancel."""
    service.cancel(
        session, actor=actor(session, hand.organizer), now=now, slug=hand.slug, public_url=PUBLIC_URL
    )
    return hand


def give_keys(session, hand, now):
    """Ask the trustees for keys, and let each make and send one."""
    service.ask_for_keys(
        session, actor=actor(session, hand.organizer), now=now, slug=hand.slug, public_url=PUBLIC_URL
    )
    if row(session, hand).threshold is not None:
        return hold_ceremony(session, hand, now)
    group = group_named(row(session, hand).group_name)
    for member_id in hand.trustees:
        key = make_key(group, secrets.randbelow)
        taken = service.submit_trustee_key(
            session,
            actor=actor(session, member_id),
            now=now,
            slug=hand.slug,
            text=key.public.record().decode(),
            public_url=PUBLIC_URL,
        )
        assert isinstance(taken, service.KeyTaken), taken
        hand.keys[member_id] = key
    return hand


def step_of(session, hand, member_id):
    """What a trustee's device makes in the step that is due, from what the page gives it: (step, text)."""
    facts = queries.ceremony(session, hand.slug, actor(session, member_id))
    group = group_named(facts["group"])
    draw = secrets.randbelow
    if facts["step"] == 1:
        seed = hand.seeds[member_id] = steps.make_seed(draw)
        made = steps.make_certificate(group, seed, facts["size"], facts["threshold"], facts["index"], draw)
        return 1, made.decode()
    seed = hand.seeds[member_id]
    certs = steps.read_certificates(group, [c.encode() for c in facts["certificates"]], facts["threshold"])
    if facts["step"] == 2:
        return 2, steps.make_polynomial(group, certs, seed, draw).decode()
    return 3, steps.make_voutput(group, certs, seed, facts["vinput"].encode(), draw).decode()


def send_step(session, hand, member_id, now, step, text, number=None):
    """Send a message of the ceremony."""
    return service.submit_step(
        session,
        actor=actor(session, member_id),
        now=now,
        slug=hand.slug,
        number=number or row(session, hand).ceremony,
        step=step,
        text=text,
        public_url=PUBLIC_URL,
    )


def hold_steps(session, hand, now, count=3):
    """Let every trustee do `count` steps of the ceremony."""
    for _ in range(count):
        for member_id in hand.trustees:
            taken = send_step(session, hand, member_id, now, *step_of(session, hand, member_id))
            assert isinstance(taken, service.StepTaken), taken
    return hand


def hold_ceremony(session, hand, now):
    """The whole ceremony; then every trustee opens the own part with the seed."""
    hold_steps(session, hand, now)
    group = group_named(row(session, hand).group_name)
    for member_id in hand.trustees:
        mine = queries.part(session, hand.slug, actor(session, member_id))
        cert = steps.read_certificate(group, json.loads(mine.certificate))
        x = steps.open_own_key(group, cert, hand.seeds[member_id], mine.sealed)
        hand.keys[member_id] = KeyPair(x, None)
    return hand


def test_key(session, hand, member_id, now):
    """Let a trustee show that the key at hand opens the dummy."""
    test = keys.test_of(session, row(session, hand))
    private = hand.keys[member_id].private_key
    partial, strong = decrypt_partially(test.election, test.pairs, private, secrets.randbelow)
    return service.submit_test(
        session,
        actor=actor(session, member_id),
        now=now,
        slug=hand.slug,
        decryption=partial.record().decode(),
        strong_proofs=strong.decode(),
    )


test_key.__test__ = False


def open_now(session, hand, now):
    """Open by the organizer, who confirms that nobody tested a key."""
    service.open_ballot(
        session,
        actor=actor(session, hand.organizer),
        now=now,
        slug=hand.slug,
        untested=range(1, len(hand.trustees) + 1),
    )
    return hand


def issue(session, hand, now):
    """Issue credentials, and read each from the member's own message as the member would."""
    service.issue_credentials(
        session, actor=actor(session, hand.organizer), now=now, slug=hand.slug, public_url=PUBLIC_URL
    )
    return read_credentials(session, hand)


def read_credentials(session, hand):
    """Read every member's private credential from the message on its way."""
    from union.notify.models import Outbox

    ballot = row(session, hand)
    sent = session.scalars(
        select(Outbox).where(Outbox.ref == board.ref(ballot), Outbox.kind == f"credential-{ballot.issue}")
    )
    hand.credentials = {m.member_id: json.loads(m.sealed)["fields"]["link"].split("#")[1] for m in sent}
    return hand


def make_open_ballot(session, now, **facts):
    """A ballot open for voting from `now`, by an organizer."""
    hand = issue(session, give_keys(session, make_ballot_draft(session, now, **facts), now), now)
    return open_now(session, hand, now)


def row(session, hand):
    return ballot_called(session, hand.slug)


def ballot_called(session, slug):
    return session.scalar(select(Ballot).where(Ballot.slug == slug))


def election_of(session, hand) -> Election:
    return Election.read(row(session, hand).election)


def seal(session, hand, voter, choices):
    """What the booth makes: the exact bytes of a sealed ballot, as text."""
    return make_ballot(
        election_of(session, hand), hand.credentials[voter], choices, secrets.randbelow
    ).decode()


def resigned(election: Election, text: str, credential: str) -> str:
    """Return the same answers, signed anew under a credential."""
    record = json.loads(text)
    del record["signature"]
    secret = secret_of(election.group, election.uuid, credential)
    record["credential"] = str(election.group.gpow(secret))
    signed = sha256_base64(compact(record))
    proof = prove_knowledge(election.group, secret, f"sig|{signed}|", secrets.randbelow)
    record["signature"] = {"hash": signed, "proof": proof.json()}
    return compact(record).decode()


def vote(session, hand, voter, choices, now):
    """Seal and cast."""
    text = seal(session, hand, voter, choices)
    return service.cast(
        session, actor=actor(session, voter), slug=hand.slug, text=text, now=now, signer=SIGNER
    )


def share(session, hand, member_id):
    """What a trustee sends after the close: (decryption, strong proofs) as text."""
    election = election_of(session, hand)
    pairs = read_tally(election, counting.tally_of(session, row(session, hand)))
    partial, strong = decrypt_partially(election, pairs, hand.keys[member_id].private_key, secrets.randbelow)
    return partial.record().decode(), strong.decode()


def decrypt(session, hand, now, only=None):
    """Let all trustees (or `only` those) send their shares."""
    for member_id in only or hand.trustees:
        decryption, strong = share(session, hand, member_id)
        taken = service.submit_decryption(
            session,
            actor=actor(session, member_id),
            now=now,
            slug=hand.slug,
            decryption=decryption,
            strong_proofs=strong,
            public_url=PUBLIC_URL,
        )
        assert isinstance(taken, service.ShareTaken), taken


def shuffled(session, hand):
    """What a trustee's page makes now: the exact bytes of a shuffle, as text."""
    made = make_shuffle(
        election_of(session, hand), mixing.pairs_of(session, row(session, hand)), secrets.randbelow
    )
    return made.record().decode()


def shuffle(session, hand, now, only=None):
    """Let all trustees (or `only` those) shuffle, each in turn."""
    for member_id in only or hand.trustees:
        taken = service.submit_shuffle(
            session,
            actor=actor(session, member_id),
            now=now,
            slug=hand.slug,
            text=shuffled(session, hand),
            public_url=PUBLIC_URL,
        )
        assert isinstance(taken, service.ShuffleTaken), taken


def close(session, hand):
    """Close at the closing time by the clock."""
    service.close_ballot(session, actor=SYSTEM, now=hand.closes_at, slug=hand.slug, public_url=PUBLIC_URL)
    return hand


def make_concluded_ballot(
    session, now, answers=((1, 0, 0),) * 3 + ((0, 1, 0), (0, 0, 1)), demand_picks=None, **facts
):
    """A ballot that was opened at `now`, voted on, closed and counted. answers: per voter, None for staying away."""
    hand = make_open_ballot(session, now, voters=len(answers), **facts)
    with at_database_time(now):
        for n, (voter, answer) in enumerate(zip(hand.voters, answers, strict=True)):
            if answer is not None:
                picks = [list(demand_picks[n])] if demand_picks else []
                receipt = vote(session, hand, voter, [list(answer), *picks], now + timedelta(minutes=1))
                assert isinstance(receipt, service.Receipt), receipt
    close(session, hand)
    decrypt(session, hand, hand.closes_at + timedelta(hours=1))
    return hand


def real_now():
    return datetime.now(UTC).replace(microsecond=0)

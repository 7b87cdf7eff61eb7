"""Whole elections in memory, for tests: the same steps a server, its members and its trustees take."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from union.ballots.crypto import (
    Draw,
    Election,
    Group,
    Head,
    Homomorphic,
    KeyPair,
    Listed,
    Question,
    Ranked,
    Record,
    Step,
    Trustees,
    accept_ballot,
    ballot_step,
    check_partial,
    check_shuffle,
    check_strong,
    compute_result,
    credentials_record,
    decrypt_partially,
    end_ballots_step,
    end_shuffles_step,
    entry,
    header,
    make_ballot,
    make_credential,
    make_key,
    make_shuffle,
    make_uuid,
    merge_shuffled,
    partial_decryption_step,
    public_of,
    read_credentials,
    read_partial,
    read_public_key,
    read_shuffle,
    read_tally,
    result_record,
    result_step,
    setup_step,
    shuffle_step,
    tally_board,
    tally_step,
)

VECTORS = Path(__file__).parents[2] / "vectors"
TIMESTAMP = 1_790_000_000
STRIKE = Homomorphic("Do we strike?", ("Yes", "No", "Abstain"), 1, 1)
ACTIONS = Homomorphic("Which actions?", ("Data strike", "Open letter", "Legal action"), 1, 2, blank=True)
RANKING = Ranked("Rank the demands", ("Pay", "Hours", "Appeal", "Data"))


@dataclass
class World:
    """An election and everyone's secrets."""

    group: Group
    questions: tuple[Question, ...] = (STRIKE, ACTIONS)
    voters: int = 4
    trustees: int = 2
    weights: tuple[int, ...] = ()
    draw: Draw = secrets.randbelow
    records: list[Record] = field(default_factory=list)
    head: Head | None = None

    def __post_init__(self):
        uuid = make_uuid(self.draw)
        self.keys: list[KeyPair] = [make_key(self.group, self.draw) for _ in range(self.trustees)]
        arrived = [read_public_key(self.group, json.loads(key.public.record())) for key in self.keys]
        self.block = Trustees.singles(self.group, arrived)
        self.credentials = [make_credential(self.draw) for _ in range(self.voters)]
        weights = self.weights or (1,) * self.voters
        listed = [
            Listed(public_of(self.group, uuid, credential), weight)
            for credential, weight in zip(self.credentials, weights, strict=True)
        ]
        self.election = Election.make(
            uuid=uuid,
            name="Test",
            description="An election made by a test: été, 日本",
            group=self.group,
            public_key=self.block.public_key,
            questions=self.questions,
        )
        credentials = credentials_record(self.group, listed, weighted=bool(self.weights))
        self.roll = read_credentials(self.group, credentials)
        self.append(setup_step(self.election.record, self.block.record(), credentials))

    def append(self, step: Step) -> None:
        self.records.extend(step.records)
        self.head = step.head

    def cast(self, voter: int, choices) -> bytes:
        record = make_ballot(self.election, self.credentials[voter], choices, self.draw)
        self.accept(record)
        return record

    def accept(self, record: bytes) -> None:
        ballot = accept_ballot(self.election, record, self.roll)
        self.append(ballot_step(self.head, ballot.record))

    def board(self) -> list[bytes]:
        return [
            data.content
            for data, event in zip(self.records, self.records[1:], strict=False)
            if event.kind == "event" and json.loads(event.content)["type"] == "Ballot"
        ]

    def close(self) -> None:
        self.append(end_ballots_step(self.head))
        self.tally = tally_board(self.election, self.roll, self.board())
        record = self.tally.record()
        sized = self.tally.sized_record(Record("data", _digest(record), record).digest)
        self.append(tally_step(self.head, record, sized))
        self.pairs = read_tally(self.election, record)

    def shuffle(self) -> None:
        for owner in range(1, len(self.block.verification_keys) + 1):
            record = make_shuffle(self.election, self.pairs, self.draw).record()
            shuffle = read_shuffle(self.election, record)
            check_shuffle(self.election, self.pairs, shuffle)
            self.pairs = merge_shuffled(self.election, self.pairs, shuffle)
            self.append(shuffle_step(self.head, owner, record))
        self.append(end_shuffles_step(self.head))

    def decrypt(self, owners=None) -> None:
        self.partials = {}
        keys = {i: key.private_key for i, key in enumerate(self.keys, start=1)}
        for owner in owners or keys:
            made, strong = decrypt_partially(self.election, self.pairs, keys[owner], self.draw)
            partial = read_partial(self.election, self.pairs, made.record())
            X = self.block.verification_keys[owner - 1]
            check_partial(self.election, self.pairs, X, partial)
            check_strong(self.election, self.pairs, X, partial, strong)
            self.partials[owner] = partial
            self.append(partial_decryption_step(self.head, owner, partial.record()))

    def publish(self):
        result = compute_result(self.election, self.block, self.pairs, self.partials, self.tally.total_weight)
        self.append(result_step(self.head, result_record(self.election, result)))
        return result

    def archive(self) -> bytes:
        return header(TIMESTAMP) + b"".join(entry(record, TIMESTAMP) for record in self.records)

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.election.uuid}.bel"
        path.write_bytes(self.archive())
        return path


def _digest(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def whole(group: Group, **facts) -> World:
    """An election from setup to result: three voters, one of whom revotes; one stays away."""
    world = World(group, **facts)
    choices = {STRIKE: [[1, 0, 0], [0, 1, 0], [1, 0, 0]], ACTIONS: [[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]}
    choices[RANKING] = [[1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 0, 0]]
    for voter in (1, 0, 1, 2):
        world.cast(voter, [choices[question][voter] for question in world.questions])
    world.close()
    if world.election.ranked:
        world.shuffle()
    world.decrypt()
    world.publish()
    return world


def events_of(records: list[Record]) -> list[tuple[str, list[bytes]]]:
    """An archive as (kind, payloads) pairs, for whoever wants to forge one."""
    found, waiting = [], []
    for record in records:
        if record.kind == "data":
            waiting.append(record.content)
        else:
            found.append((json.loads(record.content)["type"], waiting))
            waiting = []
    return found


def forged(events: list[tuple[str, list[bytes]]]) -> bytes:
    """An archive of these events with every digest and link right, as a cheating server would write it."""
    from union.ballots.crypto.archive import _step

    content, head = [header(TIMESTAMP)], None
    for kind, payloads in events:
        step = _step(head, kind, relinked(kind, payloads))
        content += [entry(record, TIMESTAMP) for record in step.records]
        head = step.head
    return b"".join(content)


def relinked(kind: str, payloads: list[bytes]) -> list[bytes]:
    """The payloads with the naming record made to name them again."""
    from union.ballots.crypto.canonical import compact

    if kind == "Setup":
        names = ("election", "trustees", "credentials")
        return [*payloads[:3], compact(dict(zip(names, map(_digest, payloads), strict=False)))]
    if kind in ("Shuffle", "PartialDecryption"):
        return [payloads[0], compact({**json.loads(payloads[1]), "payload": _digest(payloads[0])})]
    if kind == "EncryptedTally":
        return [payloads[0], compact({**json.loads(payloads[1]), "encrypted_tally": _digest(payloads[0])})]
    return payloads

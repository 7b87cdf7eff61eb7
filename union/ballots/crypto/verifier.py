"""The verifier: every check an outsider can make on a published archive, by name.

Pure but for reading the file. Spec 3.5; FORMAT.md, sections 6 to 8, say where it asks more. Ballots are
streamed: memory grows with the roll (one digest a credential), hardly with the ballots.
"""

import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from union.ballots.crypto.archive import Head
from union.ballots.crypto.ballots import BallotWork, check_ballots, check_points, credential_key, name_ballot
from union.ballots.crypto.credentials import read_credentials
from union.ballots.crypto.decryption import (
    PartialDecryption,
    check_agreement,
    check_partial,
    check_result,
    read_partial,
    read_result,
)
from union.ballots.crypto.distinct import Distinct
from union.ballots.crypto.election import Election
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.mixnet import check_shuffle, merge_shuffled, read_shuffle
from union.ballots.crypto.questions import Homomorphic, Lists, Ranked, nested, nested_rows
from union.ballots.crypto.reader import Event, Reader, Span
from union.ballots.crypto.report import Finding, Report
from union.ballots.crypto.tally import Pairs, check_tally, read_sized, read_tally
from union.ballots.crypto.trustees import Trustees, read_trustees

_CREDENTIAL = re.compile(
    rb'\{"election_uuid":"[^"\\]*","election_hash":"[^"\\]*","credential":"([0-9a-f]{1,700})","answers":'
)
_ALPHA = re.compile(rb'"alpha":"([0-9a-f]{1,700})"')
_ELEMENT, _COUNT, _FRAME = 700, 32, 8 * 1024
"""Bytes that an element or scalar, a count, and the rest of a question take at most."""
_STAGES = {
    "Setup": "setup",
    "Ballot": "voting",
    "EndBallots": "closed",
    "EncryptedTally": "closed",
    "Shuffle": "shuffling",
    "EndShuffles": "shuffling",
    "PartialDecryption": "decrypting",
    "Result": "tallied",
}
_CHECKS = (
    ("archive", "every byte follows from the chain of events"),
    (
        "setup",
        "election, trustees' keys and credentials are well formed, and the public key is the trustees'",
    ),
    ("ballots", "every ballot is signed under a listed credential and every proof holds"),
    ("tally", "the encrypted tally is that of each voter's last ballot"),
    ("shuffles", "each shuffle is a permutation of the one before"),
    ("decryptions", "each decryption factor is proven with its trustee's key"),
    ("result", "the factors open the tally to the published result"),
)


@dataclass
class _Board:
    """What the scan of the archive gathered: where things lie, not the things."""

    setup: tuple[Span, ...] = ()
    offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    sizes: "array[int]" = field(default_factory=lambda: array("L"))
    digests: bytearray = field(default_factory=bytearray)
    keys: bytearray = field(default_factory=bytearray)
    last: dict[bytes, int] = field(default_factory=dict)
    tally: tuple[Span, ...] = ()
    sized: bytes = b""
    shuffles: list[tuple[int, Span]] = field(default_factory=list)
    ended_shuffles: bool = False
    partials: list[tuple[int, Span]] = field(default_factory=list)
    result: Span | None = None
    stage: str = ""
    head: Head = field(default_factory=lambda: Head(-1, ""))

    def key(self, i: int) -> bytes:
        """What the credential of ballot number i is remembered by."""
        return bytes(self.keys[16 * i : 16 * i + 16])

    def naming(self, i: int, refused: Refused) -> Refused:
        """The refusal with the ballot it is about."""
        return name_ballot(i, self.digests, refused)


def _scan(reader: Reader) -> _Board:
    board = _Board()
    alphas = Distinct()
    for event in reader.events():
        board.stage, board.head = _STAGES[event.kind], event.head
        if event.kind == "Ballot":
            _note_ballot(board, event, alphas)
        elif event.kind == "Setup":
            board.setup = event.payloads
        elif event.kind == "EncryptedTally":
            board.tally, board.sized = event.payloads, event.content
        elif event.kind == "Shuffle":
            board.shuffles.append((event.owner, event.payloads[0]))
        elif event.kind == "EndShuffles":
            board.ended_shuffles = True
        elif event.kind == "PartialDecryption":
            board.partials.append((event.owner, event.payloads[0]))
        elif event.kind == "Result":
            board.result = event.payloads[0]
    height = alphas.repeated()
    if height is not None:
        raise Refused(Check.BALLOT_REPEATED, f"the ballot of event {height} repeats a ciphertext")
    return board


def _note_ballot(board: _Board, event: Event, alphas: Distinct) -> None:
    found = _CREDENTIAL.match(event.content)
    if not found:
        raise Refused(
            Check.BALLOT_CANONICAL, f"the ballot of event {event.head.height} is not in its canonical form"
        )
    for alpha in _ALPHA.findall(event.content):
        alphas.add(alpha, event.head.height)
    span = event.payloads[0]
    key = credential_key(found[1])
    board.last[key] = len(board.offsets)
    board.keys += key
    board.offsets.append(span.offset)
    board.sizes.append(span.size)
    board.digests += bytes.fromhex(span.digest)


def weight_of(key: bytes, weights: Mapping[bytes, int]) -> int:
    """The weight of a listed credential. Raises Refused(BALLOT_CREDENTIAL) when it is not listed."""
    if key not in weights:
        raise Refused(Check.BALLOT_CREDENTIAL, "its credential is not listed")
    return weights[key]


class _Verification:
    """One run over one archive; each step fills in a finding."""

    def __init__(self, path: Path, file: BinaryIO, report: Report, jobs: int) -> None:
        self.path, self.file, self.report, self.jobs = path, file, report, jobs
        self.steps: tuple[Callable[[Finding], None], ...] = (
            self.archive,
            self.setup,
            self.ballots,
            self.tally,
            self.shuffles,
            self.decryptions,
            self.result,
        )

    def run(self) -> None:
        report = self.report
        report.checks = [Finding(name, says) for name, says in _CHECKS]
        for step, finding in zip(self.steps, report.checks, strict=True):
            try:
                step(finding)
            except Refused as refused:
                finding.refuse(refused)
            except MemoryError:
                finding.refuse(Refused(Check.ARCHIVE_LIMIT, "a record is too big for this machine"))
            except RecursionError:
                finding.refuse(Refused(Check.RECORD_FORM, "a record nests too deep"))
            if finding.holds is False:
                finding_after = report.checks[report.checks.index(finding) + 1 :]
                for other in finding_after:
                    other.detail = "not reached"
                return
        report.holds = True

    def archive(self, finding: Finding) -> None:
        self.reader = Reader(self.file)
        self.board = board = _scan(self.reader)
        self.report.stage = board.stage
        self.report.height, self.report.head = board.head
        self.report.ballots, self.report.voters = len(board.offsets), len(board.last)
        finding.holds = True
        finding.detail = f"{board.head.height + 1} events, {self.reader.size} bytes"

    def setup(self, finding: Finding) -> None:
        spans = self.board.setup
        self.election = election = Election.read(self.reader.read(spans[0]))
        report = self.report
        report.uuid, report.name, report.group = election.uuid, election.name, election.group.name
        report.fingerprint = election.fingerprint
        report.trustees_hash, report.credentials_hash = spans[1].digest, spans[2].digest
        report.questions = [
            {
                "question": question.question,
                "answers": nested(question, question.answers),
                "ranked": isinstance(question, Ranked),
                "lists": isinstance(question, Lists),
                "blank": isinstance(question, Homomorphic) and question.blank,
            }
            for question in election.questions
        ]
        self.trustees: Trustees = read_trustees(election.group, self.reader.read(spans[1]))
        if self.trustees.public_key != election.public_key:
            raise Refused(Check.ELECTION_KEY, "the election's public key is not the trustees'")
        weights = read_credentials(election.group, self.reader.read(spans[2]), trusted=True)
        check_points(election.group, list(weights), self.jobs)
        if election.ranked and any(weight != 1 for weight in weights.values()):
            raise Refused(Check.CREDENTIALS_FORM, "a ranked question cannot be weighted")
        report.credentials = len(weights)
        self.weights = {credential_key(public.encode()): weight for public, weight in weights.items()}
        finding.holds = True
        finding.detail = f"{len(weights)} credentials, {len(self.trustees.verification_keys)} trustees"

    def ballots(self, finding: Finding) -> None:
        board = self.board
        count = len(board.offsets)
        weights, counted = array("Q", bytes(8 * count)), bytearray(count)
        for i in range(count):
            key = board.key(i)
            try:
                weights[i] = weight_of(key, self.weights)
            except Refused as refused:
                raise board.naming(i, refused) from None
            counted[i] = board.last[key] == i
        work = BallotWork(
            self.path,
            self.election.record,
            board.offsets,
            board.sizes,
            board.digests,
            board.keys,
            weights,
            counted,
        )
        self.computed = check_ballots(work, self.jobs).finished()
        finding.holds = True
        finding.detail = f"{count} ballots of {len(board.last)} voters"

    def _room(self, pairs: Pairs, each: int, width: int = _ELEMENT) -> int:
        """The most bytes of a record with so many elements for each ciphertext of the tally.

        What is read after the ballots is as large as they make it, so that nobody can fill the memory.
        """
        return _FRAME * (1 + len(pairs)) + width * each * sum(map(len, pairs))

    def tally(self, finding: Finding) -> None:
        if not self.board.tally:
            finding.detail = "no tally yet"
            return
        record = self.reader.read(self.board.tally[0], self._room(self.computed.pairs, 2))
        self.pairs: Pairs = read_tally(self.election, record)
        self.sized = read_sized(self.board.sized)
        check_tally(self.election, self.computed, self.pairs, self.sized)
        finding.holds = True

    def shuffles(self, finding: Finding) -> None:
        board = self.board
        if not self.election.ranked:
            if board.shuffles or board.ended_shuffles:
                raise Refused(Check.SHUFFLE_FORM, "nothing is ranked, so there is nothing to shuffle")
            finding.detail = "nothing to shuffle"
            return
        if board.partials and not board.ended_shuffles:
            raise Refused(Check.SHUFFLE_FORM, "rankings were decrypted before they were shuffled")
        owners: set[int] = set()
        for owner, span in board.shuffles:
            if not 1 <= owner <= len(self.trustees.verification_keys) or owner in owners:
                raise Refused(Check.SHUFFLE_OWNER, f"trustee {owner} has no shuffle to make")
            owners.add(owner)
            shuffle = read_shuffle(self.election, self.reader.read(span, self._room(self.pairs, 7)))
            try:
                check_shuffle(self.election, self.pairs, shuffle)
            except Refused as refused:
                raise Refused(refused.check, f"shuffle of trustee {owner}: {refused.detail}") from None
            self.pairs = merge_shuffled(self.election, self.pairs, shuffle)
        if board.shuffles:
            finding.holds = True
            finding.detail = f"by {len(owners)} of {len(self.trustees.verification_keys)} trustees"
        else:
            finding.detail = "no shuffle yet"

    def decryptions(self, finding: Finding) -> None:
        self.partials: dict[int, PartialDecryption] = {}
        for owner, span in self.board.partials:
            keys = self.trustees.verification_keys
            if not 1 <= owner <= len(keys) or owner in self.partials:
                raise Refused(Check.DECRYPTION_OWNER, f"trustee {owner} has no part to hand in")
            try:
                record = self.reader.read(span, self._room(self.pairs, 3))
                partial = read_partial(self.election, self.pairs, record)
                check_partial(self.election, self.pairs, keys[owner - 1], partial)
            except Refused as refused:
                raise Refused(refused.check, f"part of trustee {owner}: {refused.detail}") from None
            self.partials[owner] = partial
        check_agreement(self.trustees, self.partials)
        if self.partials:
            finding.holds = True
            finding.detail = f"trustees {', '.join(map(str, sorted(self.partials)))}"
        else:
            finding.detail = "no part yet"

    def result(self, finding: Finding) -> None:
        if self.board.result is None:
            finding.detail = "no result yet"
            return
        longest = max(len(question.answers) for question in self.election.questions)
        record = self.reader.read(self.board.result, self._room(self.pairs, longest, width=_COUNT))
        result = read_result(self.election, record)
        check_result(
            self.election, self.trustees, self.pairs, self.partials, result, self.computed.total_weight
        )
        self.report.result = nested_rows(self.election.questions, result)
        finding.holds = True


def verify(path: Path | str, jobs: int = 1) -> Report:
    """Verify a published archive.

    jobs: how many processes check ballots at once.
    Never raises on what the file holds: the report says what does not hold, by name.
    Raises OSError when the file cannot be read.
    """
    report = Report()
    with Path(path).open("rb") as file:
        _Verification(Path(path), file, report, jobs).run()
    return report


def events_of(path: Path | str) -> Iterator[Event]:
    """The events of an archive, chain and digests checked. Raises Refused or OSError."""
    with Path(path).open("rb") as file:
        yield from Reader(file).events()

"""Checking all ballots of a board, in as many processes as wanted.

Pure but for reading the file. Each process reads the ballots it checks from the archive itself and gives
back a partial tally; what travels between processes does not grow with the ballots of homomorphic questions.
"""

import hashlib
import multiprocessing
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from union.ballots.crypto.ballot import check_ballot, read_ballot
from union.ballots.crypto.election import Election
from union.ballots.crypto.failures import Check, Refused
from union.ballots.crypto.group import Group
from union.ballots.crypto.tally import Tally

CHUNK = 64
"""Ballots checked between two looks at the queue; fewer than two chunks are not worth another process."""


def credential_key(credential: bytes) -> bytes:
    """What a credential is remembered by: 16 bytes, whatever the group."""
    return hashlib.sha256(credential).digest()[:16]


def name_ballot(i: int, digests: bytes | bytearray, refused: Refused) -> Refused:
    """The refusal with the ballot it is about. i: the ballot's number on the board, from 0."""
    digest = bytes(digests[32 * i : 32 * i + 32]).hex()
    return Refused(refused.check, f"ballot {i + 1} ({digest}): {refused.detail}")


@dataclass(frozen=True)
class BallotWork:
    """Where all ballots lie, and what is known of each.

    digests and keys hold 32 and 16 bytes a ballot. weights: of its credential. counted: 1 if it is the last
    of its credential.
    """

    path: Path
    election: bytes
    offsets: "array[int]"
    sizes: "array[int]"
    digests: bytearray
    keys: bytearray
    weights: "array[int]"
    counted: bytearray


class _Checker:
    """Checks ballots of one board; one in each process."""

    def __init__(self, work: BallotWork, file: BinaryIO) -> None:
        self.work, self.file = work, file
        self.election = Election.read(work.election)

    def check(self, start: int, stop: int) -> Tally:
        """Check ballots start..stop-1 and tally those that count. Raises Refused, naming the ballot."""
        tally = Tally.of(self.election)
        for i in range(start, stop):
            try:
                self._check_one(i, tally)
            except Refused as refused:
                raise name_ballot(i, self.work.digests, refused) from None
        return tally

    def _check_one(self, i: int, tally: Tally) -> None:
        work = self.work
        self.file.seek(work.offsets[i])
        record = self.file.read(work.sizes[i])
        ballot = read_ballot(self.election, record)
        if bytes.fromhex(ballot.record_hash) != work.digests[32 * i : 32 * i + 32]:
            raise Refused(Check.ARCHIVE_HASH, "the archive changed while it was read")
        if credential_key(ballot.credential.encode()) != work.keys[16 * i : 16 * i + 16]:
            raise Refused(Check.BALLOT_CANONICAL, "its credential does not stand where it belongs")
        check_ballot(self.election, ballot)
        if work.counted[i]:
            tally.add(ballot, work.weights[i])


_checkers: list[_Checker] = []


def _start(work: BallotWork) -> None:
    _checkers[:] = [_Checker(work, work.path.open("rb"))]


def _check(start: int, stop: int) -> Tally:
    return _checkers[0].check(start, stop)


def _check_points(group: Group, texts: Sequence[str]) -> None:
    for text in texts:
        group.check_point(group.point_unchecked(text))


def check_points(group: Group, texts: Sequence[str], jobs: int) -> None:
    """Check the order of many points, given as written. Raises Refused(POINT_FORM or POINT_SUBGROUP)."""
    many = 64 * CHUNK
    if jobs < 2 or len(texts) < many:  # noqa: PLR2004
        _check_points(group, texts)
        return
    parts = [texts[i : i + many // jobs] for i in range(0, len(texts), many // jobs)]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for _ in pool.map(_check_points, [group] * len(parts), parts):
            pass


def check_ballots(work: BallotWork, jobs: int) -> Tally:
    """Check every ballot and give the tally of those that count. Raises Refused for the first that fails."""
    count = len(work.offsets)
    ranges = ((start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))
    if jobs < 2 or count < 2 * CHUNK:  # noqa: PLR2004
        with work.path.open("rb") as file:
            return _Checker(work, file).check(0, count)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (work,)) as pool:
        return _merged(work, _in_parallel(pool, ranges, 2 * jobs))


def _merged(work: BallotWork, parts: Iterator[Tally]) -> Tally:
    tally = Tally.of(Election.read(work.election))
    for part in parts:
        tally.merge(part)
    return tally


def _in_parallel(pool: ProcessPoolExecutor, ranges: Iterator[tuple[int, int]], most: int) -> Iterator[Tally]:
    """Partial tallies as they come, with at most so many chunks under way."""
    pending: set[Future[Tally]] = set()
    try:
        for start, stop in ranges:
            pending.add(pool.submit(_check, start, stop))
            if len(pending) >= most:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(cancel_futures=True)

"""How fast ballots are made and verified, beside what the primitive operations allow.

Pure but for the processor's clock and, where asked, files and the reference program. Each figure is the best
of several runs, primitives and ballots taken in turn, so that a busy machine slows both alike. Every function
returns figures; printing is the caller's.
"""

import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import which
from typing import Any

import nacl.bindings as sodium

from union.ballots.crypto.archive import ballot_step, entry, header, setup_step
from union.ballots.crypto.ballot import check_ballot, make_ballot, read_ballot
from union.ballots.crypto.credentials import (
    Listed,
    credentials_record,
    make_credential,
    make_uuid,
    public_of,
)
from union.ballots.crypto.election import Election
from union.ballots.crypto.finite_field import FiniteField
from union.ballots.crypto.group import Group, Scalar, group_named
from union.ballots.crypto.questions import Homomorphic
from union.ballots.crypto.trustees import Trustees, make_key
from union.ballots.crypto.verifier import verify

QUESTION = Homomorphic("Do we strike?", ("Yes", "No", "Abstain"), 1, 1)
VARIABLE, FIXED, ADDITIONS, CHECKS = 22, 8, 28, 6
"""Operations of libsodium for one ballot of QUESTION, each side of each proof by itself."""
POWERS, MEMBERSHIPS, TABLES = 15, 6, 18
"""The same in a finite field: powers of the ballot's elements, subgroup checks, powers of g and y."""


def _best(function: Callable[[], object], times: int) -> float:
    """Seconds of processor time for one call."""
    start = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - start) / times


@dataclass(frozen=True)
class Figures:
    """One group on one core, in seconds of processor time and bytes.

    limit: what the primitive operations of one ballot take, one at a time (the constants above).
    """

    group: str
    create: float
    verify: float
    limit: float
    size: int
    primitives: dict[str, float]

    @property
    def per_second(self) -> float:
        """Ballots verified per second and core."""
        return 1 / self.verify

    @property
    def of_limit(self) -> float:
        """How the speed compares with the limit: above 1 where work is shared that the limit counts apart."""
        return self.limit / self.verify

    def json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "per_second": self.per_second, "of_limit": self.of_limit}


def make_election(group: Group, voters: int) -> tuple[Election, list[str], bytes, bytes]:
    """A small election: the record, private credentials, trustees record, credentials record."""
    draw = secrets.randbelow
    uuid = make_uuid(draw)
    trustees = Trustees.singles(group, [make_key(group, draw).public])
    credentials = [make_credential(draw) for _ in range(voters)]
    listed = [Listed(public_of(group, uuid, credential), 1) for credential in credentials]
    election = Election.make(
        uuid=uuid,
        name="Bench",
        description="",
        group=group,
        public_key=trustees.public_key,
        questions=[QUESTION],
    )
    return election, credentials, trustees.record(), credentials_record(group, listed)


def _curve_primitives(group: Group) -> dict[str, Callable[[], object]]:
    k = secrets.randbelow(group.q).to_bytes(32, "little")
    point = sodium.crypto_scalarmult_ed25519_base_noclamp(k)
    return {
        "variable": lambda: sodium.crypto_scalarmult_ed25519_noclamp(k, point),
        "fixed": lambda: sodium.crypto_scalarmult_ed25519_base_noclamp(k),
        "addition": lambda: sodium.crypto_core_ed25519_add(point, point),
        "check": lambda: sodium.crypto_core_ed25519_is_valid_point(point),
    }


def _field_primitives(group: FiniteField) -> dict[str, Callable[[], object]]:
    e = Scalar(secrets.randbelow(group.q))
    point = group.gpow(e)
    return {
        "power": lambda: group.pow(point, e),
        "membership": lambda: group.check_point(point),
        "table": lambda: group.gpow(e),
        "multiplication": lambda: point.raw * point.raw % group.p,
    }


def _limit(best: dict[str, float]) -> float:
    if "variable" in best:
        return (
            VARIABLE * best["variable"]
            + FIXED * best["fixed"]
            + ADDITIONS * best["addition"]
            + CHECKS * best["check"]
        )
    return POWERS * best["power"] + MEMBERSHIPS * best["membership"] + TABLES * best["table"]


def ballots(name: str, rounds: int = 20) -> Figures:
    """Measure one group. name: as for `group_named`; rounds: how often each figure is taken."""
    group = group_named(name)
    election, credentials, _, _ = make_election(group, 1)

    def make() -> bytes:
        return make_ballot(election, credentials[0], [[1, 0, 0]], secrets.randbelow)

    record = make()
    for _ in range(100):  # until the tables are there
        check_ballot(election, read_ballot(election, record))
    primitives = _field_primitives(group) if isinstance(group, FiniteField) else _curve_primitives(group)
    best: dict[str, float] = {}
    measured: dict[str, Callable[[], object]] = {
        **primitives,
        "create": make,
        "verify": lambda: check_ballot(election, read_ballot(election, record)),
    }
    for _ in range(rounds):
        for key, function in measured.items():
            taken = _best(function, 2 if key in ("create", "verify") else 20)
            best[key] = min(best.get(key, taken), taken)
    return Figures(
        name,
        best["create"],
        best["verify"],
        _limit(best),
        len(record),
        {key: best[key] for key in primitives},
    )


def write_archive(name: str, count: int, path: Path) -> None:
    """An archive of an open election with so many voters, each of whom voted once."""
    group = group_named(name)
    election, credentials, trustees, listed = make_election(group, count)
    step = setup_step(election.record, trustees, listed)
    with path.open("wb") as file:
        file.write(header(0) + b"".join(entry(record, 0) for record in step.records))
        for credential in credentials:
            record = make_ballot(election, credential, [[0, 1, 0]], secrets.randbelow)
            step = ballot_step(step.head, record)
            file.write(b"".join(entry(one, 0) for one in step.records))


@dataclass(frozen=True)
class Growth:
    """Verification of one archive. seconds: by the wall clock. megabytes: the most any process held."""

    group: str
    ballots: int
    jobs: int
    seconds: float
    megabytes: float
    holds: bool


_MEASURED = """
import re, resource, sys
from pathlib import Path
from union.ballots.crypto.__main__ import main
code = main(sys.argv[1:])
# ru_maxrss of a process counts what its parent held before exec; the kernel's own high-water mark does not
status = Path("/proc/self/status")
own = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) if status.exists() else 0
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(max(own or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children))
sys.exit(code)
"""


def growth(name: str, counts: list[int], jobs: int) -> list[Growth]:
    """How time and memory grow with the number of ballots, each archive verified in a process of its own."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            path = Path(folder) / f"{count}.bel"
            write_archive(name, count, path)
            start = time.perf_counter()
            command = [sys.executable, "-c", _MEASURED, "verify", str(path), "--jobs", str(jobs)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            seconds = time.perf_counter() - start
            megabytes = int(done.stdout.splitlines()[-1]) / 1024
            figures.append(Growth(name, count, jobs, seconds, megabytes, done.returncode == 0))
            path.unlink()
    return figures


@dataclass(frozen=True)
class Comparison:
    """Seconds of processor time of both programs on the same archive; reference is None without the tool."""

    ballots: int
    ours: float
    reference: float | None

    @property
    def times_as_fast(self) -> float | None:
        """How many times as fast as the reference program we are."""
        return None if self.reference is None else self.reference / self.ours


def _children_time(command: list[str]) -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    return used() - before


def against_reference(count: int = 1000, rounds: int = 1) -> Comparison:
    """Verify one BELENIOS-2048 archive with `belenios-tool election verify` and with ours.

    Each in one process; the best of so many rounds counts.
    """
    tool = which("belenios-tool")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.bel"
        write_archive("BELENIOS-2048", count, path)
        own = [sys.executable, "-m", "union.ballots.crypto", "verify", str(path), "--jobs", "1"]
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(_children_time(own))
            if tool:
                theirs.append(_children_time([tool, "election", "verify", "--dir", folder]))
    return Comparison(count, min(ours), min(theirs, default=None))


def all_cores(name: str, count: int, jobs: int) -> float:
    """Ballots verified per second of wall-clock time with so many processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.bel"
        write_archive(name, count, path)
        start = time.perf_counter()
        if not verify(path, jobs).holds:
            msg = "the bench's own archive does not verify"
            raise RuntimeError(msg)
        return count / (time.perf_counter() - start)

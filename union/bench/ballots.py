"""How many ballots one core verifies a second, beside the primitive operations of the same ballots."""

from collections.abc import Sequence
from pathlib import Path

from union.ballots.crypto import bench
from union.bench.figures import Figure

GROWTH = (100, 1_000)
LARGE = {"BELENIOS-2048": (1_000, 10_000), "Ed25519": (1_000, 10_000, 100_000)}


def run(folder: Path) -> list[Figure]:
    """Measure both groups, how an archive's verification grows, and the reference program if installed."""
    del folder
    found = []
    for name in ("BELENIOS-2048", "Ed25519"):
        one = bench.ballots(name)
        found += [
            Figure(
                f"{name}, one core: verify",
                one.per_second,
                "ballots/s",
                1 / one.limit,
                "its primitive operations",
            ),
            Figure(f"{name}, one core: make", 1 / one.create, "ballots/s"),
            Figure(f"{name}: one ballot", one.size, "bytes"),
        ]
        found += _growth(name, GROWTH)
    return found + _compared(200)


def large(folder: Path) -> list[Figure]:
    """Measure archives as large as a whole union's vote; takes some ten minutes."""
    del folder
    return [figure for name, counts in LARGE.items() for figure in _growth(name, counts)] + _compared(1_000)


def _growth(name: str, counts: Sequence[int]) -> list[Figure]:
    found = []
    for grown in bench.growth(name, list(counts), jobs=2):
        if not grown.holds:
            raise RuntimeError(f"the bench's own archive of {grown.ballots} does not verify")
        found += [
            Figure(f"{name}, two cores: archive of {grown.ballots:,}", grown.seconds, "s"),
            Figure(f"{name}: memory at {grown.ballots:,}", grown.megabytes, "MB"),
        ]
    return found


def _compared(count: int) -> list[Figure]:
    """Set our processor time beside the reference program's, where that is installed."""
    compared = bench.against_reference(count)
    if compared.reference is None:
        return []
    name = f"BELENIOS-2048, archive of {count:,}"
    return [Figure(name, compared.ours, "s CPU", compared.reference, "belenios-tool", higher=False)]

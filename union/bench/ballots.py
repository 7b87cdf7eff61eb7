"""How many ballots one core verifies a second, beside the primitive operations of the same ballots."""

from pathlib import Path

from union.ballots.crypto import bench
from union.bench.figures import Figure

GROWTH = (100, 1_000)


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
        for grown in bench.growth(name, list(GROWTH), jobs=2):
            found += [
                Figure(f"{name}, two cores: archive of {grown.ballots}", grown.seconds, "s"),
                Figure(f"{name}: memory at {grown.ballots}", grown.megabytes, "MB"),
            ]
    compared = bench.against_reference(200)
    if compared.reference is not None:
        found.append(
            Figure(
                "BELENIOS-2048, archive of 200",
                compared.ours,
                "s CPU",
                compared.reference,
                "belenios-tool",
                higher=False,
            )
        )
    return found

"""Run the benches one after the other: `python -m union.bench [NAME…]`."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from union.bench import ballots, booth, campaigns, casting, firing, outbox, settling
from union.bench.figures import Figure, table, use_server

BENCHES: dict[str, Callable[[Path], list[Figure]]] = {
    "ballots": ballots.run,
    "booth": booth.run,
    "casting": casting.run,
    "campaigns": campaigns.run,
    "outbox": outbox.run,
    "firing": firing.run,
    "archives": ballots.large,
    "settling": settling.run,
    "million": outbox.grown,
}
ON_REQUEST = {"archives", "settling", "million"}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--json", "out", type=click.Path(path_type=Path), help="Also write the figures as JSON.")
@click.option("--postgresql", help="Measure on this server instead: postgresql://user:password@host/name.")
def main(names: tuple[str, ...], out: Path | None, postgresql: str | None) -> None:
    """Measure NAMES, or all but the long ones (`archives`, `settling`, `million`).

    Absolute times are this machine's; compare the ratios.
    """
    if postgresql:
        use_server(postgresql)
    found: list[Figure] = []
    for name in names or [name for name in BENCHES if name not in ON_REQUEST]:
        click.secho(f"\n{name}", bold=True)
        with tempfile.TemporaryDirectory(prefix=f"union-bench-{name}-") as folder:
            figures = BENCHES[name](Path(folder))
        click.echo(table(figures))
        found += figures
    if out:
        out.write_text(json.dumps([f.as_json() for f in found], indent=1) + "\n")


if __name__ == "__main__":
    main()

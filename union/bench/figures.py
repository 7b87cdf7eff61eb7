"""A measured figure beside its limit, and how a table of them looks."""

import os
import resource
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from union.app import start
from union.core.clock import stopwatch
from union.core.db import make_engine
from union.core.settings import Settings
from union.migrate import upgrade


@dataclass(frozen=True)
class Figure:
    """What was measured. limit: the same by bare operations, in the same unit; higher: more is better."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    higher: bool = True

    @property
    def ratio(self) -> float | None:
        """How near the limit, 1.0 is at it."""
        if not self.limit or not self.value:
            return None
        return self.value / self.limit if self.higher else self.limit / self.value

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "ratio": self.ratio}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as aligned lines."""
    width = max(len(f.what) for f in figures)
    lines = []
    for f in figures:
        line = f"  {f.what:{width}}  {f.value:>10,.{_digits(f.value)}f} {f.unit}"
        if f.limit is not None and f.ratio is not None:
            line += f"   {f.ratio:.2f} of the limit {f.limit:,.{_digits(f.limit)}f} ({f.limit_is})"
        lines.append(line)
    return "\n".join(lines)


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2  # noqa: PLR2004 - three figures are enough


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load() -> Figure:
    """Return how busy the machine was in the last minute; above its processors, times say little."""
    return Figure(
        "load of the machine, last minute",
        os.getloadavg()[0],
        "",
        os.cpu_count() or 1,
        "its processors",
        higher=False,
    )


def timed(act: Callable[[], object]) -> float:
    """Return the seconds `act` takes."""
    began = stopwatch()
    act()
    return stopwatch() - began


_servers: list[str] = []


def peak() -> float:
    """Return the most memory this process ever had, in MiB; the kernel's own mark where it keeps one."""
    status = Path("/proc/self/status")
    if status.exists():
        marks = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(marks["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def use_server(url: str) -> None:
    """Measure on the PostgreSQL server at `url` instead, each bench in a database of its own."""
    _servers[:] = [url]


def fresh(folder: Path, **facts: str) -> Settings:
    """Return settings for a fresh union in `folder`, embedded unless there is a server; ready to use."""
    settings = Settings.from_environment(
        {
            "UNION_ENV": "development",
            "UNION_HOME": str(folder / "home"),
            "UNION_NAME": "Bench",
            "UNION_DATABASE_URL": _new_database(_servers[0]) if _servers else "",
            **facts,
        }
    )
    settings.home.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    start(settings)
    return settings


def _new_database(server: str) -> str:
    """Create a database and return its URL; it is the measurer's to drop."""
    name = f"bench_{secrets.token_hex(4)}"
    engine = make_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = engine.url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    engine.dispose()
    return url

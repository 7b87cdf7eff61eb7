"""A throw-away PostgreSQL cluster for one run of tests or benches, also when run as root.

Says loudly when there are no server binaries.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

MISSING = (
    "PostgreSQL server binaries (initdb, postgres) are not installed: every test on PostgreSQL is LEFT OUT"
)


def binaries() -> Path | None:
    """Return the folder with initdb and postgres, newest version first."""
    found = shutil.which("initdb")
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -int(p.parent.name.split(".")[0])
    )
    for place in [*([Path(found).parent] if found else []), *places]:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return None


# Nothing of a throw-away cluster has to last, or to be tidied up.
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class Cluster:
    """initdb into a temporary folder, postgres on a free loopback port, gone at `stop`.

    durable: commits reach the disk, as in a real union; tests need no such thing.
    """

    def __init__(self, place: Path, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="union-pg-"))
        self.owner: pwd.struct_passwd | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root; any unprivileged account will do.
            names = {p.pw_name for p in pwd.getpwall()}
            self.owner = pwd.getpwnam(next(n for n in ("postgres", "nobody") if n in names))
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._place, self._durable = place, durable
        data = self.folder / "data"
        self._run([place / "initdb", "-D", data, "-U", "union", "-A", "trust", "-E", "UTF8", "--no-sync"])
        self.log = (self.folder / "log").open("wb")
        self.begin()

    def begin(self) -> None:
        """Start the server, for the first time or again after `halt`."""
        data = self.folder / "data"
        settings = [
            *(() if self._durable else HASTE),
            "max_connections=200",
            f"unix_socket_directories={self.folder}",
            "listen_addresses=127.0.0.1",
        ]
        self.process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs, no shell
            [
                str(self._place / "postgres"),
                "-D",
                str(data),
                "-p",
                str(self.port),
                *(a for s in settings for a in ("-c", s)),
            ],
            stdout=self.log,
            stderr=self.log,
            **self._identity(),
            cwd=self.folder,
        )
        self._wait()

    def _identity(self) -> dict[str, Any]:
        return (
            {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []} if self.owner else {}
        )

    def _run(self, command: list[str | Path]) -> None:
        subprocess.run(  # noqa: S603 - the same
            [str(c) for c in command],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self._identity(),
        )

    def _wait(self) -> None:
        for _ in range(200):
            # the port answers before the server takes anybody in
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(self.url(), connect_timeout=1),
            ):
                return
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start: " + (self.folder / "log").read_text())

    def url(self, name: str = "postgres") -> str:
        """Return the address of a database of this cluster."""
        return f"postgresql://union@127.0.0.1:{self.port}/{name}"

    def halt(self) -> None:
        """Stop the server; a fast shutdown, which does not wait for who is still connected."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self.halt()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def new_name() -> str:
    """Return a name for a database that nobody has used."""
    return "t" + secrets.token_hex(8)

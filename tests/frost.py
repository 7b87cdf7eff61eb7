"""A PostgreSQL server of a test's own, and its frost: all its processes stand still, its connections stay."""

import contextlib
import os
import signal
import subprocess

import pytest

from union.bench import cluster
from union.core import db


@contextlib.contextmanager
def own_server():
    """Give a server with our tables in its first database, which keeps what it said it keeps; may be killed."""
    place = cluster.binaries()
    if place is None:
        pytest.skip(cluster.MISSING)
    made = cluster.Cluster(place, durable=True)
    try:
        engine = db.make_engine(made.url())
        db.Base.metadata.create_all(engine)
        engine.dispose()
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def own_database():
    """Give such a server whose database is the installed one."""
    with own_server() as made:
        database = db.Database(db.make_engine(made.url()))
        db.install(database)
        yield made
        database.engine.dispose()


class Frost:
    """Freezes a server and thaws it, as often as asked."""

    def __init__(self, server):
        self._server, self._still = server, []

    def freeze(self):
        self._still = family(self._server.process.pid)
        each(self._still, signal.SIGSTOP)

    def thaw(self):
        each(self._still, signal.SIGCONT)
        self._still = []


@contextlib.contextmanager
def frozen(server):
    frost = Frost(server)
    frost.freeze()
    try:
        yield
    finally:
        frost.thaw()


def family(pid):
    """A process and all its descendants."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [pid, *(one for child in found.stdout.split() for one in family(int(child)))]


def each(pids, what):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)

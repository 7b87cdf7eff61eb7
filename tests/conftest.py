"""What every test may ask for: settings, a fresh real database, the app, a client that lints its pages."""

import contextlib
import os
import shutil
import sqlite3
import warnings
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import psycopg
import pytest
from sqlalchemy.orm import Session

from tests import broker as brokers
from union.app import ROOMS, create_app
from union.bench import cluster
from union.core import db, passing, sealing
from union.core.settings import Settings

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POSTGRES = "UNION_TEST_POSTGRES"
_cluster: list[cluster.Cluster] = []

# how long an example takes says something of the machine, nothing of the product
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

for room in ("audit", *ROOMS):
    if find_spec(f"union.{room}") and find_spec(f"union.{room}.models"):
        import_module(f"union.{room}.models")


def pytest_configure(config):
    """Start one PostgreSQL for the whole run; workers find it through the environment."""
    if hasattr(config, "workerinput") or POSTGRES in os.environ or config.option.collectonly:
        return
    place = cluster.binaries()
    if place is None:
        return
    _cluster.append(cluster.Cluster(place))
    os.environ[POSTGRES] = _cluster[0].url()


def pytest_unconfigure(config):
    if _cluster:
        _cluster.pop().stop()
        del os.environ[POSTGRES]


def pytest_terminal_summary(terminalreporter):
    if POSTGRES not in os.environ and not _cluster:
        terminalreporter.section("LEFT OUT", red=True, bold=True)
        terminalreporter.line(cluster.MISSING)
    if brokers.server() is None:
        terminalreporter.section("LEFT OUT", red=True, bold=True)
        terminalreporter.line(brokers.MISSING)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment(
        {
            "UNION_ENV": "development",
            "UNION_HOME": str(tmp_path / "home"),
            "UNION_PUBLIC_URL": "http://localhost",
            "UNION_NAME": "Datavakbond",
        }
    )


@pytest.fixture(scope="session")
def data_key():
    return bytes(range(32))


@pytest.fixture(scope="session")
def passing_keys(tmp_path_factory):
    """Where a test's ballots keep their passing keys: ids are random, so one folder does for all."""
    return tmp_path_factory.mktemp("ballot-keys")


@pytest.fixture(autouse=True)
def _vault(data_key, passing_keys):
    sealing.install(sealing.Vault(data_key))
    passing.install(passing.KeyFolder(passing_keys))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """An empty migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "union.db"
    engine = db.make_engine(f"sqlite:///{path}")
    db.Base.metadata.create_all(engine)
    engine.dispose()
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()
    return path


@pytest.fixture(scope="session")
def postgres_template():
    """The name of an empty PostgreSQL database with our tables, cloned for each test."""
    with empty_postgres() as url:
        engine = db.make_engine(url)
        db.Base.metadata.create_all(engine)
        engine.dispose()
        yield url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def broker():
    """A RabbitMQ node of our own, started when the first test wants it: that takes ten seconds."""
    place = brokers.server()
    if place is None:
        pytest.skip(brokers.MISSING)
    node = brokers.Broker(place)
    yield node
    node.stop()


@contextlib.contextmanager
def fresh_sqlite(template: Path, folder: Path):
    """Give a Database on a copy of the template file."""
    path = folder / "union.db"
    shutil.copy(template, path)
    database = db.Database(db.make_engine(f"sqlite:///{path}"))
    yield database
    database.engine.dispose()


@contextlib.contextmanager
def fresh_postgres(template: str):
    """Give a Database on a clone of the template database."""
    name = cluster.new_name()
    with psycopg.connect(os.environ[POSTGRES], autocommit=True) as admin:
        # five times as fast as writing the copy through the log; PostgreSQL before 15 knows no other way
        how = "STRATEGY FILE_COPY" if admin.info.server_version >= 150000 else ""
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
        database = db.Database(db.make_engine(os.environ[POSTGRES].rsplit("/", 1)[0] + f"/{name}"))
        yield database
        database.engine.dispose()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def empty_postgres():
    """Give the address of an empty PostgreSQL database; skips where there is none."""
    if POSTGRES not in os.environ:
        pytest.skip(cluster.MISSING)
    name = cluster.new_name()
    with psycopg.connect(os.environ[POSTGRES], autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield os.environ[POSTGRES].rsplit("/", 1)[0] + f"/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(sqlite_template, tmp_path):
    """A fresh installed database: SQLite here, both kinds in tests/rooms."""
    with fresh_sqlite(sqlite_template, tmp_path) as fresh:
        db.install(fresh)
        yield fresh


@pytest.fixture
def session(database):
    """One open session that may write; rolled back at the end."""
    with Session(database.engine.execution_options(**{db.WRITES: True}), expire_on_commit=False) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def app(settings, database):
    return create_app(settings)


@pytest.fixture
def client(app):
    from tests.pages.client import LintingClient

    app.test_client_class = LintingClient
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def sign_in(database):
    """sign_in(client, member_id): give the client a real session of that member."""
    from union.members import service as members

    def sign(client, member_id, now=None):
        with db.transaction() as opened:
            # browsers live in real time, so the session must too
            token = members.start_session(
                opened, member_id=member_id, now=now or datetime.now(UTC), device="test"
            )
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True

    return sign


@pytest.fixture(autouse=True)
def _loud_resources():
    warnings.simplefilter("error", ResourceWarning)

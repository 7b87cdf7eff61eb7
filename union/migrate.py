"""Bring a database to a version, with Alembic; the scripts are in `migrations/`."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from union.app import ROOMS
from union.core.db import make_engine

SCRIPTS = Path(__file__).parent.parent / "migrations"


def load_models() -> None:
    """Import every room's models, so that the metadata knows all tables."""
    for room in ("audit", *ROOMS):
        if find_spec(f"union.{room}.models"):
            import_module(f"union.{room}.models")


def config(url: str) -> Config:
    """Return Alembic's configuration for `url`."""
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.attributes["url"] = url
    return made


def upgrade(url: str, to: str = "head") -> str:
    """Upgrade to version `to` and return the version reached."""
    command.upgrade(config(url), to)
    return current(url) or "empty"


def downgrade(url: str, to: str = "base") -> None:
    """Go back to version `to`."""
    command.downgrade(config(url), to)


def current(url: str) -> str | None:
    """Return the version of the database, None for an empty one."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str:
    """Return the newest version there is a script for."""
    return ScriptDirectory(str(SCRIPTS)).get_current_head() or "empty"


def revise(url: str, message: str) -> Path:
    """Write the script that takes a database at the newest version to today's models; for developers."""
    made = command.revision(config(url), message=message, autogenerate=True, rev_id=f"{next_number():04d}")
    if made is None or isinstance(made, list):
        raise RuntimeError("no single script was written")
    return Path(made.path)


def next_number() -> int:
    """Return the number of the next script; they are numbered from 1."""
    return len(list((SCRIPTS / "versions").glob("*.py"))) + 1

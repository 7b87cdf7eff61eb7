"""Alembic's entry: one connection, the metadata of all rooms, batch mode so that SQLite can alter tables."""

from alembic import context

from union.core.db import WRITES, Base, make_engine
from union.migrate import load_models

load_models()


def render_item(kind: str, item: object, _autogen_context: object) -> str | bool:
    """Write our column types as plain SQL types: a migration must not change when our classes do."""
    if kind != "type":
        return False
    name = type(item).__name__
    if name == "Instant":
        return "sa.BigInteger()"
    if name == "SealedText":
        return "sa.LargeBinary()"
    return False


def run() -> None:
    """Migrate the database that the caller names."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _on(given)
        return
    engine = make_engine(context.config.attributes["url"])
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        _on(connection)
    engine.dispose()


def _on(connection: object) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
